"""Cases 76 to 79 of contract entra §12: what stands in tokens, and UserInfo."""

import re
import time

import pytest

from tests.wire.answers import assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import (
    GRAPH_ID,
    OID,
    PUB,
    SINGLE,
    TASKS,
    TASKS_API,
    TID,
    TOKEN,
    p,
    peek,
    read,
)
from tests.wire.instance import Instance


def tokens(wire: WireClient, **changes: str) -> dict[str, str]:
    answer = wire.post(TOKEN, p(**changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_case_76_the_id_token(wire: WireClient, ostiary: Instance) -> None:
    """Exactly the claims of §7 for the v2 id_token, backdated by 300 s."""
    body = tokens(wire)
    claims = read(wire, body["id_token"], PUB, f"{ostiary.base}/{TID}/v2.0")
    assert (claims["tid"], claims["oid"]) == (TID, OID)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", claims["sub"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", claims["uti"])
    assert claims["preferred_username"] == "alice@contoso.test"
    assert claims["name"] == "Alice Arden"
    assert claims["email"] == "alice@contoso.test"
    assert claims["ver"] == "2.0"
    assert claims["exp"] - claims["iat"] == 3900
    assert claims["iat"] == claims["nbf"]
    assert abs(claims["iat"] + 300 - time.time()) < 30
    assert None not in claims.values()
    assert not {"at_hash", "c_hash", "nonce", "amr", "upn"} & claims.keys()


def test_case_76_without_profile_nothing_personal_is_told(wire: WireClient) -> None:
    """`oid`, `name` and `preferred_username` come with `profile` (§7)."""
    user = "kim@contoso.test"
    with_all = peek(tokens(wire, username=user)["id_token"])
    assert "email" not in with_all
    assert with_all["preferred_username"] == user


def test_case_76_the_access_token_of_the_default_resource(
    wire: WireClient, ostiary: Instance
) -> None:
    """The v1.0 claims of §7."""
    body = tokens(wire)
    claims = read(wire, body["access_token"], GRAPH_ID, f"{ostiary.base}/{TID}/")
    assert claims["acr"] == "1"
    assert claims["amr"] == ["pwd"]
    assert (claims["appid"], claims["appidacr"]) == (PUB, "0")
    assert (claims["given_name"], claims["family_name"]) == ("Alice", "Arden")
    assert claims["upn"] == claims["unique_name"] == "alice@contoso.test"
    assert claims["ipaddr"] in ("127.0.0.1", "::1")
    assert set(claims["scp"].split(" ")) == {"User.Read", "profile", "openid", "email"}
    assert claims["exp"] - claims["iat"] == 3900
    assert None not in claims.values()
    assert "roles" not in claims


def test_case_77_sub_is_pairwise_and_stable(wire: WireClient) -> None:
    """The same at the next sign-in, different for another application."""
    first = peek(tokens(wire)["id_token"])["sub"]
    assert peek(tokens(wire)["id_token"])["sub"] == first
    other = peek(tokens(wire, client_id=SINGLE)["id_token"])["sub"]
    assert other != first
    assert OID not in (first, other)


def test_case_78_the_version_is_the_resources(
    wire: WireClient, ostiary: Instance
) -> None:
    """Default resource: 1.0 with `appid`; `api://tasks`: 2.0 with `azp`."""
    graph = peek(tokens(wire, scope="user.read")["access_token"])
    assert (graph["ver"], graph["appid"]) == ("1.0", PUB)
    assert "azp" not in graph
    scope = "api://tasks/Tasks.Read openid"
    body = tokens(wire, client_id=TASKS, scope=scope)
    issuer = f"{ostiary.base}/{TID}/v2.0"
    claims = read(wire, body["access_token"], TASKS_API, issuer)
    assert (claims["ver"], claims["azp"], claims["azpacr"]) == ("2.0", TASKS, "0")
    assert claims["scp"] == "Tasks.Read"
    assert not {"appid", "appidacr", "acr", "unique_name"} & claims.keys()
    assert body["scope"] == "api://tasks/Tasks.Read"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/oidc/userinfo", f"/{TID}/openid/userinfo"])
def test_case_79_userinfo(wire: WireClient, method: str, path: str) -> None:
    """`sub` as in the id_token; absent members are left out (§9)."""
    body = tokens(wire)
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    answer = wire.send(method, path, b"", bearer)
    assert answer.status_code == 200
    assert answer.json() == {
        "sub": peek(body["id_token"])["sub"],
        "name": "Alice Arden",
        "given_name": "Alice",
        "family_name": "Arden",
        "email": "alice@contoso.test",
    }


def forged(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{signature[:-8]}AAAAAAAA"


@pytest.mark.parametrize("path", ["/oidc/userinfo", f"/{TID}/openid/userinfo"])
def test_case_79_userinfo_without_a_good_token(wire: WireClient, path: str) -> None:
    """401 with a challenge: none, another kind, forged, wrong audience, garbage."""
    body = tokens(wire)
    tasks = tokens(wire, client_id=TASKS, scope="api://tasks/Tasks.Read")
    nameless = "e30.eyJ0aWQiOiJiYWQgbmFtZSEifQ.AAAA"
    for token in (
        None,
        body["id_token"],
        body["refresh_token"],
        forged(body["access_token"]),
        tasks["access_token"],
        nameless,
        "garbage",
    ):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = wire.get(path, headers)
        assert answer.status_code == 401, token
        challenge = answer.headers["www-authenticate"]
        assert challenge == 'Bearer error="invalid_token"'
        assert "sub" not in answer.json()


def test_case_79_userinfo_needs_openid(wire: WireClient) -> None:
    """A token without the scope `openid` in it is not enough."""
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    assert "openid" in peek(body["access_token"])["scp"].split(" ")
