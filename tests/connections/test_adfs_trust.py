"""Strategy `adfs` by WS-Trust against a stand-in for AD FS: honest and lying.

Messages are tested in test_wstrust.py, assertions of every shape in test_saml*.py.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.connections import adfs_trust
from ostiary.connections.adfs_trust import SeenAssertions, verdict_of
from ostiary.connections.saml import SamlAssertion
from ostiary.connections.upstream import Away, Grade, Upstream
from ostiary.connections.wstrust import Fault
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified
from tests.connections.microsofts import ask, away, made, present
from tests.services.microsoft import (
    FEDERATED,
    PASSWORD,
    Answer,
    Microsoft,
    microsoft,
)
from tests.services.microsoft_tokens import SigningKey, immutable_id
from tests.services.microsoft_trust import envelope, fault

ALICE = f"alice@{FEDERATED}"
TRUST13, TRUST2005 = "/trust/13/usernamemixed", "/trust/2005/usernamemixed"
LIED = Reason.DIRECTORY_LIED
MISCONFIGURED = Reason.DIRECTORY_MISCONFIGURED
UNREACHABLE = Reason.DIRECTORY_UNREACHABLE


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Microsoft]:
    """One service for all tests of this file."""
    with microsoft(tmp_path_factory.mktemp("adfs")) as service:
        yield service


@pytest.fixture
def service(running: Microsoft) -> Microsoft:
    """It is honest and was asked nothing."""
    running.reset()
    return running


def trust(service: Microsoft, **options: Any) -> Any:
    """The upstream, as a context."""
    return made("adfs", service, protocol="ws-trust", **options)


def profile_of(verdict: Verified | Rejected) -> Profile:
    """Who was let in."""
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    return verdict.profile


@pytest.mark.parametrize(
    ("versions", "ending"), [(("2005", "13"), TRUST13), (("2005",), TRUST2005)]
)
async def test_a_right_password_is_a_person(
    service: Microsoft, versions: tuple[str, ...], ending: str
) -> None:
    """By either version; the id is the UPN (contract auth0 §4.2)."""
    service.lies.versions = versions
    async with trust(service) as upstream:
        profile = profile_of(await ask(upstream, ALICE))

    assert profile.external_id == ALICE
    assert (profile.username, profile.email) == (ALICE, ALICE)
    assert profile.email_verified is False
    assert (profile.given_name, profile.family_name) == ("Alice", "Liddell")
    assert profile.attributes == {"upn": ALICE}
    assert profile.groups is None
    assert len(service.asked(ending)) == 1


async def test_the_id_stays_however_the_name_is_spelled(service: Microsoft) -> None:
    """The server's spelling is shown, the id is folded."""
    service.lies.subject = f"Alice@{FEDERATED}"
    async with trust(service) as upstream:
        profile = profile_of(await ask(upstream, f"aLICE@{FEDERATED}"))

    assert profile.external_id == ALICE
    assert profile.username == f"Alice@{FEDERATED}"


@pytest.mark.parametrize(
    "password", ["<&>\"'", "]]>", "pä ß 日本 😀", "a\tb", "&amp;", "</o:Password>"]
)
async def test_any_password_arrives_as_it_was_typed(
    service: Microsoft, password: str
) -> None:
    """Markup in it is text."""
    who = f"odd@{FEDERATED}"
    service.people[who] = password
    async with trust(service) as upstream:
        profile_of(await ask(upstream, who, password))
        assert await ask(upstream, who, password + "x") == Rejected()


@pytest.mark.parametrize("password", ["a\x01b", "\ud800", "\ufffe"])
async def test_what_xml_cannot_carry_is_wrong_and_not_sent(
    service: Microsoft, password: str
) -> None:
    """As name and as password."""
    async with trust(service) as upstream:
        assert await ask(upstream, ALICE, password) == Rejected()
        assert await ask(upstream, password) == Rejected()

    assert service.inbox.found(lambda asked: asked.method == "POST") == []


@pytest.mark.parametrize("who", ["alice", "ghost", "disabled", "locked", "expired"])
async def test_ad_fs_tells_all_refusals_alike(service: Microsoft, who: str) -> None:
    """FailedAuthentication; it keeps to itself what was wrong."""
    async with trust(service) as upstream:
        verdict = await ask(upstream, f"{who}@{FEDERATED}", "wrong")

    assert verdict == Rejected()


async def test_an_audience_that_it_does_not_know(service: Microsoft) -> None:
    """Is ours to mend: RequestFailed, and the log says what to do."""
    async with trust(service, wstrust_audience="urn:unknown") as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is MISCONFIGURED
    assert "wstrust_audience" in failure.detail


