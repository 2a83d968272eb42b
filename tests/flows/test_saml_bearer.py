"""The grant of SAML assertions: whom a federated domain's own service vouches for.

Contract entra §3.5; what proves an assertion is tested in `tests/connections`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    AccessPolicy,
    Authentication,
    ConnectionSettings,
    Domain,
    Effect,
)
from ostiary.core.request import Granted, ScopeRequest, TenantRef
from ostiary.dialects.entra.authority import ADFS_SURFACE, V1, V2, Surface
from ostiary.flows.manage.changes import (
    PutClient,
    PutListed,
    PutTenant,
    PutUser,
    Write,
)
from ostiary.stores.statement import Statement
from tests.flows import values
from tests.flows.world import OFFLINE, World, granted, refused, request
from tests.services.saml_issuer import (
    Said,
    Signer,
    make_signer,
    other_signer,
    saml1,
    saml2,
    sign,
    usual_signer,
)

CLAIMED = Statement("SELECT id, expires_at FROM claimed_once")
SAML1 = "urn:ietf:params:oauth:grant-type:saml1_1-bearer"
SAML2 = "urn:ietf:params:oauth:grant-type:saml2-bearer"
STS = "corp-adfs"
FRANK = "frank@corp.test"
IMMUTABLE = "ZnJhbms="
FRANK_ID = "ffffffff-0000-4000-8000-000000000001"
DOMAINS = (
    Domain("contoso.test"),
    Domain("corp.test", Authentication.FEDERATED, STS),
    Domain("sister.test", Authentication.FEDERATED, STS),
    Domain("other.test", Authentication.FEDERATED, "other-adfs"),
    Domain("through.test", Authentication.PASS_THROUGH, STS),
)
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
SAID = Said(
    values.NOON,
    upn=FRANK,
    name_id=IMMUTABLE,
    immutable_id=IMMUTABLE,
    more={f"{CLAIMS}givenname": "Frank", f"{CLAIMS}emailaddress": FRANK},
)


@pytest.fixture(scope="module")
def signers() -> Mapping[str, Signer]:
    """The usual two, with certificates that are valid when the still clock says so."""
    return {
        name: make_signer(kind().key, days=36500)
        for name, kind in (("ours", usual_signer), ("theirs", other_signer))
    }


def sts(pinned: object, name: str = STS, **fields: Any) -> Write:
    """An AD FS connection that pins a certificate."""
    options = {"signing_certificate": str(pinned)} if pinned else {}
    known: dict[str, Any] = {"name": name, "strategy": "adfs", "options": options}
    place = 1 if name == STS else 2
    settings = ConnectionSettings(**{**known, **fields})
    return PutListed(values.TENANT, name, place, settings)


@pytest.fixture
async def corp(world: World, signers: Mapping[str, Signer], tmp_path: Path) -> World:
    """A world with two federated services, each with domains of its own."""
    for name, signer in signers.items():
        (tmp_path / f"{name}.pem").write_text(signer.pem)
    await world.write(
        PutTenant(values.tenant(domains=DOMAINS)),
        sts(tmp_path / "ours.pem"),
        sts(tmp_path / "theirs.pem", "other-adfs"),
    )
    return world


Present = Callable[..., Any]


@pytest.fixture
def present(signers: Mapping[str, Signer], corp: World) -> Present:
    """A function that brings an assertion and tells what comes of it."""

    async def bring(
        said: Said = SAID,
        *,
        by: str = "ours",
        write: Callable[[Said], str] = saml1,
        surface: Surface = V2,
        **fields: Any,
    ) -> Granted | Refused:
        text = sign(write(said), signers[by])
        known = {"assertion": text, "grant_type": SAML1}
        asked = request(username=None, password=None, **{**known, **fields})
        return await corp.ask(asked, surface)

    return bring


def put_frank(**fields: Any) -> Write:
    """Frank, declared beforehand."""
    known = {"id": FRANK_ID, "connection": STS, "username": FRANK, "email": FRANK}
    return PutUser(values.user(**{**known, **fields}), values.NOON - values.DAY)


@pytest.mark.parametrize(
    ("grant_type", "write"), [(SAML1, saml1), (SAML2, saml2), (SAML2, saml1)]
)
@pytest.mark.parametrize("surface", [V2, V1, ADFS_SURFACE], ids=["v2", "v1", "adfs"])
async def test_whoever_is_vouched_for_signs_in(
    corp: World,
    present: Present,
    grant_type: str,
    write: Callable[[Said], str],
    surface: Surface,
) -> None:
    """An account is made of the claims; amr says that somebody else saw the proof."""
    outcome = granted(
        await present(grant_type=grant_type, write=write, surface=surface)
    )
    subject = outcome.grant.subject
    assert subject is not None
    assert subject.amr == ("fed",)
    assert (subject.user.username, subject.user.connection) == (FRANK, STS)
    assert (subject.user.given_name, subject.user.email) == ("Frank", FRANK)
    assert subject.user.external_id == FRANK
    assert outcome.grant.connection is not None
    assert outcome.grant.connection.name == STS
    [record] = await corp.records()
    assert (record.outcome, record.username) == ("granted", FRANK)
    assert (record.user_id, record.grant_type) == (subject.user.id, grant_type)


async def test_claims_become_the_account(corp: World, present: Present) -> None:
    """Names, unverified address, groups; what cannot be a name is left out."""
    groups = {"http://schemas.xmlsoap.org/claims/Group": "Domain Users"}
    more = {
        f"{CLAIMS}surname": "Miller",
        f"{CLAIMS}givenname": "Fr\nank",
        f"{CLAIMS}emailaddress": "frank",
        "http://schemas.xmlsoap.org/claims/CommonName": "Frank O. Miller",
    }

    outcome = granted(await present(replace(SAID, more=more | groups)))

    assert outcome.grant.subject is not None
    user = outcome.grant.subject.user
    assert (user.name, user.family_name) == ("Frank O. Miller", "Miller")
    assert (user.given_name, user.email) == (None, None)
    assert not user.email_verified
    assert user.all_groups == ("Domain Users",)
    assert user.attributes == {"upn": FRANK}
    assert user.provisioned


async def test_the_same_person_keeps_their_id(present: Present) -> None:
    """However their name is spelled this time, and whatever else has changed."""
    first = granted(await present())
    later = replace(SAID, id="_2", upn="FRANK@Corp.Test", immutable_id=None)
    second = granted(await present(later))

    assert first.grant.subject is not None
    assert second.grant.subject is not None
    assert first.grant.subject.user.id == second.grant.subject.user.id


async def test_an_assertion_works_once(corp: World, present: Present) -> None:
    """Also in another SAML grant, at another endpoint, and for another client."""
    granted(await present())
    await corp.records()
    for fields in (
        {},
        {"grant_type": SAML2},
        {"surface": V1},
        {"client": replace(request().client, client_id=values.PUBLIC)},
    ):
        assert refused(await present(**fields)).reason is Reason.FEDERATION_REPLAYED
    record = (await corp.records())[0]
    assert (record.outcome, record.reason) == ("refused", "federation_replayed")
    assert record.code == "AADSTS50008"
    granted(await present(replace(SAID, id="_another")))


async def test_at_one_moment_it_works_once(present: Present) -> None:
    """Ten requests side by side get tokens once."""
    outcomes = await asyncio.gather(*(present() for _ in range(10)))

    assert sum(isinstance(each, Granted) for each in outcomes) == 1
    told = {each.reason for each in outcomes if isinstance(each, Refused)}
    assert told == {Reason.FEDERATION_REPLAYED}


async def test_it_is_remembered_as_long_as_it_could_be_shown(
    corp: World, present: Present
) -> None:
    """Up to its end and the five minutes by which clocks may differ."""
    granted(await present(replace(SAID, ends=600.0)))
    [row] = await corp.database.fetch(CLAIMED)
    assert row["expires_at"] == pytest.approx(values.NOON + 900, abs=1)
    corp.clock.at = values.NOON + 899
    late = replace(SAID, ends=600.0)
    assert refused(await present(late)).reason is Reason.FEDERATION_REPLAYED
    corp.clock.at = values.NOON + 901
    assert refused(await present(late)).reason is Reason.FEDERATION_ASSERTION


async def test_a_refusal_after_the_proof_uses_nothing_up(
    corp: World, present: Present
) -> None:
    """A scope that nobody allowed, then one that is: the same assertion."""
    wrong = ScopeRequest(names=("Mail.Read",))
    assert isinstance(await present(scope=wrong), Refused)
    granted(await present())


# --- whom it means ----------------------------------------------------------------


async def test_the_immutable_id_finds_whom_the_name_does_not(
    corp: World, present: Present
) -> None:
    """A person whose user name changed over there is the same person here."""
    await corp.write(put_frank(external_id=IMMUTABLE))
    renamed = replace(SAID, upn="frank.married@sister.test")

    outcome = granted(await present(renamed))

    assert outcome.grant.subject is not None
    user = outcome.grant.subject.user
    assert (user.id, user.external_id) == (FRANK_ID, IMMUTABLE)


@pytest.mark.parametrize("said", [{"immutable_id": None}, {"name_id": "x"}, {}])
async def test_the_name_finds_whom_the_id_does_not(
    corp: World, present: Present, said: dict[str, Any]
) -> None:
    """Somebody declared for flags and groups, who never signed in before."""
    await corp.write(put_frank(groups=("staff",)))

    outcome = granted(await present(replace(SAID, **said)))

    assert outcome.grant.subject is not None
    user = outcome.grant.subject.user
    assert (user.id, user.groups) == (FRANK_ID, ("staff",))


async def test_without_user_name_the_id_must_be_known(
    corp: World, present: Present
) -> None:
    """90020 for an id of nobody; no account is made without a name."""
    nameless = replace(SAID, upn=None, immutable_id=None)
    assert refused(await present(nameless)).reason is Reason.FEDERATION_NO_USER
    await corp.write(put_frank(external_id=IMMUTABLE))

    outcome = granted(await present(nameless))

    assert outcome.grant.subject is not None
    assert outcome.grant.subject.user.username == FRANK


async def test_a_name_in_place_of_an_id_is_a_name(
    corp: World, present: Present
) -> None:
    """A NameID may be the user name; it never finds somebody under another one."""
    named = replace(SAID, upn=None, immutable_id=None, name_id=FRANK)
    first = granted(await present(named))
    other = replace(SAID, id="_2", upn="eve@corp.test", immutable_id=FRANK)
    second = granted(await present(other))

    assert first.grant.subject is not None
    assert second.grant.subject is not None
    assert first.grant.subject.user.username == FRANK
    assert second.grant.subject.user.username == "eve@corp.test"
    assert second.grant.subject.user.id != first.grant.subject.user.id


async def test_people_of_other_connections_are_not_theirs(
    corp: World, present: Present
) -> None:
    """The same name and the same id at another connection are somebody else."""
    await corp.write(put_frank(connection=values.DIRECTORY, external_id=IMMUTABLE))

    outcome = granted(await present())

    assert outcome.grant.subject is not None
    assert outcome.grant.subject.user.id != FRANK_ID
    assert outcome.grant.subject.user.connection == STS


# --- who may vouch ----------------------------------------------------------------


@pytest.mark.parametrize(
    "upn",
    [
        "alice@contoso.test",
        "frank@other.test",
        "frank@through.test",
        "frank@nosuch.test",
        "frank@sub.corp.test",
        "frank@",
        "frank",
        "alice@contoso.test@corp.tes\u0165",
    ],
)
async def test_a_service_vouches_for_its_own_domains_alone(
    corp: World, present: Present, upn: str
) -> None:
    """Not for those kept here, passed through, of another service, or of nobody."""
    outcome = refused(await present(replace(SAID, upn=upn, immutable_id=None)))

    assert outcome.reason is Reason.FEDERATION_DOMAIN
    [record] = await corp.records()
    assert record.reason == "federation_domain"
    assert (record.user_id, record.code) == ("", "AADSTS50107")


async def test_each_service_has_its_own_domains(present: Present) -> None:
    """Every pinned certificate is tried, and proves its own domains only."""
    theirs = replace(SAID, upn="olga@other.test")
    sister = replace(SAID, id="_2", upn="sue@sister.test")

    granted(await present(theirs, by="theirs"))
    granted(await present(sister))
    for said, by in ((theirs, "ours"), (sister, "theirs"), (SAID, "theirs")):
        outcome = refused(await present(replace(said, id="_3"), by=by))
        assert outcome.reason is Reason.FEDERATION_DOMAIN


async def test_the_domain_finds_the_connection_of_a_shared_service(
    corp: World, present: Present, tmp_path: Path
) -> None:
    """Two connections pin one certificate: the one of the user's domain counts."""
    await corp.write(sts(tmp_path / "ours.pem", "other-adfs"))

    outcome = granted(await present(replace(SAID, upn="olga@other.test")))

    assert outcome.grant.connection is not None
    assert outcome.grant.connection.name == "other-adfs"


