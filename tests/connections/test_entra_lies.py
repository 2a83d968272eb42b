"""Strategy `waad` against an upstream that lies: tokens, metadata, keys, answers.

Nobody is let in, and nothing of it is a wrong password.
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.connections.guarded import GuardedConnection
from ostiary.connections.openid_tokens import TokenRefused, keys_of, read_object
from ostiary.core.errors import Reason
from ostiary.core.model import Tenant
from ostiary.flows.facts import Candidate, Claimed, Unreachable, Verified
from tests.connections.microsofts import ask, away, made, present
from tests.services.microsoft import (
    CLOUD,
    CONFIDENTIAL,
    PUBLIC,
    SECRET,
    TENANT,
    Answer,
    Microsoft,
    microsoft,
)
from tests.services.microsoft_tokens import SigningKey, epoch

ALICE = f"alice@{CLOUD}"
TOKEN = "/oauth2/v2.0/token"
DOCUMENT = "/openid-configuration"
LIED = Reason.DIRECTORY_LIED


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


# --- tokens -------------------------------------------------------------------------

CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "foreign audience": ({"aud": CONFIDENTIAL}, "meant for somebody else"),
    "several audiences": ({"aud": [PUBLIC]}, "meant for somebody else"),
    "no audience": ({"aud": None}, "meant for somebody else"),
    "foreign issuer": ({"iss": "https://evil.test/v2.0"}, "of another issuer"),
    "issuer of another tenant": ({"iss": "https://localhost/v2.0"}, "issuer"),
    "no issuer": ({"iss": None}, "of another issuer"),
    "expired": ({"exp": epoch() - 3600}, "expired"),
    "never expires": ({"exp": None}, "a time is missing"),
    "expires at a text": ({"exp": "9999999999"}, "a time is missing"),
    "expires at true": ({"exp": True}, "a time is missing"),
    "expires after all time": ({"exp": 10**400}, "out of all bounds"),
    "not yet valid": ({"nbf": epoch() + 3600}, "not yet valid"),
    "from the future": ({"iat": epoch() + 3600}, "issued in the future"),
    "issued never": ({"iat": None}, "a time is missing"),
    "no tenant": ({"tid": None}, "of no tenant"),
    "tenant that is no GUID": ({"tid": "contoso"}, "of no tenant"),
    "nobody": ({"sub": None}, "no sub"),
    "empty id": ({"sub": ""}, "no sub"),
    "id with NUL": ({"sub": "a\0b"}, "no sub"),
    "id without end": ({"sub": "x" * 5000}, "no sub"),
    "somebody else": (
        {"preferred_username": f"bob@{CLOUD}", "email": None},
        "of another person",
    ),
    "no names": ({"preferred_username": None, "email": None}, "of another person"),
    "names that are no texts": (
        {"preferred_username": [ALICE], "email": {"a": ALICE}},
        "of another person",
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
async def test_a_token_that_says_something_else(service: Microsoft, name: str) -> None:
    """Proves nothing (OpenID Connect Core §3.1.3.7)."""
    lie, why = CLAIMS[name]
    service.lies.claims = lie
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is LIED
    assert failure.detail.startswith("id_token: ")
    assert failure.detail.endswith(why)


@pytest.mark.parametrize(
    ("signing", "header", "why"),
    [
        ("none", {}, "not signed by RS256"),
        ("none", {"alg": "RS256"}, "the signature is wrong"),
        ("none", {"alg": "None"}, "not signed by RS256"),
        ("hmac", {}, "not signed by RS256"),
        ("hmac", {"alg": "RS256"}, "the signature is wrong"),
        ("foreign", {}, "the signature is wrong"),
        ("foreign", {"kid": "unknown"}, "a key that it does not publish"),
        ("foreign", {"kid": None}, "no key is named"),
        ("foreign", {"kid": ["a"]}, "no key is named"),
        ("broken", {}, "the signature is wrong"),
        ("own", {"alg": "RS512"}, "not signed by RS256"),
        ("own", {"alg": "PS256"}, "not signed by RS256"),
        ("own", {"alg": ["RS256"]}, "not signed by RS256"),
        ("own", {"crit": ["exp"]}, "an extension that is not known here"),
        ("own", {"crit": []}, "an extension that is not known here"),
    ],
)
async def test_a_token_that_is_not_signed_by_its_key(
    service: Microsoft, signing: Any, header: dict[str, object], why: str
) -> None:
    """RS256 by a published key, and nothing that the header suggests (RFC 8725 §3)."""
    service.lies.signing = signing
    service.lies.header = header
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is LIED
    assert failure.detail.endswith(why)


async def test_a_key_in_the_header_is_not_looked_at(service: Microsoft) -> None:
    """A token brings `jwk`, `jku` and `x5c` of its own maker (RFC 8725 §3.10)."""
    foreign = service.signer.foreign
    service.lies.signing = "foreign"
    service.lies.header = {"jwk": foreign.jwk, "jku": f"{service.url}/evil/keys"}
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.detail.endswith("the signature is wrong")
    assert service.asked("/evil/keys") == []


@pytest.mark.parametrize("leeway", [-50, 50])
async def test_clocks_may_differ_a_little(service: Microsoft, leeway: int) -> None:
    """Sixty seconds, either way."""
    now = epoch() + leeway
    service.lies.claims = {"iat": now, "nbf": now, "exp": now + 55}
    clock = present()
    clock.at = epoch() + (60 if leeway < 0 else 0)
    async with made("waad", service, clock=clock) as upstream:
        assert isinstance(await ask(upstream, ALICE), Verified)


def part(value: object) -> str:
    """One segment of a JWS."""
    text = json.dumps(value).encode() if not isinstance(value, bytes) else value
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


HEADER = part({"alg": "RS256", "kid": "k"})
TWICE = part(b'{"alg":"none","alg":"RS256","kid":"k"}')
NO_NUMBER = part(b'{"alg":"RS256","kid":NaN}')
SURROGATE = part(b'{"alg":"RS256","kid":"\\ud800"}')
DEEP = part(b"[" * 10_000)


@pytest.mark.parametrize(
    "token",
    [
        None,
        "",
        "a.b",
        "a.b.c.d",
        f"{HEADER}.{part({})}",
        f"{HEADER}=.{part({})}.AA",
        f"{HEADER} .{part({})}.AA",
        f"{part([1])}.{part({})}.AA",
        f"{part(b'{')}.{part({})}.AA",
        f"{TWICE}.{part({})}.AA",
        f"{NO_NUMBER}.{part({})}.AA",
        f"{SURROGATE}.{part({})}.AA",
        f"{DEEP}.{part({})}.AA",
        f"{HEADER}.{part({})}.ä",
        42,
        {"a": "b"},
    ],
)
async def test_what_is_no_token(service: Microsoft, token: object) -> None:
    """An answer with status 200 and anything else in `id_token` lets nobody in."""
    body = json.dumps({"access_token": "x", "id_token": token}).encode()
    service.lies.answers[TOKEN] = Answer(body=body)
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is LIED
    assert "id_token: " in failure.detail


# --- keys ---------------------------------------------------------------------------


async def test_a_new_key_is_fetched_once_a_minute(service: Microsoft) -> None:
    """A token by a key that is not known yet; but who invents ids costs us nothing."""
    clock = present()
    before, after = service.signer.own, service.signer.foreign
    try:
        async with made("waad", service, clock=clock) as upstream:
            assert isinstance(await ask(upstream, ALICE), Verified)
            service.signer.own = after
            for _ in range(3):
                failure = await away(upstream, ALICE)
                assert failure.detail.endswith("a key that it does not publish")
            assert len(service.asked("/keys")) == 1
            clock.at += 61
            assert isinstance(await ask(upstream, ALICE), Verified)
            assert len(service.asked("/keys")) == 2
            clock.at += 61
            service.signer.own = before
            service.lies.header["kid"] = "invented"
            for _ in range(3):
                await away(upstream, ALICE)
            assert len(service.asked("/keys")) == 3
    finally:
        service.signer.own = before


def test_only_signing_keys_of_a_decent_size_count() -> None:
    """Of those that share an id, none does (RFC 7517 §4.5)."""
    good = SigningKey().jwk
    encryption = SigningKey().jwk | {"use": "enc"}
    short = good | {"kid": "short", "n": part((1 << 1023 | 1).to_bytes(128, "big"))}
    even = good | {"kid": "even", "e": part((65536).to_bytes(3, "big"))}
    other = good | {"kid": "ec", "kty": "EC"}
    pss = good | {"kid": "pss", "alg": "PS256"}
    twins = [SigningKey().jwk | {"kid": "twin"} for _ in range(2)]
    listed = [good, encryption, short, even, other, pss, *twins, None, {}, "x"]

    assert set(keys_of({"keys": listed})) == {good["kid"]}


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {"a": "b"}}])
def test_what_is_no_key_set(document: dict[str, object]) -> None:
    """Is refused, rather than taken for an empty one."""
    with pytest.raises(TokenRefused, match="not a key set"):
        keys_of(document)


def test_numbers_that_json_does_not_know() -> None:
    """And a name given twice: no two readers agree on them (RFC 8259 §4, §6)."""
    for text in (b'{"a": NaN}', b'{"a": Infinity}', b'{"a": 1, "a": 2}', b"\xff"):
        with pytest.raises(TokenRefused, match="not well-formed JSON"):
            read_object(text)


# --- metadata -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["issuer", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/token",
        "http://{authority}/token",
        "https://{authority}.evil.test/token",
        "https://{authority}@evil.test/token",
        "https://evil.test\\@{authority}/token",
        "https://localhost:1/token",
        "//{authority}/token",
        "ftp://{authority}/token",
        "",
        7,
        None,
    ],
)
async def test_metadata_that_lead_elsewhere(
    service: Microsoft, name: str, address: object
) -> None:
    """Neither password nor secret goes there, or anywhere."""
    if isinstance(address, str):
        address = address.format(authority=f"localhost:{service.port}")
    service.lies.discovery[name] = address
    async with made("waad", service, client_id=CONFIDENTIAL, secret=SECRET) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is LIED
    assert failure.detail == "its metadata name an address elsewhere"
    assert service.inbox.found(lambda asked: asked.method == "POST") == []


async def test_the_secret_stays_with_its_host(
    service: Microsoft, tmp_path: Path
) -> None:
    """A second server, which the first one names and sends us to, is never asked."""
    with microsoft(tmp_path, tls=service.tls) as other:
        lies: list[tuple[dict[str, Answer], dict[str, object]]] = [
            ({}, {"token_endpoint": f"{other.entra}{TOKEN}"}),
            ({}, {"jwks_uri": f"{other.entra}/discovery/v2.0/keys"}),
        ]
        for status in (301, 302, 303, 307, 308):
            answer = Answer(status, headers={"location": f"{other.entra}{TOKEN}"})
            lies += [({TOKEN: answer}, {}), ({DOCUMENT: answer}, {})]
        for answers, discovery in lies:
            service.reset()
            service.lies.answers, service.lies.discovery = answers, discovery
            async with made(
                "waad", service, client_id=CONFIDENTIAL, secret=SECRET
            ) as upstream:
                failure = await away(upstream, ALICE)
            assert failure.reason in (LIED, Reason.DIRECTORY_MISCONFIGURED)

        assert other.inbox.found(lambda _: True) == []


# --- answers ------------------------------------------------------------------------

HUGE = b'{"a": "' + b"x" * 300_000 + b'"}'
PACKED = {"content-encoding": "gzip"}


@pytest.mark.parametrize("where", [DOCUMENT, "/keys", TOKEN])
@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (Answer(body=b"<html>"), LIED, "not well-formed JSON"),
        (Answer(body=b"[1]"), LIED, "not a JSON object"),
        (Answer(body=b""), LIED, "not well-formed JSON"),
        (Answer(body=HUGE), LIED, "too long"),
        (Answer(body=b"{}", headers=PACKED), LIED, "packed"),
        (Answer(500, b"oops"), Reason.DIRECTORY_UNREACHABLE, "status 500"),
        (Answer(503, b"{}"), Reason.DIRECTORY_UNREACHABLE, "status 503"),
        (Answer(302), Reason.DIRECTORY_MISCONFIGURED, "redirects"),
        (Answer(404, b"<html>"), Reason.DIRECTORY_MISCONFIGURED, "status 404"),
        (Answer(429, b"{}"), Reason.DIRECTORY_BUSY, "status 429"),
    ],
    ids=lambda value: getattr(value, "status", None),
)
async def test_answers_that_are_none(
    service: Microsoft, where: str, answer: Answer, reason: Reason, detail: str
) -> None:
    """Whichever document it is, and never a wrong password."""
    service.lies.answers[where] = answer
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is reason
    assert detail in failure.detail


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("17", 17),
        ("0", 1),
        ("86400", 3600),
        ("9" * 5000, 30),
        ("-1", 30),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 30),
        ("", 30),
        ("²", 30),
    ],
)
async def test_how_long_to_wait(service: Microsoft, told: str, seconds: int) -> None:
    """Between a second and an hour, whatever the header says (RFC 9110 §10.2.3)."""
    headers = {"retry-after": told.encode().decode("latin-1")}
    service.lies.answers[TOKEN] = Answer(429, b"{}", headers)
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert (failure.reason, failure.retry_after) == (Reason.DIRECTORY_BUSY, seconds)


async def test_a_server_in_trouble_may_say_for_how_long(service: Microsoft) -> None:
    """As 503 usually does."""
    service.lies.answers[TOKEN] = Answer(503, headers={"retry-after": "40"})
    async with made("waad", service) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is Reason.DIRECTORY_UNREACHABLE
    assert failure.retry_after == 40


async def test_nobody_is_there(service: Microsoft, tmp_path: Path) -> None:
    """A port that nobody listens at."""
    with microsoft(tmp_path) as gone:
        authority = gone.entra
    async with made("waad", service, authority=authority) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is Reason.DIRECTORY_UNREACHABLE
    assert failure.detail == "ConnectError"


async def test_a_certificate_of_somebody_else(
    service: Microsoft, tmp_path: Path
) -> None:
    """Nothing is sent to whom we do not believe; the operator is told why."""
    with microsoft(tmp_path) as other:
        async with made("waad", service, authority=other.entra) as upstream:
            failure = await away(upstream, ALICE)
        assert other.inbox.found(lambda _: True) == []

    assert failure.reason is Reason.DIRECTORY_MISCONFIGURED
    assert failure.detail.startswith("its certificate is not believed")


async def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    """The name in the address counts."""
    with microsoft(tmp_path, host="127.0.0.1") as service:
        authority = f"https://localhost.localdomain:{service.port}/{TENANT}"
        async with made("waad", service, authority=authority) as upstream:
            failure = await away(upstream, ALICE)

        assert service.inbox.found(lambda _: True) == []
    assert failure.reason in (
        Reason.DIRECTORY_MISCONFIGURED,
        Reason.DIRECTORY_UNREACHABLE,  # where that name means nothing
    )


async def test_a_restricted_connection_stays_out_of_our_networks(
    service: Microsoft,
) -> None:
    """What a tenant's administrator entered may not be loopback (case ADM-09)."""
    async with made("waad", service, restricted=True) as upstream:
        failure = await away(upstream, ALICE)

    assert failure.reason is Reason.DIRECTORY_MISCONFIGURED
    assert failure.detail == "address not allowed"
    assert service.inbox.found(lambda _: True) == []


