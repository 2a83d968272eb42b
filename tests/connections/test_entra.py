"""Strategy `waad` against a stand-in for Entra ID: who is let in, and every refusal.

Lies of the upstream are tested in test_entra_lies.py.
"""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from ostiary.connections.entra_errors import verdict_of
from ostiary.connections.upstream import Away, Grade, Unserved
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Rejected, Verified
from tests.connections.microsofts import ask, away, made, present
from tests.services.microsoft import (
    CLOUD,
    CONFIDENTIAL,
    PASSWORD,
    PUBLIC,
    SECRET,
    TENANT,
    Answer,
    Microsoft,
    microsoft,
)
from tests.services.microsoft_tokens import object_id, pairwise

ALICE = f"alice@{CLOUD}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsoft]:
    """One service for all tests of this file."""
    with microsoft(tmp_path_factory.mktemp("entra")) as service:
        yield service


@pytest.fixture
def service(running: Microsoft) -> Microsoft:
    """It is honest and was asked nothing."""
    running.reset()
    return running


async def test_a_right_password_is_a_person(service: Microsoft) -> None:
    """Their id is the pairwise `sub` (contract auth0 §4.2), their mail unverified."""
    async with made("waad", service) as upstream:
        verdict = await ask(upstream, ALICE)

    assert isinstance(verdict, Verified)
    profile = verdict.profile
    assert profile is not None
    assert profile.external_id == pairwise(ALICE, PUBLIC)
    assert (profile.username, profile.email) == (ALICE, ALICE)
    assert profile.email_verified is False
    assert (profile.given_name, profile.family_name) == ("Alice", "Liddell")
    assert profile.name == "Alice Liddell"
    assert profile.groups is None
    assert profile.attributes == {"oid": object_id(ALICE), "tid": TENANT}
    assert verdict.amr == ("pwd",)


async def test_the_id_may_be_the_oid(service: Microsoft) -> None:
    """Option `userid_attribute`: the same for all applications."""
    async with made("waad", service, userid_attribute="oid") as upstream:
        verdict = await ask(upstream, ALICE)

    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert verdict.profile.external_id == object_id(ALICE)


async def test_the_grant_is_what_entra_documents(service: Microsoft) -> None:
    """Scopes for an id_token with names, our application, and its secret if any."""
    async with made("waad", service, client_id=CONFIDENTIAL, secret=SECRET) as upstream:
        assert isinstance(await ask(upstream, ALICE), Verified)

    (asked,) = service.asked("/oauth2/v2.0/token")
    assert asked.path == f"/{TENANT}/oauth2/v2.0/token"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body) == {
        "grant_type": ["password"],
        "client_id": [CONFIDENTIAL],
        "client_secret": ["***"],
        "scope": ["openid profile email"],
        "username": [ALICE],
        "password": ["***"],
    }


@pytest.mark.parametrize(
    "password", ["pä&=+ %?ß", "a" * 256, " leading and trailing ", "\t'\"<>;", "日本"]
)
async def test_any_password_arrives_as_it_was_typed(
    service: Microsoft, password: str
) -> None:
    """Neither encoded twice nor trimmed."""
    who = f"odd@{CLOUD}"
    service.people[who] = password
    async with made("waad", service) as upstream:
        assert isinstance(await ask(upstream, who, password), Verified)
        assert await ask(upstream, who, password + "x") == Rejected()
        if password.strip() != password:
            assert await ask(upstream, who, password.strip()) == Rejected()


async def test_wrong_passwords_and_nobody_are_the_same(service: Microsoft) -> None:
    """The same questions are asked for both, and the same is said."""
    async with made("waad", service) as upstream:
        await upstream.probe()
        service.reset()
        assert await ask(upstream, ALICE, "wrong") == Rejected()
        wrong = [asked.path for asked in service.inbox.found(lambda _: True)]
        service.reset()
        assert await ask(upstream, f"ghost@{CLOUD}", "wrong") == Rejected()
        nobody = [asked.path for asked in service.inbox.found(lambda _: True)]

    assert wrong == nobody == [f"/{TENANT}/oauth2/v2.0/token"]


