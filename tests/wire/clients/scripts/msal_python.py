"""MSAL Python as applications use it; run with the client's own interpreter."""

import os
import warnings
from typing import Any

import certifi
import msal

from tests.wire.clients.scripts import steps
from tests.wire.clients.scripts.msal_python_apps import (
    SCOPES,
    Answer,
    Facts,
    KeepPort,
    any_port,
    confidential,
    public,
    signed_in,
)
from tests.wire.clients.scripts.steps import step

APP_SCOPES = ["api://tasks/.default"]

warnings.simplefilter("ignore")


@step
def port_443(facts: Facts) -> Answer:
    """The realm is asked at port 443, the token at the port of the authority."""
    return signed_in(facts, public(facts, f"{facts['open']}/contoso.test"))


@step
def authority_on_443(facts: Facts) -> Answer:
    """An authority without any port."""
    return signed_in(facts, public(facts, f"https://{facts['open_host']}/contoso.test"))


@step
def nothing_on_443(facts: Facts) -> Answer:
    """The port is dropped from the realm question, and nobody answers."""
    return signed_in(facts, public(facts, f"{facts['base']}/contoso.test"))


@step
def adfs(facts: Facts) -> Answer:
    """The ADFS-style authority, where no realm is asked."""
    return signed_in(facts, public(facts, f"{facts['base']}/adfs"))


@step
def adfs_renewed(facts: Facts) -> Answer:
    """A renewal at the ADFS-style authority."""
    app = public(facts, f"{facts['base']}/adfs")
    signed_in(facts, app)
    [account] = app.get_accounts()
    answer: Answer = app.acquire_token_silent(
        SCOPES, account=account, force_refresh=True
    )
    return answer


@step
def http_client(facts: Facts) -> Answer:
    """A session that keeps the port, and what it asked."""
    session = KeepPort(facts)
    app = public(facts, f"{facts['base']}/contoso.test", http_client=session)
    return {"answer": signed_in(facts, app), "asked": session.asked}


@step
def own_instance_discovery(facts: Facts) -> Answer:
    """Instance discovery, told to ask us instead of the hosted service."""
    own = f"{facts['base']}/common/discovery/instance"
    authority = f"{facts['base']}/contoso.test"
    app = public(facts, authority, instance_discovery=own)
    return {
        "tenant": app.authority.tenant,
        "token_endpoint": app.authority.token_endpoint,
    }


@step
def foreign_instance_discovery(facts: Facts) -> Any:
    """The same for an authority that is not ours."""
    own = f"{facts['base']}/common/discovery/instance"
    return public(facts, "https://elsewhere.test/contoso", instance_discovery=own)


@step
def silent(facts: Facts) -> Answer:
    """One sign-in, then renewals, without and with the network."""
    app = any_port(facts)
    first = signed_in(facts, app)
    account = app.get_accounts()[0]
    cached = app.acquire_token_silent(SCOPES, account=account)
    renewed = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
    again = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
    tasks = app.acquire_token_silent(["api://tasks/Tasks.Read"], account=account)
    unconsented = app.acquire_token_silent_with_error(["Mail.Read"], account=account)
    app.remove_account(account)
    return {
        "account": {name: str(account[name]) for name in account},
        "first": first,
        "cached": cached,
        "renewed": renewed,
        "again": again,
        "tasks": tasks,
        "unconsented": unconsented,
        "accounts_left": app.get_accounts(),
    }


@step
def two_processes(facts: Facts) -> list[Answer]:
    """Two applications that read one cache redeem the same refresh token."""
    first = msal.SerializableTokenCache()
    signed_in(facts, any_port(facts, token_cache=first))
    answers = []
    for _ in range(2):
        cache = msal.SerializableTokenCache()
        cache.deserialize(first.serialize())
        other = any_port(facts, token_cache=cache)
        [account] = other.get_accounts()
        answers.append(
            other.acquire_token_silent_with_error(
                SCOPES, account=account, force_refresh=True
            )
        )
    return answers


@step
def organizations(facts: Facts) -> Answer:
    """The authority of every tenant here: a sign-in and a renewal."""
    app = any_port(facts, path="organizations")
    first = signed_in(facts, app)
    account = app.get_accounts()[0]
    renewed = app.acquire_token_silent(SCOPES, account=account, force_refresh=True)
    return {"first": first, "renewed": renewed}


@step
def spellings(facts: Facts) -> list[Answer]:
    """The tenant by its id and its domain, in capitals, and with a slash behind."""
    tenant, domain = facts["tenant_id"], facts["domain"]
    paths = (tenant, tenant.upper(), domain.upper(), f"{domain}/")
    return [signed_in(facts, any_port(facts, path=path)) for path in paths]