async def test_clocks_that_do_not_agree(service: Microsoft) -> None:
    """InvalidSecurity: the request is out of its ten minutes; the log says so."""
    clock = present()
    clock.at -= 3600
    async with trust(service, clock=clock) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is MISCONFIGURED
    assert "clocks" in failure.detail


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (Fault("Sender", "InvalidScope"), MISCONFIGURED),
        (Fault("Sender", "BadRequest"), MISCONFIGURED),
        (Fault("Sender", "<script>"), MISCONFIGURED),
        (Fault("Sender"), MISCONFIGURED),
        (Fault(""), MISCONFIGURED),
        (Fault("Receiver"), UNREACHABLE),
        (Fault("Receiver", "Anything"), UNREACHABLE),
        (Fault("Receiver", "InternalServiceFault"), UNREACHABLE),
        (Fault("Sender", "ServerTooBusy"), Reason.DIRECTORY_BUSY),
    ],
)
def test_other_faults_are_never_a_wrong_password(told: Fault, reason: Reason) -> None:
    """And what they say is not repeated."""
    with pytest.raises(Away) as caught:
        verdict_of(told)

    assert caught.value.reason is reason
    assert "<script>" not in caught.value.detail


# --- lies ---------------------------------------------------------------------------

XML = "application/soap+xml; charset=utf-8"
MIME = "text/xml"


async def lied(upstream: Upstream, detail: str) -> None:
    """Alice is not let in, and that is why."""
    failure = await away(upstream, ALICE)
    assert failure.reason is LIED
    assert detail in failure.detail


@pytest.mark.parametrize(
    ("lie", "detail"),
    [
        ({"assertion": "unsigned"}, "assertion: "),
        ({"assertion": "foreign"}, "assertion: "),
        ({"audience": "urn:federation:MicrosoftOnline"}, "assertion: "),
        ({"seconds": -3600.0}, "assertion: "),
        ({"edited": (("alice@", "bob@"),)}, "assertion: "),
        ({"edited": (("<saml:Audience>", "<saml:Audience><!-- -->"),)}, "refused"),
        ({"subject": f"bob@{FEDERATED}"}, "assertion: of another person"),
        ({"relates_to": "urn:uuid:another"}, "the answer to another question"),
    ],
    ids=str,
)
async def test_assertions_that_prove_nothing(
    service: Microsoft, lie: dict[str, object], detail: str
) -> None:
    """Of another key, audience, time or person, changed, or for another question."""
    for name, value in lie.items():
        setattr(service.lies, name, value)
    async with trust(service) as upstream:
        await lied(upstream, detail)


async def test_an_assertion_is_used_once(service: Microsoft) -> None:
    """The same one for a second sign-in is a replay."""
    async with trust(service) as upstream:
        profile_of(await ask(upstream, ALICE))
        service.lies.assertion = "replayed"
        await lied(upstream, "used before")
        service.lies.assertion = "signed"
        profile_of(await ask(upstream, ALICE))


async def test_an_old_assertion_is_not_used_at_all(service: Microsoft) -> None:
    """It was asked for just now, so it was issued just now, whoever saw it before."""
    service.lies.reworded = (('IssueInstant="2', 'IssueInstant="1'),)
    async with trust(service) as upstream:
        await lied(upstream, "an assertion from another time")


ASSERTION = SamlAssertion("_1", "i", None, ALICE, None, {}, 5_000.0, 1_000.0)


def used(seen: SeenAssertions, assertion: SamlAssertion, now: float) -> str:
    """Why it is refused, if it is."""
    try:
        seen.check_first(assertion, now)
    except Away as away:
        return away.detail
    return ""


