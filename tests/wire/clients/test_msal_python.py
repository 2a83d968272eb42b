"""MSAL Python 1.39 against a running instance (contract entra §2.4–2.9, §6.4, §6.5)."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.wire.clients import fixture
from tests.wire.clients.driving import Steps, python_steps
from tests.wire.clients.judging import (
    ADFS,
    BY_CERTIFICATE,
    BY_SECRET,
    assert_application_token,
    assert_graph_token,
    assert_refusal,
    assert_tasks_token,
)
from tests.wire.clients.serving import Served

pytestmark = pytest.mark.xdist_group("clients")

CONSENTED = {"User.Read", "profile", "openid", "email"}


@pytest.fixture(scope="module")
def steps(served: Served, microsoft_python: Path) -> Steps:
    """The script's outcomes."""
    return python_steps(microsoft_python, "msal_python.py", served.facts())


@pytest.mark.parametrize("step", ["port_443", "authority_on_443"])
@pytest.mark.usefixtures("port_443")
def test_password_where_443_answers(served: Served, steps: Steps, step: str) -> None:
    """With somebody at port 443 the password grant works, whatever port serves it."""
    answer = steps.gave(step)
    assert_graph_token(served, answer["access_token"])
    assert set(answer["scope"].split()) == CONSENTED
    assert answer["token_type"] == "Bearer"
    assert answer["id_token_claims"]["preferred_username"] == fixture.ALICE
    assert answer["id_token_claims"]["iss"] == (
        f"{served.base_url}/{fixture.TENANT_ID}/v2.0"
    )


def test_password_where_443_is_silent(steps: Steps) -> None:
    """MSAL drops the port from the realm question and fails without 443 (§2.5)."""
    error = steps.raised("nothing_on_443")
    assert error["type"] == "ConnectionError"
    assert "port=443" in error["text"]
    assert "/common/userrealm/alice@contoso.test?api-version=1.0" in error["text"]


def test_password_at_adfs(served: Served, steps: Steps) -> None:
    """The ADFS-style authority needs no realm, so any port will do (§2.9)."""
    answer = steps.gave("adfs")
    assert_graph_token(served, answer["access_token"], path=ADFS)
    claims = served.verified(answer["id_token"], fixture.PUBLIC, ADFS)
    assert claims["iss"] == f"{served.base_url}/adfs"


def test_renewal_at_adfs(served: Served, steps: Steps) -> None:
    """The refresh token of the ADFS-style authority is redeemed there."""
    answer = steps.gave("adfs_renewed")
    assert answer["token_source"] == "identity_provider"
    assert_graph_token(served, answer["access_token"], path=ADFS)


def test_password_by_http_client(served: Served, steps: Steps) -> None:
    """A session that puts the port back makes any port do; the realm is then ours."""
    outcome = steps.gave("http_client")
    assert_graph_token(served, outcome["answer"]["access_token"])
    realm = f"{served.base_url}/common/userrealm/{fixture.ALICE}?api-version=1.0"
    assert realm in outcome["asked"]


def test_own_instance_discovery(served: Served, steps: Steps) -> None:
    """Asked in place of the hosted service, our answer names our port (§2.4)."""
    outcome = steps.gave("own_instance_discovery")
    assert outcome["tenant"] == fixture.TENANT_ID
    assert outcome["token_endpoint"] == (
        f"{served.base_url}/{fixture.TENANT_ID}/oauth2/v2.0/token"
    )


def test_instance_discovery_of_a_foreign_host(steps: Steps) -> None:
    """A host that is not ours is `invalid_instance`, which MSAL raises as such."""
    error = steps.raised("foreign_instance_discovery")
    assert error["type"] == "ValueError"
    assert error["text"].startswith("invalid_instance: ")


def test_silent_renewal(served: Served, steps: Steps) -> None:
    """The cache serves first; each forced renewal brings new tokens that verify."""
    outcome = steps.gave("silent")
    assert outcome["cached"]["token_source"] == "cache"
    assert outcome["cached"]["access_token"] == outcome["first"]["access_token"]
    seen = {outcome["first"]["access_token"]}
    for name in ("renewed", "again"):
        assert outcome[name]["token_source"] == "identity_provider"
        assert_graph_token(served, outcome[name]["access_token"])
        seen.add(outcome[name]["access_token"])
    assert len(seen) == 3


