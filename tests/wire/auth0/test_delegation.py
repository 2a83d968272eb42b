"""Cases A16 and A17 of contract auth0 §9, and the rest of `/delegation` (§6)."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from tests.wire.auth0.conftest import (
    Auth0Client,
    refused,
    tk_body,
)
from tests.wire.auth0.phones import CREDENTIALS, JWTG, basic, delete
from tests.wire.auth0.test_success import ALICE, claims_of
from tests.wire.instance import Instance

BOTH = "BOTH"
"""A client of both pipelines, and of the other wire as well."""
Fresh = Callable[[], str]


def legacy_token(d: Auth0Client, name: str = "alice", **changes: Any) -> str:
    """A refresh token of `/oauth/ro`."""
    fields = {"scope": "openid offline_access", "device": "phone", **changes}
    answer = d.ro(username=name, **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


def delegated(d: Auth0Client, *without: str, **changes: Any) -> httpx.Response:
    """The request of A17, changed."""
    body = {
        "client_id": "LEG",
        "grant_type": JWTG,
        "target": "LEG",
        "scope": "openid",
        "api_type": "app",
        **changes,
    }
    return d.post("/delegation", {k: v for k, v in body.items() if k not in without})


def test_a16_a_legacy_refresh_token_is_no_good_at_the_token_endpoint(
    d: Auth0Client, fresh: Fresh
) -> None:
    """Each kind has its own door; that text is what clients compare."""
    token = legacy_token(d, fresh())
    for client_id in ("LEG", "OIDC"):
        answer = d.post(
            "/oauth/token",
            {
                "grant_type": "refresh_token",
                "client_id": client_id,
                "refresh_token": token,
            },
        )
        text = refused(answer, 403, "invalid_grant")
        assert text == "Unknown or invalid refresh token."
    assert delegated(d, refresh_token=token).status_code == 200  # and is unharmed


def test_a_client_without_the_grant_is_told_so_for_anything_else(
    d: Auth0Client,
) -> None:
    """Only a legacy token of its own is unknown whatever the client may do."""
    whose = legacy_token(d, client_id=BOTH)
    for token in ("rubbish", whose):
        answer = d.post(
            "/oauth/token",
            {
                "grant_type": "refresh_token",
                "client_id": "LEG",
                "refresh_token": token,
            },
        )
        text = refused(answer, 403, "unauthorized_client")
        assert text == "Grant type 'refresh_token' not allowed for the client."


def test_a16_for_a_client_that_holds_both_grants(d: Auth0Client) -> None:
    """Not because of the client, but because of the kind of token."""
    legacy = legacy_token(d, client_id=BOTH)
    answer = d.post(
        "/oauth/token",
        {"grant_type": "refresh_token", "client_id": BOTH, "refresh_token": legacy},
    )
    text = refused(answer, 403, "invalid_grant")
    assert text == "Unknown or invalid refresh token."


def test_a17_it_is_used_at_delegation_and_works_twice(d: Auth0Client) -> None:
    """An id_token of ten hours for the target, with the client as `azp`."""
    token = legacy_token(d)
    for _ in range(2):
        answer = delegated(d, refresh_token=token)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 36000)
        assert set(body) == {"token_type", "expires_in", "id_token"}
        claims = claims_of(d, body["id_token"])
        assert (claims["sub"], claims["aud"], claims["azp"]) == (ALICE, "LEG", "LEG")
        assert claims["exp"] - claims["iat"] == 36000
        assert "email" not in claims
        assert answer.headers["cache-control"] == "no-store"


def test_as_a_form_like_auth0_js_7(d: Auth0Client) -> None:
    """Its defaults: own client as target, api_type auth0, scope passthrough."""
    token = legacy_token(d, scope="openid email offline_access")
    fields = {
        "client_id": "LEG",
        "grant_type": JWTG,
        "refresh_token": token,
        "target": "LEG",
        "api_type": "auth0",
        "scope": "passthrough",
    }
    answer = d.form("/delegation", fields)
    assert answer.status_code == 200, answer.text
    claims = claims_of(d, answer.json()["id_token"])
    assert claims["email"] == "alice@example.test"


@pytest.mark.parametrize("scope", ["absent", "passthrough"])
def test_passthrough_keeps_what_an_id_token_told(d: Auth0Client, scope: str) -> None:
    """No more and no less."""
    first = d.ro(scope="openid email favorite_color").json()["id_token"]
    changes = {} if scope == "absent" else {"scope": scope}
    without = ("scope",) if scope == "absent" else ()
    answer = delegated(d, *without, id_token=first, **changes)
    assert answer.status_code == 200, answer.text
    claims = claims_of(d, answer.json()["id_token"])
    assert claims["email"] == "alice@example.test"
    assert claims["favorite_color"] == "blue"
    assert not {"name", "identities"} & set(claims)


def test_another_scope_asks_anew(d: Auth0Client) -> None:
    """The words are those of the old pipeline."""
    answer = delegated(d, id_token=d.ro().json()["id_token"], scope="openid profile")
    claims = claims_of(d, answer.json()["id_token"])
    assert {"name", "identities", "email"} <= set(claims)


def test_another_target_is_the_audience(d: Auth0Client) -> None:
    """One that takes delegated tokens itself; HS256 where it is registered so."""
    answer = delegated(d, refresh_token=legacy_token(d), target="LEGHS")
    assert answer.status_code == 200, answer.text
    token = answer.json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["aud"], claims["azp"], claims["sub"]) == ("LEGHS", "LEG", ALICE)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


@pytest.mark.parametrize("target", ["nope", "OIDC", "NOGRANT", "CONF"])
def test_not_every_client_is_a_target(d: Auth0Client, target: str) -> None:
    """Unknown, of today's pipeline, or without the grant: one answer for all."""
    answer = delegated(d, refresh_token=legacy_token(d), target=target)
    text = refused(answer, 400, "invalid_request")
    assert text == "target parameter names no application that takes delegated tokens"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "nope"}, 403, "unauthorized_client"),
        ({"client_id": "NOGRANT"}, 403, "unauthorized_client"),
        ({"client_id": "OIDC"}, 400, "invalid_request"),
        ({"client_id": None}, 400, "invalid_request"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"refresh_token": None}, 400, "invalid_request"),
        ({"id_token": "x"}, 400, "invalid_request"),
        ({"api_type": "aws"}, 400, "invalid_request"),
        ({"scope": 5}, 400, "invalid_request"),
        ({"target": ["LEG"]}, 400, "invalid_request"),
        ({"refresh_token": "rubbish"}, 403, "invalid_grant"),
    ],
)
def test_what_is_refused(
    d: Auth0Client, changes: dict[str, Any], status: int, error: str
) -> None:
    """In the words of the old pipeline."""
    fields = {"refresh_token": legacy_token(d), **changes}
    text = refused(delegated(d, **fields), status, error)
    if changes.get("client_id") == "OIDC":
        assert text == "OIDC conformant clients cannot use /delegation"
    if changes == {"client_id": "NOGRANT"}:
        assert "http://auth0.com/oauth/legacy/grant-type/delegation" in text


