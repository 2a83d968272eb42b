"""Directories whose TLS is not what it should be: no password is ever said to them.

Certificates are of `tests.services.certificates`; the machine trusts none of them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.connections import guarded
from ostiary.core.errors import Reason
from ostiary.flows.facts import Unreachable, Verified
from tests.connections.ldap.faulty import asking
from tests.services import ldap_messages as ldap
from tests.services.certificates import Authority
from tests.services.faulty_directory import (
    FaultyDirectory,
    Manner,
    faulty_directory,
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A CA of this test's own."""
    return Authority(tmp_path)


@pytest.fixture
def starting(authority: Authority) -> Iterator[FaultyDirectory]:
    """A directory that offers StartTLS."""
    with faulty_directory(start_tls=authority.issue("ldap", ["localhost"])) as server:
        yield server


def trusting(authority: Authority, **more: object) -> dict[str, Any]:
    """The options that believe in that CA."""
    return {"ca": str(authority.certificate), **more}


async def test_the_right_certificate_is_enough(authority: Authority) -> None:
    """LDAPS, checked for the name in the address."""
    tls = authority.issue("ldap", ["localhost"])
    with faulty_directory(tls=tls) as directory:
        async with asking(directory, **trusting(authority)) as asked:
            assert isinstance(await asked.check(), Verified)


async def test_a_certificate_for_another_name_is_none(authority: Authority) -> None:
    """Whoever has it is not the directory: it hears nothing."""
    tls = authority.issue("ldap", ["dc1.corp.test"])
    with faulty_directory(tls=tls) as directory:
        async with asking(directory, **trusting(authority)) as asked:
            verdict = await asked.check()
        assert verdict == Unreachable(Reason.DIRECTORY_MISCONFIGURED)
        assert (directory.binds, directory.searches) == ([], [])


async def test_a_certificate_of_nobody_we_know_is_none(authority: Authority) -> None:
    """Without `ca` only the machine's own authorities are believed."""
    tls = authority.issue("ldap", ["localhost"])
    with faulty_directory(tls=tls) as directory:
        async with asking(directory) as asked:
            verdict = await asked.check()
        assert verdict == Unreachable(Reason.DIRECTORY_MISCONFIGURED)
        assert (directory.binds, directory.searches) == ([], [])


async def test_start_tls_is_what_it_says(
    authority: Authority, starting: FaultyDirectory
) -> None:
    """What the lies below are measured against."""
    async with asking(starting, **trusting(authority, start_tls=True)) as asked:
        assert isinstance(await asked.check(), Verified)


def _yes(request: ldap.Request) -> bytes:
    return ldap.message(
        request.message_id, ldap.result(ldap.EXTENDED_RESPONSE, ldap.SUCCESS)
    )


def _smuggle(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
    """Say yes, and slip in the answer to what will be asked under TLS."""
    if request.kind != ldap.EXTENDED:
        return honest
    smuggled = ldap.message(1, ldap.result(ldap.BIND_RESPONSE, ldap.SUCCESS))
    return [_yes(request) + smuggled]


def _refuse(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
    return (
        [ldap.message(request.message_id, ldap.result(ldap.EXTENDED_RESPONSE, 52))]
        if request.kind == ldap.EXTENDED
        else honest
    )


@pytest.mark.parametrize("twist", [_smuggle, _refuse])
async def test_start_tls_and_something_else_is_no_tls(
    authority: Authority,
    starting: FaultyDirectory,
    twist: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a smuggled answer nor a refusal leads to a password in the clear."""
    monkeypatch.setattr(guarded, "SECONDS", 2.0)
    monkeypatch.setattr(starting, "twist", twist)
    async with asking(starting, **trusting(authority, start_tls=True)) as asked:
        verdict = await asked.check()
    assert isinstance(verdict, Unreachable)
    assert verdict.reason in (
        Reason.DIRECTORY_LIED,
        Reason.DIRECTORY_MISCONFIGURED,
    )
    assert (starting.binds, starting.searches) == ([], [])


async def test_start_tls_followed_by_plaintext_is_no_tls(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says yes and goes on without: the handshake fails, nothing is asked."""
    monkeypatch.setattr(guarded, "SECONDS", 2.0)
    with faulty_directory() as directory:
        directory.twist = lambda request, _: [_yes(request)]
        async with asking(directory, **trusting(authority, start_tls=True)) as asked:
            verdict = await asked.check()
        assert isinstance(verdict, Unreachable)
        assert (directory.binds, directory.searches) == ([], [])


async def test_a_handshake_that_never_ends_does(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accepting and saying nothing costs the time there is, and no more."""
    monkeypatch.setattr(guarded, "SECONDS", 1.0)
    tls = authority.issue("ldap", ["localhost"])
    with faulty_directory(tls=tls) as directory:
        directory.manner = Manner.DEAF
        async with asking(directory, **trusting(authority)) as asked:
            verdict = await asked.check()
        assert verdict == Unreachable(Reason.DIRECTORY_TIMEOUT)
        assert directory.accepted == 1
