"""Seed 001: the ROPC page of 19 November 2019 (Russian), and what all editions share.

One test per sentence; the ledger docs/rules.md tells which. Sentences that the other
editions have as well are tried at a tenant of each edition.
"""

import pytest

from ostiary.stores.statement import Statement
from tests.specs.house import (
    ALICE,
    BASE,
    CONFIDENTIAL,
    DEFAULT,
    PASSWORD,
    PUBLIC,
    SECRET,
    TENANT,
    TOKEN,
    UNCONSENTED,
    Edition,
    House,
)

WRONG = (400, "invalid_grant", 50126)
_TABLES = Statement("SELECT name FROM sqlite_master WHERE type = 'table'")


def absent(name: str) -> tuple[int, str, int, str]:
    """How a missing parameter is told: by its name in quotes."""
    return 400, "invalid_request", 900144, f"'{name}'"


# --- what the page says before its first heading ------------------------------------


async def test_an_application_signs_a_user_in_by_handling_their_password(
    house: House, edition: Edition
) -> None:
    """The password that the application brings signs its user in, and no other."""
    answer = await house.sign_in(edition.path, username=edition.username)

    told = await house.claims(answer.json["id_token"], edition.tenant_id)
    assert answer.status == 200
    assert told["preferred_username"] == edition.username


async def test_the_grant_is_shut_until_an_administrator_opens_it(house: House) -> None:
    """A grant of last resort is off for a new tenant and for a new application."""
    tenant = await house.sign_in(
        "/closed.test/oauth2/v2.0/token", username="anna@closed.test"
    )
    application = await house.sign_in(client_id=DEFAULT)

    assert tenant.told == (400, "unauthorized_client", 70003)
    assert application.told == (400, "unauthorized_client", 70003)
    assert await house.failures() == 0


# --- important ----------------------------------------------------------------------


async def test_tenants_are_served_and_personal_accounts_are_not(house: House) -> None:
    """The tenant of personal accounts is refused by name and by its fixed id."""
    for segment in ("consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"):
        answer = await house.sign_in(f"/{segment}/oauth2/v2.0/token")
        assert answer.told == (400, "invalid_request", 9001023)
    outsider = await house.sign_in(username="someone@outlook.test")
    assert outsider.told == WRONG


async def test_the_endpoint_of_the_tenant_or_organizations_is_used(
    house: House, edition: Edition
) -> None:
    """By id, by name and through `organizations` the same tenant issues the tokens."""
    for segment in (edition.tenant_id, edition.domain, "organizations"):
        answer = await house.sign_in(
            f"/{segment}/oauth2/v2.0/token", username=edition.username
        )
        told = await house.claims(answer.json["id_token"], edition.tenant_id)
        assert told["iss"] == f"{BASE}/{edition.tenant_id}/v2.0"


async def test_personal_accounts_invited_into_a_tenant_cannot_sign_in(
    house: House,
) -> None:
    """An invited account is refused even with the password that is stored for it."""
    answer = await house.sign_in(username="erin_outlook.test#EXT#@contoso.test")

    assert answer.told == WRONG
    assert [row["reason"] for row in await house.rows("audit")][-1] == "user_guest"


async def test_users_who_must_use_a_second_factor_are_blocked(house: House) -> None:
    """A right password is not enough, whether or not a second factor is set up."""
    enrolled = await house.sign_in(username="carol@contoso.test")
    new = await house.sign_in(username="cora@contoso.test")

    assert enrolled.told == (400, "invalid_grant", 50076)
    assert new.told == (400, "invalid_grant", 50079)
    assert enrolled.json["suberror"] == new.json["suberror"] == "basic_action"


async def test_federated_domains_are_not_supported(house: House) -> None:
    """A user of a federated domain is refused though the password would be right."""
    answer = await house.sign_in(username="frank@corp.test")

    assert answer.told == WRONG
    assert [row["reason"] for row in await house.rows("audit")][-1] == "user_federated"


async def test_passwords_of_federated_users_cannot_be_tested_here(
    house: House,
) -> None:
    """Right, wrong and nobody's: a federated domain gets the same answer to all."""
    bodies = []
    for name, password in (("frank", PASSWORD), ("frank", "no"), ("nobody", "no")):
        answer = await house.sign_in(username=f"{name}@corp.test", password=password)
        bodies.append({k: answer.json[k] for k in ("error", "error_codes")})

    assert bodies == [{"error": "invalid_grant", "error_codes": [50126]}] * 3


