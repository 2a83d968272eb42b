"""Grants of SAML assertions (RFC 7522): who is it, told by the user's own service.

It vouches only for the domains that are federated with it, and each assertion is good
once (contract entra §3.5).
"""

from dataclasses import replace

from ostiary.core import accounts
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Authentication, Client, ConnectionSettings, Tenant
from ostiary.core.request import Subject
from ostiary.flows.attempt import Attempt, Found, masked
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Account, FederatedSubject, Once, Registry

PROVEN_BY = ("fed",)
"""What the service saw is its own affair (contract entra §3.5)."""


async def saml_bearer(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user for whom a trusted service vouches, or Refused."""
    tenant, policy = registry.tenant, attempt.policy
    if policy is None or not policy.federation_audience:
        raise Refused(Reason.GRANT_UNSUPPORTED, grant_type=attempt.request.grant_type)
    settings, subject = await _proven(attempt, registry, policy.federation_audience)
    attempt.username = masked(subject.username or "", None)
    account = await _account(attempt, tenant, settings, subject)
    attempt.username, attempt.user_id = account.user.username, account.user.id
    accounts.check_enabled(account.user)
    return Found(
        subject=Subject(
            account.user,
            PROVEN_BY,
            attempt.started,
            account.created_at,
            account.updated_at,
        ),
        connection=settings,
        once=(_once(tenant, subject),),
    )


async def _proven(
    attempt: Attempt, registry: Registry, audience: str
) -> tuple[ConnectionSettings, FederatedSubject]:
    """What the assertion says, and the connection that vouches for its domain.

    Two connections may trust the same service: the one of the user's domain counts.
    """
    federation, assertion = attempt.ports.federation, attempt.request.assertion or ""
    told = Refused(Reason.FEDERATION_UNTRUSTED)
    for settings in _trusted(attempt, registry):
        try:
            subject = await federation.read(
                settings, assertion, audience, attempt.started
            )
        except Refused as refused:
            if told.reason is not Reason.FEDERATION_DOMAIN:
                told = refused
            continue
        if _vouches(registry, settings, subject.username):
            return settings, subject
        told = Refused(Reason.FEDERATION_DOMAIN)
    if cause := told.facts.get("cause"):
        attempt.asked["cause"] = str(cause)
    raise told


def _trusted(attempt: Attempt, registry: Registry) -> list[ConnectionSettings]:
    """The enabled connections of federated domains that pin an issuer."""
    named = {
        domain.connection
        for domain in registry.tenant.domains
        if domain.authentication is Authentication.FEDERATED
    }
    return [
        settings
        for settings in registry.connections
        if settings.enabled
        and settings.name in named
        and attempt.ports.federation.trusts(settings)
    ]


def _vouches(
    registry: Registry, settings: ConnectionSettings, username: str | None
) -> bool:
    """Whether the name is in a domain of that connection; no name is in none."""
    if username is None:
        return True
    domain = registry.domain(accounts.domain_of(username))
    return (
        domain is not None
        and domain.authentication is Authentication.FEDERATED
        and domain.connection == settings.name
    )


async def _account(
    attempt: Attempt,
    tenant: Tenant,
    settings: ConnectionSettings,
    subject: FederatedSubject,
) -> Account:
    """The account of the immutable id, else of the user name, made if there is none."""
    people, known = attempt.ports.people, None
    if subject.immutable_id is not None:
        known = await people.find_by_external_id(
            tenant.id, settings.name, subject.immutable_id
        )
    profile = subject.profile
    if profile is None:
        if known is None:
            raise Refused(Reason.FEDERATION_NO_USER)
        return known
    if known is not None:  # an id stays for ever: the user name may be another by now
        profile = replace(profile, external_id=known.user.external_id)
    return await people.provision(
        tenant.id, settings.name, profile, (), attempt.started
    )


def _once(tenant: Tenant, subject: FederatedSubject) -> Once:
    """Used up with the issue, so that a refusal after the proof costs nothing."""
    key = f"{tenant.id}\nsaml\n{subject.issuer}\n{subject.assertion_id}"
    return Once(sha256_hex(key), subject.expires_at, Reason.FEDERATION_REPLAYED)