def test_what_was_used_is_known_as_long_as_it_would_be_taken() -> None:
    """Five minutes from its issue, the difference of clocks that SAML allows for."""
    seen = SeenAssertions()

    assert used(seen, ASSERTION, 701.0) == ""
    for now in (701.0, 1_000.0, 1_300.0):
        assert used(seen, ASSERTION, now) == "an assertion that was used before"
    for now in (699.0, 1_301.0, 4_000.0):
        assert (
            used(SeenAssertions(), ASSERTION, now) == "an assertion from another time"
        )


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones go first; when there are none, nobody is let in rather than twice."""
    monkeypatch.setattr(adfs_trust, "MOST_SEEN", 3)
    seen = SeenAssertions()
    for number in range(3):
        each = dataclasses.replace(ASSERTION, id=f"_{number}")
        assert used(seen, each, 1_000.0) == ""
    fresh = dataclasses.replace(ASSERTION, id="_new", instant=1_300.0)

    assert used(seen, fresh, 1_000.0) == "too many sign-ins"
    assert used(seen, fresh, 1_301.0) == ""
    assert used(seen, fresh, 1_301.0) == "an assertion that was used before"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, b"<html>", kind=XML), LIED),
        (Answer(200, b"", kind=XML), LIED),
        (Answer(200, b"<!DOCTYPE a><a/>", kind=XML), LIED),
        (Answer(200, b"<a>" + b"x" * 300_000 + b"</a>", kind=XML), LIED),
        (Answer(200, envelope("a", "<b/>", "").encode(), kind=XML), LIED),
        (Answer(302, headers={"location": "https://evil.test/"}), MISCONFIGURED),
        (Answer(307, headers={"location": "https://evil.test/"}), MISCONFIGURED),
        (Answer(400, b"no", kind=XML), MISCONFIGURED),
        (Answer(403, b"<html/>", kind=XML), MISCONFIGURED),
        (Answer(429), Reason.DIRECTORY_BUSY),
        (Answer(500, b"oops"), UNREACHABLE),
        (Answer(503, fault("FailedAuthentication", "")[1].encode()), UNREACHABLE),
    ],
    ids=lambda value: getattr(value, "status", None),
)
async def test_answers_that_are_none(
    service: Microsoft, answer: Answer, reason: Reason
) -> None:
    """Never a wrong password."""
    service.lies.answers["/usernamemixed"] = answer
    async with trust(service) as upstream:
        assert (await away(upstream, ALICE)).reason is reason


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(200, b"<!DOCTYPE a><a/>", kind=MIME), LIED),
        (Answer(200, b"<html/>", kind=MIME), LIED),
        (Answer(200, b"<a>" + b"x" * 300_000 + b"</a>", kind=MIME), LIED),
        (Answer(302, headers={"location": "https://evil.test/"}), MISCONFIGURED),
        (Answer(404), MISCONFIGURED),
        (Answer(503), UNREACHABLE),
    ],
    ids=lambda value: getattr(value, "status", None),
)
async def test_metadata_that_are_none(
    service: Microsoft, answer: Answer, reason: Reason
) -> None:
    """No password is sent."""
    service.lies.answers["/mex"] = answer
    async with trust(service) as upstream:
        assert (await away(upstream, ALICE)).reason is reason

    assert service.inbox.found(lambda asked: asked.method == "POST") == []


async def test_metadata_that_lead_elsewhere(service: Microsoft, tmp_path: Path) -> None:
    """The password goes to the metadata's own host and nowhere else."""
    with microsoft(tmp_path, tls=service.tls) as other:
        for url in (other.url, f"http://localhost:{service.port}", "https://a.test"):
            service.lies.trust_url = url
            async with trust(service) as upstream:
                await lied(upstream, "its metadata name an address elsewhere")
        assert other.inbox.found(lambda _: True) == []

    assert service.inbox.found(lambda asked: asked.method == "POST") == []


