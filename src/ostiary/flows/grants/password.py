"""Grant `password` (RFC 6749 §4.3): who is it, judged by a password.

Lockout is asked first, a password is verified even for nobody, and facts about the
account are judged only after the password was right (security promises 1 to 3).
"""

from dataclasses import replace

from ostiary.core import accounts
from ostiary.core.errors import UNPROVEN, Reason, Refused
from ostiary.core.model import Client, Domain, Tenant
from ostiary.core.password_policy import check_not_leaked
from ostiary.core.passwords import nobodys_account
from ostiary.core.request import Subject
from ostiary.flows.attempt import Attempt, Found, masked
from ostiary.flows.connection import find_connection
from ostiary.flows.facts import (
    Account,
    GuessKeys,
    GuessState,
    Profile,
    Registry,
    Rejected,
    Unreachable,
    Verified,
)
from ostiary.flows.guessing import (
    check_open,
    check_repeats,
    count_wrong,
    to_forgive,
)
from ostiary.flows.ports import Connection


async def password(attempt: Attempt, registry: Registry, client: Client) -> Found:
    """The user whose password this is, or Refused."""
    request, ports, tenant = attempt.request, attempt.ports, registry.tenant
    username, secret = request.username or "", request.password or ""
    name = accounts.fold(username)
    domain = registry.domain(accounts.domain_of(username))
    connection = find_connection(attempt, registry, client, domain)
    account = await _account(attempt, tenant, connection, name)
    attempt.username = account.user.username if account else masked(username, domain)
    attempt.user_id = account.user.id if account else ""
    whose = account.user.id if account else nobodys_account(connection.name, name)
    guess = ports.guesses.keys(tenant.id, whose, secret, request.trace)
    await check_open(attempt, tenant, guess)
    await check_repeats(attempt, tenant, guess)
    impossible = _why_impossible(connection, account, domain)
    verdict = await connection.verify(
        tenant, None if impossible else account, username, secret
    )
    if isinstance(verdict, Unreachable):
        raise Refused(verdict.reason, retry_after=verdict.retry_after)
    if isinstance(verdict, Verified) and verdict.profile is not None:
        account = await _provision(attempt, tenant, connection, verdict.profile)
    refusal = _refusal(account, impossible, verdict)
    if refusal is not None and refusal in UNPROVEN:
        facts = verdict.facts if isinstance(verdict, Rejected) else {}
        raise await _wrong(attempt, tenant, name, guess, Refused(refusal, **facts))
    state = await check_open(attempt, tenant, guess)
    if refusal is not None or account is None or not isinstance(verdict, Verified):
        raise Refused(refusal or Reason.PASSWORD_WRONG)
    _check_proven(attempt, connection, account, secret)
    found = _found(attempt, client, account, guess, state, verdict)
    return replace(found, connection=registry.connection(connection.name))


async def _account(
    attempt: Attempt, tenant: Tenant, connection: Connection, name: str
) -> Account | None:
    """Whose name it is; where names are trusted, a mere claim is nobody's."""
    people, policy = attempt.ports.people, attempt.policy
    any_name = policy is not None and policy.any_name
    find = people.find_by_any_name if any_name else people.find_by_username
    account = await find(tenant.id, connection.name, name)
    if account is None or not accounts.is_claimed(account.user):
        return account
    return account if policy is not None and policy.claimed_names else None


def _why_impossible(
    connection: Connection, account: Account | None, domain: Domain | None
) -> Reason | None:
    """Rules for passwords kept here; other connections know their people themselves."""
    if connection.provisions:
        return None
    return accounts.why_no_password(account.user if account else None, domain)


async def _provision(
    attempt: Attempt, tenant: Tenant, connection: Connection, profile: Profile
) -> Account:
    """The account of somebody for whom the connection vouched."""
    account = await attempt.ports.people.provision(
        tenant.id, connection.name, profile, attempt.started
    )
    attempt.username, attempt.user_id = account.user.username, account.user.id
    return account


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


async def _wrong(
    attempt: Attempt, tenant: Tenant, name: str, guess: GuessKeys, refused: Refused
) -> Refused:
    """Count the failure; of somebody unknown here, say whether they are elsewhere."""
    people, reason = attempt.ports.people, refused.reason
    tells = reason is Reason.USER_UNKNOWN and not tenant.hide_unknown_users
    if tells and await people.find_elsewhere(tenant.id, name):
        reason = Reason.USER_ELSEWHERE
    counted = await count_wrong(attempt, tenant, guess, reason)
    return Refused(counted.reason, **{**refused.facts, **counted.facts})


def _check_proven(
    attempt: Attempt, connection: Connection, account: Account, secret: str
) -> None:
    """What is judged, and told, only after the credential was right."""
    accounts.check_enabled(account.user)
    accounts.check_password_state(account.user)
    if attempt.policy is not None and not connection.provisions:
        check_not_leaked(secret, attempt.policy.leaks)


def _found(
    attempt: Attempt,
    client: Client,
    account: Account,
    guess: GuessKeys,
    state: GuessState,
    verdict: Verified,
) -> Found:
    """The user, and what this sign-in should mend in the store."""
    new_hash = None
    if verdict.new_hash and account.password_hash:
        new_hash = (account.password_hash, verdict.new_hash)
    return Found(
        subject=Subject(
            account.user,
            verdict.amr,
            attempt.started,
            account.created_at,
            account.updated_at,
        ),
        guess=to_forgive(attempt, guess, state),
        new_hash=new_hash,
        by_password=client.public,
    )