def test_a_token_is_bound_to_its_client(d: Auth0Client, fresh: Fresh) -> None:
    """Another client's tokens are refused, and stay good (REF-07)."""
    name = fresh()
    token, id_token = legacy_token(d, name), d.ro(username=name).json()["id_token"]
    refused(delegated(d, client_id="LEGHS", refresh_token=token), 403, "invalid_grant")
    refused(delegated(d, client_id="LEGHS", id_token=id_token), 401, "invalid_token")
    assert delegated(d, refresh_token=token).status_code == 200


def test_a_delegated_token_is_the_targets(d: Auth0Client, fresh: Fresh) -> None:
    """Who asked for it cannot go on with it."""
    asked = d.ro(username=fresh()).json()["id_token"]
    mine = delegated(d, id_token=asked).json()["id_token"]
    assert delegated(d, id_token=mine).status_code == 200
    theirs = delegated(d, id_token=asked, target="LEGHS").json()["id_token"]
    refused(delegated(d, id_token=theirs), 401, "invalid_token")


def test_tokens_of_another_tenant_are_nothing_here(
    d: Auth0Client, contoso: Auth0Client
) -> None:
    """Neither kind, in either direction (promise 6)."""
    for here, there in ((d, contoso), (contoso, d)):
        refresh, id_token = legacy_token(there), there.ro().json()["id_token"]
        refused(delegated(here, refresh_token=refresh), 403, "invalid_grant")
        refused(delegated(here, id_token=id_token), 401, "invalid_token")
        assert delegated(there, refresh_token=refresh).status_code == 200


def test_tokens_of_other_kinds_are_no_id_token(d: Auth0Client) -> None:
    """An access token of the same user, opaque or for an API."""
    api = d.tk(audience="https://api.test", scope="read:x").json()["access_token"]
    for token in (d.ro().json()["access_token"], api, "x", "a.b.c"):
        refused(delegated(d, id_token=token), 401, "invalid_token")


def test_todays_refresh_token_is_no_good_here(d: Auth0Client) -> None:
    """The other direction of A16."""
    answer = d.tk(client_id=BOTH, scope="openid offline_access")
    token = answer.json()["refresh_token"]
    text = refused(
        delegated(d, client_id=BOTH, target=BOTH, refresh_token=token),
        403,
        "invalid_grant",
    )
    assert text == "Unknown or invalid refresh token."


