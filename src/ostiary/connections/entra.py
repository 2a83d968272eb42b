"""Strategy `waad`: passwords checked by Entra ID, with the password grant.

What its refusals mean is told in `entra_errors`, how tokens are proven in
`openid_provider`.
"""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ostiary.connections.entra_errors import verdict_of
from ostiary.connections.openid_profile import (
    find_text,
    groups_of,
    is_same_person,
    profile_of,
)
from ostiary.connections.openid_provider import (
    TENANT_IN_ISSUER,
    tenant_of,
)
from ostiary.connections.openid_remarks import option
from ostiary.connections.openid_tokens import TokenRefused
from ostiary.connections.openid_upstream import Habits, OpenIdUpstream
from ostiary.connections.upstream import (
    Away,
    Grade,
    Registered,
    Remark,
    Upstream,
)
from ostiary.core.errors import Reason
from ostiary.flows.facts import Profile

if TYPE_CHECKING:
    from ostiary.connections import Means

_NO_PASSWORDS: Final = ("common", "consumers")


def entra(registered: Registered, means: "Means") -> Upstream:
    """The upstream of the connection. Raises Unserved, ValueError for its options."""
    authority = option(registered, "authority").rstrip("/")
    id_claim = str(registered.options.get("userid_attribute") or "sub")
    habits = Habits(
        "v2.0/.well-known/openid-configuration",
        verdict_of,
        lambda claims, typed: _profile(claims, typed, id_claim),
        _on_authority(authority),
    )
    networks, clock = means.outgoing_networks, means.clock
    return OpenIdUpstream(registered, networks, clock, habits)


def _profile(claims: dict[str, object], typed: str, id_claim: str) -> Profile:
    """Who signed in; raises Away (LIED) for anybody but who was asked about."""
    try:
        tenant_of(claims)
    except TokenRefused as refused:
        raise Away(Reason.DIRECTORY_LIED, f"id_token: {refused}") from None
    external_id = find_text(claims, id_claim)
    if external_id is None:
        raise Away(Reason.DIRECTORY_LIED, f"id_token: no {id_claim}")
    names = [find_text(claims, name) for name in ("preferred_username", "upn", "email")]
    # A name by which the upstream alone knows somebody proves nothing of them.
    if not is_same_person(typed, *names):
        raise Away(Reason.DIRECTORY_LIED, "id_token: of another person")
    return profile_of(
        claims,
        username=names[0] or names[1] or typed,
        external_id=external_id,
        groups=groups_of(claims, "groups"),
        kept=("oid", "tid", "upn"),
    )


def _on_authority(authority: str) -> tuple[Remark, ...]:
    last = urlsplit(authority).path.rpartition("/")[2].lower()
    if last in _NO_PASSWORDS:
        text = f"authority ends in /{last}, where no passwords are taken"
        mend = "end it in the tenant's id or domain"
        return (Remark(Grade.FAIL, text, mend),)
    if last == "organizations" or TENANT_IN_ISSUER in authority:
        text = "authority lets in the users of every Entra ID tenant there is"
        mend = "end it in the tenant's id or domain, unless that is meant"
        return (Remark(Grade.WARNING, text, mend),)
    return ()
