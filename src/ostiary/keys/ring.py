"""The tenants' signing keys at work: port `Signer` of the flows.

Which keys exist is told by the store; private halves are opened once and kept.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from ostiary.flows.facts import StoredKey, Unsigned
from ostiary.keys.opaque import OpaqueTokens, is_opaque, sign_shared
from ostiary.keys.sealing import MasterKey
from ostiary.keys.signing import Signer, SigningKey
from ostiary.keys.threads import SigningThreads
from ostiary.keys.verifying import InvalidToken, PublicKeyInfo, verify

NEVER: float = 253402300799.0
"""Epoch seconds of the last second of the year 9999: a key that does not sign yet."""


@dataclass(frozen=True, slots=True)
class _Opened:
    key: SigningKey
    public: PublicKeyInfo


def seal_key(master: MasterKey, key: SigningKey, signs_from: float) -> StoredKey:
    """A key as the store keeps it; the private half is sealed for this tenant."""
    context = f"signing-key:{key.tenant_id}:{key.kid}"
    return StoredKey(
        kid=key.kid,
        tenant_id=key.tenant_id,
        algorithm=key.algorithm,
        sealed_private_key=master.seal(key.private_pem(), context),
        certificate=base64.b64encode(key.certificate_der).decode(),
        created_at=key.created_at,
        signs_from=signs_from,
    )


class KeyRing:
    """Signs and verifies with the keys that `load` tells for a tenant.

    Signing runs in threads of its own: it releases the interpreter and must not make
    the event loop wait (performance.md, lesson 4).
    """

    def __init__(
        self,
        load: Callable[[str], Awaitable[Sequence[StoredKey]]],
        master: MasterKey,
        now: Callable[[], float],
        threads: int,
    ) -> None:
        """`load`: the keys of a tenant id, oldest first. `now`: epoch seconds."""
        self._load = load
        self._master = master
        self._now = now
        self._signer = Signer()
        self._opaque = OpaqueTokens(master)
        self._opened: dict[str, _Opened] = {}
        self._threads: SigningThreads[tuple[str, ...]] = SigningThreads(threads)

    async def sign(self, tenant_id: str, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        """Sign tokens with the tenant's current key, in the order given."""
        current = self._current(await self._load(tenant_id))
        return await self._threads.run(lambda: self._sign(current.key, tokens))

    def _sign(self, key: SigningKey, tokens: Sequence[Unsigned]) -> tuple[str, ...]:
        return tuple(self._make(key, token) for token in tokens)

    def _make(self, key: SigningKey, token: Unsigned) -> str:
        if token.opaque:
            return self._opaque.seal(key.tenant_id, token.claims)
        if token.shared_key is not None:
            return sign_shared(self._master, token.shared_key, token.claims)
        header = {"x5t": key.kid} if token.thumbprint else None
        return self._signer.sign(key, token.claims, header=header)

    async def verify(self, tenant_id: str, token: str) -> Mapping[str, object] | None:
        """Claims of a token that this tenant made and that still lives, or None.

        What was signed with a shared key is none: its owner could have made it.
        """
        if is_opaque(token):
            return self._opaque.open(tenant_id, token, self._now())
        published = self._published(await self._load(tenant_id))
        keys = {stored.kid: self._open(stored).public for stored in published}
        try:
            return verify(token, keys, self._now())
        except InvalidToken:
            return None

    async def jwks(self, tenant_id: str, issuer: str) -> list[dict[str, object]]:
        """The tenant's published keys as JSON Web Keys (RFC 7517)."""
        published = self._published(await self._load(tenant_id))
        return [self._open(stored).key.jwk(issuer) for stored in published]

    def close(self) -> None:
        """End the threads after what they are signing."""
        self._threads.close()

    def _published(self, stored: Sequence[StoredKey]) -> list[StoredKey]:
        now = self._now()
        return [
            key
            for key in stored
            if key.published_until is None or key.published_until > now
        ]

    def _current(self, stored: Sequence[StoredKey]) -> _Opened:
        now = self._now()
        ready = [key for key in self._published(stored) if key.signs_from <= now]
        return self._open(max(ready, key=lambda key: key.signs_from))

    def _open(self, stored: StoredKey) -> _Opened:
        opened = self._opened.get(stored.kid)
        if opened is None:
            context = f"signing-key:{stored.tenant_id}:{stored.kid}"
            key = SigningKey.from_parts(
                tenant_id=stored.tenant_id,
                private_pem=self._master.open(stored.sealed_private_key, context),
                certificate_der=base64.b64decode(stored.certificate),
                created_at=stored.created_at,
                signs_from=stored.signs_from,
                published_until=stored.published_until,
            )
            opened = self._opened[stored.kid] = _Opened(key, PublicKeyInfo.of(key))
        return opened