async def test_a_restricted_connection_in_a_network_that_is_open_to_it(
    service: Microsoft,
) -> None:
    """Pinned to its address, and proven by the certificate of its name."""
    networks = ("127.0.0.0/8", "::1/128")
    async with made("waad", service, restricted=True, networks=networks) as upstream:
        assert isinstance(await ask(upstream, ALICE), Verified)

    hosts = {asked.headers["host"] for asked in service.inbox.found(lambda _: True)}
    assert hosts == {f"localhost:{service.port}"}


@pytest.mark.parametrize("where", [DOCUMENT, TOKEN])
@pytest.mark.parametrize(
    "answer",
    [Answer(body=b"{}", delay=60), Answer(body=b"x" * 4000, delay=0.5, drips=True)],
    ids=["hangs", "drips"],
)
async def test_an_upstream_that_hangs_or_drips(
    service: Microsoft, where: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its guard lets go in time (promise 11); nobody's password was wrong."""
    monkeypatch.setattr("ostiary.connections.guarded.SECONDS", 1.0)
    service.lies.answers[where] = answer
    async with made("waad", service) as upstream:
        guarded = GuardedConnection("corp", upstream)
        began = time.monotonic()
        found = await guarded.find(ALICE)
        assert isinstance(found, Candidate)
        claimed = Claimed(ALICE, found)
        told = await guarded.verify(Tenant("t", "contoso"), claimed, "whatever")
        took = time.monotonic() - began

    assert told == Unreachable(Reason.DIRECTORY_TIMEOUT)
    assert took < 5


async def test_a_slow_upstream_is_let_go_without_a_guard(
    service: Microsoft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it is examined."""
    monkeypatch.setattr("ostiary.connections.upstream_http.SECONDS", 0.5)
    service.lies.answers[DOCUMENT] = Answer(body=b"x" * 4000, delay=0.3, drips=True)
    async with made("waad", service) as upstream:
        remarks = await asyncio.wait_for(upstream.examine(), 10)

    assert "no answer in time" in remarks[0].text