async def test_finding_somebody_asks_nothing(service: Microsoft) -> None:
    """Entra tells of nobody without a password, so guesses count by name."""
    async with made("waad", service) as upstream:
        found = await upstream.find("Alice@Cloud.Example.Test")
        assert await upstream.look_up(ALICE) is None

    assert found == Candidate(ALICE, limit=DirectoryLimit())
    assert service.inbox.found(lambda _: True) == []


PROVEN = {
    "disabled": Reason.USER_DISABLED,
    "expired": Reason.DIRECTORY_PASSWORD_EXPIRED,
    "aadsts50144": Reason.DIRECTORY_PASSWORD_EXPIRED,
    "mfa": Reason.UPSTREAM_MFA_REQUIRED,
    "aadsts50072": Reason.UPSTREAM_MFA_REQUIRED,
    "aadsts50074": Reason.UPSTREAM_MFA_REQUIRED,
    "aadsts50079": Reason.UPSTREAM_MFA_REQUIRED,
    "aadsts50158": Reason.UPSTREAM_MFA_REQUIRED,
    "aadsts50078": Reason.UPSTREAM_MFA_REQUIRED,
    "consent": Reason.UPSTREAM_CONSENT_REQUIRED,
    "aadsts65004": Reason.UPSTREAM_CONSENT_REQUIRED,
    "blocked": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts53000": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts53001": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts53002": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts53004": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts530035": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts50097": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts50105": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts50131": Reason.UPSTREAM_POLICY_BLOCKED,
    "aadsts80012": Reason.LOGON_RESTRICTED,
}
"""States of accounts, by contract entra §6.3 and Entra's list of its codes."""


@pytest.mark.parametrize(("who", "reason"), PROVEN.items())
async def test_states_are_told_with_the_right_password_alone(
    service: Microsoft, who: str, reason: Reason
) -> None:
    """A wrong one is a wrong one, whatever the account."""
    async with made("waad", service) as upstream:
        assert await ask(upstream, f"{who}@{CLOUD}") == Rejected(reason)
        assert await ask(upstream, f"{who}@{CLOUD}", "wrong") == Rejected()


async def test_locked_there_is_locked(service: Microsoft) -> None:
    """With the minute that Entra's first lockout lasts (contract entra §8)."""
    async with made("waad", service) as upstream:
        verdict = await ask(upstream, f"locked@{CLOUD}")

    assert verdict == Rejected(Reason.DIRECTORY_LOCKED, {"retry_after": 60})


@pytest.mark.parametrize(
    "number", [50126, 50034, 50020, 50056, 50059, 50064, 50128, 51004]
)
async def test_nobody_of_that_name_is_a_wrong_password(
    service: Microsoft, number: int
) -> None:
    """Numbers by which Entra says that nobody has this name and password there."""
    async with made("waad", service) as upstream:
        assert await ask(upstream, f"aadsts{number}@{CLOUD}") == Rejected()


NOBODY_COULD_TELL = {
    50196: (Reason.DIRECTORY_BUSY, 30),
    90055: (Reason.DIRECTORY_BUSY, 30),
    80002: (Reason.DIRECTORY_UNREACHABLE, 5),
    80014: (Reason.DIRECTORY_UNREACHABLE, 5),
    7000222: (Reason.DIRECTORY_MISCONFIGURED, 5),
    700027: (Reason.DIRECTORY_MISCONFIGURED, 5),
    9001023: (Reason.DIRECTORY_MISCONFIGURED, 5),
    650057: (Reason.DIRECTORY_MISCONFIGURED, 5),
    70011: (Reason.DIRECTORY_MISCONFIGURED, 5),
    500011: (Reason.DIRECTORY_MISCONFIGURED, 5),
    50194: (Reason.DIRECTORY_MISCONFIGURED, 5),
    99999: (Reason.DIRECTORY_MISCONFIGURED, 5),
}


@pytest.mark.parametrize(("number", "told"), NOBODY_COULD_TELL.items())
async def test_other_refusals_are_never_a_wrong_password(
    service: Microsoft, number: int, told: tuple[Reason, int]
) -> None:
    """Also a number that nobody knows; the log has the number and no more."""
    async with made("waad", service) as upstream:
        failure = await away(upstream, f"aadsts{number}@{CLOUD}")

    assert (failure.reason, failure.retry_after) == told
    assert failure.detail == f"AADSTS{number}"


