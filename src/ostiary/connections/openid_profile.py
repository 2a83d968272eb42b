"""Profiles from the claims of upstreams: bounded, printable, believed no further.

Which claim identifies a person is told by the strategies.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

from ostiary.core.accounts import fold
from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile

LONGEST: Final = 320
"""Characters of a mail address, the longest of the names (RFC 3696, erratum 1690)."""
MOST_GROUPS: Final = 1000


def anybody(username: str) -> Candidate:
    """Whoever has the name: an upstream tells whom it means with the password alone.

    It may forgive blanks, accents and look-alikes, so all these spellings are one to
    the counters of guesses: not each of them is worth some more.
    """
    plain = (c for c in unicodedata.normalize("NFKD", username) if _is_told(c))
    return Candidate(fold("".join(plain)), limit=DirectoryLimit())


def _is_told(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ"


def find_text(claims: Mapping[str, object], *names: str) -> str | None:
    """The first of these claims that holds a text fit for a name."""
    for name in names:
        value = claims.get(name)
        if isinstance(value, str) and is_name(value):
            return value
    return None


def is_name(text: str) -> bool:
    """Whether a text can be stored and shown as somebody's name."""
    return 0 < len(text) <= LONGEST and text.isprintable() and bool(text.strip())


def is_same_person(typed: str, *names: str | None) -> bool:
    """Whether the name that was typed is one of these, in any case of letters."""
    return fold(typed) in {fold(name) for name in names if name is not None}


def groups_of(claims: Mapping[str, object], *names: str) -> tuple[str, ...] | None:
    """Groups as the claims name them; None when there is no such claim.

    Entra ID leaves `groups` out when there are too many: then none is known.
    """
    found: list[str] = []
    told = [claims[name] for name in names if name in claims]
    for value in told:
        listed = value if isinstance(value, list | tuple) else [value]
        found += [each for each in listed if isinstance(each, str) and is_name(each)]
    return tuple(dict.fromkeys(found))[:MOST_GROUPS] if told else None


def profile_of(
    claims: Mapping[str, object],
    *,
    username: str,
    external_id: str,
    groups: tuple[str, ...] | None,
    kept: tuple[str, ...],
) -> Profile:
    """A person as an id_token tells of them (OpenID Connect Core §5.1).

    kept: claims that become attributes. Mail addresses count as unverified: their
    owners may have chosen them, whatever the upstream says.
    """
    email = find_text(claims, "email")
    return Profile(
        username,
        external_id=external_id,
        email=email if email is not None and "@" in email else None,
        given_name=find_text(claims, "given_name"),
        family_name=find_text(claims, "family_name"),
        name=find_text(claims, "name"),
        groups=groups,
        attributes={
            name: text for name in kept if (text := find_text(claims, name)) is not None
        },
    )
