"""The person of whom a proven SAML assertion speaks, as a profile to be kept.

Pure translation of claims; what becomes of the profile is decided by who asked.
"""

from typing import Final

from ostiary.connections.openid_profile import groups_of, is_name
from ostiary.connections.saml_claims import SamlAssertion
from ostiary.core.accounts import domain_of, fold
from ostiary.flows.facts import Profile

_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_COMMON_NAME: Final = "http://schemas.xmlsoap.org/claims/CommonName"
_GROUPS: Final = (
    "http://schemas.xmlsoap.org/claims/Group",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
)


def name_of(assertion: SamlAssertion) -> str | None:
    """The user name: the UPN, else a name id of that form; None: none is told."""
    name = assertion.upn or assertion.name_id or ""
    told = assertion.upn is not None or domain_of(name) is not None
    return name if told and is_name(name) else None


def profile_of(assertion: SamlAssertion, username: str) -> Profile:
    """The profile of a person, as AD FS's usual rules tell of them.

    Their id is the folded UPN, else the name id, as when the connection itself asks
    for a password (contract auth0 §4.2). An address is not verified by being told.
    """

    def claim(name: str) -> str | None:
        values = assertion.attributes.get(name, ())
        return next((value for value in values if is_name(value)), None)

    email = claim(f"{_CLAIMS}/emailaddress")
    return Profile(
        username=username,
        external_id=fold(username) if assertion.upn else username,
        email=email if email is not None and "@" in email else None,
        given_name=claim(f"{_CLAIMS}/givenname"),
        family_name=claim(f"{_CLAIMS}/surname"),
        name=claim(_COMMON_NAME),
        groups=groups_of(assertion.attributes, *_GROUPS),
        attributes={"upn": assertion.upn} if assertion.upn else {},
    )