def test_two_processes_with_one_cache(served: Served, steps: Steps) -> None:
    """Whoever comes second with the same refresh token is served in the leeway."""
    answers = steps.gave("two_processes")
    for answer in answers:
        assert_graph_token(served, answer["access_token"])
    assert answers[0]["access_token"] != answers[1]["access_token"]


def test_account(steps: Steps) -> None:
    """The account is keyed on `uid.utid` of client_info, and forgotten on demand."""
    outcome = steps.gave("silent")
    account = outcome["account"]
    assert account["home_account_id"] == f"{fixture.ALICE_ID}.{fixture.TENANT_ID}"
    assert account["username"] == fixture.ALICE
    assert outcome["accounts_left"] == []


def test_silent_for_another_api(served: Served, steps: Steps) -> None:
    """One refresh token serves another consented API (§3.7)."""
    assert_tasks_token(served, steps.gave("silent")["tasks"]["access_token"])


def test_silent_without_consent(steps: Steps) -> None:
    """A scope nobody consented to is told, with `classification` (§6.4)."""
    answer = steps.gave("silent")["unconsented"]
    assert_refusal(answer, "invalid_grant", 65001, "consent_required")
    assert answer["classification"] == "consent_required"


def test_organizations(served: Served, steps: Steps) -> None:
    """At `organizations` the user's domain decides; the tokens name the tenant."""
    outcome = steps.gave("organizations")
    assert outcome["first"]["id_token_claims"]["tid"] == fixture.TENANT_ID
    assert_graph_token(served, outcome["first"]["access_token"])
    assert outcome["renewed"]["token_source"] == "identity_provider"
    assert_graph_token(served, outcome["renewed"]["access_token"])


def test_spellings_of_the_tenant(served: Served, steps: Steps) -> None:
    """A tenant may be written as id or domain, in any case; the issuer stays (§2.7)."""
    answers = steps.gave("spellings")
    assert len(answers) == 4
    for answer in answers:
        assert_graph_token(served, answer["access_token"])
        issuer = f"{served.base_url}/{fixture.TENANT_ID}/v2.0"
        assert answer["id_token_claims"]["iss"] == issuer


def test_user_name_beyond_ascii(served: Served, steps: Steps) -> None:
    """A Latin-1 user name in X-AnchorMailbox and in the realm's path does no harm."""
    claims = steps.gave("umlaut")["id_token_claims"]
    assert claims["preferred_username"] == fixture.UMLAUT


def test_claims_challenge(served: Served, steps: Steps) -> None:
    """The parameter `claims` of a challenge and of capabilities is taken (§3.2)."""
    answer = steps.gave("claims_challenge")
    assert_graph_token(served, answer["access_token"], path=ADFS)


def test_confidential_password(served: Served, steps: Steps) -> None:
    """The confidential class sends its secret with the password grant (§4.1)."""
    answer = steps.gave("confidential_password")
    assert_graph_token(
        served,
        answer["access_token"],
        client=fixture.CONFIDENTIAL,
        strength=BY_SECRET,
        path=ADFS,
    )


def test_client_secret(served: Served, steps: Steps) -> None:
    """Client credentials work on any port, and are answered without a scope (§3.8)."""
    outcome = steps.gave("secret")
    first = outcome["first"]
    assert set(first) - {"token_source"} == {
        "token_type",
        "expires_in",
        "ext_expires_in",
        "access_token",
    }
    assert_application_token(served, first["access_token"], strength=BY_SECRET)
    assert outcome["second"]["token_source"] == "cache"


@pytest.mark.parametrize("step", ["certificate_ps256", "certificate_rs256"])
def test_client_certificate(served: Served, steps: Steps, step: str) -> None:
    """Certificates prove the client, by PS256 as by RS256 (§4.3)."""
    token = steps.gave(step)["access_token"]
    assert_application_token(served, token, strength=BY_CERTIFICATE)


