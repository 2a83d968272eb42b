"""Grant `password` (RFC 6749 §4.3): who is it, judged by a password.

Lockout is asked first, a password is verified even for nobody, and facts about the
account are judged only after the password was right (security promises 1 to 3).
"""

from dataclasses import replace

from ostiary.core import accounts
from ostiary.core.errors import UNPROVEN, Reason, Refused
from ostiary.core.model import Client, Domain, Tenant
from ostiary.core.password_policy import check_not_leaked
from ostiary.core.passwords import nobodys_account, persons_account
from ostiary.core.request import Subject
from ostiary.flows.arriving import provision
from ostiary.flows.asking import ask
from ostiary.flows.attempt import Attempt, Found, masked
from ostiary.flows.connection import find_connection
from ostiary.flows.facts import (
    Account,
    Candidate,
    Claimed,
    GuessKeys,
    GuessState,
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
    candidate = await connection.find(username)
    if isinstance(candidate, Unreachable):
        raise Refused(candidate.reason, retry_after=candidate.retry_after)
    account = await _account(attempt, tenant, connection, candidate, name)
    attempt.username = account.user.username if account else masked(username, domain)
    attempt.user_id = account.user.id if account else ""
    whose = _whose(connection, candidate, account)
    guess = ports.guesses.keys(tenant.id, whose, secret, request.trace)
    guess = replace(guess, directory=candidate.limit)
    await check_open(attempt, tenant, guess)
    await check_repeats(attempt, tenant, guess)
    impossible = _why_impossible(connection, account, domain)
    claimed = Claimed(username, candidate, None if impossible else account)
    verdict = await ask(attempt, tenant, connection, claimed, guess, secret)
    if isinstance(verdict, Unreachable):
        raise Refused(verdict.reason, retry_after=verdict.retry_after)
    if isinstance(verdict, Verified) and verdict.profile is not None:
        profile = verdict.profile
        account = await provision(attempt, tenant, connection, profile, account)
        if candidate.external_id is None:
            await _check_other_names(attempt, tenant, account, guess)
    refusal = _refusal(account, impossible, verdict)
    if refusal is not None and refusal.reason in UNPROVEN:
        raise await _wrong(attempt, tenant, name, guess, refusal)
    state = await check_open(attempt, tenant, guess)
    if refusal is not None or account is None or not isinstance(verdict, Verified):
        raise refusal or Refused(Reason.PASSWORD_WRONG)
    _check_proven(attempt, connection, account, secret)
    found = _found(attempt, client, account, guess, state, verdict)
    return replace(found, connection=registry.connection(connection.name))


async def _account(
    attempt: Attempt,
    tenant: Tenant,
    connection: Connection,
    candidate: Candidate,
    name: str,
) -> Account | None:
    """Whose name it is; where names are trusted, a mere claim is nobody's."""
    people, policy = attempt.ports.people, attempt.policy
    if candidate.external_id is not None:
        return await people.find_by_external_id(
            tenant.id, connection.name, candidate.external_id
        )
    any_name = policy is not None and policy.any_name
    find = people.find_by_any_name if any_name else people.find_by_username
    account = await find(tenant.id, connection.name, name)
    if account is None or not accounts.is_claimed(account.user):
        return account
    return account if policy is not None and policy.claimed_names else None


def _whose(
    connection: Connection, candidate: Candidate, account: Account | None
) -> str:
    """Under what guesses are counted: of one person always the same."""
    if candidate.external_id is not None:
        return persons_account(connection.name, candidate.external_id)
    if account is not None:
        return account.user.id
    return nobodys_account(connection.name, candidate.key)


def _why_impossible(
    connection: Connection, account: Account | None, domain: Domain | None
) -> Reason | None:
    """Rules for passwords kept here; other connections know their people themselves."""
    if connection.provisions:
        return None
    return accounts.why_no_password(account.user if account else None, domain)


async def _check_other_names(
    attempt: Attempt, tenant: Tenant, account: Account, guess: GuessKeys
) -> None:
    """Who is locked by one name is not let in by another that the connection knows.

    Raises Refused(ACCOUNT_LOCKED).
    """
    secret, trace = attempt.request.password or "", attempt.request.trace
    own = attempt.ports.guesses.keys(tenant.id, account.user.id, secret, trace)
    if own.account != guess.account:
        await check_open(attempt, tenant, replace(own, directory=guess.directory))


def _refusal(
    account: Account | None, impossible: Reason | None, verdict: Verified | Rejected
) -> Refused | None:
    """Why the password does not let this user in, as far as the connection knows.

    A directory may refuse after a right password; then it is not a guess that failed.
    """
    if impossible is not None:
        return Refused(impossible)
    if isinstance(verdict, Rejected):
        return Refused(verdict.reason, **verdict.facts)
    return None if account is not None else Refused(Reason.USER_UNKNOWN)


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
    if verdict.new_hash:
        new_hash = (account.password_hash or "", verdict.new_hash)
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
