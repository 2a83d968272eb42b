"""Strategy `adfs`: passwords checked by AD FS, with OAuth's password grant.

WS-Trust, where that is all there is, is spoken in `adfs_trust`; how tokens are proven
is told in `openid_upstream`.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from ostiary.connections.openid_profile import (
    find_text,
    groups_of,
    is_same_person,
    profile_of,
)
from ostiary.connections.openid_upstream import Habits, OpenIdUpstream
from ostiary.connections.upstream import Away, Registered, Upstream
from ostiary.core.accounts import fold
from ostiary.core.errors import Reason
from ostiary.flows.facts import Profile, Rejected

if TYPE_CHECKING:
    from ostiary.connections import Means

WRONG: Final = 9659
"""MSIS9659, of a wrong password, a locked account or nobody: AD FS says no more."""
_NUMBER: Final = re.compile(r"MSIS([0-9]{4,6})\b")
_IN_TROUBLE: Final = ("server_error", "temporarily_unavailable")


def adfs(registered: Registered, means: "Means") -> Upstream:
    """The upstream of the connection. Raises Unserved, ValueError for its options."""
    networks, clock = means.outgoing_networks, means.clock
    if registered.options.get("protocol") == "ws-trust":
        # Reads XML, which a server without such a connection need not load.
        from ostiary.connections.adfs_trust import TrustUpstream

        return TrustUpstream(registered, networks, clock)
    habits = Habits(".well-known/openid-configuration", refusal_of, _profile)
    return OpenIdUpstream(registered, networks, clock, habits)


def refusal_of(told: Mapping[str, object], retry_after: int | None) -> Rejected:
    """What a refusal says of the password; raises Away when that is nothing.

    A number that is not known proves nothing, and is told as misconfigured for the
    reason that `entra_errors` gives.
    """
    error, text = told.get("error"), told.get("error_description")
    found = _NUMBER.search(text) if isinstance(text, str) else None
    number = int(found[1]) if found else None
    if error == "invalid_grant" and number in (None, WRONG):
        return Rejected()
    detail = f"MSIS{number}" if number else "a refusal without a number"
    if error in _IN_TROUBLE:
        raise Away(Reason.DIRECTORY_UNREACHABLE, detail)
    raise Away(Reason.DIRECTORY_MISCONFIGURED, detail)


def _profile(claims: dict[str, object], typed: str) -> Profile:
    """Who signed in; raises Away (LIED) for anybody but who was asked about.

    Their id is the UPN, else `unique_name`, both folded so that it stays the same
    however AD FS writes it, else `sub` (contract auth0 §4.2).
    """
    upn, unique = find_text(claims, "upn"), find_text(claims, "unique_name")
    subject = find_text(claims, "sub")
    known = upn or unique
    external_id = fold(known) if known is not None else subject
    if external_id is None:
        raise Away(Reason.DIRECTORY_LIED, "id_token: of nobody")
    if not is_same_person(typed, upn, unique, find_text(claims, "email"), subject):
        raise Away(Reason.DIRECTORY_LIED, "id_token: of another person")
    return profile_of(
        claims,
        username=known or typed,
        external_id=external_id,
        groups=groups_of(claims, "group", "groups"),
        kept=("upn", "unique_name"),
    )
