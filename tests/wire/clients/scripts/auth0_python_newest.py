"""auth0-python of today as applications use it; it no longer speaks /oauth/ro."""

import uuid
from typing import Any

from auth0.authentication import (
    Database,
    GetToken,
    Passwordless,
    RevokeToken,
    Users,
)
from auth0.authentication.token_verifier import (
    AsymmetricSignatureVerifier,
    TokenVerifier,
)

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.steps import step

Facts = dict[str, Any]
Answer = dict[str, Any]


def public(facts: Facts) -> Any:
    """The token endpoint for the public application."""
    return GetToken(facts["domain"], facts["oidc"])


def confidential(facts: Facts, secret: str = "") -> Any:
    """The token endpoint for the confidential application."""
    return GetToken(
        facts["domain"], facts["confidential"], client_secret=secret or facts["secret"]
    )


def signed_in(facts: Facts, user: str = "alice", **more: Any) -> Answer:
    """The answer to a user's password; the client names its realm null by itself."""
    given = {"password": facts["password"], "scope": "openid"}
    answer: Answer = public(facts).login(facts.get(user, user), **given | more)
    return answer


@step
def password(facts: Facts) -> Answer:
    """The password-realm grant as the client has it by default: no realm, no scope."""
    answer: Answer = public(facts).login(facts["alice"], facts["password"])
    return answer


@step
def realm(facts: Facts) -> Answer:
    """The same with a realm, an API and scopes."""
    connection, api = facts["connection"], facts["api"]
    return signed_in(facts, realm=connection, audience=api, scope="openid read:x")


@step
def default_directory(facts: Facts) -> Answer:
    """The plain password grant."""
    return signed_in(facts, grant_type="password")


@step
def confidential_password(facts: Facts) -> Answer:
    """The secret goes along with the user's password."""
    answer: Answer = confidential(facts).login(
        facts["alice"], facts["password"], scope="openid", realm=facts["connection"]
    )
    return answer


@step
def profile(facts: Facts) -> Any:
    """The access token is good for the profile."""
    token = signed_in(facts, scope="openid profile email")["access_token"]
    return Users(facts["domain"]).userinfo(token)


@step
def refreshed(facts: Facts) -> Answer:
    """The refresh token brings tokens; the client sends an empty scope by itself."""
    scope = "openid read:x offline_access"
    first = signed_in(facts, audience=facts["api"], scope=scope)
    later = public(facts).refresh_token(first["refresh_token"])
    return {"first": first, "later": later}


@step
def revoked(facts: Facts) -> Any:
    """A refresh token after the client revoked it."""
    scope = "openid offline_access"
    first = signed_in(facts, audience=facts["api"], scope=scope)
    end = RevokeToken(facts["domain"], facts["oidc"])
    end.revoke_refresh_token(first["refresh_token"])
    return public(facts).refresh_token(first["refresh_token"])


@step
def verified(facts: Facts) -> Any:
    """The client's own verifier accepts the id_token of the domain."""
    verifier = verifier_for(facts, f"https://{facts['domain']}/")
    return verifier.verify(signed_in(facts)["id_token"])


@step
def verified_without_slash(facts: Facts) -> Any:
    """The issuer without its slash is another one."""
    verifier = verifier_for(facts, f"https://{facts['domain']}")
    return verifier.verify(signed_in(facts)["id_token"])


def verifier_for(facts: Facts, issuer: str) -> Any:
    """The verifier of the public application's id_tokens."""
    keys = f"https://{facts['domain']}/.well-known/jwks.json"
    return TokenVerifier(
        signature_verifier=AsymmetricSignatureVerifier(keys),
        issuer=issuer,
        audience=facts["oidc"],
    )


@step
def secret(facts: Facts) -> Answer:
    """An application's own token."""
    answer: Answer = confidential(facts).client_credentials(facts["api"])
    return answer


@step
def assertion(facts: Facts) -> Answer:
    """The same by an assertion that the application signs."""
    here = GetToken(
        facts["domain"],
        facts["certificate"],
        client_assertion_signing_key=facts["key_pem"],
    )
    answer: Answer = here.client_credentials(facts["api"])
    return answer


@step
def text_message(facts: Facts) -> Answer:
    """A code is sent to a telephone."""
    here = Passwordless(facts["domain"], facts["oidc"])
    answer: Answer = here.sms(facts["other_phone"])
    return answer


@step
def code(facts: Facts) -> Answer:
    """A code that was sent before."""
    answer: Answer = public(facts).passwordless_login(
        username=facts["phone"],
        otp=facts["code"],
        realm="sms",
        scope="openid read:x",
        audience=facts["api"],
    )
    return answer


@step
def used_code(facts: Facts) -> Any:
    """The same code once more."""
    return code(facts)


@step
def signed_up(facts: Facts) -> Answer:
    """A new user, who may then sign in."""
    address = f"{uuid.uuid4().hex}@example.test"
    made = Database(facts["domain"], facts["oidc"]).signup(
        email=address, password=facts["password"], connection=facts["connection"]
    )
    answer = public(facts).login(address, facts["password"], scope="openid")
    return {"address": address, "made": made, "answer": answer}


@step
def wrong_password(facts: Facts) -> Answer:
    """A password that is not the user's."""
    return signed_in(facts, password="wrong")


@step
def unknown_user(facts: Facts) -> Answer:
    """A user nobody knows."""
    return signed_in(facts, "ghost")


@step
def blocked(facts: Facts) -> Answer:
    """The right password of a blocked user."""
    return signed_in(facts, "blocked")


@step
def leaked(facts: Facts) -> Answer:
    """A right password that is known as leaked."""
    return signed_in(facts, "leaked", password=facts["leaked_password"])


@step
def mfa(facts: Facts) -> Answer:
    """A user who must use a second factor."""
    return signed_in(facts, "mfa")


@step
def locked(facts: Facts) -> Answer:
    """The right password after ten wrong ones."""
    return signed_in(facts, "locked")


@step
def legacy_client(facts: Facts) -> Answer:
    """A client whose grants are the legacy ones alone."""
    here = GetToken(facts["domain"], facts["legacy"])
    answer: Answer = here.login(facts["alice"], facts["password"])
    return answer


@step
def garbled_refresh_token(facts: Facts) -> Answer:
    """A refresh token nobody gave out."""
    answer: Answer = public(facts).refresh_token("garbled")
    return answer


@step
def wrong_secret(facts: Facts) -> Answer:
    """A wrong client secret."""
    answer: Answer = confidential(facts, "wrong").client_credentials(facts["api"])
    return answer


@step
def unknown_api(facts: Facts) -> Answer:
    """An API nobody made."""
    answer: Answer = confidential(facts).client_credentials("https://nosuch.test")
    return answer


if __name__ == "__main__":
    steps.main()