async def test_an_unknown_application_and_a_wrong_secret(service: Microsoft) -> None:
    """Are ours to mend, and no guess of anybody's."""
    cases: list[tuple[str, str | None, int]] = [
        ("nobody", None, 700016),
        (CONFIDENTIAL, None, 7000218),
    ]
    cases.append((CONFIDENTIAL, "wrong", 7000215))
    for client_id, secret, number in cases:
        async with made(
            "waad", service, client_id=client_id, secret=secret
        ) as upstream:
            failure = await away(upstream, ALICE)
        assert failure.reason is Reason.DIRECTORY_MISCONFIGURED
        assert failure.detail == f"AADSTS{number}"


async def test_an_unknown_tenant(service: Microsoft) -> None:
    """Its metadata are refused (contract entra §2.3); the examination says why."""
    async with made("waad", service, authority=f"{service.url}/nosuch") as upstream:
        failure = await away(upstream, ALICE)
        (remark,) = await upstream.examine()

    assert failure.reason is Reason.DIRECTORY_MISCONFIGURED
    assert failure.detail == "AADSTS90002"
    assert "no such tenant" in remark.mend


def test_old_refusals_put_a_general_number_first() -> None:
    """The v1 form of a wrong password (contract entra §6.3, row 50126)."""
    told: dict[str, object] = {"error_codes": [70002, 50126]}

    assert verdict_of(told, None) == Rejected()


def test_a_number_may_stand_in_the_text_alone() -> None:
    """As in answers without `error_codes`."""
    told: dict[str, object] = {"error_description": "AADSTS50057: The user account is"}

    assert verdict_of(told, None) == Rejected(Reason.USER_DISABLED)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"error": "invalid_grant"},
        {"error": "invalid_grant", "error_description": "wrong password 50126"},
        {"error_codes": ["50126"]},
        {"error_codes": [True]},
        {"error_codes": {"50126": 50126}},
        {"error_codes": [5.0126e4], "error_description": ["AADSTS50126"]},
    ],
)
def test_a_refusal_without_a_number_is_no_wrong_password(
    told: dict[str, object],
) -> None:
    """Whatever else it says."""
    with pytest.raises(Away) as caught:
        verdict_of(told, None)

    assert caught.value.reason is Reason.DIRECTORY_MISCONFIGURED


async def test_many_tenants_share_metadata(service: Microsoft) -> None:
    """The issuer's {tenantid} is the token's own `tid`."""
    authority = f"{service.url}/organizations"
    async with made("waad", service, authority=authority) as upstream:
        assert isinstance(await ask(upstream, ALICE), Verified)
        remarks = await upstream.examine()
        service.lies.claims["tid"] = "22222222-2222-4333-8444-555555555555"
        failure = await away(upstream, ALICE)

    assert failure.detail == "id_token: of another issuer"
    assert remarks[0].grade is Grade.WARNING
    assert "every Entra ID tenant" in remarks[0].text


async def test_an_alias_that_the_token_confirms(service: Microsoft) -> None:
    """The account is that of the token; only names that the token has are taken."""
    service.aliases["a.liddell@alias.test"] = ALICE
    async with made("waad", service) as upstream:
        service.lies.claims["email"] = "A.Liddell@alias.test"
        verdict = await ask(upstream, "a.liddell@ALIAS.test")
        service.reset()
        failure = await away(upstream, "a.liddell@alias.test")

    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert verdict.profile.username == ALICE
    assert verdict.profile.external_id == pairwise(ALICE, PUBLIC)
    assert failure.reason is Reason.DIRECTORY_LIED


async def test_groups_are_kept_as_they_come(service: Microsoft) -> None:
    """Ids or names; what is no text, or not printable, is left out."""
    told = ["11111111-aaaa-4333-8444-555555555555", "Staff", 7, "a\0b", "Staff", ""]
    service.lies.claims["groups"] = told
    async with made("waad", service) as upstream:
        verdict = await ask(upstream, ALICE)

    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    assert verdict.profile.groups == ("11111111-aaaa-4333-8444-555555555555", "Staff")


