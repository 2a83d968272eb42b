"""What stands in the tokens of this dialect, and what it tells of a user.

Contract auth0 §1.4, §3.3 and §4.2; signing is done elsewhere.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, cast

from ostiary.core.accounts import external_id
from ostiary.core.model import User
from ostiary.core.names import EMAIL, OPENID, PROFILE
from ostiary.core.request import Grant, Subject
from ostiary.dialects.auth0.domain import issuer, userinfo_audience
from ostiary.flows.facts import IdToken

Claims = dict[str, object]

ID_TOKEN_SECONDS: Final = 36000
PRIVATE: Final = "ost"
"""The one claim that is for this server alone: user, session, kind, milliseconds,
second factor."""
OIDC_SCOPES: Final = (OPENID, PROFILE, EMAIL, "address", "phone", "offline_access")
STANDARD: Final = frozenset({OPENID, PROFILE, EMAIL, "address", "phone"})
"""All that `openid` alone stands for in a password grant (contract auth0 §3.3)."""
BY_SCOPE: Final[Mapping[str, tuple[str, ...]]] = {
    PROFILE: (
        "name",
        "given_name",
        "family_name",
        "nickname",
        "picture",
        "updated_at",
        "birthdate",
        "gender",
        "locale",
        "middle_name",
        "preferred_username",
        "profile",
        "website",
        "zoneinfo",
    ),
    EMAIL: ("email", "email_verified"),
    "phone": ("phone_number", "phone_verified"),
    "address": ("address",),
}
ABOUT_TOKEN: Final = frozenset(
    {"iss", "sub", "aud", "iat", "exp", "azp", "nonce", "amr"}
)
"""Claims of an id_token that are no attributes of the user."""
ABOUT_ACCESS: Final = frozenset({"jti", "scope", "gty", PRIVATE})
RESERVED: Final = ABOUT_TOKEN | ABOUT_ACCESS | {"nbf", "acr", "auth_time", "at_hash"}
"""Names that no attribute may take, as people choose those of some for themselves."""
MFA: Final = "mfa"
METADATA: Final = ("app_metadata", "user_metadata")
SOCIAL: Final = False


def subject_id(user: User, strategy: str) -> str:
    """`strategy|id`, for ever the same (contract auth0 §4.2)."""
    return f"{strategy}|{external_id(user)}"


def profile_of(subject: Subject, strategy: str) -> Claims:
    """The normalized profile: what is known, and what is always there."""
    user = subject.user
    identity = {
        "connection": user.connection,
        "provider": strategy,
        "user_id": external_id(user),
        "isSocial": SOCIAL,
    }
    known: Claims = {
        "email": user.email,
        "email_verified": user.email_verified if user.email else None,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "username": user.login,
        "phone_number": user.phone_number,
        "phone_verified": _phone_verified(user, strategy),
        "groups": list(user.all_groups) or None,
    }
    return {
        **_allowed(user.attributes),
        **{name: value for name, value in known.items() if value is not None},
        "user_id": subject_id(user, strategy),
        "name": user.display_name,
        "nickname": user.nickname or nickname_of(user),
        "picture": user.picture or picture_of(user),
        "identities": [identity],
        "created_at": moment(subject.created_at),
        "updated_at": moment(subject.updated_at),
    }


def _phone_verified(user: User, strategy: str) -> bool | None:
    """A number that brought a code here is the user's own."""
    if not user.phone_number:
        return None
    return strategy == "sms" or user.attributes.get("phone_verified") is True


def nickname_of(user: User) -> str:
    """The part before `@`, or the account name (contract auth0 §4.2)."""
    return (user.email or user.login or user.username).partition("@")[0]


def picture_of(user: User) -> str:
    """A gravatar-style address; the digest is a name there, not a protection."""
    about = (user.email or user.username).strip().lower().encode()
    digest = hashlib.md5(about, usedforsecurity=False).hexdigest()
    return f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d=mp"


