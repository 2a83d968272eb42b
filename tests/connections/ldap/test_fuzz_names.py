"""Any name and any password, as they arrive at a directory: those bytes, no others.

What arrived is read by `tests.services.ldap_messages`, which knows no filters as text.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from ostiary.flows.facts import Rejected, Unreachable, Verified
from tests.connections.ldap.faulty import Verdict, asking
from tests.connections.ldap.lies import is_for_name
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import (
    JDOE,
    PASSWORD,
    FaultyDirectory,
    faulty_directory,
)

CUSTOM = "(&(objectClass=inetOrgPerson)(|(uid={1})(mail={0})))"
EXAMPLES = 150
SPECIAL = st.text(alphabet='*()\\&|!=<>~:{}01/,+"#; \r\n\t@jdoe', max_size=20)
NAMES = st.one_of(st.text(max_size=40), SPECIAL)


@pytest.fixture(scope="module")
def directory() -> Iterator[FaultyDirectory]:
    """One directory for all examples."""
    with faulty_directory() as server:
        yield server


def ask(
    directory: FaultyDirectory, name: str, password: str, **options: Any
) -> Verdict:
    """One sign-in."""

    async def once() -> Verdict:
        async with asking(directory, **options) as asked:
            return await asked.check(password, name)

    directory.behave()
    return asyncio.run(once())


def equal(attribute: str, value: str) -> bytes:
    """The filter (attribute=value) as it is sent (RFC 4511 §4.5.1)."""
    return ldap.tlv(0xA3, ldap.octets(attribute), ldap.octets(value))


def is_sendable(name: str) -> bool:
    """Whether anybody could have that name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return bool(name.strip()) and "\0" not in name


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES)
@example(name="*")
@example(name="jdoe)(uid=*")
@example(name="*)(objectClass=*))(|(uid=*")
@example(name="\\2a")
@example(name="jdoe\udc80")
@example(name="x" * 2000)
def test_a_name_is_searched_for_as_it_is(directory: FaultyDirectory, name: str) -> None:
    """One search whose two values are the name; none where it cannot be one."""
    verdict = ask(directory, name, "Wrong-Passw0rd!")
    assert verdict == Rejected()
    found = [request.filter for request in directory.searches if is_for_name(request)]
    if not is_sendable(name) or len(name) > 1024:
        assert found == []
    else:
        assert found == [(0xA1, equal("uid", name) + equal("mail", name))]
    assert len(directory.binds) == 1


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES)
@example(name="{0}{1}")
@example(name="jdoe@{0}")
def test_a_name_does_not_change_the_operators_filter(
    directory: FaultyDirectory, name: str
) -> None:
    """Its places take the name and the part before the last `@`, and stay places."""
    assume(is_sendable(name))
    verdict = ask(directory, name, PASSWORD, user_filter=CUSTOM)
    local = name.rpartition("@")[0] if "@" in name else name
    either = equal("uid", local) + equal("mail", name)
    wanted = equal("objectClass", "inetOrgPerson") + ldap.tlv(0xA1, either)
    sent = [request.filter for request in directory.searches if is_for_name(request)]
    assert sent == [(0xA0, wanted)]
    known = local.lower() == "jdoe" or name.lower() == "jdoe@faulty.test"
    assert isinstance(verdict, Verified if known else Rejected)


@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(password=st.text(max_size=40))
@example(password="")
@example(password=" ")
@example(password="pass\0word")
@example(password="p\udcfc")
def test_a_password_arrives_as_it_was_typed(
    directory: FaultyDirectory, password: str
) -> None:
    """Its UTF-8, unchanged; what is empty or has NUL in it does not arrive at all."""
    assume(password != PASSWORD)
    verdict = ask(directory, "jdoe", password)
    assert not isinstance(verdict, Verified | Unreachable)
    sendable = password and "\0" not in password
    try:
        password.encode()
    except UnicodeEncodeError:
        sendable = False
    assert directory.binds == ([(JDOE, password)] if sendable else [])
