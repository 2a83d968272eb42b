"""The first path segment: a tenant, or an alias that stands for many.

Aliases are a notion of this dialect only; the core sees a `TenantRef`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.core.names import PASSWORD, REFRESH_TOKEN, SAML_BEARERS
from ostiary.core.request import TenantRef

ALIASES: Final[Mapping[str, TenantRef]] = {
    "organizations": TenantRef(
        "organizations", True, True, SAML_BEARERS | {PASSWORD, REFRESH_TOKEN}
    ),
    "common": TenantRef("common", True, False),
    "consumers": TenantRef("consumers", True, False),
    "9188040d-6c67-4c5b-b112-36a304b66dad": TenantRef("consumers", True, False),
}
"""Who is meant and which grants are served (seed 001; contract entra §2.1)."""

CONSUMERS_ID: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
ADFS: Final = "adfs"

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


class Version(StrEnum):
    """The form of endpoints, answers and tokens."""

    V1 = "1.0"
    V2 = "2.0"


@dataclass(frozen=True, slots=True)
class Surface:
    """One family of endpoints: how it names itself and shapes its answers."""

    name: str
    version: Version
    adfs: bool = False

    def issuer(self, base_url: str, tenant_id: str) -> str:
        """The issuer of tokens of this form (contract entra §2.7 and §2.9)."""
        if self.adfs:
            return f"{base_url}/adfs"
        if self.version is Version.V2:
            return f"{base_url}/{tenant_id}/v2.0"
        return f"{base_url}/{tenant_id}/"


V2: Final = Surface("v2", Version.V2)
V1: Final = Surface("v1", Version.V1)
ADFS_SURFACE: Final = Surface("adfs", Version.V2, adfs=True)


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID, in any case."""
    return _GUID.fullmatch(text.lower()) is not None


def fold_guid(text: str) -> str:
    """A GUID in lower case, as it is registered; any other text as it is."""
    return text.lower() if is_guid(text) else text


def parse_tenant(segment: str) -> TenantRef:
    """The tenant that a path segment names: an id, a domain or an alias.

    Raises Refused(TENANT_MALFORMED) for anything else (contract entra §2.1).
    """
    folded = segment.lower()
    if folded in ALIASES:
        return ALIASES[folded]
    if not (is_guid(folded) or _DOMAIN.fullmatch(folded)):
        raise Refused(Reason.TENANT_MALFORMED, tenant=segment)
    return TenantRef(folded)


def tenant_segments(tenant: Tenant) -> frozenset[str]:
    """Every way in which a client may name this tenant in a path."""
    named = {domain.name for domain in tenant.domains}
    return frozenset({tenant.id, "organizations", "common", *named})
