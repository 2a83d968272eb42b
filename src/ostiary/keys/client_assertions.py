"""Client assertions judged by registered certificates: port `Assertions`.

What their claims must say is a rule of `core.clients`.
"""

from collections.abc import Mapping
from functools import lru_cache

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.keys.assertions import (
    ClientCertificate,
    InvalidAssertion,
    InvalidCertificate,
    find_certificate,
    names_none,
    read_assertion,
    verify_signature,
)


@lru_cache(maxsize=1024)
def _parsed(pem: str) -> ClientCertificate | None:
    """None for what was stored and can no longer be used: it proves nobody."""
    try:
        return ClientCertificate.from_pem(pem.encode())
    except InvalidCertificate:
        return None


class RegisteredCertificates:
    """Port `Assertions`: the header names a certificate, its key must have signed.

    Where it names none, any of the client's may have.
    """

    def read(self, client: Client, assertion: str, now: float) -> Mapping[str, object]:
        """Claims of a well-signed assertion, numbers as float.

        A certificate that ran out before `now` (epoch seconds) proves nothing. Raises
        Refused(ASSERTION_MALFORMED) or Refused(ASSERTION_SIGNATURE).
        """
        try:
            read = read_assertion(assertion)
        except InvalidAssertion:
            raise Refused(
                Reason.ASSERTION_MALFORMED, client_id=client.client_id
            ) from None
        parsed = (_parsed(pem) for pem in client.certificates)
        certificates = [one for one in parsed if one and one.not_after > now]
        named = find_certificate(read, certificates)
        meant = certificates if names_none(read) else [named] if named else []
        if not any(verify_signature(read, one) for one in meant):
            raise Refused(Reason.ASSERTION_SIGNATURE, client_id=client.client_id)
        return read.claims