def test_it_ends_with_its_device_entry(d: Auth0Client, fresh: Fresh) -> None:
    """Removed by the user; other devices go on."""
    name = fresh()
    lost, kept = (legacy_token(d, name, device=each) for each in ("lost", "kept"))
    entries = d.get(f"{CREDENTIALS}?type=refresh_token", basic(name)).json()
    [entry] = [each for each in entries if each["device_name"] == "lost"]
    assert delete(d, f"{CREDENTIALS}/{entry['id']}", basic(name)).status_code == 204
    refused(delegated(d, refresh_token=lost), 403, "invalid_grant")
    assert delegated(d, refresh_token=kept).status_code == 200


def test_ten_a_minute_for_each_user(d: Auth0Client, fresh: Fresh) -> None:
    """The eleventh is 429 with whole numbers in its headers; others go on (§5)."""
    token, other = legacy_token(d, fresh()), legacy_token(d, fresh())
    answers = [delegated(d, refresh_token=token) for _ in range(15)]
    assert [each.status_code for each in answers[:10]] == [200] * 10
    # One comes back every six seconds: a slow machine gets a few more.
    [limited, *_] = [each for each in answers if each.status_code != 200]
    refused(limited, 429, "too_many_requests")
    assert limited.headers["x-ratelimit-limit"] == "10"
    assert int(limited.headers["x-ratelimit-reset"]) >= int(time.time())
    assert int(limited.headers["retry-after"]) >= 1
    assert delegated(d, refresh_token=other).status_code == 200


def test_where_the_old_pipeline_is_off_it_is_off(shut: Auth0Client) -> None:
    """404, as at `/oauth/ro`."""
    answer = delegated(shut, refresh_token="x")
    refused(answer, 404, "endpoint_disabled")


def test_every_delegation_is_on_record(
    d: Auth0Client, auth0_server: Instance, fresh: Fresh
) -> None:
    """Granted with its target, refused with its reason (promise 10)."""
    name = fresh()
    token = legacy_token(d, name)
    delegated(d, refresh_token=token, target="LEGHS")
    delegated(d, refresh_token=token, client_id="LEGHS")
    rows = auth0_server.rows(
        "SELECT outcome, reason, code, door, detail FROM audit WHERE grant_type = "
        "'delegation' AND user_id = (SELECT id FROM users WHERE name_folded = ? AND "
        "tenant_id = ?) ORDER BY id",
        f"{name}@example.test",
        "99999999-0000-4000-8000-000000000001",
    )
    assert [row[:4] for row in rows] == [
        ("granted", "", "", "auth0 delegation"),
        ("refused", "refresh_foreign", "invalid_grant", "auth0 delegation"),
    ]
    assert '"target":"LEGHS"' in rows[0][4]
    assert not any(token in str(row) for row in rows)


@pytest.mark.parametrize("client_id", ["LEG", "nope", None])
def test_social_tokens_are_not_taken(d: Auth0Client, client_id: str | None) -> None:
    """`/oauth/access_token` is never served (§6)."""
    body = {"client_id": client_id, "access_token": "x", "connection": "goog"}
    refused(d.post("/oauth/access_token", body), 404, "endpoint_disabled")


def test_todays_clients_are_told_why(d: Auth0Client) -> None:
    """With the very text of the contract."""
    text = refused(
        d.post("/oauth/access_token", {"client_id": "OIDC", "access_token": "x"}),
        400,
        "invalid_request",
    )
    assert text == "OIDC conformant clients cannot use /oauth/access_token"


def test_entra_takes_no_refresh_token_of_this_half(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """Nor the reverse: one tenant, two wires, and tokens of neither cross over."""
    here = "/99999999-0000-4000-8000-000000000001/oauth2/v2.0/token"
    legacy = legacy_token(d, client_id=BOTH)
    modern = d.tk(client_id=BOTH, scope="openid offline_access").json()["refresh_token"]
    for token in (legacy, modern):
        form = {
            "grant_type": "refresh_token",
            "client_id": BOTH,
            "refresh_token": token,
            "scope": "openid",
        }
        refused(d.form(here, form), 400, "invalid_grant")
    form = {
        "grant_type": "password",
        "client_id": BOTH,
        "username": "alice@example.test",
        "password": tk_body()["password"],
        "scope": "openid offline_access",
    }
    answer = d.form(here, form)
    assert answer.status_code == 200, answer.text
    token = answer.json()["refresh_token"]
    refused(
        delegated(d, client_id=BOTH, target=BOTH, refresh_token=token),
        403,
        "invalid_grant",
    )
    body = {"grant_type": "refresh_token", "client_id": BOTH, "refresh_token": token}
    refused(d.post("/oauth/token", body), 403, "invalid_grant")
    id_token = answer.json()["id_token"]
    refused(
        delegated(d, client_id=BOTH, target=BOTH, id_token=id_token),
        401,
        "invalid_token",
    )