@pytest.mark.parametrize(
    "settings",
    [
        {"enabled": False},
        {"options": {}},
        {"options": {"signing_certificate": "/nowhere/at/all.pem"}},
        {"options": {"signing_certificate": "/dev/null"}},
        {"strategy": "waad"},
        {"strategy": "auth0"},
    ],
)
async def test_without_trust_nothing_is_proven(
    corp: World, present: Present, settings: dict[str, Any]
) -> None:
    """Switched off, nothing pinned, unreadable, or of another kind: 50008."""
    await corp.write(sts(None, **settings), sts(None, "other-adfs", enabled=False))

    outcome = refused(await present())

    assert outcome.reason is Reason.FEDERATION_UNTRUSTED
    [record] = await corp.records()
    assert (record.reason, record.code) == ("federation_untrusted", "AADSTS50008")


async def test_trust_is_for_federated_domains(corp: World, present: Present) -> None:
    """A connection that no federated domain names vouches for nobody."""
    through = Domain("corp.test", Authentication.PASS_THROUGH, STS)
    await corp.write(PutTenant(values.tenant(domains=(DOMAINS[0], through))))

    assert refused(await present()).reason is Reason.FEDERATION_UNTRUSTED


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ({"audience": "urn:ostiary:adfs"}, "meant for somebody else"),
        ({"ends": -301.0}, "expired"),
        ({"starts": 301.0}, "not yet valid"),
        ({"confirmation": "holder-of-key"}, "not a bearer's"),
    ],
)
async def test_an_assertion_must_be_for_us_and_for_now(
    corp: World, present: Present, said: dict[str, Any], cause: str
) -> None:
    """One answer whatever is wrong with it; the log says what it was."""
    await corp.write(sts(None, "other-adfs", enabled=False))

    outcome = refused(await present(replace(SAID, **said)))

    assert outcome.reason is Reason.FEDERATION_ASSERTION
    [record] = await corp.records()
    assert record.detail["cause"] == cause
    assert "frank" not in str(record).lower()