def moment(seconds: float) -> str:
    """A time in ISO 8601 with milliseconds, as profiles tell it."""
    at = datetime.fromtimestamp(seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def strategy_of(grant: Grant) -> str:
    """The strategy of the connection that the subject belongs to."""
    return grant.connection.strategy if grant.connection else "auth0"


def legacy_claims(profile: Claims, words: Iterable[str]) -> Claims:
    """What scope words add to a legacy id_token: `profile` is all, others one each."""
    asked = set(words)
    if PROFILE in asked:
        return profile
    found = {name: profile[name] for name in profile if name in asked}
    for place in METADATA:
        more = profile.get(place)
        if isinstance(more, Mapping):
            found = {k: v for k, v in _allowed(more).items() if k in asked} | found
    return found


def _allowed(attributes: Mapping[str, object]) -> Claims:
    """Attributes that a token may hold without saying something about itself."""
    return {k: v for k, v in attributes.items() if k not in RESERVED}


def oidc_claims(profile: Claims, words: Iterable[str]) -> Claims:
    """What OpenID Connect's scopes stand for (OpenID Connect Core §5.4)."""
    names = {name for word in words for name in BY_SCOPE.get(word, ())}
    return {name: profile[name] for name in profile if name in names}


def id_token_claims(grant: Grant, *, legacy: bool) -> Claims:
    """The claims of an id_token (contract auth0 §1.4, §3.3)."""
    subject = grant.subject
    if subject is None:
        return {}
    strategy, words = strategy_of(grant), grant.access.openid
    profile = profile_of(subject, strategy)
    issued = int(grant.issued_at)
    facts = legacy_claims if legacy else oidc_claims
    claims: Claims = {
        **facts(profile, words),
        "iss": issuer(grant.tenant),
        "sub": subject_id(subject.user, strategy),
        "aud": grant.client.client_id,
        "iat": issued,
        "exp": issued + id_token_seconds(grant),
    }
    if grant.nonce:
        claims["nonce"] = grant.nonce
    if MFA in subject.amr:
        claims["amr"] = [MFA]
    if grant.asked_by:
        claims["azp"] = grant.asked_by
    return claims


def read_id_token_claims(claims: Mapping[str, object]) -> IdToken | None:
    """An id_token from the claims of a token of ours; None for an access token."""
    subject, client_id, issued = (claims.get(name) for name in ("sub", "aud", "iat"))
    if PRIVATE in claims or not isinstance(issued, int):
        return None
    if not isinstance(subject, str) or not isinstance(client_id, str):
        return None
    proven = claims.get("amr")
    return IdToken(
        subject=subject,
        client_id=client_id,
        issued_at=float(issued),
        amr=tuple(str(way) for way in proven) if isinstance(proven, list) else (),
        words=frozenset(claims) - ABOUT_TOKEN | {OPENID},
    )


def id_token_seconds(grant: Grant) -> int:
    """The id_token's lifetime in seconds, as the client is registered."""
    settings = cast(Mapping[str, object], grant.client.options.get("id_token", {}))
    return int(str(settings.get("lifetime", ID_TOKEN_SECONDS)))


def access_token_claims(grant: Grant, *, legacy: bool) -> Claims:
    """The claims of an access token (contract auth0 §3.3).

    For UserInfo alone it is opaque; for an API it is told apart by its audience.
    """
    access, subject = grant.access, grant.subject
    issued = int(grant.issued_at)
    audience: object = access.resource.identifier
    if OPENID in access.openid and not access.default_resource:
        audience = [audience, userinfo_audience(grant.tenant)]
    words: list[str] = [word for word in OIDC_SCOPES if word in access.openid]
    if legacy:
        words = sorted(access.openid)
    private = {
        "u": subject.user.id if subject else "",
        "s": grant.session_id,
        "p": grant.client.public,
        "t": int(grant.issued_at * 1000),
        "l": legacy,
        "m": MFA in subject.amr if subject else False,
    }
    user_id = subject_id(subject.user, strategy_of(grant)) if subject else ""
    claims: Claims = {
        "iss": issuer(grant.tenant),
        "sub": user_id or f"{grant.client.client_id}@clients",
        "aud": audience,
        "iat": issued,
        "exp": issued + grant.lifetime,
        "azp": grant.client.client_id,
        "jti": grant.token_id,
        "scope": " ".join((*words, *access.scopes, *access.roles)),
        "gty": "password" if subject else "client-credentials",
        PRIVATE: private,
    }
    return claims