async def test_pass_through_authentication_is_supported(house: House) -> None:
    """A pass-through domain's password is checked by the connection of the domain."""
    answer = await house.sign_in(username="grace@pta.test")
    wrong = await house.sign_in(username="grace@pta.test", password="other")
    realm = await house.get("/common/userrealm/grace@pta.test?api-version=1.0")

    assert answer.status == 200
    assert wrong.told == WRONG
    assert realm.json["account_type"] == "Managed"


# --- authorization request ----------------------------------------------------------


async def test_one_request_brings_the_credentials_and_gets_the_tokens(
    house: House,
) -> None:
    """Nothing need come before the sample request and nothing follows it."""
    answer = await house.sign_in()

    assert answer.status == 200
    assert {"access_token", "id_token", "refresh_token"} <= set(answer.json)


async def test_user_names_are_mail_addresses_or_other_principal_names(
    house: House,
) -> None:
    """The name is matched whole and without case, not by its first part alone."""
    other_case = await house.sign_in(username="Alice@Contoso.Test")
    short = await house.sign_in(username="alice")

    assert other_case.status == 200
    assert short.told == WRONG


async def test_credentials_are_released_and_never_stored(house: House) -> None:
    """After sign-ins that went well and badly no value of the store holds a secret."""
    granted = await house.sign_in(client_id=CONFIDENTIAL, client_secret=SECRET)
    await house.sign_in(password="a-wr0ng-One")
    await house.sign_in(client_id=CONFIDENTIAL, client_secret="not-the-secret")
    tables = [row["name"] for row in await house.database.fetch(_TABLES)]
    kept = str([await house.rows(table) for table in tables])

    for secret in (PASSWORD, "a-wr0ng-One", SECRET, "not-the-secret"):
        assert secret not in kept
    for token in ("access_token", "id_token", "refresh_token"):
        assert granted.json[token] not in kept


async def test_a_public_client_needs_no_secret(house: House, edition: Edition) -> None:
    """The sample of 2019 sends none and is served, in every edition."""
    answer = await house.sign_in(edition.path, username=edition.username)

    told = await house.claims(answer.json["access_token"], edition.tenant_id)
    assert told["appidacr"] == "0"


async def test_the_request_is_a_form_in_the_body(house: House) -> None:
    """The same parameters as JSON are no request: `grant_type` is missed."""
    json_type = {"content-type": "application/json"}
    answer = await house.post(TOKEN, {"grant_type": "password"}, headers=json_type)

    status, error, code, named = absent("grant_type")
    assert answer.told == (status, error, code)
    assert named in answer.json["error_description"]


# --- parameters ---------------------------------------------------------------------


async def test_tenant_is_required(house: House) -> None:
    """Without a tenant in front there is no token endpoint."""
    answer = await house.sign_in("/oauth2/v2.0/token")

    assert answer.status == 404
    assert "access_token" not in answer.json


async def test_tenant_is_the_directory_that_the_user_signs_in_to(house: House) -> None:
    """A user of another directory is not signed in, the tokens name the right one."""
    answer = await house.sign_in()
    foreign = await house.sign_in(username="anna@december.test")

    assert (await house.claims(answer.json["access_token"]))["tid"] == TENANT
    assert foreign.told == WRONG


async def test_tenant_is_a_guid_or_a_friendly_name(
    house: House, edition: Edition
) -> None:
    """Both forms work in any case; anything of another shape is malformed."""
    for segment in (edition.tenant_id, edition.domain, edition.domain.upper()):
        path = f"/{segment}/oauth2/v2.0/token"
        assert (await house.sign_in(path, username=edition.username)).status == 200
    malformed = await house.sign_in("/bad%20name!/oauth2/v2.0/token")
    unknown = await house.sign_in("/nosuch.test/oauth2/v2.0/token")

    assert malformed.told == (400, "invalid_request", 900023)
    assert unknown.told == (400, "invalid_request", 90002)


async def test_common_and_consumers_are_refused(house: House, edition: Edition) -> None:
    """Mixed and personal audiences get no password grant, and no password is read."""
    for segment in ("common", "consumers", "COMMON"):
        answer = await house.sign_in(
            f"/{segment}/oauth2/v2.0/token", username=edition.username, password="no"
        )
        assert answer.told == (400, "invalid_request", 9001023)
    assert await house.failures() == 0


