"""An OpenID provider that takes the password grant: its metadata, keys and id_tokens.

Where it is and what its refusals mean is told by the strategies.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from httpx import codes

from ostiary.connections.openid_tokens import (
    TokenRefused,
    check_times,
    keys_of,
    proven,
    read_object,
    received,
)
from ostiary.connections.upstream import Away
from ostiary.connections.upstream_http import Answer, UpstreamHttp
from ostiary.core.errors import Reason

KEPT_SECONDS: Final = 3600.0
"""How long metadata and keys are believed without being asked for again."""
KEYS_AGAIN_SECONDS: Final = 60.0
"""How soon a key that is not known has the keys fetched anew."""

TENANT_IN_ISSUER: Final = "{tenantid}"
"""Stands for the `tid` of each token, where many tenants share metadata."""
_NUMBER: Final = re.compile(rb"(AADSTS|MSIS)[0-9]{4,8}\b")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the provider says of itself, at `at` (epoch seconds)."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    at: float


@dataclass(frozen=True, slots=True)
class Keys:
    """The provider's keys by kid, as fetched at `at` (epoch seconds)."""

    by_kid: Mapping[str, RSAPublicKey] = field(repr=False)
    at: float


def object_of(answer: Answer) -> dict[str, object]:
    """The JSON object in an answer; raises Away.

    A refusal in another form comes from something between us, such as a proxy.
    """
    try:
        return read_object(answer.body)
    except TokenRefused as refused:
        if answer.status >= 400:
            detail = f"status {answer.status}"
            raise Away(Reason.DIRECTORY_MISCONFIGURED, detail) from None
        raise Away(Reason.DIRECTORY_LIED, f"the answer is {refused}") from None


class OpenIdProvider:
    """The provider whose metadata are at `document`; `now` tells epoch seconds."""

    def __init__(
        self, http: UpstreamHttp, document: str, now: Callable[[], float]
    ) -> None:
        """Ask nothing yet."""
        self._http = http
        self._document = document
        self._now = now
        self._metadata: Metadata | None = None
        self._keys: Keys | None = None
        self._fetching = asyncio.Lock()

    async def metadata(self, *, anew: bool = False) -> Metadata:
        """What it says of itself, at most an hour ago; raises Away.

        OpenID Connect Discovery §4; every address must be on its own origin.
        """
        async with self._fetching:
            kept = self._metadata
            if kept is None or anew or not self._is_within(kept.at, KEPT_SECONDS):
                kept = await self._fetch_metadata()
                self._metadata = kept
        return kept

    async def keys(self, missing: str = "", *, anew: bool = False) -> Keys:
        """Its keys, at most an hour old; a minute if `missing` is not among them."""
        metadata = await self.metadata()
        async with self._fetching:
            kept = self._keys
            if kept is not None and not anew:
                lacks = bool(missing) and missing not in kept.by_kid
                good = KEYS_AGAIN_SECONDS if lacks else KEPT_SECONDS
                if self._is_within(kept.at, good):
                    return kept
            kept = await self._fetch_keys(metadata.jwks_uri)
            self._keys = kept
        return kept

    async def claims(self, token: object, audience: str) -> dict[str, object]:
        """What an id_token says, proven and meant for us; raises Away (LIED).

        OpenID Connect Core §3.1.3.7. A single audience, as both services write it.
        """
        try:
            if not isinstance(token, str):
                raise TokenRefused("absent")
            parts = received(token)
            key = (await self.keys(parts.kid)).by_kid.get(parts.kid)
            if key is None:
                raise TokenRefused("signed by a key that it does not publish")
            claims = proven(parts, key)
            check_times(claims, self._now())
            if claims.get("aud") != audience:
                raise TokenRefused("meant for somebody else")
            _check_issuer(claims, (await self.metadata()).issuer)
        except TokenRefused as refused:
            raise Away(Reason.DIRECTORY_LIED, f"id_token: {refused}") from None
        return claims

    def _is_within(self, at: float, seconds: float) -> bool:
        return abs(self._now() - at) < seconds

    async def _fetch_metadata(self) -> Metadata:
        told = await self._document_at(self._document)
        issuer, token, keys = (
            self._http.check_own(told.get(name))
            for name in ("issuer", "token_endpoint", "jwks_uri")
        )
        return Metadata(issuer, token, keys, self._now())

    async def _document_at(self, url: str) -> dict[str, object]:
        answer = await self._http.get(url)
        if answer.status == codes.OK:
            return object_of(answer)
        found = _NUMBER.search(answer.body)
        detail = found[0].decode() if found else f"status {answer.status}"
        raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)

    async def _fetch_keys(self, url: str) -> Keys:
        told = await self._document_at(url)
        try:
            return Keys(keys_of(told), self._now())
        except TokenRefused as refused:
            raise Away(Reason.DIRECTORY_LIED, f"its keys are {refused}") from None


def _check_issuer(claims: Mapping[str, object], issuer: str) -> None:
    if TENANT_IN_ISSUER in issuer:
        issuer = issuer.replace(TENANT_IN_ISSUER, tenant_of(claims))
    if claims.get("iss") != issuer:
        raise TokenRefused("of another issuer")


def tenant_of(claims: Mapping[str, object]) -> str:
    """The `tid`, a GUID in lower case; raises TokenRefused."""
    tid = claims.get("tid")
    try:
        if isinstance(tid, str) and str(UUID(tid)) == tid:
            return tid
    except ValueError:
        pass
    raise TokenRefused("of no tenant")
