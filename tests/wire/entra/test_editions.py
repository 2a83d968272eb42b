"""The editions of the documentation, as interface §3 rules where they differ."""

import uuid

import pytest

from tests.wire.answers import assert_error, assert_tokens
from tests.wire.client import WireClient, encode
from tests.wire.entra.cases import Form, signing_in, token_path
from tests.wire.instance import Instance

EDITIONS = ["december.test", "november.test"]
CONFIDENTIAL = {
    "december.test": "33333333-0000-4000-8000-0000000001dd",
    "november.test": "33333333-0000-4000-8000-0000000001ee",
}
SECRETS = {name: f"{name.partition('.')[0]}-secret-0123456789" for name in EDITIONS}
AUTHORIZE = "/november.test/oauth2/v2.0/authorize"


def confidential(domain: str, **changes: str | None) -> Form:
    return signing_in(
        domain,
        **{"client_id": CONFIDENTIAL[domain], "client_secret": SECRETS[domain]},
        **changes,
    )


@pytest.mark.parametrize("domain", EDITIONS)
def test_in_2018_a_public_clients_secret_is_ignored(
    wire: WireClient, domain: str
) -> None:
    """The documents' own sample sends one."""
    form = signing_in(domain, client_secret="any-secret-at-all")
    answer = wire.post(token_path(domain), form)
    assert_tokens(answer, "refresh_token", "id_token")


@pytest.mark.parametrize("domain", EDITIONS)
@pytest.mark.parametrize("secret", ["right", "wrong", "none"])
def test_in_2018_the_password_grant_is_for_public_clients(
    wire: WireClient, ostiary: Instance, domain: str, secret: str
) -> None:
    """Others get `invalid_client` 7000218, and the password is not looked at."""
    before = ostiary.guesses()
    given = {"right": SECRETS[domain], "wrong": "wrong-secret-4", "none": None}
    form = confidential(domain) | {"password": "Wrong-123456!"}
    if given[secret] is None:
        form.pop("client_secret")
    else:
        form["client_secret"] = str(given[secret])
    answer = wire.post(token_path(domain), form)
    assert_error(answer, 401, "invalid_client", 7000218)
    assert ostiary.guesses() == before


def test_in_2018_11_the_authorize_endpoint_answers_like_token(
    wire: WireClient,
) -> None:
    """POST with the password grant in its body; a bare `?` behind it is fine."""
    for path in (AUTHORIZE, f"{AUTHORIZE}?", f"{AUTHORIZE}/"):
        answer = wire.post(path, signing_in("november.test"))
        assert_tokens(answer, "refresh_token", "id_token")
    wrong = signing_in("november.test", password="Wrong-123456!")
    assert_error(wire.post(AUTHORIZE, wrong), 400, "invalid_grant", 50126)


def test_through_an_alias_other_editions_stay_shut(wire: WireClient) -> None:
    """`organizations` opens the authorize endpoint for nobody of edition 2019-11."""
    path = "/organizations/oauth2/v2.0/authorize"
    other = wire.post(path, signing_in("contoso.test"))
    assert_error(other, 400, "invalid_request", 900144, naming="response_type")


def test_in_2018_12_the_authorize_endpoint_takes_no_passwords(
    wire: WireClient,
) -> None:
    """Only the edition that documents it."""
    path = AUTHORIZE.replace("november", "december")
    answer = wire.post(path, signing_in("december.test"))
    assert_error(answer, 400, "invalid_request", 900144, naming="response_type")


@pytest.mark.parametrize("domain", [*EDITIONS, "contoso.test"])
@pytest.mark.parametrize("endpoint", ["token", "authorize"])
def test_in_no_edition_a_credential_in_the_address_counts(
    wire: WireClient, ostiary: Instance, domain: str, endpoint: str
) -> None:
    """The 2018 samples put it behind a `?`: refused, never written down."""
    marked = f"Marked-{uuid.uuid4()}"
    path = f"/{domain}/oauth2/v2.0/{endpoint}"
    form = signing_in(domain)
    password = {"password": form.pop("password")}
    attempts = (
        wire.post(f"{path}?{encode({'password': marked})}", form | password),
        wire.post(f"{path}?{encode(password)}", form),
        wire.post(f"{path}?{encode(form | {'password': marked})}", b""),
    )
    for answer in attempts:
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
    for place, content in ostiary.kept().items():
        assert marked.encode() not in content, place


def test_only_passwords_are_taken_by_the_authorize_endpoint(wire: WireClient) -> None:
    """Another grant there misses `response_type`, in every edition."""
    token = wire.post(token_path("november.test"), signing_in("november.test")).json()
    form = {"client_id": signing_in("november.test")["client_id"]}
    form |= {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    answer = wire.post(AUTHORIZE, form)
    assert_error(answer, 400, "invalid_request", 900144, naming="response_type")
