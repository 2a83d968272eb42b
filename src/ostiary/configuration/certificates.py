"""Certificates of clients, looked at before they are stored.

What makes one usable is decided where assertions are judged, in `keys.assertions`.
"""

from collections.abc import Iterator

from ostiary.keys.assertions import ClientCertificate, InvalidCertificate
from ostiary.settings import KeyPath, Settings


def check_certificate(pem: str) -> str:
    """The PEM text of a usable certificate; raises ValueError for any other."""
    try:
        ClientCertificate.from_pem(pem.encode())
    except InvalidCertificate as wrong:
        raise ValueError(
            f"is of no use: {wrong}; allowed: an RSA certificate of 2048 bits or more"
        ) from None
    return pem


def find_unusable(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """Every certificate of the file that no client could prove itself with."""
    for number, tenant in enumerate(settings.tenants):
        for place, application in enumerate(tenant.applications):
            for index, pem in enumerate(application.certificates):
                try:
                    check_certificate(pem)
                except ValueError as wrong:
                    at = ("tenants", number, "applications", place)
                    yield (*at, "certificates", index), str(wrong)
