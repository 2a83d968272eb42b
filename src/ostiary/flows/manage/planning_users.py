"""Users in a plan: who is who, and what of them changes.

Whether a declared credential is a new one is judged in `credentials`.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.accounts import fold
from ostiary.core.model import Consent, Permission, Tenant, User
from ostiary.flows.manage.changes import (
    Action,
    Change,
    Drop,
    DropConsent,
    Kind,
    PutConsent,
    PutUser,
    Write,
)
from ostiary.flows.manage.credentials import new_mfa_secret, new_password
from ostiary.flows.manage.declaration import (
    DeclaredTenant,
    DeclaredUser,
    NotApplicable,
    StoredTenant,
    StoredUser,
)
from ostiary.flows.manage.ports import Planning

Path = tuple[str | int, ...]
Name = tuple[str, str]
"""A connection and a folded user name."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A declared user with its final id, and the stored one that it is."""

    declared: DeclaredUser
    before: StoredUser | None
    path: Path


async def plan_users(
    planning: Planning,
    wanted: DeclaredTenant,
    stored: StoredTenant | None,
    path: Path,
) -> list[Change]:
    """The changes to the users of one tenant, which is declared at `path`.

    Raises NotApplicable for ids and names that belong to somebody else.
    """
    present = stored.users if stored else {}
    matched = await _matched(planning, wanted, present, path)
    named = {each.declared.user.id for each in matched}
    gone = [each.user for each in present.values() if each.user.id not in named]
    _check_names(matched, () if planning.prune else gone)
    changes = [
        change
        for each in matched
        if (change := await _plan_user(planning, wanted.tenant, each)) is not None
    ]
    if planning.prune:
        changes += [_removal(wanted.tenant, user) for user in gone]
    return changes


async def _matched(
    planning: Planning,
    wanted: DeclaredTenant,
    present: Mapping[Name, StoredUser],
    path: Path,
) -> list[Matched]:
    by_id = {each.user.id: each for each in present.values()}
    given = {each.user.id for each in wanted.users if each.id_given}
    matched = []
    for place, declared in enumerate(wanted.users):
        user = declared.user
        before = by_id.get(user.id) if declared.id_given else present.get(name_of(user))
        if before and not declared.id_given and before.user.id in given:
            before = None
        where = (*path, "users", place)
        declared = await _identified(planning, declared, before, where)
        matched.append(Matched(declared, before, where))
    return matched


def name_of(user: User) -> Name:
    """Under which name nobody else can be in the tenant."""
    return user.connection, fold(user.username)


async def _identified(
    planning: Planning, declared: DeclaredUser, before: StoredUser | None, path: Path
) -> DeclaredUser:
    """The declaration with the ids that this user has or will have for ever."""
    user = declared.user
    if before is not None:
        external = before.user.external_id
        if user.external_id not in (None, external) and external is not None:
            raise NotApplicable(
                (*path, "external_id"), "was another one: ids never change"
            )
        external = user.external_id or external
        user = replace(user, id=before.user.id, external_id=external)
        return replace(declared, user=user)
    holder = await planning.estate.holder(user.id)
    if holder is None:
        return declared
    if not declared.id_given:
        return replace(declared, user=replace(user, id=str(uuid.uuid4())))
    if holder:
        text = "belongs to a user of another tenant; allowed: an id of nobody"
    else:
        text = "belonged to somebody who was removed: ids are never reused"
    raise NotApplicable((*path, "id"), text)


def _check_names(matched: Iterable[Matched], others: Iterable[User]) -> None:
    """Every name leads to one user once the plan is carried out."""
    taken = {name_of(user): user.id for user in others}
    for each in matched:
        user = each.declared.user
        if taken.setdefault(name_of(user), user.id) == user.id:
            continue
        if each.before is None and each.declared.id_given:
            text = f"{user.username} has another id in the store: ids never change"
            raise NotApplicable((*each.path, "id"), text)
        text = f"{user.username} is the name of another user of the connection"
        raise NotApplicable((*each.path, "username"), text)


async def _plan_user(
    planning: Planning, tenant: Tenant, matched: Matched
) -> Change | None:
    declared, before = matched.declared, matched.before
    enrolled = bool(declared.totp_secret or (before and before.mfa_secret))
    signed_up = before is not None and before.user.signed_up
    user = replace(declared.user, mfa_enrolled=enrolled, signed_up=signed_up)
    if before is not None:
        user = _with_directory_facts(user, before.user)
    password_hash, source = await new_password(planning, tenant, declared, before)
    secret = new_mfa_secret(planning, user.id, declared.totp_secret, before)
    differing = _differing(before.user, user) if before else []
    differing += ["password"] if password_hash is not None else []
    differing += ["mfa"] if secret is not None else []
    writes: list[Write] = []
    if before is None or differing:
        reset = before is not None and password_hash is not None
        writes.append(PutUser(user, planning.now, password_hash, source, secret, reset))
    consents = _plan_consents(planning, tenant, user.id, declared, before)
    if consents:
        differing.append("consents")
    writes += consents
    if not writes:
        return None
    action = Action.CHANGE if before else Action.ADD
    shown = tuple(dict.fromkeys(differing)) if before else ()
    return Change(
        action, Kind.USER.value, tenant.name, user.username, shown, tuple(writes)
    )


_TOLD: Final = (
    "email",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "phone_number",
    "external_id",
)


def _with_directory_facts(user: User, before: User) -> User:
    """What a directory told stays where the declaration is silent."""
    if not before.vouched:
        return user
    told = {name: getattr(before, name) for name in _TOLD}
    silent = {name: told[name] for name in _TOLD if getattr(user, name) is None}
    verified = before.email_verified and user.email in (None, before.email)
    return replace(
        user,
        **silent,
        email_verified=user.email_verified or verified,
        directory_groups=before.directory_groups,
        provisioned=before.provisioned,
        vouched=True,
        attributes={**before.attributes, **user.attributes},
    )


def _differing(before: User, after: User) -> list[str]:
    return [
        name
        for name in User.__dataclass_fields__
        if getattr(before, name) != getattr(after, name)
    ]


def _plan_consents(
    planning: Planning,
    tenant: Tenant,
    user_id: str,
    declared: DeclaredUser,
    before: StoredUser | None,
) -> list[Write]:
    """What is missing; with pruning also what is too much."""
    had = _by_client(before.consents if before else ())
    wanted = _by_client(declared.consents)
    writes: list[Write] = []
    for client_id, permissions in wanted.items():
        missing = permissions - had.get(client_id, frozenset())
        if missing:
            writes.append(PutConsent(tenant.id, client_id, user_id, missing))
    if planning.prune:
        for client_id, permissions in had.items():
            surplus = permissions - wanted.get(client_id, frozenset())
            if surplus:
                writes.append(DropConsent(tenant.id, client_id, user_id, surplus))
    return writes


def _by_client(consents: Iterable[Consent]) -> dict[str, frozenset[Permission]]:
    held: dict[str, frozenset[Permission]] = {}
    for each in consents:
        held[each.client_id] = held.get(each.client_id, frozenset()) | each.permissions
    return held


def _removal(tenant: Tenant, user: User) -> Change:
    drop = Drop(tenant.id, Kind.USER, user.id)
    return Change(
        Action.REMOVE, Kind.USER.value, tenant.name, user.username, (), (drop,)
    )
