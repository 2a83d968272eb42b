"""What of an entry becomes known of a person (contract auth0 §4.3).

Their groups are found in `groups`.
"""

from collections.abc import Mapping
from typing import Final

from ostiary.connections.ldap.entries import Entry
from ostiary.flows.facts import Profile

ATTRIBUTES: Final = (
    "sAMAccountName",
    "userPrincipalName",
    "displayName",
    "uid",
    "cn",
    "sn",
    "givenName",
    "initials",
    "mail",
    "department",
    "title",
    "company",
    "o",
    "ou",
    "manager",
    "employeeID",
    "employeeNumber",
    "employeeType",
    "telephoneNumber",
    "mobile",
    "facsimileTelephoneNumber",
    "physicalDeliveryOfficeName",
    "street",
    "streetAddress",
    "l",
    "st",
    "postalCode",
    "c",
    "co",
    "preferredLanguage",
)
"""What is asked of a person's entry, and kept as it is spelled here."""
MOST_VALUES: Final = 20
LONGEST_VALUE: Final = 4096
"""Characters; what is longer is not kept."""


def profile_of(
    entry: Entry,
    external_id: str,
    *,
    domain: str | None,
    email_verified: bool,
    groups: tuple[str, ...],
) -> Profile:
    """A person's profile; `domain`: the DNS name of their Active Directory domain."""
    mail = _short(entry, "mail")
    return Profile(
        username_of(entry, domain) or external_id,
        external_id,
        mail,
        email_verified and mail is not None,
        given_name=_short(entry, "givenName"),
        family_name=_short(entry, "sn"),
        name=_short(entry, "displayName") or _short(entry, "cn"),
        nickname=_short(entry, "sAMAccountName") or _short(entry, "cn"),
        login=_short(entry, "sAMAccountName") or _short(entry, "uid"),
        groups=groups,
        attributes=_attributes(entry),
    )


def username_of(entry: Entry, domain: str | None) -> str | None:
    """The name under which somebody is known here: their UPN, or what comes nearest."""
    account = _short(entry, "sAMAccountName")
    implied = f"{account}@{domain}" if account and domain else None
    return (
        _short(entry, "userPrincipalName")
        or implied
        or _short(entry, "uid")
        or _short(entry, "mail")
    )


def _attributes(entry: Entry) -> Mapping[str, object]:
    kept: dict[str, object] = {"dn": entry.dn}
    for name in ATTRIBUTES:
        texts = [t for t in entry.texts(name) if len(t) <= LONGEST_VALUE]
        if texts:
            kept[name] = texts[0] if len(texts) == 1 else texts[:MOST_VALUES]
    return kept


def _short(entry: Entry, name: str) -> str | None:
    text = entry.text(name)
    return text if text and len(text) <= LONGEST_VALUE else None