@pytest.mark.parametrize("text", ["", "x", "<a/>", saml1(SAID), "\x00", "&" * 9999])
async def test_what_is_no_assertion_proves_nothing(corp: World, text: str) -> None:
    """Anything at all may be sent; nobody is named in the log."""
    asked = request(grant_type=SAML1, username=None, password=None, assertion=text)

    assert refused(await corp.ask(asked)).reason is Reason.FEDERATION_ASSERTION


async def test_a_new_certificate_counts_at_once(
    corp: World, present: Present, signers: Mapping[str, Signer], tmp_path: Path
) -> None:
    """The file is replaced during a roll-over; nothing is restarted."""
    granted(await present())
    (tmp_path / "ours.pem").write_text(signers["theirs"].pem)
    (tmp_path / "theirs.pem").write_text(signers["theirs"].pem)
    again = replace(SAID, id="_2")

    assert refused(await present(again)).reason is Reason.FEDERATION_ASSERTION
    granted(await present(again, by="theirs"))


# --- what else is judged ----------------------------------------------------------


async def test_disabled_people_get_nothing(corp: World, present: Present) -> None:
    """However well they are vouched for."""
    await corp.write(put_frank(enabled=False))

    assert refused(await present()).reason is Reason.USER_DISABLED
    [record] = await corp.records()
    assert (record.username, record.user_id) == (FRANK, FRANK_ID)