def test_client_certificate_at_adfs(served: Served, steps: Steps) -> None:
    """The assertion may be addressed to the ADFS-style token endpoint."""
    assert_graph_token(
        served,
        steps.gave("certificate_adfs")["access_token"],
        client=fixture.CERTIFICATE,
        strength=BY_CERTIFICATE,
        path=ADFS,
    )


@pytest.mark.parametrize(
    ("step", "error", "code", "suberror"),
    [
        ("wrong_password", "invalid_grant", 50126, None),
        ("unknown_user", "invalid_grant", 50126, None),
        ("guest", "invalid_grant", 50126, None),
        ("mfa", "invalid_grant", 50076, "basic_action"),
        ("mfa_not_enrolled", "invalid_grant", 50079, "basic_action"),
        ("no_consent", "invalid_grant", 65001, "consent_required"),
        ("unknown_client", "unauthorized_client", 700016, None),
    ],
)
def test_refusals(
    steps: Steps, step: str, error: str, code: int, suberror: str | None
) -> None:
    """A refusal is MSAL's dictionary with our members, never an exception (§6.4)."""
    assert_refusal(steps.gave("refused")[step], error, code, suberror)


def test_unregistered_certificate(steps: Steps) -> None:
    """A thumbprint that is not registered is a dictionary too."""
    assert_refusal(steps.gave("foreign_key"), "invalid_client", 700027)


def test_locked(steps: Steps) -> None:
    """A lock is told each time: it brings no Retry-After, which MSAL would keep to."""
    right, another = steps.gave("locked")
    for answer in (right, another):
        assert_refusal(answer, "invalid_grant", 50053)
    assert right["trace_id"] != another["trace_id"]


def test_wrong_secret_is_not_remembered(steps: Steps) -> None:
    """A 401 is asked anew each time: two answers of ours (§6.5)."""
    first, second = steps.gave("wrong_secret")
    for answer in (first, second):
        assert_refusal(answer, "invalid_client", 7000215)
    assert first["trace_id"] != second["trace_id"]


def test_refusals_are_replayed(served: Served, steps: Steps) -> None:
    """MSAL replays a 400 for the same request in the same object alone (§6.5)."""
    outcome = steps.gave("replayed")
    assert outcome["same"] == outcome["first"]
    traces = {outcome[name]["trace_id"] for name in ("first", "other", "new_object")}
    assert len(traces) == 3
    assert_graph_token(served, outcome["right"]["access_token"])


def test_unknown_tenant(steps: Steps) -> None:
    """An authority without a tenant stops the application object from being made."""
    error = steps.raised("unknown_tenant")
    assert error["type"] == "ValueError"
    assert error["text"].startswith("Unable to get authority configuration for ")


def test_http_is_refused(steps: Steps) -> None:
    """MSAL takes no authority without TLS, on no host (§3.1)."""
    error = steps.raised("http_authority")
    assert error["type"] == "ValueError"
    assert "should consist of an https url" in error["text"]


def test_environment_beats_verify(steps: Steps) -> None:
    """REQUESTS_CA_BUNDLE wins over `verify`, so a foreign one breaks TLS."""
    error = steps.raised("ca_of_the_environment")
    assert error["type"] == "SSLError"
    assert "CERTIFICATE_VERIFY_FAILED" in error["text"]


def test_nothing_secret_is_kept(served: Served, steps: Steps) -> None:
    """Neither store nor log has a password, a secret or a token of these sign-ins."""
    answer = steps.gave("silent")["first"]
    secrets = [fixture.PASSWORD, quote(fixture.PASSWORD), "wrong too"]
    secrets += [fixture.SECRET, quote(fixture.SECRET, safe="~")]
    secrets += [answer[f"{kind}_token"] for kind in ("access", "refresh", "id")]
    files = [served.log, *(path for path in served.data_dir.rglob("*"))]
    kept = [path.read_bytes() for path in files if path.is_file()]
    assert any(b"SQLite format 3" in content for content in kept)
    found = {text for text in secrets if any(text.encode() in part for part in kept)}
    assert not found