async def test_metadata_without_an_endpoint_for_passwords(service: Microsoft) -> None:
    """AD FS lets an administrator switch them off: ours or theirs to mend."""
    service.lies.versions = ()
    async with trust(service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is MISCONFIGURED
    assert "no endpoint for user names" in failure.detail


NO_UPN = ('AttributeName="UPN"', 'AttributeName="Other"')
NAMED = (f">{immutable_id(ALICE)}<", f">{ALICE}<")
ACCOUNT_NAME = (
    'AttributeName="surname" AttributeNamespace="http://schemas.xmlsoap.org/ws/2005/05/'
    'identity/claims"><saml:AttributeValue>Liddell',
    'AttributeName="windowsaccountname" AttributeNamespace="http://schemas.microsoft.'
    'com/ws/2008/06/identity/claims"><saml:AttributeValue>FED\\alice',
)


async def test_an_assertion_without_upn(service: Microsoft) -> None:
    """Its claim rules are to be mended there: an ImmutableID is no name."""
    service.lies.reworded = (NO_UPN,)
    async with trust(service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is MISCONFIGURED
    assert "UPN" in failure.detail


async def test_a_name_id_will_do(service: Microsoft) -> None:
    """Where there is no UPN, if it has that form (contract auth0 §4.2)."""
    service.lies.reworded = (NO_UPN, NAMED)
    async with trust(service) as upstream:
        profile = profile_of(await ask(upstream, ALICE))

    assert (profile.username, profile.external_id) == (ALICE, ALICE)
    assert profile.attributes == {}


async def test_an_account_name_that_the_assertion_confirms(service: Microsoft) -> None:
    """DOMAIN\\user, as AD FS takes it; the account is that of the UPN."""
    service.aliases["fed\\alice"] = ALICE
    service.lies.subject = ALICE
    async with trust(service) as upstream:
        failure = await away(upstream, "FED\\alice")
        service.lies.reworded = (ACCOUNT_NAME,)
        profile = profile_of(await ask(upstream, "fed\\Alice"))

    assert failure.reason is LIED
    assert profile.external_id == ALICE


async def test_two_sign_ins_at_once_fetch_metadata_once(service: Microsoft) -> None:
    """The second waits for the first."""
    async with trust(service) as upstream:
        told = await asyncio.gather(*(ask(upstream, ALICE) for _ in range(4)))

    assert all(isinstance(each, Verified) for each in told)
    assert len(service.asked("/mex")) == 1


async def test_finding_and_probing(service: Microsoft) -> None:
    """The one asks nothing, the other the cheapest thing."""
    async with trust(service) as upstream:
        found = await upstream.find("ALICE@fed.example.test")
        assert await upstream.look_up(ALICE) is None
        assert service.inbox.found(lambda _: True) == []
        await upstream.probe()

    assert found == Candidate(ALICE, limit=DirectoryLimit())
    assert [asked.path for asked in service.inbox.found(lambda _: True)] == [
        "/adfs/services/trust/mex"
    ]


# --- what an operator is told -------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "grade", "text"),
    [
        (365, Grade.OK, "is good until"),
        (20, Grade.WARNING, "is good until"),
        (0, Grade.FAIL, "has expired"),
    ],
)
async def test_an_examination_looks_at_the_certificate(
    service: Microsoft, tmp_path: Path, days: int, grade: Grade, text: str
) -> None:
    """AD FS rolls its own over once a year: it is said thirty days before."""
    certificate = tmp_path / "signing.pem"
    certificate.write_bytes(SigningKey(days=days).certificate)
    async with trust(service, signing_certificate=str(certificate)) as upstream:
        told = await upstream.examine()

    assert [remark.grade for remark in told] == [Grade.OK, grade, Grade.OK]
    assert told[0].text.startswith("it takes passwords by WS-Trust 1.3 at https://")
    assert told[0].text.endswith(TRUST13)
    assert text in told[1].text
    assert bool(told[1].mend) is (grade is not Grade.OK)
    assert [asked.method for asked in service.inbox.found(lambda _: True)] == ["GET"]


async def test_a_certificate_that_cannot_be_read(
    service: Microsoft, tmp_path: Path
) -> None:
    """Is told by the examination, and lets nobody in."""
    for content in (None, b"no certificate"):
        path = tmp_path / "signing.pem"
        if content is not None:
            path.write_bytes(content)
        async with trust(service, signing_certificate=str(path)) as upstream:
            told = await upstream.examine()
            failure = await away(upstream, ALICE)
        assert told[1].grade is Grade.FAIL
        assert failure.reason is MISCONFIGURED
        assert "signing_certificate" in failure.detail


async def test_a_new_certificate_needs_no_restart(
    service: Microsoft, tmp_path: Path
) -> None:
    """The file is read at each sign-in; it may hold the old and the new one."""
    path = tmp_path / "signing.pem"
    path.write_bytes(SigningKey().certificate)
    async with trust(service, signing_certificate=str(path)) as upstream:
        await lied(upstream, "assertion: ")
        with path.open("ab") as file:
            file.write(service.signer.own.certificate)
        profile_of(await ask(upstream, ALICE))


async def test_the_log_has_no_password_and_no_assertion(
    service: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    """At level debug, of all libraries."""
    caplog.set_level(logging.DEBUG)
    async with trust(service) as upstream:
        await ask(upstream, ALICE)
        await ask(upstream, ALICE, "Tr0ub4dor&3")
        service.lies.assertion = "foreign"
        await away(upstream, ALICE)

    assert caplog.records, "nothing was listened to"
    for word in (PASSWORD, "Tr0ub4dor", "AssertionID", "SignatureValue", ALICE):
        assert word not in caplog.text


@pytest.mark.parametrize("missing", ["wstrust_metadata", "signing_certificate"])
async def test_missing_options_are_told(service: Microsoft, missing: str) -> None:
    """By name; OAuth's are not needed."""
    with pytest.raises(ValueError, match=f"{missing}: missing"):
        async with trust(service, **{missing: None}):
            pass
    async with trust(service, client_id=None) as upstream:
        profile_of(await ask(upstream, ALICE))
