"""Strategies `waad` and `adfs` at the wire: case A68, states in each dialect.

Against a stand-in for both services; what it calls a person is read from itself.
"""

from collections.abc import Iterator

import pytest

from tests.services.microsoft import (
    CLOUD,
    FEDERATED,
    PASSWORD,
    PUBLIC,
    Answer,
    Microsoft,
    microsoft,
)
from tests.services.microsoft_tokens import pairwise
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.directories.conftest import running
from tests.wire.directories.estate import Estate, connection, user_id
from tests.wire.directories.states import LOCKED, WRONG, Told, check_away

pytestmark = pytest.mark.xdist_group("upstreams")

WAAD, ADFS, TRUST = "contoso-waad", "corp-adfs", "corp-trust"
_CHANGE = "password_change_required"
STATES = {
    # local part: interface's "Directory states", contract auth0 §4.1
    "disabled": Told(
        50057, (401, "unauthorized"), (403, "unauthorized"), "user is blocked"
    ),
    "locked": LOCKED,
    "expired": Told(50144, (401, _CHANGE), (403, _CHANGE)),
}
INTERACTION = {
    "mfa": ("basic_action", 50076),
    "consent": ("consent_required", 65001),
    "blocked": ("message_only", 53003),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsoft]:
    """The stand-in."""
    with microsoft(tmp_path_factory.mktemp("microsoft")) as made:
        yield made


@pytest.fixture(scope="module")
def estate(
    tmp_path_factory: pytest.TempPathFactory, service: Microsoft
) -> Iterator[Estate]:
    """A server that asks it in three ways."""
    trust = {
        "protocol": "ws-trust",
        "wstrust_metadata": service.mex,
        "signing_certificate": service.signing_certificate,
        "ca": service.ca,
    }
    oauth = {"client_id": PUBLIC, "ca": service.ca}
    connections = [
        connection(WAAD, {**oauth, "authority": service.entra}, strategy="waad"),
        connection(ADFS, {**oauth, "authority": service.adfs}, strategy="adfs"),
        connection(TRUST, trust, strategy="adfs"),
    ]
    domains = {CLOUD: WAAD, FEDERATED: ADFS}
    folder = tmp_path_factory.mktemp("upstreams")
    with running(folder, connections, domains) as made:
        yield made


@pytest.fixture(autouse=True)
def honest(service: Microsoft) -> None:
    """It is honest and was asked nothing."""
    service.reset()


def test_case_a68_an_entra_user_by_sub(estate: Estate) -> None:
    """`waad|<sub>` at both doors: what the upstream's own token says."""
    name = f"alice@{CLOUD}"
    sub = pairwise(name, PUBLIC)
    for answer in (
        estate.old(name, PASSWORD, WAAD),
        estate.realm(name, PASSWORD, WAAD),
    ):
        assert user_id(answer) == f"waad|{sub}"


@pytest.mark.parametrize("name", [ADFS, TRUST])
def test_case_a68_an_adfs_user_by_name(estate: Estate, name: str) -> None:
    """`adfs|<UPN>` at both doors, by OAuth and by WS-Trust."""
    upn = f"bob@{FEDERATED}"
    for door in (estate.old, estate.realm):
        assert user_id(door(upn, PASSWORD, name)) == f"adfs|{upn}"


@pytest.mark.parametrize("name", [f"alice@{CLOUD}", f"alice@{FEDERATED}"])
def test_they_pass_through_at_the_other_dialect(estate: Estate, name: str) -> None:
    """A pass-through domain may name any strategy with active login (interface §3)."""
    answer = estate.entra(name, PASSWORD)
    assert_tokens(answer, "refresh_token", "id_token")
    wrong = estate.entra(name, "Wrong-Passw0rd!")
    assert_error(wrong, 400, "invalid_grant", 50126)


def test_a_wrong_password_is_as_any_other(estate: Estate) -> None:
    """Word for word what is said of nobody."""
    for connection_name, domain in (
        (WAAD, CLOUD),
        (ADFS, FEDERATED),
        (TRUST, FEDERATED),
    ):
        for door in (estate.old, estate.realm):
            bob, ghost = (
                door(f"{who}@{domain}", "Wrong-Passw0rd!", connection_name)
                for who in ("bob", "ghost")
            )
            assert (bob.status_code, bob.content) == (ghost.status_code, ghost.content)
        WRONG.check_old(estate.old(f"bob@{domain}", "Wrong-Passw0rd!", connection_name))


@pytest.mark.parametrize("who", STATES)
def test_upstream_states_are_told_in_every_dialect(estate: Estate, who: str) -> None:
    """Entra's own numbers, as they are told of a directory here."""
    told, name = STATES[who], f"{who}@{CLOUD}"
    told.check_entra(estate.entra(name, PASSWORD))
    told.check_old(estate.old(name, PASSWORD, WAAD))
    told.check_new(estate.realm(name, PASSWORD, WAAD))


@pytest.mark.parametrize("who", INTERACTION)
def test_what_cannot_be_done_here_is_said(estate: Estate, who: str) -> None:
    """MFA, consent, a policy: Entra's codes there, a sentence at the other dialect."""
    (suberror, code), name = INTERACTION[who], f"{who}@{CLOUD}"
    assert_error(estate.entra(name, PASSWORD), 400, "invalid_grant", code, suberror)
    old, new = (door(name, PASSWORD, WAAD) for door in (estate.old, estate.realm))
    assert (old.status_code, old.json()["error"]) == (401, "unauthorized")
    assert (new.status_code, new.json()["error"]) == (403, "unauthorized")
    assert old.json()["error_description"] == new.json()["error_description"] != ""


def test_no_empty_password_gets_there(estate: Estate, service: Microsoft) -> None:
    """At no door, for no strategy."""
    for name, upn in ((WAAD, f"alice@{CLOUD}"), (ADFS, f"alice@{FEDERATED}")):
        for door in estate.doors(upn, name, upn):
            for password in ("", "\0", None):
                answer = door(password)
                assert answer.status_code == 400, answer.text
                assert answer.json()["error"] == "invalid_request"
    assert service.asked("/token") == []


def test_an_upstream_that_is_down_is_no_wrong_password(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """503 and Retry-After in both dialects, and no counter moves."""
    folder = tmp_path_factory.mktemp("gone")
    with microsoft(folder) as service:
        options = {"client_id": PUBLIC, "ca": service.ca, "authority": service.entra}
        made = connection(WAAD, options, strategy="waad")
        with running(folder, [made], {CLOUD: WAAD}) as estate:
            name = f"alice@{CLOUD}"
            assert estate.old(name, PASSWORD, WAAD).status_code == 200
            before = estate.instance.guesses()
            service.lies.answers["/token"] = _unavailable()
            for answer in (
                estate.entra(name, PASSWORD),
                estate.old(name, PASSWORD, WAAD),
                estate.realm(name, "Wrong-Passw0rd!", WAAD),
            ):
                check_away(answer)
            assert estate.instance.guesses() == before
            assert estate.local().status_code == 200


def _unavailable() -> Answer:
    return Answer(503, b"try again later", kind="text/plain")
