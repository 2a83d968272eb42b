"""Grant `device_key`: who is it, told by a token that a key of their device signed.

Held to the same lockout as passwords; one refusal whatever is wrong, and the true cause
in the audit log (contract auth0 §2, server check).
"""

from ostiary.core import accounts
from ostiary.core.devices import (
    LEEWAY,
    DeviceClaims,
    DeviceKey,
    DeviceRules,
    why_not_now,
)
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.core.passwords import nobodys_account
from ostiary.core.request import Subject
from ostiary.flows.attempt import Attempt, Found
from ostiary.flows.connection import find_connection
from ostiary.flows.digests import sha256_hex
from ostiary.flows.facts import Account, Once, Registry
from ostiary.flows.guessing import check_open, check_repeats, count_wrong, to_forgive

PROVEN_BY = ("pop",)
"""Possession of a key (RFC 8176 §2); where the device keeps it is not known."""


async def device_key(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user whose device signed this, or Refused."""
    request, ports, tenant = attempt.request, attempt.ports, registry.tenant
    rules = device_rules(attempt, client)
    connection = find_connection(attempt, registry, client, None)
    settings = registry.connection(connection.name)
    token = request.assertion or ""
    claims = ports.device_signatures.read(token)
    if claims is None or settings is None:
        attempt.asked["cause"] = "malformed"
        raise Refused(Reason.DEVICE_ASSERTION)
    account = await _account(attempt, tenant, settings, claims)
    nobody = nobodys_account(connection.name, claims.subject)
    whose = account.user.id if account else nobody
    guess = ports.guesses.keys(tenant.id, whose, token, request.trace)
    await check_open(attempt, tenant, guess)
    await check_repeats(attempt, tenant, guess)
    key = await _signed_by(attempt, tenant, client, rules, account, claims)
    cause = "signature" if key is None else why_not_now(claims, rules, attempt.started)
    if cause or account is None:
        attempt.asked["cause"] = cause
        raise await count_wrong(attempt, tenant, guess, Reason.DEVICE_ASSERTION)
    state = await check_open(attempt, tenant, guess)
    accounts.check_enabled(account.user)
    accounts.check_password_state(account.user)
    return Found(
        subject=Subject(
            account.user,
            PROVEN_BY,
            attempt.started,
            account.created_at,
            account.updated_at,
        ),
        guess=to_forgive(attempt, guess, state),
        connection=settings,
        once=(_once(tenant, token, claims),),
    )


def device_rules(attempt: Attempt, client: Client) -> DeviceRules:
    """How keys are taken here; where they are not, nobody holds the grant.

    Raises Refused(GRANT_NOT_ALLOWED) (interface §2, device_keys).
    """
    rules = attempt.policy.device_keys if attempt.policy else None
    if rules is None:
        name = attempt.wire.grant_names(client, attempt.request.grant_type)[0]
        raise Refused(
            Reason.GRANT_NOT_ALLOWED, grant_type=name, client_id=client.client_id
        )
    return rules


async def _account(
    attempt: Attempt, tenant: Tenant, settings: ConnectionSettings, claims: DeviceClaims
) -> Account | None:
    """The user of the connection whom the token names, if there is one."""
    external_id = attempt.wire.id_within(settings, claims.subject) or ""
    account = await attempt.ports.people.find_by_external_id(
        tenant.id, settings.name, external_id
    )
    if account is not None:
        attempt.username, attempt.user_id = account.user.username, account.user.id
    return account


async def _signed_by(
    attempt: Attempt,
    tenant: Tenant,
    client: Client,
    rules: DeviceRules,
    account: Account | None,
    claims: DeviceClaims,
) -> DeviceKey | None:
    """The user's key that signed the token.

    The same work for a user or a key that is not there (security promise 2).
    """
    ports, token = attempt.ports, attempt.request.assertion or ""
    user_id = account.user.id if account else ""
    fingerprint = claims.fingerprint
    found = await ports.devices.keys_by_fingerprint(tenant.id, user_id, fingerprint)
    good = [key for key in found if account and _is_good(key, client, account)]
    for key in good:
        pem, bits = key.public_key, rules.minimum_bits
        if ports.device_signatures.is_signed(token, pem, bits):
            return key
    if not good:
        ports.device_signatures.is_signed(token, None, rules.minimum_bits)
    return None


def _is_good(key: DeviceKey, client: Client, account: Account) -> bool:
    """A key for this client or any, and since the user's sessions were last reset."""
    meant = key.client_id in ("", client.client_id)
    return meant and key.created_at >= account.sessions_valid_from


def _once(tenant: Tenant, token: str, claims: DeviceClaims) -> Once:
    """Each token gets tokens once; how the signature behind it is spelled proves
    nothing. Used up with the issue, so that a code may follow (contract auth0 §1.6).
    """
    signed = token.rpartition(".")[0]
    key = sha256_hex(f"{tenant.id}\ndevice\n{signed}")
    until = (claims.expires_at or 0.0) + LEEWAY
    return Once(key, until, Reason.DEVICE_ASSERTION)
