"""Strategy `adfs` over WS-Trust: an assertion for a password, proven and used once.

Messages are written and read in `wstrust`, assertions proven in `saml`.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from httpx import codes

from ostiary.connections.openid_profile import anybody, is_name, is_same_person
from ostiary.connections.openid_remarks import option, remark_of
from ostiary.connections.saml import SKEW, SamlAssertion, SamlRefused, read_assertion
from ostiary.connections.saml_people import name_of, profile_of
from ostiary.connections.strict_xml import XmlRefused
from ostiary.connections.upstream import Away, Grade, Registered, Remark
from ostiary.connections.upstream_http import BUSY_SECONDS, UpstreamHttp
from ostiary.connections.wstrust import (
    Fault,
    Question,
    is_sendable,
    parse_answer,
    render_request,
)
from ostiary.connections.wstrust_metadata import Endpoint, find_endpoint
from ostiary.core.errors import Reason
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified
from ostiary.flows.ports import Clock

KEPT_SECONDS: Final = 3600.0
"""How long metadata are believed without being asked for again."""
MOST_SEEN: Final = 50_000
"""Assertions that are remembered as used."""
SOON: Final = timedelta(days=30)
AUDIENCE: Final = "urn:ostiary:adfs"
_OTHER_NAMES: Final = (
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname",
)
"""By which somebody may be asked about, beside their user name."""
_HEADERS: Final = {"content-type": "application/soap+xml; charset=utf-8"}
_FAULTS: Final[Mapping[str, tuple[Reason, str]]] = {
    "InvalidSecurity": (
        Reason.DIRECTORY_MISCONFIGURED,
        "InvalidSecurity: set the clocks, ours and its; they must agree",
    ),
    "RequestFailed": (
        Reason.DIRECTORY_MISCONFIGURED,
        "RequestFailed: register wstrust_audience as a relying party there",
    ),
    "InvalidScope": (
        Reason.DIRECTORY_MISCONFIGURED,
        "InvalidScope: register wstrust_audience as a relying party there",
    ),
    "ServerTooBusy": (Reason.DIRECTORY_BUSY, "ServerTooBusy"),
    "InternalServiceFault": (Reason.DIRECTORY_UNREACHABLE, "InternalServiceFault"),
}
"""Faults that say nothing of the password, by sub-code."""


class SeenAssertions:
    """Ids of assertions that were used, until nobody would take them any more."""

    def __init__(self) -> None:
        """Remember none yet."""
        self._until: dict[str, float] = {}

    def check_first(self, assertion: SamlAssertion, now: float) -> None:
        """Note a use; raises Away for a second one (SAML 2.0 profiles §4.1.4.5).

        An assertion is issued when it is asked for, so one that is older than the
        clocks may differ is a second use as well: that bounds what is remembered.
        """
        if abs(now - assertion.instant) > SKEW:
            raise Away(Reason.DIRECTORY_LIED, "an assertion from another time")
        if len(self._until) >= MOST_SEEN:
            self._until = {i: t for i, t in self._until.items() if t > now}
        if assertion.id in self._until:
            raise Away(Reason.DIRECTORY_LIED, "an assertion that was used before")
        if len(self._until) >= MOST_SEEN:
            raise Away(Reason.DIRECTORY_BUSY, "too many sign-ins", BUSY_SECONDS)
        self._until[assertion.id] = assertion.instant + SKEW


class TrustUpstream:
    """Port `Upstream` over WS-Trust 1.3 or 2005 with user name and password."""

    def __init__(
        self, registered: Registered, networks: tuple[str, ...], clock: Clock
    ) -> None:
        """Ask nothing yet. Raises Unserved, ValueError for the options."""
        self._metadata = option(registered, "wstrust_metadata")
        self._certificate = Path(option(registered, "signing_certificate"))
        self._audience = str(registered.options.get("wstrust_audience") or AUDIENCE)
        self._http = UpstreamHttp(registered, networks, self._metadata)
        self._clock = clock
        self._kept: tuple[Endpoint, float] | None = None
        self._fetching = asyncio.Lock()
        self._seen = SeenAssertions()

    async def find(self, username: str) -> Candidate:
        """Anybody: whom it means it only tells with the password."""
        return anybody(username)

    async def verify(
        self, candidate: Candidate, username: str, password: str
    ) -> Verified | Rejected:
        """Ask for an assertion with the password, and believe it if it is proven."""
        if not is_sendable(username + password):
            return Rejected()  # no XML carries it, so it is nobody's at this server
        question = await self._question(username, password)
        headers = {**_HEADERS, "soapaction": question.version.action}
        sent = render_request(question)
        answer = await self._http.post(question.to, sent, headers)
        try:
            found = parse_answer(answer.body, question)
        except XmlRefused as refused:
            raise _not_an_answer(answer.status, str(refused)) from None
        if isinstance(found, Fault):
            return verdict_of(found)
        assertion = await asyncio.to_thread(self._proven, found)
        self._seen.check_first(assertion, self._clock.now())
        return Verified(profile=_profile(assertion, username))

    async def look_up(self, username: str) -> Profile | None:
        """Nothing: without a password it tells of nobody."""
        return None

    async def probe(self) -> None:
        """Fetch its metadata."""
        await self._endpoint(anew=True)

    async def examine(self) -> tuple[Remark, ...]:
        """Metadata, and how long the certificate that we believe is good."""
        certificate = await asyncio.to_thread(self._on_certificate)
        try:
            endpoint = await self._endpoint(anew=True)
        except Away as away:
            return remark_of(away), certificate
        text = f"it takes passwords by {endpoint.version.called} at {endpoint.url}"
        told = Remark(Grade.OK, text)
        text = "whether it knows wstrust_audience shows at the first sign-in"
        return told, certificate, Remark(Grade.OK, text)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _question(self, username: str, password: str) -> Question:
        endpoint = await self._endpoint()
        return Question(
            endpoint.version,
            endpoint.url,
            self._audience,
            f"urn:uuid:{self._clock.guid()}",
            self._clock.now(),
            username,
            password,
        )

    async def _endpoint(self, *, anew: bool = False) -> Endpoint:
        """Where passwords go, as told at most an hour ago; raises Away."""
        async with self._fetching:
            now = self._clock.now()
            kept = self._kept
            if kept is not None and not anew and abs(now - kept[1]) < KEPT_SECONDS:
                return kept[0]
            endpoint = await self._fetch_endpoint()
            self._kept = endpoint, now
            return endpoint

    async def _fetch_endpoint(self) -> Endpoint:
        answer = await self._http.get(self._metadata)
        if answer.status != codes.OK:
            detail = f"status {answer.status}"
            raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)
        try:
            endpoint = find_endpoint(answer.body)
        except XmlRefused as refused:
            detail = f"the metadata are {refused}"
            raise Away(Reason.DIRECTORY_LIED, detail) from None
        if endpoint is None:
            detail = "its metadata name no endpoint for user names and passwords"
            raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)
        self._http.check_own(endpoint.url)
        return endpoint

    def _proven(self, document: bytes) -> SamlAssertion:
        """The assertion, signed by the certificate as it lies there just now."""
        try:
            pem = self._certificate.read_text()
            now = self._clock.now()
            return read_assertion(document, pem, self._audience, now)
        except SamlRefused as refused:
            raise Away(Reason.DIRECTORY_LIED, f"assertion: {refused}") from None
        except (OSError, ValueError):
            detail = "signing_certificate cannot be read"
            raise Away(Reason.DIRECTORY_MISCONFIGURED, detail) from None

    def _on_certificate(self) -> Remark:
        mend = "put the server's present token-signing certificate there"
        try:
            pem = self._certificate.read_bytes()
            certificates = x509.load_pem_x509_certificates(pem)
        except (OSError, ValueError):
            return Remark(Grade.FAIL, "signing_certificate cannot be read", mend)
        ends = max(each.not_valid_after_utc for each in certificates)
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        text = f"signing_certificate is good until {ends:%Y-%m-%d}"
        if ends <= now:
            return Remark(Grade.FAIL, f"{text}: it has expired", mend)
        if ends - now < SOON:
            return Remark(Grade.WARNING, text, mend)
        return Remark(Grade.OK, text)


def verdict_of(fault: Fault) -> Rejected:
    """What a fault says of the password; raises Away when that is nothing.

    FailedAuthentication is a wrong password, nobody of that name, and an account that
    is locked, disabled or expired: AD FS tells these apart in its event log alone.
    """
    if fault.subcode == "FailedAuthentication":
        return Rejected()
    known = _FAULTS.get(fault.subcode)
    if known is not None:
        reason, detail = known
        wait = BUSY_SECONDS if reason is Reason.DIRECTORY_BUSY else 5
        raise Away(reason, detail, wait)
    if fault.code == "Receiver":
        raise Away(Reason.DIRECTORY_UNREACHABLE, "a fault of its own")
    raise Away(Reason.DIRECTORY_MISCONFIGURED, "a fault that is not known here")


def _not_an_answer(status: int, why: str) -> Away:
    if status >= 500:
        return Away(Reason.DIRECTORY_UNREACHABLE, f"status {status}")
    if status >= 400:
        return Away(Reason.DIRECTORY_MISCONFIGURED, f"status {status}")
    return Away(Reason.DIRECTORY_LIED, f"the answer is refused: {why}")


def _profile(assertion: SamlAssertion, typed: str) -> Profile:
    """Who signed in; raises Away (LIED) for anybody but who was asked about."""
    username = name_of(assertion)
    if username is None:
        detail = "assertion: without the UPN claim"
        raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)
    others = [
        value
        for claim in _OTHER_NAMES
        for value in assertion.attributes.get(claim, ())
        if is_name(value)
    ]
    if not is_same_person(typed, username, *others):
        raise Away(Reason.DIRECTORY_LIED, "assertion: of another person")
    return profile_of(assertion, username)
