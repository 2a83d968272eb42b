"""What a right answer of the Auth0 half is, whichever client brought it.

Expectations of contract auth0 §1.3–§1.5, §3.3 and §3.4; how a client wraps them is
said in its own tests.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.wire.clients.auth0_serving import Auth0Served

ALICE: Final = "auth0|5f7c8ec7c33c6c004bbafe82"
API: Final = "https://api.test"
DAY, TEN_HOURS = 86_400, 36_000
STANDARD: Final = {"profile", "email", "address", "phone"}
"""What `openid` may stand for besides (contract auth0 §3.3)."""


@dataclass(frozen=True)
class Refusal:
    """A refusal as it is told; a `text` that is empty may be any sentence."""

    status: int
    code: str
    text: str = ""

    def assert_told(self, code: object, text: object) -> None:
        """The client handed on the code and the sentence."""
        assert code == self.code
        assert isinstance(text, str)
        assert text
        if self.text:
            assert text == self.text


WRONG: Final = "Wrong email or password."
BLOCKED: Final = "user is blocked"
LEGACY_GRANT: Final = "http://auth0.com/oauth/legacy/grant-type/ro"
_PASSIVE: Final = "specified strategy does not support requested operation"
_CONFORMANT: Final = "OIDC conformant clients cannot use /oauth/ro"
_NO_GRANT: Final = f"Grant type '{LEGACY_GRANT}' not allowed for the client."

AT_RO: Final = {
    "wrong_password": Refusal(401, "invalid_user_password", WRONG),
    "unknown_user": Refusal(401, "invalid_user_password", WRONG),
    "blocked": Refusal(401, "unauthorized", BLOCKED),
    "leaked": Refusal(401, "password_leaked"),
    "mfa": Refusal(401, "a0.mfa_required"),
    "mfa_not_enrolled": Refusal(401, "a0.mfa_registration_required"),
    "locked": Refusal(429, "too_many_attempts"),
    "unknown_client": Refusal(403, "unauthorized_client", "invalid client"),
    "no_grant": Refusal(403, "unauthorized_client", _NO_GRANT),
    "conformant": Refusal(400, "invalid_request", _CONFORMANT),
    "unknown_connection": Refusal(
        400, "invalid_request", "the connection was not found"
    ),
    "passive_connection": Refusal(400, "invalid_request", _PASSIVE),
}
"""Step → what /oauth/ro refuses it with (contract auth0 §1.1, §1.5)."""

AT_TOKEN: Final = {
    "wrong_password": Refusal(403, "invalid_grant", WRONG),
    "unknown_user": Refusal(403, "invalid_grant", WRONG),
    "blocked": Refusal(403, "unauthorized", BLOCKED),
    "leaked": Refusal(401, "password_leaked"),
    "mfa": Refusal(403, "mfa_required", "Multifactor authentication required"),
    "locked": Refusal(429, "too_many_attempts"),
    "garbled_refresh_token": Refusal(
        403, "invalid_grant", "Unknown or invalid refresh token."
    ),
    "wrong_secret": Refusal(401, "access_denied", "Unauthorized"),
    "unknown_api": Refusal(
        403,
        "access_denied",
        "Service not enabled within domain: https://nosuch.test",
    ),
}
"""Step → what /oauth/token refuses it with (contract auth0 §3.4)."""


def camel(name: str) -> str:
    """The name of a step in a script of JavaScript."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def assert_legacy_answer(
    served: Auth0Served,
    domain: str,
    answer: Mapping[str, Any],
    more: Collection[str] = ("id_token",),
) -> None:
    """Alice's answer of /oauth/ro has just these keys beside the three of §1.3."""
    assert set(answer) == {"access_token", "token_type", "expires_in", *more}
    assert answer["token_type"].lower() == "bearer"
    assert answer["expires_in"] == DAY
    assert_opaque(answer["access_token"])
    if "id_token" in more:
        claims = assert_id_token(served, domain, answer["id_token"], "LEG")
        assert "email" not in claims


def assert_opaque(token: str) -> None:
    """An access token without an audience is no JWT (cases A15, §3.3)."""
    assert len(token) >= 16
    assert token.count(".") != 2


def assert_id_token(
    served: Auth0Served, domain: str, token: str, client: str
) -> dict[str, Any]:
    """The claims of alice's id_token, proven as any consumer proves it (§1.4)."""
    claims = served.verified(domain, token, client)
    assert claims["sub"] == ALICE
    assert claims["aud"] == client
    assert claims["exp"] - claims["iat"] == TEN_HOURS
    return claims


def assert_api_token(
    served: Auth0Served, domain: str, token: str, scope: str, client: str = "OIDC"
) -> None:
    """Alice's access token for the API, got together with `openid` (case A93)."""
    claims = served.verified(domain, token, API)
    assert claims["sub"] == ALICE
    assert claims["aud"] == [API, f"https://{domain}/userinfo"]
    assert claims["azp"] == client
    assert set(claims["scope"].split()) - STANDARD == set(scope.split())
    assert claims["exp"] - claims["iat"] == DAY


def assert_application_token(
    served: Auth0Served, domain: str, answer: Mapping[str, Any], client: str = "CONF"
) -> None:
    """An application's own token for the API: nobody's id_token (case A99)."""
    claims = served.verified(domain, answer["access_token"], API)
    assert claims["sub"] == f"{client}@clients"
    assert claims["azp"] == client
    assert claims["aud"] == API
    assert answer["token_type"] == "Bearer"
    assert not {"id_token", "refresh_token"} & set(answer)
