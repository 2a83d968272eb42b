"""Assertions judged by the certificates that connections pin: port `Federation`.

Whom a proven one lets in is decided in `flows`; what it must look like, in `saml`.
"""

import asyncio
import logging
from pathlib import Path

from ostiary.core.accounts import domain_of
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import ConnectionSettings
from ostiary.flows.facts import FederatedSubject

logger = logging.getLogger(__name__)


class PinnedFederation:
    """Port `Federation`: AD FS connections with a `signing_certificate`.

    The file is read each time, so that a new certificate counts at once. XML is read
    in a thread, and what reads it is loaded when the first assertion comes.
    """

    def trusts(self, settings: ConnectionSettings) -> bool:
        """Whether the connection pins an issuer's certificate."""
        pinned = settings.options.get("signing_certificate")
        return settings.strategy == "adfs" and bool(pinned)

    async def read(
        self, settings: ConnectionSettings, assertion: str, audience: str, now: float
    ) -> FederatedSubject:
        """What the assertion says, proven; see the port."""
        pinned = Path(str(settings.options.get("signing_certificate")))
        try:
            pem = await asyncio.to_thread(pinned.read_text)
            return await asyncio.to_thread(_read, assertion, pem, audience, now)
        except (OSError, ValueError) as failure:
            logger.error(
                "connection %s: no certificate can be read from its "
                "signing_certificate: %s",
                settings.name,
                type(failure).__name__,
            )
            cause = "no certificate of ours can be read"
            raise Refused(Reason.FEDERATION_UNTRUSTED, cause=cause) from None

    async def named_by(self, assertion: str) -> str | None:
        """The user name in an assertion that nobody has proven yet."""
        return await asyncio.to_thread(_named_by, assertion)


def _read(assertion: str, pem: str, audience: str, now: float) -> FederatedSubject:
    from ostiary.connections.saml import SKEW, SamlRefused, read_assertion
    from ostiary.connections.saml_people import name_of, profile_of

    try:
        found = read_assertion(assertion.encode(), pem, audience, now)
    except SamlRefused as refused:
        raise Refused(Reason.FEDERATION_ASSERTION, cause=str(refused)) from None
    name, own = name_of(found), found.immutable_id
    return FederatedSubject(
        assertion_id=found.id,
        issuer=found.issuer,
        expires_at=found.not_on_or_after + SKEW,
        username=name,
        # Ids of user name form are user names: another person may have this one.
        immutable_id=None if domain_of(own or "") else own,
        profile=profile_of(found, name) if name is not None else None,
    )


def _named_by(assertion: str) -> str | None:
    from ostiary.connections.saml import SamlRefused, unproven_name

    try:
        return unproven_name(assertion.encode())
    except SamlRefused:
        return None
