"""The order of checks of contract entra §6.2, as one table.

Every row is a fault. With all faults from one row on at once, that row's reason is
the one that counts: told, recorded once, and told before anything later was touched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pytest

from ostiary.core.errors import Reason as R
from ostiary.core.model import AccessPolicy, Effect, LockoutRules, PasswordState
from ostiary.core.names import CLIENT_CREDENTIALS
from ostiary.core.passwords import nobodys_account
from ostiary.core.request import ClientCredential, ScopeRequest, TenantRef
from ostiary.flows.manage.changes import DropConsent, PutClient, PutListed, PutTenant
from ostiary.flows.manage.changes import PutUser as Put
from tests.flows import values
from tests.flows.fakes import RIGHT
from tests.flows.values import CONFIDENTIAL, NOON, SECRET, TENANT
from tests.flows.world import READ, World, refused, request

Fields = Mapping[str, object]
GOOD: Final = ClientCredential(CONFIDENTIAL, SECRET)
MFA: Final = {"mfa_required": True, "mfa_enrolled": True}
BLOCK: Final = AccessPolicy("policy", "block", Effect.BLOCK)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: what differs from a world where all is well."""

    reason: R
    request: Fields = field(default_factory=dict)
    tenant: Fields = field(default_factory=dict)
    client: Fields = field(default_factory=dict)
    user: Fields = field(default_factory=dict)
    policy: AccessPolicy | None = None
    locked: bool = False
    no_consent: bool = False


def asked(**fields: object) -> Fields:
    """What the request says instead."""
    return fields


ORDER: Final = (
    Fault(R.TENANT_UNKNOWN, asked(tenant=TenantRef("nowhere.test"))),
    Fault(R.CLIENT_UNKNOWN, asked(client=ClientCredential("unknown", SECRET))),
    Fault(R.CLIENT_DISABLED, client={"enabled": False}),
    Fault(R.CLIENT_CREDENTIAL_MISSING, asked(client=ClientCredential(CONFIDENTIAL))),
    Fault(R.CLIENT_SECRET_WRONG, asked(client=ClientCredential(CONFIDENTIAL, "no"))),
    Fault(R.GRANT_NOT_ALLOWED, client={"grant_types": frozenset({CLIENT_CREDENTIALS})}),
    Fault(R.PASSWORD_GRANT_OFF, tenant={"password_grant": False}),
    Fault(R.RESOURCE_UNKNOWN, asked(scope=ScopeRequest("api://nowhere", ("Read",)))),
    Fault(R.SCOPE_UNKNOWN, asked(scope=ScopeRequest(names=("Unknown.Scope",)))),
    Fault(R.ACCOUNT_LOCKED, locked=True),
    Fault(R.USER_UNKNOWN, asked(username="nobody@contoso.test")),
    Fault(R.USER_GUEST, user={"guest": True}),
    Fault(R.PASSWORD_ABSENT, user={"password_state": PasswordState.NONE}),
    Fault(R.PASSWORD_WRONG, asked(password="wrong")),
    Fault(R.USER_DISABLED, user={"enabled": False}),
    Fault(R.PASSWORD_EXPIRED, user={"password_state": PasswordState.EXPIRED}),
    Fault(R.POLICY_BLOCKED, policy=BLOCK),
    Fault(R.MFA_REQUIRED, user=MFA),
    Fault(R.USER_NOT_ASSIGNED, client={"assignment_required": True}),
    Fault(R.CONSENT_REQUIRED, no_consent=True),
)
NUMBERS: Final = [pytest.param(n, id=f.reason.value) for n, f in enumerate(ORDER)]
UNTOUCHED: Final = [f.reason for f in ORDER].index(R.USER_UNKNOWN)
"""Everything before it is refused without looking at the password (promise 1)."""
HIDDEN: Final = {R.USER_UNKNOWN, R.USER_GUEST, R.PASSWORD_ABSENT}
PROVEN: Final = [f.reason for f in ORDER].index(R.USER_DISABLED)


def merged(faults: tuple[Fault, ...], part: str) -> dict[str, object]:
    """What all faults say of a part; of two that collide the earlier one counts."""
    fields: dict[str, object] = {}
    for fault in reversed(faults):
        fields.update(getattr(fault, part))
    return fields


