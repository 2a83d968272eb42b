"""Cases 62 to 64 of contract entra §12: refresh tokens.

Where interface §3 rules otherwise (one-time by default), at a tenant of Entra's habit.
"""

from collections.abc import Callable

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    CONF,
    CONF_SECRET,
    PUB,
    PUBLIC,
    SINGLE,
    TASKS,
    TID2,
    TOKEN,
    changing_user,
    p,
    peek,
    refreshing,
    signing_in,
    token_path,
    words,
)
from tests.wire.instance import Instance

BASIC = "user.read offline_access"


def refresh_token(wire: WireClient, **changes: str) -> str:
    body = assert_tokens(wire.post(TOKEN, p(**changes)), "refresh_token", "id_token")
    return str(body["refresh_token"])


def test_case_62_a_refresh_brings_another_refresh_token(wire: WireClient) -> None:
    """Where reuse is allowed the old one still works once more."""
    path, client = token_path("reusing.test"), PUBLIC["reusing.test"]
    body = assert_tokens(
        wire.post(path, signing_in("reusing.test")), "refresh_token", "id_token"
    )
    old, seen = body["refresh_token"], {body["refresh_token"]}
    for _ in range(2):
        again = wire.post(path, refreshing(client, old, scope=BASIC))
        told = assert_tokens(again, "refresh_token")
        assert told["refresh_token"] not in seen
        seen.add(told["refresh_token"])
    assert words(told["scope"]) >= {"User.Read"}


def test_case_62_by_default_an_old_one_ends_the_session(wire: WireClient) -> None:
    """One-time (interface §3): once the successor was used, the family is dead."""
    first = refresh_token(wire)
    second = assert_tokens(
        wire.post(TOKEN, refreshing(PUB, first, scope=BASIC)), "refresh_token"
    )["refresh_token"]
    third = assert_tokens(
        wire.post(TOKEN, refreshing(PUB, second, scope=BASIC)), "refresh_token"
    )["refresh_token"]
    for dead in (first, third, second):
        answer = wire.post(TOKEN, refreshing(PUB, dead))
        assert_error(answer, 400, "invalid_grant", 50173)


def test_case_62_openid_must_be_asked_for_again(wire: WireClient) -> None:
    """No `openid`, no id_token; no scope at all, the original grant (§3.7)."""
    token = refresh_token(wire)
    body = assert_tokens(
        wire.post(TOKEN, refreshing(PUB, token, scope=BASIC)), "refresh_token"
    )
    again = wire.post(TOKEN, refreshing(PUB, body["refresh_token"]))
    body = assert_tokens(again, "refresh_token", "id_token")
    assert words(body["scope"]) == {"User.Read", "profile", "openid", "email"}
    assert peek(body["id_token"])["aud"] == PUB


def test_case_63_another_client_cannot_use_it(wire: WireClient) -> None:
    """70000, and the owner's token is still good."""
    token = refresh_token(wire)
    answer = wire.post(TOKEN, refreshing(SINGLE, token))
    assert_error(answer, 400, "invalid_grant", 70000, "bad_token")
    secret = {"client_secret": CONF_SECRET}
    answer = wire.post(TOKEN, refreshing(CONF, token, **secret))
    assert_error(answer, 400, "invalid_grant", 70000, "bad_token")
    assert_tokens(wire.post(TOKEN, refreshing(PUB, token)), "refresh_token", "id_token")


def test_case_63_another_tenant_cannot_use_it(wire: WireClient) -> None:
    """A token is bound to its tenant (promise 6), at a multi-tenant client too."""
    token = refresh_token(wire)
    answer = wire.post(token_path(TID2), refreshing(PUB, token))
    assert_error(answer, 400, "invalid_grant", 70000, "bad_token")
    at_alias = wire.post(token_path("organizations"), refreshing(PUB, token))
    assert_tokens(at_alias, "refresh_token", "id_token")


def test_case_63_garbage(wire: WireClient) -> None:
    """Whatever never was a refresh token."""
    for garbage in ("garbage-refresh-token", "x" * 5000, "ü€😀 0123456789"):
        answer = wire.post(TOKEN, refreshing(PUB, garbage))
        assert_error(answer, 400, "invalid_grant", 70000, "bad_token")


def test_case_63_a_new_password_ends_public_sessions(
    wire: WireClient, ostiary: Instance, fresh_user: Callable[[str], str]
) -> None:
    """50173 on the very next request; the new password serves."""
    user = fresh_user("contoso.test")
    token = refresh_token(wire, username=user)
    ostiary.apply(changing_user(user, password="Another-654321!"))
    answer = wire.post(TOKEN, refreshing(PUB, token))
    assert_error(answer, 400, "invalid_grant", 50173)
    old = wire.post(TOKEN, p(username=user))
    assert_error(old, 400, "invalid_grant", 50126)
    new = wire.post(TOKEN, p(username=user, password="Another-654321!"))
    assert_tokens(new, "refresh_token", "id_token")


def test_a_disabled_user_is_refused_on_the_next_request(
    wire: WireClient, ostiary: Instance, fresh_user: Callable[[str], str]
) -> None:
    """Disabling a user voids all (§3.7, promise 5)."""
    user = fresh_user("contoso.test")
    token = refresh_token(wire, username=user)
    ostiary.apply(changing_user(user, enabled=False))
    answer = wire.post(TOKEN, refreshing(PUB, token))
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_case_64_a_scope_never_consented(wire: WireClient) -> None:
    """65001; the refresh token is not spent by it."""
    token = refresh_token(wire)
    answer = wire.post(TOKEN, refreshing(PUB, token, scope="Mail.Read"))
    body = assert_error(answer, 400, "invalid_grant", 65001, "consent_required")
    assert "error_uri" not in body
    answer = wire.post(TOKEN, refreshing(PUB, token, scope=BASIC))
    assert_tokens(answer, "refresh_token")


def test_on_refresh_the_first_resource_decides(wire: WireClient) -> None:
    """Scopes of two resources are no error there (§5.1)."""
    form = p(client_id=TASKS, scope="api://tasks/Tasks.Read offline_access")
    body = assert_tokens(wire.post(TOKEN, form), "refresh_token")
    both = "api://tasks/Tasks.Read https://graph.microsoft.com/User.Read"
    again = wire.post(TOKEN, refreshing(TASKS, body["refresh_token"], scope=both))
    assert again.status_code == 200
    assert again.json()["scope"] == "api://tasks/Tasks.Read"


def test_every_refresh_brings_a_new_refresh_token(wire: WireClient) -> None:
    """A new one in each answer (§3.7), though `offline_access` was not asked again:
    the old one is used up by then.
    """
    body = assert_tokens(
        wire.post(TOKEN, refreshing(PUB, refresh_token(wire), scope="user.read")),
        "refresh_token",
    )
    again = wire.post(TOKEN, refreshing(PUB, body["refresh_token"]))
    assert_tokens(again, "refresh_token", "id_token")