@step
def umlaut(facts: Facts) -> Answer:
    """A user name outside ASCII, which goes into a header as Latin-1."""
    return signed_in(facts, any_port(facts), "umlaut")


@step
def claims_challenge(facts: Facts) -> Answer:
    """Capabilities and a claims challenge arrive as the parameter `claims`."""
    authority = f"{facts['base']}/adfs"
    app = public(facts, authority, client_capabilities=["CP1"])
    answer: Answer = app.acquire_token_by_username_password(
        facts["alice"],
        facts["password"],
        scopes=SCOPES,
        claims_challenge='{"access_token": {"nbf": {"essential": true}}}',
    )
    return answer


@step
def confidential_password(facts: Facts) -> Answer:
    """User name, password and client secret, on the ADFS-style authority."""
    app = confidential(facts, facts["secret"], authority=f"{facts['base']}/adfs")
    return signed_in(facts, app)


@step
def secret(facts: Facts) -> Answer:
    """The application's own token, by its secret, and from the cache."""
    app = confidential(facts, facts["secret"])
    first = app.acquire_token_for_client(APP_SCOPES)
    return {"first": first, "second": app.acquire_token_for_client(APP_SCOPES)}


def by_certificate(facts: Facts, **more: str) -> dict[str, str]:
    """A credential of a private key."""
    return {"private_key": facts["key_pem"], **more}


@step
def certificate_ps256(facts: Facts) -> Answer:
    """The public certificate makes MSAL sign with PS256."""
    credential = by_certificate(facts, public_certificate=facts["certificate_pem"])
    answer: Answer = confidential(facts, credential).acquire_token_for_client(
        APP_SCOPES
    )
    return answer


@step
def certificate_rs256(facts: Facts) -> Answer:
    """A SHA-1 thumbprint makes MSAL sign with RS256."""
    credential = by_certificate(facts, thumbprint=facts["thumbprint"])
    answer: Answer = confidential(facts, credential).acquire_token_for_client(
        APP_SCOPES
    )
    return answer


@step
def certificate_adfs(facts: Facts) -> Answer:
    """A user's token for a client with a certificate, at the ADFS-style authority."""
    credential = by_certificate(facts, thumbprint=facts["thumbprint"])
    app = confidential(facts, credential, authority=f"{facts['base']}/adfs")
    return signed_in(facts, app)


@step
def foreign_key(facts: Facts) -> Answer:
    """A thumbprint that is not registered."""
    credential = by_certificate(facts, thumbprint="00" * 20)
    answer: Answer = confidential(facts, credential).acquire_token_for_client(
        APP_SCOPES
    )
    return answer


@step
def refused(facts: Facts) -> dict[str, Answer]:
    """Users and applications that are refused, each in an object of its own."""
    users = ("unknown_user", "guest", "mfa", "mfa_not_enrolled")
    applications = ("no_consent", "unknown_client")
    return {
        "wrong_password": signed_in(facts, any_port(facts), password="wrong"),
        **{user: signed_in(facts, any_port(facts), user) for user in users},
        **{name: signed_in(facts, any_port(facts, name)) for name in applications},
    }


@step
def locked(facts: Facts) -> list[Answer]:
    """The right password of a locked account, and another, in one object."""
    app = any_port(facts)
    return [signed_in(facts, app, "locked", word) for word in ("", "another")]


@step
def wrong_secret(facts: Facts) -> list[Answer]:
    """The same wrong secret twice, in one application object."""
    app = confidential(facts, "wrong")
    return [app.acquire_token_for_client(APP_SCOPES) for _ in range(2)]


@step
def unknown_tenant(facts: Facts) -> Any:
    """An authority without a tenant behind it."""
    return public(facts, f"{facts['base']}/nosuch.test")


@step
def replayed(facts: Facts) -> Answer:
    """The same wrong password twice, another one, and again in a new object."""
    app = any_port(facts)
    return {
        "first": signed_in(facts, app, password="wrong"),
        "same": signed_in(facts, app, password="wrong"),
        "other": signed_in(facts, app, password="wrong too"),
        "right": signed_in(facts, app),
        "new_object": signed_in(facts, any_port(facts), password="wrong"),
    }


@step
def http_authority(facts: Facts) -> Any:
    """An authority without TLS."""
    return public(facts, facts["base"].replace("https:", "http:") + "/contoso.test")


@step
def ca_of_the_environment(facts: Facts) -> Any:
    """`REQUESTS_CA_BUNDLE` names another CA than `verify`."""
    os.environ["REQUESTS_CA_BUNDLE"] = certifi.where()
    try:
        return public(facts, f"{facts['base']}/contoso.test").authority.tenant
    finally:
        del os.environ["REQUESTS_CA_BUNDLE"]


if __name__ == "__main__":
    steps.main()