async def arrange(world: World, faults: tuple[Fault, ...], *, hide: bool) -> None:
    """Make everything wrong that the faults say of tenant, client, user and policy."""
    rules = LockoutRules(threshold=1 if any(f.locked for f in faults) else 100)
    tenant = values.tenant(
        **merged(faults, "tenant"), hide_unknown_users=hide, lockout=rules
    )
    user = values.user(**merged(faults, "user"))
    seed = "sealed" if user.mfa_enrolled else None
    await world.write(
        PutTenant(tenant),
        PutClient(values.confidential(**merged(faults, "client"))),
        Put(user, NOON, mfa_secret=seed),
    )
    for fault in faults:
        if fault.policy is not None:
            await world.write(PutListed(TENANT, "block", 0, fault.policy))
        if fault.no_consent:
            await world.write(DropConsent(TENANT, CONFIDENTIAL, ""))
        if fault.locked:
            nobody = nobodys_account(values.DIRECTORY, "nobody@contoso.test")
            for whose in (values.ALICE, nobody):
                keys = world.ports.guesses.keys(TENANT, whose, "x", values.trace())
                event = values.event("refused")
                guesses = world.ports.guesses
                await guesses.record_failure(tenant, keys, NOON, event, event)
    await world.records()


def fields_of(faults: tuple[Fault, ...]) -> dict[str, object]:
    """The request that all faults make of a good one."""
    good: dict[str, object] = {"client": GOOD, "scope": READ, "password": RIGHT}
    return {**good, **merged(faults, "request")}


@pytest.mark.parametrize("hide", [False, True])
@pytest.mark.parametrize("number", NUMBERS)
async def test_the_first_fault_of_the_order_counts(
    world: World, number: int, hide: bool
) -> None:
    """Told as contract entra §6.2 orders, with one record of the true reason."""
    faults = ORDER[number:]
    await arrange(world, faults, hide=hide)
    told = refused(await world.ask(request(**fields_of(faults))))
    true = faults[0].reason
    expected = R.PASSWORD_WRONG if hide and true in HIDDEN else true
    assert told.reason is expected
    [record] = await world.records()
    assert (record.outcome, record.reason) == ("refused", true.value)
    assert record.code == world.wire.code(expected)


@pytest.mark.parametrize("number", NUMBERS)
async def test_the_password_is_looked_at_only_when_all_else_is_well(
    world: World, number: int
) -> None:
    """Before that nobody is asked and no counter moves; after it exactly one is."""
    faults = ORDER[number:]
    await arrange(world, faults, hide=True)
    keys = world.ports.guesses.keys(TENANT, values.ALICE, "", values.trace())
    before = await world.ports.guesses.state(TENANT, keys, NOON)
    refused(await world.ask(request(**fields_of(faults))))
    assert len(world.connection.asked) == (0 if number < UNTOUCHED else 1)
    after = await world.ports.guesses.state(TENANT, keys, NOON)
    moved = after.source_failures_today - before.source_failures_today
    assert moved == (1 if UNTOUCHED <= number < PROVEN else 0)


async def test_without_a_fault_there_is_a_token(world: World) -> None:
    """So none of the rows above owes its refusal to anything else."""
    await arrange(world, (), hide=True)
    assert not isinstance(await world.ask(request(**fields_of(()))), Exception)


@pytest.mark.parametrize(
    ("ref", "grants", "credential", "expected"),
    [
        (TenantRef("common", True), (), "no", R.CLIENT_SECRET_WRONG),
        (TenantRef("common", True), (), SECRET, R.TENANT_ALIAS_REFUSED),
        (TenantRef("organizations", True, True), ("password",), "no", "secret"),
        (TenantRef("organizations", True, True), ("password",), SECRET, "single"),
    ],
)
async def test_aliases_are_judged_after_the_client(
    world: World,
    ref: TenantRef,
    grants: tuple[str, ...],
    credential: str,
    expected: R | str,
) -> None:
    """Step 5 before step 6: 7000215 before 9001023 and 50194; all untouched."""
    known = {"secret": R.CLIENT_SECRET_WRONG, "single": R.CLIENT_SINGLE_TENANT}
    alias = TenantRef(ref.value, ref.alias, ref.home, frozenset(grants))
    client = ClientCredential(CONFIDENTIAL, credential)
    told = refused(await world.ask(request(tenant=alias, client=client)))
    assert told.reason is known.get(str(expected), expected)
    assert world.connection.asked == []


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        ("alice", R.TENANT_UNDETERMINED),
        ("alice@", R.TENANT_UNDETERMINED),
        ("alice@nowhere.test", R.DOMAIN_UNKNOWN),
    ],
)
async def test_the_users_own_tenant_is_told_by_the_domain(
    world: World, username: str, expected: R
) -> None:
    """50059 without a domain, 50128 for one that nobody has (contract entra §6.3)."""
    home = TenantRef("organizations", True, True, frozenset({"password"}))
    told = refused(await world.ask(request(tenant=home, username=username)))
    assert told.reason is expected


async def test_the_users_own_tenant_serves_a_multi_tenant_client(world: World) -> None:
    """`organizations` with a name of one of our domains, in any case."""
    await world.write(PutClient(values.client(multi_tenant=True)))
    home = TenantRef("organizations", True, True, frozenset({"password"}))
    asking = request(tenant=home, username="Alice@CONTOSO.test")
    outcome = await world.ask(asking)
    assert not isinstance(outcome, Exception)
    assert outcome.grant.tenant.id == TENANT