async def test_organizations_is_allowed(house: House, edition: Edition) -> None:
    """The user's own tenant is found by the domain of the user name."""
    path = "/organizations/oauth2/v2.0/token"
    answer = await house.sign_in(path, username=edition.username)
    nowhere = await house.sign_in(path, username="x@nosuch.test")
    unnamed = await house.sign_in(path, username="alice")

    told = await house.claims(answer.json["id_token"], edition.tenant_id)
    assert told["tid"] == edition.tenant_id
    assert nowhere.told == (400, "invalid_request", 50128)
    assert unnamed.told == (400, "invalid_request", 50059)


async def test_client_id_is_required(house: House, edition: Edition) -> None:
    """A request without it is told which parameter is missing.

    The tables of 2018 leave it out; their samples send it, and nobody could do without.
    """
    answer = await house.sign_in(edition.path, client_id=None)

    status, error, code, named = absent("client_id")
    assert answer.told == (status, error, code)
    assert named in answer.json["error_description"]


async def test_client_id_is_the_id_that_was_assigned_to_the_application(
    house: House,
) -> None:
    """An id that was never assigned is refused; the token names the one that was."""
    unknown = await house.sign_in(client_id="6731de76-ffff-4fff-8fff-ffffffffffff")
    known = await house.sign_in()

    assert unknown.told == (400, "unauthorized_client", 700016)
    assert (await house.claims(known.json["id_token"]))["aud"] == PUBLIC


async def test_grant_type_is_required(house: House, edition: Edition) -> None:
    """A request without it is told which parameter is missing."""
    answer = await house.sign_in(edition.path, grant_type=None)

    status, error, code, named = absent("grant_type")
    assert answer.told == (status, error, code)
    assert named in answer.json["error_description"]


async def test_grant_type_must_be_password(house: House, edition: Edition) -> None:
    """Another word with the same parameters is no password grant."""
    for word in ("Password", "passwords", "foo"):
        answer = await house.sign_in(
            edition.path, username=edition.username, grant_type=word
        )
        assert answer.told == (400, "unsupported_grant_type", 70003)


async def test_username_is_required(house: House, edition: Edition) -> None:
    """Absent or empty, it is told as the parameter that is missing."""
    for username in (None, ""):
        answer = await house.sign_in(edition.path, username=username)
        status, error, code, named = absent("username")
        assert answer.told == (status, error, code)
        assert named in answer.json["error_description"]


async def test_username_is_the_address_of_the_user(
    house: House, edition: Edition
) -> None:
    """It names the account in whose name the tokens speak."""
    answer = await house.sign_in(edition.path, username=edition.username.upper())

    told = await house.claims(answer.json["id_token"], edition.tenant_id)
    assert told["preferred_username"] == edition.username


async def test_password_is_required(house: House, edition: Edition) -> None:
    """Absent or empty, for somebody and for nobody, it is missed; nothing is tried."""
    for username in (edition.username, f"nobody@{edition.domain}"):
        for password in (None, ""):
            answer = await house.sign_in(
                edition.path, username=username, password=password
            )
            status, error, code, named = absent("password")
            assert answer.told == (status, error, code)
            assert named in answer.json["error_description"]
    assert await house.failures() == 0


async def test_password_is_the_password_of_the_user(
    house: House, edition: Edition
) -> None:
    """It is compared as it was sent: case and blanks count."""
    for password in (PASSWORD.lower(), f" {PASSWORD}", f"{PASSWORD} "):
        answer = await house.sign_in(
            edition.path, username=edition.username, password=password
        )
        assert answer.told == WRONG


async def test_scope_is_recommended_and_not_required(
    house: House, edition: Edition
) -> None:
    """Without it there is an access token and nothing else."""
    answer = await house.sign_in(edition.path, username=edition.username, scope=None)

    assert answer.status == 200
    assert "access_token" in answer.json
    assert not {"id_token", "refresh_token"} & set(answer.json)


