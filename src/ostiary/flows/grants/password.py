"""Grant `password` (RFC 6749 §4.3): who is it, judged by a password.

Lockout is asked first, a password is verified even for nobody, and facts about the
account are judged only after the password was right (security promises 1 to 3).
"""

import math

from ostiary.core import accounts, passwords
from ostiary.core.errors import UNPROVEN, Reason, Refused
from ostiary.core.model import Client, Tenant
from ostiary.core.request import Subject
from ostiary.flows.attempt import Attempt, Found, masked
from ostiary.flows.facts import (
    Account,
    GuessKeys,
    GuessState,
    Registry,
    Rejected,
    Unreachable,
    Verified,
)


async def password(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user whose password this is, or Refused."""
    request, ports, tenant = attempt.request, attempt.ports, registry.tenant
    username, secret = request.username or "", request.password or ""
    name = accounts.fold(username)
    domain = registry.domain(accounts.domain_of(username))
    connection = ports.connections.for_domain(registry, domain)
    account = await ports.people.find_by_username(tenant.id, connection.name, name)
    attempt.username = account.user.username if account else masked(username, domain)
    attempt.user_id = account.user.id if account else ""
    whose = account.user.id if account else name
    guess = ports.guesses.keys(tenant.id, whose, secret, request.trace)
    await _check_open(attempt, tenant, guess)
    impossible = accounts.why_no_password(account.user if account else None, domain)
    verdict = await connection.verify(
        tenant, None if impossible else account, username, secret
    )
    if isinstance(verdict, Unreachable):
        raise Refused(verdict.reason, retry_after=verdict.retry_after)
    refusal = _refusal(account, impossible, verdict)
    if refusal is not None and refusal in UNPROVEN:
        raise await _wrong(attempt, tenant, name, guess, refusal)
    state = await _check_open(attempt, tenant, guess)
    if refusal is not None or account is None or not isinstance(verdict, Verified):
        raise Refused(refusal or Reason.PASSWORD_WRONG)
    accounts.check_enabled(account.user)
    accounts.check_password_state(account.user)
    return _found(attempt, client, account, guess, state, verdict)


def _refusal(
    account: Account | None, impossible: Reason | None, verdict: Verified | Rejected
) -> Reason | None:
    """Why the password does not let this user in, as far as the connection knows.

    A directory may refuse after a right password; then it is not a guess that failed.
    """
    if impossible is not None:
        return impossible
    if isinstance(verdict, Rejected):
        return verdict.reason
    return None if account is not None else Reason.USER_UNKNOWN


async def _check_open(attempt: Attempt, tenant: Tenant, guess: GuessKeys) -> GuessState:
    """Refuse while the account is locked or the source has failed too often.

    Asked again after the password was checked: of guesses made side by side only as
    many may learn their result as of guesses made one by one.
    """
    now = attempt.ports.clock.now()
    state = await attempt.ports.guesses.state(tenant.id, guess, now)
    if passwords.is_source_blocked(state.source_failures_today, tenant.lockout):
        raise Refused(Reason.SOURCE_BLOCKED, retry_after=3600)
    if passwords.is_locked(state.failures, now):
        wait = math.ceil(state.failures.locked_until - now)
        raise Refused(Reason.ACCOUNT_LOCKED, retry_after=wait)
    return state


async def _wrong(
    attempt: Attempt, tenant: Tenant, name: str, guess: GuessKeys, reason: Reason
) -> Refused:
    """Count the failure and write it down, in one transaction."""
    ports = attempt.ports
    tells = reason is Reason.USER_UNKNOWN and not tenant.hide_unknown_users
    if tells and await ports.people.find_elsewhere(tenant.id, name):
        reason = Reason.USER_ELSEWHERE
    told = await ports.guesses.record_failure(
        tenant,
        guess,
        ports.clock.now(),
        attempt.refusal(reason),
        attempt.refusal(Reason.ACCOUNT_LOCKED),
    )
    attempt.recorded = True
    return Refused(reason if told else Reason.ACCOUNT_LOCKED)


def _found(
    attempt: Attempt,
    client: Client,
    account: Account,
    guess: GuessKeys,
    state: GuessState,
    verdict: Verified,
) -> Found:
    """The user, and what this sign-in should mend in the store."""
    due = attempt.started - state.seen_at > passwords.PLACE_NOTED_EVERY
    fresh = due or state.failures.count > 0
    new_hash = None
    if verdict.new_hash and account.password_hash:
        new_hash = (account.password_hash, verdict.new_hash)
    return Found(
        subject=Subject(account.user, ("pwd",), attempt.started),
        guess=guess if fresh else None,
        new_hash=new_hash,
        by_password=client.public,
    )
