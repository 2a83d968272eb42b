"""The public promises REF, at the Entra door."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    CONF,
    CONF_SECRET,
    PUB,
    PUBLIC,
    SINGLE,
    STRICT_OTHER,
    TID,
    TOKEN,
    p,
    refreshing,
    signing_in,
    token_path,
)

STRICT = token_path("strict.test")
STRICT_CLIENT = PUBLIC["strict.test"]
REVOKE = f"/{TID}/oauth2/v2.0/revoke"
INTROSPECT = f"/{TID}/oauth2/v2.0/introspect"

FreshUser = Callable[[str], str]


def strict_token(wire: WireClient, user: str) -> str:
    """A refresh token that works once, from the first moment."""
    answer = wire.post(STRICT, signing_in("strict.test", username=user))
    return str(assert_tokens(answer, "refresh_token", "id_token")["refresh_token"])


def test_ref_02_replay_ends_the_whole_family(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """After its successor was used; the access tokens of the session die as well."""
    user = fresh_user("contoso.test")
    first = assert_tokens(
        wire.post(TOKEN, p(username=user)), "refresh_token", "id_token"
    )
    bodies = [first]
    for _ in range(3):
        answer = wire.post(TOKEN, refreshing(PUB, bodies[-1]["refresh_token"]))
        bodies.append(assert_tokens(answer, "refresh_token", "id_token"))
    bearers = [{"authorization": f"Bearer {b['access_token']}"} for b in bodies]
    assert wire.get("/oidc/userinfo", bearers[-1]).status_code == 200
    replay = wire.post(TOKEN, refreshing(PUB, bodies[1]["refresh_token"]))
    assert_error(replay, 400, "invalid_grant", 50173)
    for body, bearer in zip(bodies, bearers, strict=True):
        answer = wire.post(TOKEN, refreshing(PUB, body["refresh_token"]))
        assert_error(answer, 400, "invalid_grant", 50173)
        assert wire.get("/oidc/userinfo", bearer).status_code == 401


def test_ref_02_within_the_leeway_a_lost_answer_can_be_asked_again(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """While nobody used the successor (interface §3)."""
    user = fresh_user("contoso.test")
    first = assert_tokens(
        wire.post(TOKEN, p(username=user)), "refresh_token", "id_token"
    )
    for _ in range(2):
        answer = wire.post(TOKEN, refreshing(PUB, first["refresh_token"]))
        assert_tokens(answer, "refresh_token", "id_token")


@pytest.mark.parametrize("round_number", range(5))
def test_ref_03_of_parallel_uses_one_wins(
    wire: WireClient, fresh_user: FreshUser, round_number: int
) -> None:
    """20 at once, without leeway: exactly one success, and the family is dead."""
    form = refreshing(STRICT_CLIENT, strict_token(wire, fresh_user("strict.test")))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: wire.post(STRICT, form), range(20)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for answer in answers:
        if answer is not won[0]:
            assert_error(answer, 400, "invalid_grant", 50173)
    successor = refreshing(STRICT_CLIENT, won[0].json()["refresh_token"])
    assert_error(wire.post(STRICT, successor), 400, "invalid_grant", 50173)


def test_ref_07_a_token_is_its_clients_own(
    wire: WireClient, fresh_user: FreshUser
) -> None:
    """Client Y gets BADGRANT, and X's one-time token is still good."""
    token = strict_token(wire, fresh_user("strict.test"))
    for _ in range(3):
        answer = wire.post(STRICT, refreshing(STRICT_OTHER, token))
        assert_error(answer, 400, "invalid_grant", 70000, "bad_token")
    answer = wire.post(STRICT, refreshing(STRICT_CLIENT, token))
    assert_tokens(answer, "refresh_token", "id_token")


def is_active(wire: WireClient, token: str) -> bool:
    """What introspection says of it, asked by a confidential client."""
    asked = {"token": token, "client_id": CONF, "client_secret": CONF_SECRET}
    answer = wire.post(INTROSPECT, asked)
    assert answer.status_code == 200
    told = answer.json()
    assert told["active"] or told == {"active": False}
    return bool(told["active"])


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_ref_11_revoking_ones_own_token(wire: WireClient, kind: str) -> None:
    """200 and dead everywhere at once; a refresh token takes the session with it."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert is_active(wire, body["access_token"])
    assert is_active(wire, body["refresh_token"])
    form = {"token": body[kind], "client_id": PUB}
    assert wire.post(REVOKE, form).status_code == 200
    assert not is_active(wire, body["access_token"])
    assert wire.get("/oidc/userinfo", bearer).status_code == 401
    if kind == "refresh_token":
        assert not is_active(wire, body["refresh_token"])
        answer = wire.post(TOKEN, refreshing(PUB, body["refresh_token"]))
        assert_error(answer, 400, "invalid_grant", 50173)
    assert wire.post(REVOKE, form).status_code == 200


def test_ref_11_unknown_and_foreign_tokens(wire: WireClient) -> None:
    """200 for what is unknown; what is another client's stays good."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    unknown = {"token": "never-was-a-token-0123", "client_id": PUB}
    assert wire.post(REVOKE, unknown).status_code == 200
    for name in ("refresh_token", "access_token"):
        foreign = {"token": body[name], "client_id": SINGLE}
        assert wire.post(REVOKE, foreign).status_code == 200
        assert is_active(wire, body[name])


def test_revocation_and_introspection_authenticate_the_client(
    wire: WireClient,
) -> None:
    """RFC 7009 §2.1 and RFC 7662 §2.1: a confidential client must prove itself."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    for path in (REVOKE, INTROSPECT):
        for secret in ({}, {"client_secret": "wrong-secret-3"}):
            form = {"token": body["refresh_token"], "client_id": CONF, **secret}
            answer = wire.post(path, form)
            assert answer.status_code == 401
            assert answer.json()["error"] == "invalid_client"
    public = wire.post(INTROSPECT, {"token": body["refresh_token"], "client_id": PUB})
    assert public.status_code == 401
    assert is_active(wire, body["refresh_token"])
