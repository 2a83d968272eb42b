"""Cases 50 to 58 and 85 of contract entra §12: what clients read beforehand."""

import base64
import hashlib
from typing import Any

import jwt
import pytest

from tests.wire.answers import GUID, assert_error_body, assert_tokens
from tests.wire.client import WireClient
from tests.wire.entra.cases import GRAPH_ID, PUB, TID, TOKEN, p, peek, read, token_path
from tests.wire.instance import Instance

CONFIGURATION = "v2.0/.well-known/openid-configuration"
REALM = "/common/userrealm/alice@contoso.test?api-version=1.0"


@pytest.mark.parametrize("segment", [TID, "contoso.test", "CONTOSO.test"])
def test_case_50_discovery_of_a_tenant_names_its_guid(
    wire: WireClient, ostiary: Instance, segment: str
) -> None:
    """Endpoints and issuer carry the GUID; headers as recorded (§2.3)."""
    answer = wire.get(f"/{segment}/{CONFIGURATION}")
    told, base = answer.json(), f"{ostiary.base}/{TID}"
    assert answer.status_code == 200
    assert told["issuer"] == f"{base}/v2.0"
    assert told["token_endpoint"] == f"{base}/oauth2/v2.0/token"
    assert told["authorization_endpoint"] == f"{base}/oauth2/v2.0/authorize"
    assert told["device_authorization_endpoint"] == f"{base}/oauth2/v2.0/devicecode"
    assert told["end_session_endpoint"] == f"{base}/oauth2/v2.0/logout"
    assert told["jwks_uri"] == f"{base}/discovery/v2.0/keys"
    assert told["userinfo_endpoint"] == f"{ostiary.base}/oidc/userinfo"
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_post",
        "private_key_jwt",
        "client_secret_basic",
    ]
    assert told["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert told["subject_types_supported"] == ["pairwise"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert told["scopes_supported"] == ["openid", "profile", "email", "offline_access"]
    assert told["cloud_instance_name"] == f"localhost:{ostiary.port}"
    assert "kerberos_endpoint" not in told
    headers = answer.headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert headers["cache-control"] == "max-age=86400, private"
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, OPTIONS"
    assert GUID.fullmatch(headers["x-ms-request-id"])


@pytest.mark.parametrize("alias", ["organizations", "common"])
def test_case_50_discovery_of_an_alias_keeps_it(
    wire: WireClient, ostiary: Instance, alias: str
) -> None:
    """The issuer is a template with braces, no region is told."""
    told = wire.get(f"/{alias}/{CONFIGURATION}").json()
    assert told["issuer"] == ostiary.base + "/{tenantid}/v2.0"
    assert told["token_endpoint"] == f"{ostiary.base}/{alias}/oauth2/v2.0/token"
    assert told["jwks_uri"] == f"{ostiary.base}/{alias}/discovery/v2.0/keys"
    assert told["tenant_region_scope"] is None


def test_case_50_discovery_of_consumers_has_their_guid(
    wire: WireClient, ostiary: Instance
) -> None:
    """`consumers` is one tenant of its own."""
    told = wire.get(f"/consumers/{CONFIGURATION}").json()
    consumers = "9188040d-6c67-4c5b-b112-36a304b66dad"
    assert told["issuer"] == f"{ostiary.base}/{consumers}/v2.0"


@pytest.mark.parametrize("segment", ["nosuch.test", TID.replace("1", "7")])
def test_case_50_discovery_of_an_unknown_tenant(
    wire: WireClient, ostiary: Instance, segment: str
) -> None:
    """At discovery the word is `invalid_tenant`."""
    answer = wire.get(f"/{segment}/{CONFIGURATION}")
    told = answer.json()
    assert (answer.status_code, told["error"]) == (400, "invalid_tenant")
    assert told["error_codes"] == [90002]
    assert told["error_uri"] == f"{ostiary.base}/error?code=90002"
    assert_error_body(answer, told)


def test_case_51_discovery_with_query_parameters(wire: WireClient) -> None:
    """passport-azure-ad adds its name and version."""
    plain = wire.get(f"/{TID}/{CONFIGURATION}").json()
    query = "x-client-SKU=passport-azure-ad&x-client-Ver=4.3.2&x=%00"
    answer = wire.get(f"/{TID}/{CONFIGURATION}?{query}")
    assert answer.status_code == 200
    assert answer.json() == plain


def test_case_52_v1_discovery_names_the_issuer_of_v1_tokens(
    wire: WireClient, ostiary: Instance
) -> None:
    """Byte for byte; endpoints are v1's."""
    told = wire.get("/contoso.test/.well-known/openid-configuration").json()
    body = assert_tokens(wire.post(TOKEN, p(scope="user.read")))
    claims = peek(body["access_token"])
    assert claims["ver"] == "1.0"
    assert told["issuer"] == claims["iss"] == f"{ostiary.base}/{TID}/"
    assert told["token_endpoint"] == f"{ostiary.base}/{TID}/oauth2/token"
    assert told["jwks_uri"] == f"{ostiary.base}/common/discovery/keys"
    assert told["userinfo_endpoint"] == f"{ostiary.base}/{TID}/openid/userinfo"
    assert told["scopes_supported"] == ["openid"]
    assert told["microsoft_multi_refresh_token"] is True


@pytest.mark.parametrize(
    "path",
    [
        f"/{TID}/discovery/v2.0/keys",
        f"/{TID}/discovery/keys",
        "/contoso.test/discovery/v2.0/keys",
        "/common/discovery/v2.0/keys",
        "/common/discovery/keys",
    ],
)
def test_case_53_every_token_verifies_by_the_published_keys(
    wire: WireClient, ostiary: Instance, path: str
) -> None:
    """`kid` = `x5t` = thumbprint of the certificate; RSA of 2048 bits or more."""
    answer = wire.get(path)
    keys = {key["kid"]: key for key in answer.json()["keys"]}
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = assert_tokens(wire.post(TOKEN, p()), "refresh_token", "id_token")
    for name, audience, issuer in (
        ("id_token", PUB, f"{ostiary.base}/{TID}/v2.0"),
        ("access_token", GRAPH_ID, f"{ostiary.base}/{TID}/"),
    ):
        header = jwt.get_unverified_header(body[name])
        key = keys[header["kid"]]
        assert header["typ"] == "JWT"
        assert (key["kty"], key["use"], key["x5t"]) == ("RSA", "sig", key["kid"])
        assert "=" not in key["n"] + key["e"]
        assert len(base64.urlsafe_b64decode(key["n"] + "==")) * 8 >= 2048
        der = base64.b64decode(key["x5c"][0], validate=True)
        sha1 = hashlib.sha1(der).digest()  # noqa: S324 -- x5t is SHA-1
        assert base64.urlsafe_b64encode(sha1).rstrip(b"=").decode() == key["kid"]
        assert read(wire, body[name], audience, issuer, path)["tid"] == TID
    private = {"d", "p", "q", "dp", "dq", "qi"}
    assert not any(private & key.keys() for key in keys.values())


@pytest.mark.parametrize(
    "path",
    [
        "/common/UserRealm/alice%40contoso.test?api-version=1.0",
        "/common/userrealm/alice@contoso.test",
        "/contoso.test/USERREALM/alice@contoso.test?api-version=2.1",
        "/organizations/userrealm/alice@CONTOSO.test?api-version=1.0",
    ],
)
def test_case_54_the_realm_of_a_managed_domain(wire: WireClient, path: str) -> None:
    """The five members that clients read; `ver` is a string (§2.5)."""
    answer = wire.get(path)
    assert answer.status_code == 200
    assert answer.json() == {
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": "contoso.test",
        "cloud_instance_name": "localhost",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    }


@pytest.mark.parametrize(
    "name",
    [
        "x@nosuch.test?api-version=1.0",
        "alice_fabrikam.com",
        "a/b?c",
        "a%2Fb%40c/d'+e",
        "",
        "m%C3%BCller",
        "%40",
    ],
)
def test_case_55_the_realm_of_anything_else_is_unknown(
    wire: WireClient, name: str
) -> None:
    """Never 404 or 500, which stop clients."""
    answer = wire.get(f"/common/userrealm/{name}")
    assert answer.status_code == 200
    told = answer.json()
    assert told["account_type"] == "Unknown"
    assert told["ver"] == "1.0"
    assert "domain_name" not in told


def test_case_56_the_realm_is_of_the_domain_never_of_the_user(
    wire: WireClient,
) -> None:
    """Pass-through is Managed; a name of nobody gets the same bytes as a user's."""
    through = wire.get("/common/userrealm/grace@pta.test?api-version=1.0").json()
    assert (through["account_type"], through["domain_name"]) == ("Managed", "pta.test")
    known = wire.get(REALM)
    nobody = wire.get(REALM.replace("alice", "nobody"))
    assert known.content == nobody.content
    differing = {"date", "x-ms-request-id"}
    assert {k: v for k, v in known.headers.items() if k not in differing} == {
        k: v for k, v in nobody.headers.items() if k not in differing
    }


def test_a_federated_domain_without_ws_trust_is_managed(wire: WireClient) -> None:
    """Clients then post the password, which is refused (§2.5, §8)."""
    told = wire.get("/common/userrealm/frank@corp.test?api-version=1.0").json()
    assert (told["account_type"], told["domain_name"]) == ("Managed", "corp.test")


def instance_of(wire: WireClient, authorize: str) -> tuple[int, dict[str, Any]]:
    path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
    answer = wire.get(path + authorize)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("port", [True, False], ids=["with port", "without port"])
def test_case_58_instance_discovery_of_our_host(
    wire: WireClient, ostiary: Instance, port: bool
) -> None:
    """Names BASE with its port, even when the question lacks it (§2.4)."""
    host = f"localhost:{ostiary.port}" if port else "localhost"
    status, told = instance_of(
        wire, f"https%3A%2F%2F{host}%2Fcontoso.test%2Foauth2%2Fv2.0%2Fauthorize"
    )
    assert status == 200
    expected = f"{ostiary.base}/contoso.test/{CONFIGURATION}"
    assert told["tenant_discovery_endpoint"] == expected
    assert told["api-version"] == "1.1"
    (entry,) = told["metadata"]
    assert entry["preferred_network"] == f"localhost:{ostiary.port}"
    assert entry["preferred_cache"] == f"localhost:{ostiary.port}"
    assert set(entry["aliases"]) == {f"localhost:{ostiary.port}", "localhost"}


def test_case_58_instance_discovery_of_another_host(wire: WireClient) -> None:
    """`invalid_instance`, and a malformed question is 50050."""
    status, told = instance_of(wire, "https://login.example/t/oauth2/authorize")
    assert (status, told["error"], told["error_codes"]) == (
        400,
        "invalid_instance",
        [50049],
    )
    for malformed in ("", "nonsense", "http://localhost/t", "https://[::1/x"):
        status, told = instance_of(wire, malformed)
        assert (status, told["error"]) == (400, "invalid_request")
        assert told["error_codes"] == [50050]


def test_case_85_the_adfs_style_authority(wire: WireClient, ostiary: Instance) -> None:
    """Discovery, then the password grant at the address with a slash at its end."""
    base = f"{ostiary.base}/adfs"
    told = wire.get("/adfs/.well-known/openid-configuration").json()
    assert told["issuer"] == base
    assert told["token_endpoint"] == f"{base}/oauth2/token/"
    assert told["authorization_endpoint"] == f"{base}/oauth2/authorize/"
    assert told["jwks_uri"] == f"{base}/discovery/keys"
    assert told["userinfo_endpoint"] == f"{base}/userinfo"
    for path in ("/adfs/oauth2/token/", "/adfs/oauth2/token"):
        answer = wire.post(path, p())
        body = assert_tokens(answer, "refresh_token", "id_token")
        claims = read(wire, body["id_token"], PUB, base, "/adfs/discovery/keys")
        assert "upn" in claims
        assert None not in claims.values()
    assert wire.post(token_path("adfs"), p()).status_code == 404