async def test_scope_is_a_list_that_spaces_divide(
    house: House, edition: Edition
) -> None:
    """Words between spaces are scopes; a comma is no divider."""
    for scope in ("openid  user.read", "user.read openid user.read"):
        answer = await house.sign_in(
            edition.path, username=edition.username, scope=scope
        )
        assert {"User.Read", "openid"} <= answer.scopes
    commas = await house.sign_in(
        edition.path, username=edition.username, scope="user.read,openid"
    )
    assert commas.told == (400, "invalid_scope", 70011)


async def test_a_public_client_must_not_send_a_credential(house: House) -> None:
    """Secret or assertion: in the edition of 2019 either is too much."""
    secret = await house.sign_in(client_secret="wkubdywbc2894u")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"client_assertion": "e30.e30.", "client_assertion_type": kind}
    assertion = await house.sign_in(**form)

    assert secret.told == (401, "invalid_client", 700025)
    assert assertion.told == (401, "invalid_client", 700025)


async def test_a_confidential_client_must_send_a_credential(house: House) -> None:
    """None, an empty, a wrong and an outdated secret are refused, the right one not."""
    codes = {}
    for secret in (None, "", "wrong", "out-of-date"):
        answer = await house.sign_in(client_id=CONFIDENTIAL, client_secret=secret)
        codes[secret] = answer.told
    right = await house.sign_in(client_id=CONFIDENTIAL, client_secret=SECRET)

    assert codes == {
        None: (401, "invalid_client", 7000218),
        "": (401, "invalid_client", 7000218),
        "wrong": (401, "invalid_client", 7000215),
        "out-of-date": (401, "invalid_client", 7000222),
    }
    assert (await house.claims(right.json["access_token"]))["appidacr"] == "1"


async def test_an_assertion_made_with_a_certificate_stands_for_the_secret(
    house: House, assertion: str
) -> None:
    """A signed assertion authenticates the client as its secret would."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"client_assertion_type": kind, "client_id": CONFIDENTIAL}
    answer = await house.sign_in(client_assertion=assertion, **form)
    forged = await house.sign_in(client_assertion=f"{assertion[:-8]}AAAAAAAA", **form)

    assert (await house.claims(answer.json["access_token"]))["appidacr"] == "2"
    assert forged.told == (401, "invalid_client", 700027)


# --- the answer ---------------------------------------------------------------------


async def test_the_answer_looks_like_the_sample(house: House, edition: Edition) -> None:
    """Scope in its registered spelling, `email` unasked, `offline_access` never."""
    answer = await house.sign_in(edition.path, username=edition.username)
    sample = {"token_type", "scope", "expires_in"}
    sample |= {"access_token", "refresh_token", "id_token"}

    assert set(answer.json) == sample | {"ext_expires_in"}
    assert answer.json["expires_in"] == 3599
    assert answer.scopes == {"User.Read", "profile", "openid", "email"}


async def test_token_type_is_always_bearer(house: House, edition: Edition) -> None:
    """Sign-in and renewal both say `Bearer`, whatever was asked for."""
    first = await house.sign_in(edition.path, username=edition.username)
    form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
    form["refresh_token"] = first.json["refresh_token"]
    second = await house.post(edition.path, form)

    assert first.json["token_type"] == second.json["token_type"] == "Bearer"


async def test_scope_lists_what_the_access_token_is_good_for(
    house: House, edition: Edition
) -> None:
    """The answer's words are the token's own."""
    answer = await house.sign_in(edition.path, username=edition.username)

    told = await house.claims(answer.json["access_token"], edition.tenant_id)
    assert set(told["scp"].split()) == answer.scopes


async def test_expires_in_tells_for_how_many_seconds_the_access_token_is_good(
    house: House, edition: Edition
) -> None:
    """An integer; the token ends one second after what is told."""
    answer = await house.sign_in(edition.path, username=edition.username)

    told = await house.claims(answer.json["access_token"], edition.tenant_id)
    left = answer.json["expires_in"]
    assert type(left) is int
    assert told["exp"] - house.clock.now() == left + 1


async def test_access_token_is_for_the_scopes_that_were_asked_for(
    house: House,
) -> None:
    """Another resource's scope gives a token for that resource with that scope."""
    scope = "api://tasks/Tasks.Read"
    client = {"client_id": UNCONSENTED, "username": "ida@contoso.test"}
    refused = await house.sign_in(scope=scope, **client)
    granted = await house.sign_in(scope="User.Read", **client)

    assert refused.told == (400, "invalid_grant", 65001)
    told = await house.claims(granted.json["access_token"])
    assert told["scp"] == "User.Read"


