"""What may be there only once: ids, names and domains, in the file or in a tenant.

Names that lead nowhere are the business of `references`.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from ostiary.settings.problems import KeyPath, render_path
from ostiary.settings.tenant import Tenant

Finding = tuple[KeyPath, str]
"""A key path and what is wrong there."""

_Named = tuple[KeyPath, object]

_NAMES_PEOPLE: Final = ("waad", "adfs")
"""Strategies whose ids another service gives, over however many connections to it."""


def find_duplicates(tenants: tuple[Tenant, ...]) -> Iterator[Finding]:
    """Find everything that is there twice; names count without regard to case."""
    everywhere = [
        _across(tenants, "id"),
        _across(tenants, "name"),
        _across(tenants, "auth0_domain"),
        _within(tenants, "domains", "name"),
        _within(tenants, "users", "id"),
        ((path, True) for path, on in _across(tenants, "adfs_alias") if on),
    ]
    for named in everywhere:
        yield from _repeated(named, "at most one in the file is allowed")
    for number, tenant in enumerate(tenants):
        for items in (
            _items(tenant, number, "applications", "client_id"),
            _items(tenant, number, "resources", "id"),
            _items(tenant, number, "resources", "identifier"),
            _items(tenant, number, "connections", "name"),
            _items(tenant, number, "policies", "name"),
            _auth0_ids(tenant, number),
            _sign_in_names(tenant, number),
        ):
            yield from _repeated(items, "at most one in the tenant is allowed")


def _repeated(named: Iterable[_Named], rule: str) -> Iterator[Finding]:
    first: dict[object, KeyPath] = {}
    for path, value in named:
        if value is None:
            continue
        folded = value.casefold() if isinstance(value, str) else value
        if folded in first:
            yield path, f"the same as {render_path(first[folded])}; {rule}"
        first.setdefault(folded, path)


def _across(tenants: tuple[Tenant, ...], key: str) -> Iterator[_Named]:
    for number, tenant in enumerate(tenants):
        yield ("tenants", number, key), getattr(tenant, key)


def _within(tenants: tuple[Tenant, ...], part: str, key: str) -> Iterator[_Named]:
    for number, tenant in enumerate(tenants):
        yield from _items(tenant, number, part, key)


def _items(tenant: Tenant, number: int, part: str, key: str) -> Iterator[_Named]:
    for index, item in enumerate(getattr(tenant, part)):
        yield ("tenants", number, part, index, key), getattr(item, key)


def _auth0_ids(tenant: Tenant, number: int) -> Iterator[_Named]:
    """Two connections may lead to one AD FS: each has its own user of an id there.

    The connection is the key then, and `sub` what it says (contract auth0 §4.2).
    """
    theirs = [c.name for c in tenant.connections if c.strategy in _NAMES_PEOPLE]
    for index, user in enumerate(tenant.users):
        connection = user.connection or tenant.directory
        apart = connection if connection in theirs else ""
        if user.auth0_id is not None:
            place = ("tenants", number, "users", index, "auth0_id")
            yield place, (apart, user.auth0_id.casefold())


def _sign_in_names(tenant: Tenant, number: int) -> Iterator[_Named]:
    """User names and short ones share one name space in each connection."""
    for index, user in enumerate(tenant.users):
        place = ("tenants", number, "users", index)
        connection = user.connection or tenant.directory
        username = user.username.casefold()
        yield (*place, "username"), (connection, username)
        if user.login is not None and user.login.casefold() != username:
            yield (*place, "login"), (connection, user.login.casefold())
