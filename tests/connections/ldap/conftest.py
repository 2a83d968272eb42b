"""Directories of the real OpenLDAP for tests of the adapter itself.

Faulty directories have fixtures of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from ostiary.connections.ldap import LdapDirectory
from ostiary.connections.upstream import Registered
from tests.services.openldap import OpenLdapServer

Make = Callable[..., LdapDirectory]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that is about to become true, ten seconds at most."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true")


@pytest.fixture
async def make(openldap: OpenLdapServer) -> AsyncIterator[Make]:
    """A function that makes a directory, closed in the end.

    Options are laid over those that work; `bind_password` is the secret.
    """
    made: list[LdapDirectory] = []

    def one(**options: object) -> LdapDirectory:
        secrets = dict(openldap.secrets)
        if "bind_password" in options:
            secrets["bind_password"] = str(options.pop("bind_password"))
        told = {**openldap.options, **options}
        registered = Registered("t", "corp-ldap", told, secrets)
        made.append(LdapDirectory(registered, ()))
        return made[-1]

    yield one
    for directory in made:
        await directory.close()
