"""The editions of the documentation, and what a tenant of each expects.

One row for each edition; seeds 001 (2019-11), 003 and 004 (2018-12), 002 (2018-11).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.model import Tenant
from ostiary.core.policy import Policy
from ostiary.dialects.entra.authority import Surface, Version
from ostiary.dialects.entra.default_resource import GRAPH
from ostiary.dialects.entra.realm import CLOUD_AUDIENCE


@dataclass(frozen=True, slots=True)
class Edition:
    """Where an edition differs (interface §3, editions).

    public_only: the password grant is for public clients alone.
    secret_ignored: a public client's secret is ignored, as the samples send one.
    authorize_takes_passwords: POST to the authorize endpoint is answered like token.
    """

    public_only: bool = False
    secret_ignored: bool = False
    authorize_takes_passwords: bool = False


EDITIONS: Final[Mapping[str, Edition]] = {
    "2019-11": Edition(),
    "2018-12": Edition(public_only=True, secret_ignored=True),
    "2018-11": Edition(
        public_only=True, secret_ignored=True, authorize_takes_passwords=True
    ),
}


def edition_of(tenant: Tenant) -> Edition:
    """The edition that a tenant chose; 2019-11 unless it says otherwise."""
    return EDITIONS[str(tenant.options.get("entra_edition", "2019-11"))]


def policy_of(tenant: Tenant, surface: Surface) -> Policy:
    """How the shared rules are applied at this tenant by these endpoints."""
    edition = edition_of(tenant)
    return Policy(
        default_resource=GRAPH,
        family="entra",
        password_clients_public_only=edition.public_only,
        public_credential_ignored=edition.secret_ignored,
        federation_audience=CLOUD_AUDIENCE,
        hide_unknown_users=tenant.hide_unknown_users,
        refresh_token_always=surface.version is Version.V1,
    )
