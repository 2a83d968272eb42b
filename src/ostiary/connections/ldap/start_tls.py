"""StartTLS: the request that comes before everything else (RFC 4511 §4.14).

Spoken by ourselves, so that libldap never sees an unencrypted byte.
"""

import asyncio
import ssl
from typing import Final

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1_modules import rfc2251

from ostiary.connections.ldap.relay import Relay
from ostiary.connections.upstream import Away
from ostiary.core.errors import Reason

OID: Final = b"1.3.6.1.4.1.1466.20037"
_MESSAGE_ID: Final = 1
_LONGEST_HEADER: Final = 6


async def start_tls(relay: Relay, context: ssl.SSLContext, host: str) -> None:
    """Switch a fresh connection to TLS, its certificate checked for `host`.

    Raises Away when the server will not, or says more than its answer: that could have
    been put there by others and must not count as said under TLS.
    Raises OSError, ssl.SSLError for the handshake.
    """
    relay.write(_request())
    answer = await _answer(relay)
    _check(answer)
    upgraded = relay.transport and await asyncio.get_running_loop().start_tls(
        relay.transport, relay, context, server_hostname=host
    )
    if upgraded is None:
        raise Away(detail="the connection was closed at StartTLS")
    relay.transport = upgraded


def _request() -> bytes:
    message = rfc2251.LDAPMessage()
    message["messageID"] = _MESSAGE_ID
    message["protocolOp"]["extendedReq"]["requestName"] = OID
    return bytes(encoder.encode(message))


async def _answer(relay: Relay) -> bytes:
    """One whole message, and nothing behind it."""
    while (length := _length(relay.held)) is None or len(relay.held) < length:
        if relay.flooded:
            raise Away(Reason.DIRECTORY_LIED, "too much before StartTLS")
        if relay.lost:
            raise Away(detail="the connection was closed at StartTLS")
        relay.heard.clear()
        await relay.heard.wait()
    answer = bytes(relay.held)
    relay.held.clear()
    if len(answer) > length:
        raise Away(Reason.DIRECTORY_LIED, "more than an answer to StartTLS")
    return answer


def _length(held: bytearray) -> int | None:
    """How long the first message is, header included; None: not to be seen yet.

    Raises Away for what is no message (X.690 §8.1.3: tag, length, contents).
    """
    if len(held) < 2:
        return None
    first = held[1]
    width = first & 0x7F if first & 0x80 else 0
    if held[0] != 0x30 or first == 0x80 or 2 + width > _LONGEST_HEADER:
        raise Away(Reason.DIRECTORY_LIED, "no LDAP there")
    if not width:
        return 2 + first
    if len(held) < 2 + width:
        return None
    return 2 + width + int.from_bytes(held[2 : 2 + width], "big")


def _check(answer: bytes) -> None:
    try:
        message, rest = decoder.decode(answer, asn1Spec=rfc2251.LDAPMessage())
        operation = message["protocolOp"]
        said = operation.getName() == "extendedResp" and not rest
        result = int(operation["extendedResp"]["resultCode"]) if said else -1
        ours = int(message["messageID"]) == _MESSAGE_ID
    except (PyAsn1Error, ValueError, KeyError):
        raise Away(Reason.DIRECTORY_LIED, "no LDAP there") from None
    if not said or not ours:
        raise Away(Reason.DIRECTORY_LIED, "no answer to StartTLS")
    if result != 0:
        raise Away(
            Reason.DIRECTORY_MISCONFIGURED, f"StartTLS was refused: result {result}"
        )
