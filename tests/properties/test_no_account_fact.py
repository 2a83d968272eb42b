"""No account fact before a right password, whatever account and settings are like.

Security promises 1 and 2; what the same work is, is in tests/flows.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    Domain,
    Effect,
    LockoutRules,
    PasswordState,
)
from ostiary.dialects.entra.authority import ADFS_SURFACE, V1, V2, Surface
from ostiary.dialects.entra.responses import render_refused
from ostiary.flows.manage.changes import (
    DropConsent,
    PutClient,
    PutListed,
    PutTenant,
    PutUser,
)
from ostiary.stores.sqlite import open_memory
from ostiary.web import HttpRequest, HttpResponse
from tests.flows import values
from tests.flows.fakes import RIGHT
from tests.flows.values import NOON, PUBLIC, TENANT
from tests.flows.world import OFFLINE, World, refused, request

USERS = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "guest": st.booleans(),
        "password_state": st.sampled_from(PasswordState),
        "mfa_required": st.booleans(),
        "mfa_enrolled": st.booleans(),
        "assigned_to": st.sampled_from([frozenset[str](), frozenset({PUBLIC})]),
        "username": st.sampled_from(["alice@contoso.test", "bob@contoso.test"]),
    }
)
CLIENTS = st.fixed_dictionaries(
    {"assignment_required": st.booleans(), "multi_tenant": st.booleans()}
)
POLICIES = st.none() | st.builds(
    AccessPolicy,
    id=st.just("policy"),
    name=st.just("policy"),
    effect=st.sampled_from(Effect),
    networks=st.sampled_from([None, ("192.0.2.0/24",), ("10.0.0.0/8",)]),
)
TENANTS = st.fixed_dictionaries(
    {
        "domains": st.sampled_from(Authentication).map(
            lambda how: (Domain("contoso.test", how),)
        ),
        "lockout": st.sampled_from([LockoutRules(), LockoutRules(threshold=2)]),
    }
)
WRONG = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(
    lambda text: text != RIGHT
) | st.sampled_from([RIGHT + " ", " " + RIGHT, RIGHT.upper(), RIGHT[:-1]])
ASKED = HttpRequest(
    "trace", "POST", "/", (), "/", "", {}, frozenset(), b"", "192.0.2.7", "https"
)


def answer(told: Refused, surface: Surface) -> HttpResponse:
    """The whole answer on the wire; ids and times are the same for all."""
    return render_refused(
        ASKED,
        told,
        values.trace(),
        base_url="https://login.test",
        now=NOON,
        first_version=surface is V1,
    )


async def tell(
    template: Path,
    user: Mapping[str, object],
    client: Mapping[str, object],
    tenant: Mapping[str, object],
    policy: AccessPolicy | None,
    consent: bool,
    password: str,
    surface: Surface,
) -> tuple[Refused, Refused]:
    """What a wrong password is told for that account, and for nobody."""
    database = await open_memory(template)
    world = World(database)
    await world.furnish(
        PutTenant(values.tenant(**tenant)),
        PutClient(values.client(**client)),
        PutUser(values.user(**user), NOON),
    )
    if policy is not None:
        await world.write(PutListed(TENANT, "policy", 0, policy))
    if not consent:
        await world.write(DropConsent(TENANT, PUBLIC, ""))
    told = [
        refused(await world.ask(asking, surface))
        for asking in (
            request(username=name, password=password, scope=OFFLINE)
            for name in (str(user["username"]), "nobody@contoso.test")
        )
    ]
    await database.close()
    return told[0], told[1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user=USERS,
    client=CLIENTS,
    tenant=TENANTS,
    policy=POLICIES,
    consent=st.booleans(),
    password=WRONG,
    surface=st.sampled_from([V2, V1, ADFS_SURFACE]),
)
def test_a_wrong_password_is_told_alike_for_every_account(
    migrated: Path,
    user: Mapping[str, object],
    client: Mapping[str, object],
    tenant: Mapping[str, object],
    policy: AccessPolicy | None,
    consent: bool,
    password: str,
    surface: Surface,
) -> None:
    """The same Refused, and the same bytes, as for a name of nobody."""
    found, nobody = asyncio.run(
        tell(migrated, user, client, tenant, policy, consent, password, surface)
    )
    assert found.reason is nobody.reason is Reason.PASSWORD_WRONG
    assert found.facts == nobody.facts == {}
    assert answer(found, surface) == answer(nobody, surface)