async def test_id_token_is_issued_if_openid_was_asked_for(
    house: House, edition: Edition
) -> None:
    """With `openid` there is one, without it there is none."""
    for scope, expected in (("user.read openid", True), ("user.read profile", False)):
        answer = await house.sign_in(
            edition.path, username=edition.username, scope=scope
        )
        assert ("id_token" in answer.json) is expected


async def test_id_token_is_a_signed_jwt(house: House, edition: Edition) -> None:
    """The sample's own `alg: none` is never issued: RS256 with a published key."""
    answer = await house.sign_in(edition.path, username=edition.username)

    token = answer.json["id_token"]
    assert token.count(".") == 2
    assert not token.endswith(".")
    assert (await house.claims(token, edition.tenant_id))["aud"] == PUBLIC


async def test_refresh_token_is_issued_if_offline_access_was_asked_for(
    house: House, edition: Edition
) -> None:
    """With `offline_access` there is one that tells nothing, without it none."""
    for scope, expected in (("user.read offline_access", True), ("user.read", False)):
        answer = await house.sign_in(
            edition.path, username=edition.username, scope=scope
        )
        assert ("refresh_token" in answer.json) is expected
        assert "." not in answer.json.get("refresh_token", "")


async def test_a_refresh_token_gets_new_access_and_refresh_tokens(
    house: House, edition: Edition
) -> None:
    """Both are new, and the user is the same."""
    first = await house.sign_in(edition.path, username=edition.username)
    form = {"client_id": PUBLIC, "grant_type": "refresh_token"}
    form["refresh_token"] = first.json["refresh_token"]
    second = await house.post(edition.path, form)

    for name in ("access_token", "refresh_token"):
        assert second.json[name] != first.json[name]
    was = await house.claims(first.json["access_token"], edition.tenant_id)
    now = await house.claims(second.json["access_token"], edition.tenant_id)
    assert was["oid"] == now["oid"]
    assert (was["oid"] == ALICE) is (edition.tenant_id == TENANT)


# --- errors -------------------------------------------------------------------------


async def test_a_wrong_user_name_or_password_fails(
    house: House, edition: Edition
) -> None:
    """Both fail in the same words, so that names cannot be looked for."""
    name = await house.sign_in(edition.path, username=f"nobody@{edition.domain}")
    password = await house.sign_in(
        edition.path, username=edition.username, password="wrong"
    )

    assert name.told == password.told == WRONG
    first, second = (
        a.json["error_description"].split("\r\n")[0] for a in (name, password)
    )
    assert first == second


async def test_a_client_without_the_consent_asked_for_fails(house: House) -> None:
    """The password is right and still there is no token."""
    answer = await house.sign_in(client_id=UNCONSENTED)

    assert answer.told == (400, "invalid_grant", 65001)
    assert "error_uri" not in answer.json


async def test_invalid_grant_means_wrong_credentials_or_missing_consent(
    house: House,
) -> None:
    """Both are the same `error`; the number and the suberror tell them apart."""
    wrong = await house.sign_in(password="wrong")
    missing = await house.sign_in(client_id=UNCONSENTED)

    assert wrong.json["error"] == missing.json["error"] == "invalid_grant"
    assert "suberror" not in wrong.json
    assert missing.json["suberror"] == "consent_required"


@pytest.mark.parametrize("segment", ["common", "consumers"])
async def test_invalid_request_names_organizations_and_the_tenant_as_way_out(
    house: House, segment: str
) -> None:
    """The text says what to use instead of the alias."""
    answer = await house.sign_in(f"/{segment}/oauth2/v2.0/token")

    assert answer.told == (400, "invalid_request", 9001023)
    text = answer.json["error_description"]
    assert f"/{segment}" in text
    assert "/organizations" in text
    assert "tenant" in text.split("/organizations")[1]


async def test_the_authorize_endpoint_takes_no_passwords(house: House) -> None:
    """Only the edition of November 2018 posts there; here its parameters are missed."""
    answer = await house.sign_in(f"/{TENANT}/oauth2/v2.0/authorize")

    assert answer.told == (400, "invalid_request", 900144)
    assert "'response_type'" in answer.json["error_description"]
    assert await house.failures() == 0