async def test_metadata_and_keys_are_fetched_once_an_hour(service: Microsoft) -> None:
    """Not for each sign-in, and not for ever."""
    clock = present()
    async with made("waad", service, clock=clock) as upstream:
        for _ in range(3):
            assert isinstance(await ask(upstream, ALICE), Verified)
        assert len(service.asked("/openid-configuration")) == 1
        assert len(service.asked("/keys")) == 1
        clock.at += 3601
        service.lies.claims |= {"exp": int(clock.at) + 60, "iat": int(clock.at)}
        assert isinstance(await ask(upstream, ALICE), Verified)

    assert len(service.asked("/openid-configuration")) == 2
    assert len(service.asked("/keys")) == 2


async def test_nothing_is_carried_from_one_user_to_the_next(
    service: Microsoft,
) -> None:
    """Cookies that the upstream sets are not sent back."""
    async with made("waad", service) as upstream:
        await ask(upstream, ALICE)
        await ask(upstream, f"bob@{CLOUD}")

    asked = service.inbox.found(lambda _: True)
    assert len(asked) == 4
    assert not [each for each in asked if "cookie" in each.headers]


async def test_the_log_has_no_password_and_no_secret(
    service: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    """At level debug, of all libraries (security promise 7)."""
    caplog.set_level(logging.DEBUG)
    async with made("waad", service, client_id=CONFIDENTIAL, secret=SECRET) as upstream:
        await ask(upstream, ALICE)
        await ask(upstream, ALICE, "Tr0ub4dor&3")
        service.lies.claims["aud"] = "another"
        await away(upstream, ALICE)

    assert caplog.records, "nothing was listened to"
    for word in (PASSWORD, "Tr0ub4dor", SECRET, SECRET.partition("&")[0], "eyJ"):
        assert word not in caplog.text


async def test_an_examination_asks_twice_and_sends_no_password(
    service: Microsoft,
) -> None:
    """Metadata and keys; it says what they cannot show."""
    async with made("waad", service) as upstream:
        remarks = await upstream.examine()

    assert [remark.grade for remark in remarks] == [Grade.OK] * 3
    assert f"{service.url}/{TENANT}/v2.0" in remarks[0].text
    assert remarks[1].text == "keys that it publishes for signing: 1"
    assert "client_id" in remarks[2].text
    assert [asked.method for asked in service.inbox.found(lambda _: True)] == [
        "GET"
    ] * 2


async def test_an_examination_explains_what_is_wrong(service: Microsoft) -> None:
    """With the way to mend it, for each of the usual failures."""
    keys, document = "/keys", "/openid-configuration"
    cases: list[tuple[dict[str, Answer], dict[str, object], str]] = [
        ({document: Answer(404)}, {}, "status 404"),
        ({}, {"token_endpoint": "https://elsewhere.test/token"}, "elsewhere"),
        ({keys: Answer(body=b'{"keys": []}')}, {}, "no RSA key"),
        ({document: Answer(503)}, {}, "status 503"),
    ]
    for answers, discovery, text in cases:
        service.reset()
        service.lies.answers, service.lies.discovery = answers, discovery
        async with made("waad", service) as upstream:
            failed = [r for r in await upstream.examine() if r.grade is Grade.FAIL]
        assert len(failed) == 1
        assert text in failed[0].text
        assert failed[0].mend


@pytest.mark.parametrize("last", ["common", "consumers"])
async def test_an_authority_that_takes_no_passwords(
    service: Microsoft, last: str
) -> None:
    """The examination says so, before anybody tries (contract entra §2.1)."""
    async with made("waad", service, authority=f"{service.url}/{last}") as upstream:
        remarks = await upstream.examine()

    assert remarks[0].grade is Grade.FAIL
    assert f"/{last}" in remarks[0].text


async def test_a_missing_ca_file_is_told(service: Microsoft) -> None:
    """Before anything is sent."""
    with pytest.raises(Unserved, match=r"^ca: /nowhere/ca\.pem holds no certificate"):
        async with made("waad", service, ca="/nowhere/ca.pem"):
            pass


@pytest.mark.parametrize("missing", ["authority", "client_id"])
async def test_missing_options_are_told(service: Microsoft, missing: str) -> None:
    """By name."""
    options: dict[str, Any] = {missing: None}
    with pytest.raises(ValueError, match=f"{missing}: missing"):
        async with made("waad", service, **options):
            pass
