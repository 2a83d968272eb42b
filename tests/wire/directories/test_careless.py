"""A directory that lets in whoever binds: cases A65 to A67, LDAP-01, lies at the wire.

The directory is `tests.services.faulty_directory`, with the example of contract auth0
§4.3 in it.
"""

from collections.abc import Iterable, Iterator

import pytest

from tests.connections.ldap.lies import LIES, SIGNED_IN, SLOW
from tests.connections.ldap.lies import WRONG as WRONG_PASSWORD
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import (
    BASE,
    GUID_TEXT,
    JDOE,
    PASSWORD,
    FaultyDirectory,
    faulty_directory,
    jdoe,
)
from tests.wire.answers import assert_error
from tests.wire.directories.conftest import running
from tests.wire.directories.estate import ONPREM, Door, Estate, connection, user_id
from tests.wire.directories.states import WRONG, check_away

pytestmark = pytest.mark.xdist_group("faulty-directories")

AD = "corp-ad"
UPN = "jdoe@faulty.test"
NUL = ("\0", "\0x", "Right-Passw0rd!\0")


@pytest.fixture(scope="module")
def directory() -> Iterator[FaultyDirectory]:
    """The directory of this module."""
    with faulty_directory() as server:
        yield server


@pytest.fixture(scope="module")
def estate(
    tmp_path_factory: pytest.TempPathFactory, directory: FaultyDirectory
) -> Iterator[Estate]:
    """A server that believes it, and one of its own user's names at each tenant."""
    folder = tmp_path_factory.mktemp("careless")
    connections = [connection(AD, directory.options)]
    with running(folder, connections, {"faulty.test": AD}) as made:
        yield made


@pytest.fixture(autouse=True)
def honest(directory: FaultyDirectory) -> Iterator[None]:
    """What a test bent is straight again."""
    directory.behave()
    yield
    directory.behave()


def every_door(estate: Estate, name: str = "jdoe") -> list[Door]:
    """Also by the default directory, by short name, and without a realm."""
    upn = f"{name}@faulty.test"
    return [
        *estate.doors(name, AD, upn),
        lambda password: estate.entra(name, password, tenant=ONPREM),
        lambda password: estate.old(name, password, AD, prefix="/onprem"),
        lambda password: estate.realm(
            name, password, AD, prefix="/onprem", realm=None, grant_type="password"
        ),
    ]


def test_case_a65_as_the_contract_has_it(estate: Estate) -> None:
    """Bytes 00 11 … ff are `ad|corp-ad|33221100-5544-7766-8899-aabbccddeeff`."""
    for answer in (
        estate.old("jdoe", PASSWORD, AD),
        estate.realm("jdoe", PASSWORD, AD),
    ):
        assert user_id(answer) == f"ad|corp-ad|{GUID_TEXT}"


@pytest.mark.parametrize("name", ["jdoe", "ghost"])
def test_case_ldap_01_no_empty_password_gets_there(
    estate: Estate, directory: FaultyDirectory, name: str
) -> None:
    """At every door 400 invalid_request; not a bind, not a counter, not a search."""
    directory.accepts_all = True
    before = estate.instance.guesses()
    for door in every_door(estate, name):
        for password in ("", None, *NUL):
            answer = door(password)
            assert answer.status_code == 400, answer.text
            assert answer.json()["error"] == "invalid_request"
    assert (directory.binds, directory.searches) == ([], [])
    assert estate.instance.guesses() == before


def test_blanks_are_a_password_like_any_other(
    estate: Estate, directory: FaultyDirectory
) -> None:
    """They are sent as they are, and refused by the directory."""
    WRONG.check_old(estate.old("jdoe", "   ", AD))
    assert directory.binds == [(JDOE, "   ")]


def test_who_says_yes_to_everybody_lets_nobody_in(
    estate: Estate, directory: FaultyDirectory
) -> None:
    """A yes to a name that was made up cannot be meant: 503, and no account."""
    directory.accepts_all = True
    for door in every_door(estate, "ghost"):
        check_away(door("Any-Passw0rd!"))
    assert {dn.endswith(BASE) for dn, _ in directory.binds} == {True}
    query = "SELECT count(*) FROM users WHERE name_folded LIKE '%ghost%'"
    assert estate.instance.rows(query) == [(0,)]


def test_case_a67_a_directory_that_stopped_is_no_wrong_password(
    estate: Estate, directory: FaultyDirectory
) -> None:
    """503 and Retry-After at every door, no counter moved, and right again after it."""
    before = estate.instance.guesses()
    directory.go()
    try:
        for door in every_door(estate)[:3]:  # five in a row would open the breaker
            check_away(door(PASSWORD), 80001)
        check_away(estate.realm("ghost", "Wrong-Passw0rd!", AD))
        assert estate.instance.guesses() == before
        assert estate.local().status_code == 200
    finally:
        directory.come_back()
    assert user_id(estate.old("jdoe", PASSWORD, AD)) == f"ad|corp-ad|{GUID_TEXT}"


def _twice(request: ldap.Request, honest: list[bytes]) -> Iterable[bytes]:
    if request.kind != ldap.SEARCH or b"mail" not in request.filter[1]:
        return honest
    entries = [ldap.entry(JDOE, jdoe()), ldap.entry(f"cn=other,{BASE}", jdoe())]
    done = ldap.result(ldap.SEARCH_DONE, ldap.SUCCESS)
    return [ldap.message(request.message_id, each) for each in (*entries, done)]


def test_two_people_of_one_name_are_nobody(
    estate: Estate, directory: FaultyDirectory
) -> None:
    """The right password of one of them is not tried at either."""
    directory.twist = _twice
    WRONG.check_old(estate.old("jdoe", PASSWORD, AD))
    assert_error(estate.entra(UPN, PASSWORD), 400, "invalid_grant", 50126)
    assert JDOE not in {dn for dn, _ in directory.binds}


@pytest.mark.parametrize("lie", sorted(LIES.keys() - SLOW))
def test_a_lie_is_at_most_an_outage(
    estate: Estate, directory: FaultyDirectory, lie: str
) -> None:
    """At every door 503, a refusal or, where it is none, a sign-in; then the truth."""
    estate.forget()
    directory.twist = LIES[lie].twist
    right, *_ = LIES[lie].outcomes()
    for door in every_door(estate)[:4]:
        answer = door(PASSWORD)
        estate.forget()
        if answer.status_code == 200:
            assert SIGNED_IN in right
        elif answer.status_code != 503:
            assert WRONG_PASSWORD in right, answer.text
            assert answer.status_code in (400, 401, 403)
        else:
            check_away(answer)
    directory.behave()
    estate.forget()
    for _ in range(3):  # a link that is only now seen to be broken may cost one
        answer = estate.old("jdoe", PASSWORD, AD)
    assert user_id(answer) == f"ad|corp-ad|{GUID_TEXT}"
