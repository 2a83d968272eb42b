"""Case A114 of contract auth0 §9: `/tokeninfo`, and what may not be told there."""

import json
import re
import time
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from tests.keys.forms import bare
from tests.wire.auth0.conftest import ORIGIN, Auth0Client, refused
from tests.wire.auth0.phones import bearer
from tests.wire.auth0.test_success import ALICE
from tests.wire.instance import Instance

CALL = re.compile(r"/\*\*/ typeof (\S+) === 'function' && (\S+)\((.*)\);")


def id_token(d: Auth0Client, **changes: Any) -> str:
    """A fresh id_token."""
    return str(d.ro(**changes).json()["id_token"])


def asked(d: Auth0Client, token: object) -> httpx.Response:
    """The endpoint by POST."""
    return d.post("/tokeninfo", {"id_token": token})


def test_a114_the_profile_by_json_form_and_address(d: Auth0Client) -> None:
    """Whatever the scope of the token was: the whole profile, thrice the same."""
    token = id_token(d)
    answers = [
        asked(d, token),
        d.form("/tokeninfo", {"id_token": token}),
        d.get(f"/tokeninfo?id_token={token}"),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["user_id"], body["clientID"]) == (ALICE, "LEG")
        assert body["email"] == "alice@example.test"
        assert body["favorite_color"] == "blue"
        [identity] = body["identities"]
        assert identity["provider"] == "auth0"
        assert identity["user_id"] == ALICE.partition("|")[2]
        assert {"name", "nickname", "picture", "created_at", "updated_at"} <= set(body)
        assert body["global_client_id"]
        assert "error" not in body
    assert len({answer.content for answer in answers}) == 1


def test_the_client_is_the_one_of_the_token(d: Auth0Client) -> None:
    """Also with a token of today's pipeline; the tenant's own id stays the same."""
    legacy = asked(d, id_token(d)).json()
    modern = asked(d, d.tk().json()["id_token"]).json()
    assert (legacy["clientID"], modern["clientID"]) == ("LEG", "OIDC")
    assert legacy["global_client_id"] == modern["global_client_id"]


def test_tenants_have_ids_of_their_own(d: Auth0Client, contoso: Auth0Client) -> None:
    """The global client id is one for each tenant."""
    here, there = (asked(each, id_token(each)).json() for each in (d, contoso))
    assert here["global_client_id"] != there["global_client_id"]


def test_a114_a_foreign_issuer_is_400(d: Auth0Client, contoso: Auth0Client) -> None:
    """Another tenant's token, and one of somebody else altogether."""
    made = jwt.encode(
        {"iss": "https://elsewhere.test/", "sub": ALICE, "aud": "LEG"}, "k" * 32
    )
    for token in (id_token(contoso), made):
        text = refused(asked(d, token), 400, "invalid_request")
        assert text == "id_token parameter is of another issuer"


def test_a114_a_tampered_token_is_401(d: Auth0Client) -> None:
    """Other claims, another algorithm, no signature, no token at all."""
    good = id_token(d)
    head, claims, signature = good.split(".")
    said = jwt.decode(good, options={"verify_signature": False})
    kid = jwt.get_unverified_header(good)["kid"]
    raised = bare(json.dumps({**said, "exp": int(time.time()) + 10**6}).encode())
    none = bare(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    wrong = [
        f"{head}.{raised}.{signature}",
        f"{head}.{claims}.",
        f"{none}.{claims}.",
        jwt.encode(said, "k" * 32, headers={"kid": kid}),
        "x",
        "a.b.c",
        ".." + "A" * 20_000,
    ]
    for token in wrong:
        refused(asked(d, token), 401, "invalid_token")


def test_hs256_proves_nothing_here(d: Auth0Client) -> None:
    """Its client could have made it itself, with anybody's id in it."""
    refused(asked(d, id_token(d, client_id="LEGHS")), 401, "invalid_token")


def test_an_access_token_is_none(d: Auth0Client) -> None:
    """Neither the opaque one nor one for an API, nor in the header."""
    api = d.tk(audience="https://api.test", scope="read:x").json()["access_token"]
    for token in (d.ro().json()["access_token"], api):
        refused(asked(d, token), 401, "invalid_token")
    header = bearer(id_token(d))
    refused(d.get("/tokeninfo", header), 400, "invalid_request")


def test_an_id_token_is_no_access_token(d: Auth0Client) -> None:
    """The reverse: nothing but what it is made for."""
    refused(d.get("/userinfo", bearer(id_token(d))), 401, "invalid_token")


@pytest.mark.parametrize("body", [{}, {"id_token": None}, {"id_token": ""}])
def test_without_a_token_it_is_missing(d: Auth0Client, body: dict[str, Any]) -> None:
    """400, by POST and by GET."""
    refused(d.post("/tokeninfo", body), 400, "invalid_request")
    refused(d.get("/tokeninfo"), 400, "invalid_request")
    refused(d.post("/tokeninfo", {"id_token": ["x"]}), 400, "invalid_request")


@pytest.mark.parametrize(
    "query", ["id_token=a&id_token=b", "id_token=%00", "id_token=%ff", "cbx="]
)
def test_odd_addresses_are_4xx(d: Auth0Client, query: str) -> None:
    """Twice, NUL, no UTF-8, nothing (promise 14)."""
    refused(d.get(f"/tokeninfo?{query}"), 400, "invalid_request")


def test_jsonp_where_the_tenant_allows_it(contoso: Auth0Client) -> None:
    """As auth0-js 7 asks: status and user, or the refusal nested under `error`."""
    token = id_token(contoso)
    for sent, status, member in ((token, 200, "user"), ("a.b.c", 401, "error")):
        answer = contoso.get(f"/tokeninfo?id_token={sent}&cbx=__auth0jp0")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/javascript")
        found = CALL.fullmatch(answer.text)
        assert found is not None
        assert (found[1], found[2]) == ("__auth0jp0", "__auth0jp0")
        told = json.loads(found[3])
        assert set(told) == {"status", member}
        assert told["status"] == status
    assert told["error"]["error"] == "invalid_token"


def test_a_callback_is_a_name(contoso: Auth0Client) -> None:
    """Anything else is 400 and not echoed (A37)."""
    name = quote("alert(1)//", safe="")
    answer = contoso.get(f"/tokeninfo?id_token={id_token(contoso)}&cbx={name}")
    refused(answer, 400, "invalid_request")
    assert "alert" not in answer.text


def test_no_script_where_jsonp_is_off(d: Auth0Client) -> None:
    """A callback is ignored: JSON, which no page may run."""
    answer = d.get(f"/tokeninfo?id_token={id_token(d)}&cbx=f")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["user_id"] == ALICE


def test_the_token_of_the_address_is_written_nowhere(
    d: Auth0Client, auth0_server: Instance
) -> None:
    """Neither in the log nor in the store (promise 9)."""
    token = id_token(d)
    assert d.get(f"/tokeninfo?id_token={token}").status_code == 200
    signature = token.rpartition(".")[2].encode()
    kept = auth0_server.kept()
    assert kept
    assert [name for name, octets in kept.items() if signature in octets] == []


def test_scripts_of_registered_origins_may_read_it(d: Auth0Client) -> None:
    """auth0-js 7 asks it from the browser."""
    body = {"id_token": id_token(d)}
    answer = d.post("/tokeninfo", body, {"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.json()["user_id"] == ALICE