@pytest.mark.parametrize(
    ("enrolled", "reason"),
    [(True, Reason.MFA_REQUIRED), (False, Reason.MFA_ENROLMENT_REQUIRED)],
)
async def test_it_is_no_way_around_a_second_factor(
    corp: World, present: Present, enrolled: bool, reason: Reason
) -> None:
    """Who must bring one must bring it here; the service's own word is not enough."""
    frank = put_frank(mfa_required=True)
    assert isinstance(frank, PutUser)
    secret = "sealed" if enrolled else ""
    await corp.write(replace(frank, mfa_secret=secret))

    assert refused(await present()).reason is reason


async def test_conditional_access_and_assignment_hold(
    corp: World, present: Present
) -> None:
    """As for every other grant (50105, 53003)."""
    await corp.write(PutClient(values.client(assignment_required=True)))
    assert refused(await present()).reason is Reason.USER_NOT_ASSIGNED
    blocks = AccessPolicy("p", "p", Effect.BLOCK, users=frozenset({FRANK}))
    await corp.write(PutListed(values.TENANT, "p", 0, blocks))
    assert refused(await present()).reason is Reason.POLICY_BLOCKED


async def test_locks_of_guessed_passwords_do_not_reach_it(
    corp: World, present: Present
) -> None:
    """An attacker who guesses at our door cannot lock out whoever proves at theirs."""
    for number in range(12):
        asked = request(username=FRANK, password=f"wrong {number}")
        assert isinstance(await corp.ask(asked), Refused)

    granted(await present())


