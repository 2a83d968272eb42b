"""The domain that an SDK is given: how it names a tenant, and the issuer made of it.

Host and prefix of a request only find the tenant; what is told comes from the
configuration (security promise 7).
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from ostiary.core.model import Tenant

DEFAULT_PORT: Final = ":443"


def directory_name(host: str, prefix: tuple[str, ...]) -> str:
    """The name under which the directory knows `https://HOST/PREFIX` (contract §0)."""
    bare = host.lower().removesuffix(DEFAULT_PORT)
    return "//" + "/".join((bare, *(part.lower() for part in prefix)))


def domain_of(tenant: Tenant) -> str:
    """`host[:port][/prefix]` as the configuration says."""
    return str(tenant.options.get("auth0_domain", ""))


def issuer(tenant: Tenant) -> str:
    """The issuer, with its one trailing slash (contract auth0 §0)."""
    return f"https://{domain_of(tenant)}/"


def userinfo_audience(tenant: Tenant) -> str:
    """The audience of tokens that are good at UserInfo."""
    return f"{issuer(tenant)}userinfo"


def factors_audience(tenant: Tenant) -> str:
    """The audience of tokens by which users see to their second factors."""
    return f"{issuer(tenant)}mfa/"


def management_audience(tenant: Tenant) -> str:
    """The audience of tokens for the management API (interface §3)."""
    return f"{issuer(tenant)}api/v2/"


RESET_PATH: Final = ("lo", "reset")
UNBLOCK_PATH: Final = ("lo", "unblock")
"""Behind the domain: pages that mails lead to."""


@dataclass(frozen=True, slots=True)
class PageAddresses:
    """Port `Pages`: addresses behind the domain of a tenant, which may have none."""

    def reset(self, tenant: Tenant, ticket: str) -> str | None:
        """Where a new password is set."""
        return _page(tenant, RESET_PATH, ticket)

    def unblock(self, tenant: Tenant, ticket: str) -> str | None:
        """Where a lock is ended."""
        return _page(tenant, UNBLOCK_PATH, ticket)


def _page(tenant: Tenant, path: tuple[str, ...], ticket: str) -> str | None:
    if not domain_of(tenant):
        return None
    return f"{issuer(tenant)}{'/'.join(path)}?ticket={quote(ticket, safe='')}"
