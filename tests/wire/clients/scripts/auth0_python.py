"""auth0-python 3.x as applications use it; run with the client's own interpreter.

One script for 3.0, 3.9 and 3.24: what only the newer ones have is asked for by name.
"""

import json
import warnings
from typing import Any

import auth0.v3.authentication as authentication

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step

Facts = dict[str, Any]
Answer = dict[str, Any]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# 3.x warns that /oauth/ro will go; that is not what is looked at here.
warnings.simplefilter("ignore", DeprecationWarning)


def signed_in(facts: Facts, **more: Any) -> Answer:
    """The answer of /oauth/ro to alice's password, with `more` instead."""
    given = {
        "client_id": facts["legacy"],
        "username": facts["alice"],
        "password": facts["password"],
        "connection": facts["connection"],
    }
    answer: Answer = authentication.Database(facts["domain"]).login(**given | more)
    return answer


def exchanged(facts: Facts, **more: Any) -> Answer:
    """The answer of /oauth/token to alice's password, with `more` instead."""
    given = {
        "client_id": facts["oidc"],
        "client_secret": None,
        "username": facts["alice"],
        "password": facts["password"],
        "scope": "openid",
        "realm": facts["connection"],
        "audience": None,
    }
    answer: Answer = authentication.GetToken(facts["domain"]).login(**given | more)
    return answer


def profile_of(facts: Facts, token: str) -> Any:
    """What /userinfo says; 3.0 hands its text on as it came."""
    told = authentication.Users(facts["domain"]).userinfo(token)
    return json.loads(told) if isinstance(told, str) else told


@step
def password(facts: Facts) -> Answer:
    """A user name and a password; the client asks for `openid` by itself."""
    return signed_in(facts)


@step
def no_scope(facts: Facts) -> Answer:
    """An empty scope."""
    return signed_in(facts, scope="")


@step
def profile(facts: Facts) -> Any:
    """The access token is good for the profile."""
    return profile_of(facts, signed_in(facts)["access_token"])


@step
def refreshed(facts: Facts) -> Answer:
    """The refresh token of a device, which works at /delegation, twice."""
    scope = "openid offline_access"
    first = signed_in(facts, scope=scope, device="phone")
    here = authentication.Delegated(facts["domain"])
    given = {
        "client_id": facts["legacy"],
        "target": facts["legacy"],
        "api_type": "app",
        "grant_type": JWT_BEARER,
        "refresh_token": first["refresh_token"],
    }
    return {"first": first, "later": [here.get_token(**given) for _ in range(2)]}


@step
def no_device(facts: Facts) -> Answer:
    """`offline_access` without a device."""
    return signed_in(facts, scope="openid offline_access")


@step
def token_info(facts: Facts) -> Any:
    """The profile of an id_token."""
    id_token = signed_in(facts)["id_token"]
    return authentication.Users(facts["domain"]).tokeninfo(id_token)


@step
def realm(facts: Facts) -> Answer:
    """The password-realm grant, with an API."""
    return exchanged(facts, audience=facts["api"], scope="openid read:x")


@step
def realm_without_scope(facts: Facts) -> Answer:
    """The same without any scope."""
    return exchanged(facts, scope=None)


@step
def realm_refreshed(facts: Facts) -> Answer:
    """The refresh token of /oauth/token; 3.0 cannot use one."""
    scope = "openid read:x offline_access"
    first = exchanged(facts, audience=facts["api"], scope=scope)
    here = authentication.GetToken(facts["domain"])
    if not hasattr(here, "refresh_token"):
        return {"first": first}
    later = here.refresh_token(facts["oidc"], None, first["refresh_token"])
    return {"first": first, "later": later}


@step
def text_message(facts: Facts) -> Answer:
    """A code is sent to a telephone."""
    here = authentication.Passwordless(facts["domain"])
    answer: Answer = here.sms(facts["legacy"], facts["other_phone"])
    return answer


@step
def code(facts: Facts) -> Answer:
    """A code that was sent before."""
    here = authentication.Passwordless(facts["domain"])
    answer: Answer = here.sms_login(facts["legacy"], facts["phone"], facts["code"])
    return answer


@step
def used_code(facts: Facts) -> Any:
    """The same code once more."""
    return code(facts)


@step
def secret(facts: Facts) -> Answer:
    """An application's own token."""
    answer: Answer = authentication.GetToken(facts["domain"]).client_credentials(
        facts["confidential"], facts["secret"], facts["api"]
    )
    return answer


@step
def wrong_password(facts: Facts) -> Answer:
    """A password that is not the user's."""
    return signed_in(facts, password="wrong")


@step
def unknown_user(facts: Facts) -> Answer:
    """A user nobody knows."""
    return signed_in(facts, username=facts["ghost"])


@step
def blocked(facts: Facts) -> Answer:
    """The right password of a blocked user."""
    return signed_in(facts, username=facts["blocked"])


@step
def leaked(facts: Facts) -> Answer:
    """A right password that is known as leaked."""
    return signed_in(facts, username=facts["leaked"], password=facts["leaked_password"])


@step
def mfa(facts: Facts) -> Answer:
    """A user who must use a second factor."""
    return signed_in(facts, username=facts["mfa"])


@step
def mfa_not_enrolled(facts: Facts) -> Answer:
    """A user who must, but has none."""
    return signed_in(facts, username=facts["mfa_not_enrolled"])


@step
def locked(facts: Facts) -> Answer:
    """The right password after ten wrong ones."""
    return signed_in(facts, username=facts["locked"])


@step
def unknown_client(facts: Facts) -> Answer:
    """A client id nobody has."""
    return signed_in(facts, client_id="nope")


@step
def no_grant(facts: Facts) -> Answer:
    """A client without the legacy grants."""
    return signed_in(facts, client_id=facts["no_grant"])


@step
def conformant(facts: Facts) -> Answer:
    """A client that is marked OIDC-conformant."""
    return signed_in(facts, client_id=facts["oidc"])


@step
def unknown_connection(facts: Facts) -> Answer:
    """A connection nobody made."""
    return signed_in(facts, connection="nowhere")


@step
def passive_connection(facts: Facts) -> Answer:
    """A connection that takes no password."""
    return signed_in(facts, connection=facts["passive"])


@step
def realm_wrong_password(facts: Facts) -> Answer:
    """A wrong password at /oauth/token."""
    return exchanged(facts, password="wrong")


@step
def realm_mfa(facts: Facts) -> Answer:
    """A second factor at /oauth/token."""
    return exchanged(facts, username=facts["mfa"])


@step
def realm_locked(facts: Facts) -> Answer:
    """The lock holds at /oauth/token too."""
    return exchanged(facts, username=facts["locked"])


@step
def wrong_secret(facts: Facts) -> Answer:
    """A wrong client secret."""
    answer: Answer = authentication.GetToken(facts["domain"]).client_credentials(
        facts["confidential"], "wrong", facts["api"]
    )
    return answer


if __name__ == "__main__":
    steps.main()