@pytest.mark.parametrize(
    ("grants", "door", "reason"),
    [
        ({"password"}, True, None),
        ({"password"}, False, Reason.PASSWORD_GRANT_OFF),
        ({SAML1}, False, None),
        ({SAML2}, False, None),
        ({"refresh_token", "client_credentials"}, True, Reason.GRANT_NOT_ALLOWED),
        (set(), True, Reason.GRANT_NOT_ALLOWED),
    ],
)
async def test_the_client_must_hold_it(
    corp: World,
    present: Present,
    grants: set[str],
    door: bool,
    reason: Reason | None,
) -> None:
    """By either name, or as what the password grant becomes (decision 0019)."""
    await corp.write(
        PutTenant(values.tenant(domains=DOMAINS, password_grant=door)),
        PutClient(values.client(grant_types=frozenset(grants))),
    )

    outcome = await present()

    assert (outcome.reason if isinstance(outcome, Refused) else None) is reason


async def test_a_refresh_token_goes_on(corp: World, present: Present) -> None:
    """With the same proof in its tokens, until the account is switched off."""
    first = granted(await present(scope=OFFLINE))
    assert first.refresh_token is not None
    renewed = granted(await corp.renew(first.refresh_token))
    assert renewed.grant.subject is not None
    assert renewed.grant.subject.amr == ("fed",)
    assert renewed.refresh_token is not None
    await corp.write(
        PutUser(replace(renewed.grant.subject.user, enabled=False), values.NOON)
    )
    ended = refused(await corp.renew(renewed.refresh_token))
    assert ended.reason is Reason.USER_DISABLED


@pytest.mark.parametrize(
    ("upn", "reason"),
    [
        (FRANK, None),
        ("frank@nosuch.test", Reason.DOMAIN_UNKNOWN),
        (None, Reason.TENANT_UNDETERMINED),
        ("frank", Reason.TENANT_UNDETERMINED),
    ],
)
async def test_the_users_domain_names_the_tenant_at_an_alias(
    corp: World, present: Present, upn: str | None, reason: Reason | None
) -> None:
    """The name in the assertion tells whose keys to prove it with, and no more."""
    await corp.write(PutClient(values.client(multi_tenant=True)))
    home = TenantRef("organizations", True, True, frozenset({SAML1}))

    outcome = await present(replace(SAID, upn=upn), tenant=home)

    assert (outcome.reason if isinstance(outcome, Refused) else None) is reason
    forged = await present(replace(SAID, id="_2"), by="theirs", tenant=home)
    assert isinstance(forged, Refused)
