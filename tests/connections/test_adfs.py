"""Strategy `adfs` by OAuth against a stand-in for AD FS: honest and lying.

How lying answers and tokens are refused is tested for all in test_entra_lies.py; by
WS-Trust it is tested in test_adfs_trust.py.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from ostiary.connections.adfs import refusal_of
from ostiary.connections.upstream import Away, Grade
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified
from tests.connections.microsofts import ask, away, made
from tests.services.microsoft import (
    CONFIDENTIAL,
    FEDERATED,
    PASSWORD,
    SECRET,
    Answer,
    Microsoft,
    microsoft,
)

ALICE = f"alice@{FEDERATED}"
TOKEN = "/adfs/oauth2/token"
LIED = Reason.DIRECTORY_LIED


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


def profile_of(verdict: Verified | Rejected) -> Profile:
    """Who was let in."""
    assert isinstance(verdict, Verified)
    assert verdict.profile is not None
    return verdict.profile


async def test_a_right_password_is_a_person(service: Microsoft) -> None:
    """Their id is the UPN (contract auth0 §4.2), folded so that it stays."""
    service.lies.claims = {"upn": "Alice@Fed.example.test", "group": "Staff"}
    async with made("adfs", service) as upstream:
        profile = profile_of(await ask(upstream, ALICE))

    assert profile.external_id == ALICE
    assert profile.username == "Alice@Fed.example.test"
    assert profile.groups == ("Staff",)
    assert profile.attributes["upn"] == "Alice@Fed.example.test"


@pytest.mark.parametrize(
    ("claims", "typed", "external_id"),
    [
        ({}, ALICE, ALICE),
        ({}, "FED\\Alice", ALICE),
        ({"upn": None}, "fed\\alice", "fed\\alice"),
        ({"upn": None, "unique_name": None, "email": ALICE}, ALICE, "S-1"),
        ({"upn": None, "unique_name": None}, "s-1", "S-1"),
    ],
)
async def test_whom_a_token_speaks_of(
    service: Microsoft, claims: dict[str, object], typed: str, external_id: str
) -> None:
    """UPN, else account name, else the subject; each a name that may be typed."""
    service.aliases |= {"fed\\alice": ALICE, "s-1": ALICE}
    service.lies.claims = {**claims, "sub": "S-1"}
    async with made("adfs", service) as upstream:
        assert profile_of(await ask(upstream, typed)).external_id == external_id


@pytest.mark.parametrize(
    "claims",
    [
        {"upn": f"bob@{FEDERATED}", "unique_name": "FED\\bob"},
        {"upn": None, "unique_name": None},
        {"upn": None, "unique_name": None, "sub": None},
        {"upn": [ALICE], "unique_name": None},
    ],
)
async def test_somebody_else_is_not_let_in(
    service: Microsoft, claims: dict[str, object]
) -> None:
    """Nor nobody."""
    service.lies.claims = claims
    async with made("adfs", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is LIED


async def test_the_grant_is_what_ad_fs_documents(service: Microsoft) -> None:
    """At the endpoint that its metadata name, below /adfs."""
    async with made("adfs", service, client_id=CONFIDENTIAL, secret=SECRET) as upstream:
        profile_of(await ask(upstream, ALICE))

    (asked,) = service.asked("/token")
    assert asked.path == TOKEN
    assert parse_qs(asked.body)["grant_type"] == ["password"]
    assert parse_qs(asked.body)["client_secret"] == ["***"]
    assert parse_qs(asked.body)["scope"] == ["openid profile email"]


@pytest.mark.parametrize("who", ["alice", "ghost", "disabled", "locked", "expired"])
async def test_ad_fs_tells_all_refusals_alike(service: Microsoft, who: str) -> None:
    """MSIS9659, as a wrong password; we cannot know better than it says."""
    async with made("adfs", service) as upstream:
        verdict = await ask(upstream, f"{who}@{FEDERATED}", "wrong")

    assert verdict == Rejected()


@pytest.mark.parametrize(
    ("told", "reason", "detail"),
    [
        (("invalid_grant", "MSIS9602: bad"), "MISCONFIGURED", "MSIS9602"),
        (("invalid_client", "MSIS9223: no"), "MISCONFIGURED", "MSIS9223"),
        (("invalid_client", "MSIS9224: no"), "MISCONFIGURED", "MSIS9224"),
        (("invalid_client", "MSIS9607: no"), "MISCONFIGURED", "MSIS9607"),
        (("invalid_client", "MSIS9659: odd"), "MISCONFIGURED", "MSIS9659"),
        (("unauthorized_client", "no"), "MISCONFIGURED", "a refusal without a"),
        (("invalid_resource", "MSIS9602: no"), "MISCONFIGURED", "MSIS9602"),
        (("server_error", "MSIS9604: oops"), "UNREACHABLE", "MSIS9604"),
        (("temporarily_unavailable", None), "UNREACHABLE", "a refusal"),
        ((None, None), "MISCONFIGURED", "a refusal without a number"),
        ((["invalid_grant"], {}), "MISCONFIGURED", "a refusal without a number"),
    ],
)
def test_other_refusals_are_never_a_wrong_password(
    told: tuple[object, object], reason: str, detail: str
) -> None:
    """The log has the number and nothing else of the text."""
    with pytest.raises(Away) as caught:
        refusal_of({"error": told[0], "error_description": told[1]}, None)

    assert caught.value.reason is Reason[f"DIRECTORY_{reason}"]
    assert caught.value.detail.startswith(detail)


def test_a_refused_grant_without_a_number_is_a_wrong_password() -> None:
    """Others that speak like AD FS send none (RFC 6749 §5.2)."""
    assert refusal_of({"error": "invalid_grant"}, None) == Rejected()


async def test_an_unknown_application_and_a_wrong_secret(service: Microsoft) -> None:
    """Are ours to mend."""
    for client_id, number in (("nobody", "MSIS9223"), (CONFIDENTIAL, "MSIS9607")):
        async with made("adfs", service, client_id=client_id) as upstream:
            failure = await away(upstream, ALICE)
        assert failure.reason is Reason.DIRECTORY_MISCONFIGURED
        assert failure.detail == number


@pytest.mark.parametrize(
    "lie",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"iss": "https://evil.test/adfs"}},
        {"claims": {"exp": 1}},
        {"signing": "none"},
        {"signing": "hmac"},
        {"signing": "foreign"},
        {"header": {"kid": "unknown"}},
        {"discovery": {"token_endpoint": "https://evil.test/adfs/oauth2/token"}},
        {"discovery": {"issuer": "https://evil.test/adfs"}},
        {"answers": {TOKEN: Answer(body=b"<html>")}},
    ],
    ids=str,
)
async def test_lies(service: Microsoft, lie: dict[str, Any]) -> None:
    """Proven as strictly as those of Entra ID."""
    for name, value in lie.items():
        setattr(service.lies, name, value)
    async with made("adfs", service) as upstream:
        assert (await away(upstream, ALICE)).reason is LIED


async def test_finding_and_probing(service: Microsoft) -> None:
    """The one asks nothing, the other the cheapest thing."""
    async with made("adfs", service) as upstream:
        found = await upstream.find("ALICE@fed.example.test")
        assert await upstream.look_up(ALICE) is None
        assert service.inbox.found(lambda _: True) == []
        await upstream.probe()
        await upstream.probe()

    assert found == Candidate(ALICE, limit=DirectoryLimit())
    assert len(service.asked("/adfs/.well-known/openid-configuration")) == 2


async def test_an_examination(service: Microsoft) -> None:
    """Metadata and keys."""
    async with made("adfs", service) as upstream:
        remarks = await upstream.examine()

    assert [remark.grade for remark in remarks] == [Grade.OK] * 3
    assert service.adfs in remarks[0].text


async def test_the_log_has_no_password_and_no_secret(
    service: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    """At level debug, of all libraries."""
    caplog.set_level(logging.DEBUG)
    async with made("adfs", service, client_id=CONFIDENTIAL, secret=SECRET) as upstream:
        await ask(upstream, ALICE)
        await ask(upstream, ALICE, "Tr0ub4dor&3")

    assert caplog.records, "nothing was listened to"
    for word in (PASSWORD, "Tr0ub4dor", SECRET, SECRET.partition("&")[0], "eyJ"):
        assert word not in caplog.text


@pytest.mark.parametrize("missing", ["authority", "client_id"])
async def test_missing_options_are_told(service: Microsoft, missing: str) -> None:
    """By name."""
    options: dict[str, Any] = {missing: None}
    with pytest.raises(ValueError, match=f"{missing}: missing"):
        async with made("adfs", service, **options):
            pass


def test_oauth_reads_no_xml() -> None:
    """A server without WS-Trust need not load the libraries for it."""
    program = "import sys, ostiary.connections.adfs, ostiary.connections.entra; "
    program += "print(sorted({'lxml', 'signxml', 'ldap'} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )

    assert told.stdout.strip() == "[]"
