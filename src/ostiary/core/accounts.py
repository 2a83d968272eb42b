"""Accounts: who may sign in with a password, and what stands in the way.

Split where the password is proven: only facts judged after that are told.
"""

import hashlib
import ipaddress

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    Client,
    Domain,
    Effect,
    PasswordState,
    Tenant,
    User,
)


def fold(name: str) -> str:
    """The form in which names are compared: without case, as written otherwise.

    User names match without case and are never trimmed (contract entra §3.4).
    """
    return name.casefold()


def domain_of(username: str) -> str | None:
    """The folded domain of a user principal name; None without a domain."""
    _, at, domain = username.rpartition("@")
    return fold(domain) if at and domain else None


def full_name(username: str, email: str | None, connection: str, tenant: Tenant) -> str:
    """A user name with a domain, of somebody whose directory knows short names only.

    The domain is one that leads to their connection; of several, that of their mail
    address. Without any the name stays as it is.
    """
    names = [
        each.name
        for each in tenant.domains
        if each.authentication is Authentication.PASS_THROUGH
        and each.connection == connection
    ]
    if domain_of(username) or not names:
        return username
    mail = domain_of(email or "")
    return f"{username}@{mail if mail in names else names[0]}"


def external_id(user: User) -> str:
    """The id under which wires without GUIDs know this person; both stay for ever.

    The one they brought along, or 24 hex digits derived from the GUID (interface §3,
    ids).
    """
    return user.external_id or hashlib.sha256(user.id.encode()).hexdigest()[:24]


def is_claimed(user: User) -> bool:
    """Whether nobody but the user themselves says that the name is theirs.

    Whoever signs up may give any address, that of a colleague too; a mail that reached
    them, or an administrator, makes it theirs.
    """
    return user.signed_up and not user.email_verified


def why_no_password(user: User | None, domain: Domain | None) -> Reason | None:
    """The true reason for which this account cannot use a password; None if it can.

    Seed 001, important notes: federated users, invited personal accounts and
    accounts without a password cannot use the grant.
    """
    if domain is not None and domain.authentication is Authentication.FEDERATED:
        return Reason.USER_FEDERATED
    if user is None:
        return Reason.USER_UNKNOWN
    if user.guest:
        return Reason.USER_GUEST
    if user.password_state is PasswordState.NONE:
        return Reason.PASSWORD_ABSENT
    return None


def check_enabled(user: User) -> None:
    """A disabled account gets nothing (contract entra §8)."""
    if not user.enabled:
        raise Refused(Reason.USER_DISABLED)


_STATES = {
    PasswordState.EXPIRED: Reason.PASSWORD_EXPIRED,
    PasswordState.MUST_CHANGE: Reason.PASSWORD_MUST_CHANGE,
    PasswordState.LEAKED: Reason.PASSWORD_LEAKED,
}


def check_password_state(user: User) -> None:
    """A right password that may not be used any longer is refused (entra §8)."""
    reason = _STATES.get(user.password_state)
    if reason is not None:
        raise Refused(reason)


def matching_policy(
    policies: tuple[AccessPolicy, ...], user: User, client: Client, source: str
) -> AccessPolicy | None:
    """The first conditional access policy that speaks of this sign-in."""
    for policy in policies:
        if policy.users is not None and fold(user.username) not in policy.users:
            continue
        named = policy.applications
        if named is not None and client.client_id not in named:
            continue
        if policy.networks is not None and not _within(source, policy.networks):
            continue
        return policy
    return None


def _within(source: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(net, strict=False) for net in networks)


def check_access(
    user: User,
    policy: AccessPolicy | None,
    amr: tuple[str, ...],
    *,
    guarded: bool = False,
) -> None:
    """Policies that block, then second factors: both refuse a headless sign-in.

    guarded: what is asked for is worth the second factor of everybody who has one.
    Seed 001: users who must use multi-factor authentication are blocked instead.
    """
    if policy is not None and policy.effect is Effect.BLOCK:
        raise Refused(
            Reason.POLICY_BLOCKED, policy_id=policy.id, message=policy.message
        )
    by_policy = policy is not None and policy.effect is Effect.REQUIRE_MFA
    due = user.mfa_required or by_policy or (guarded and user.mfa_enrolled)
    if "mfa" in amr or not due:
        return
    facts: dict[str, object] = {}
    if policy is not None and by_policy:
        facts["policy_id"] = policy.id
    if user.mfa_enrolled:
        raise Refused(Reason.MFA_REQUIRED, **facts)
    raise Refused(Reason.MFA_ENROLMENT_REQUIRED, **facts)


def check_assigned(user: User, client: Client) -> None:
    """A client that demands assignment serves assigned users only (50105)."""
    if client.assignment_required and client.client_id not in user.assigned_to:
        raise Refused(Reason.USER_NOT_ASSIGNED, client_id=client.client_id)
