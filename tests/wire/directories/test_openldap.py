"""OpenLDAP at the wire: cases 30 and 56, every state of its password policies, groups.

The server under test has two workers; what slapd was asked stands in its own log.
"""

import pytest

from ostiary.core.errors import Reason
from tests.services import openldap_people as people
from tests.services.openldap import OpenLdapServer
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.directories.conftest import Binds
from tests.wire.directories.estate import (
    ONPREM,
    Estate,
    together,
    user_id,
)
from tests.wire.directories.states import LOCKED, TOLD, WRONG
from tests.wire.entra.cases import peek

pytestmark = pytest.mark.xdist_group("openldap")

LDAP = "corp-ad"
RIGHT = people.PASSWORD
STATES = {
    "locked": Reason.DIRECTORY_LOCKED,
    "expired": Reason.DIRECTORY_PASSWORD_EXPIRED,
    "mustchange": Reason.DIRECTORY_PASSWORD_EXPIRED,
}
AT_ONCE, MANY = 20, 100


def upn(uid: str) -> str:
    """The mail address, by which the domain's users are found."""
    return f"{uid}@ldap.example.test"


def test_case_30_grace_passes_through(ldap_estate: Estate) -> None:
    """Of a pass-through domain: 200 by the directory's word, as any other user."""
    body = assert_tokens(
        ldap_estate.entra("grace@pta.test", RIGHT), "refresh_token", "id_token"
    )
    claims = peek(body["id_token"])
    assert claims["name"] == "Grace Example"
    again = ldap_estate.entra("grace@pta.test", RIGHT).json()
    assert peek(again["id_token"])["oid"] == claims["oid"]
    wrong = ldap_estate.entra("grace@pta.test", "Wrong-Passw0rd!")
    assert_error(wrong, 400, "invalid_grant", 50126)


def test_case_56_the_realm_of_a_pass_through_domain_is_managed(
    ldap_estate: Estate,
) -> None:
    """As contract entra §2.5 has it; whether she exists is not told."""
    answers = [
        ldap_estate.wire.get(f"/common/userrealm/{name}@pta.test?api-version=1.0")
        for name in ("grace", "nobody-at-all")
    ]
    first, second = (answer.json() for answer in answers)
    assert first["account_type"] == "Managed"
    assert first == second


@pytest.mark.parametrize("who", STATES)
def test_every_state_is_told_in_every_dialect(ldap_estate: Estate, who: str) -> None:
    """After the right password; no counter of ours moves."""
    told, before = TOLD[STATES[who]], ldap_estate.instance.guesses()
    told.check_entra(ldap_estate.entra(upn(who), RIGHT))
    told.check_old(ldap_estate.old(who, RIGHT, LDAP))
    told.check_new(ldap_estate.realm(who, RIGHT, LDAP))
    assert ldap_estate.instance.guesses() == before
    (record,) = ldap_estate.audit(1)
    assert (record["outcome"], record["reason"]) == ("refused", STATES[who])


@pytest.mark.parametrize("who", ["warned", "graceful", "argon", "lenient"])
def test_a_warning_is_no_refusal(ldap_estate: Estate, who: str) -> None:
    """Soon to expire, on a grace login, by another hash: signed in all the same."""
    assert_tokens(ldap_estate.entra(upn(who), RIGHT), "refresh_token", "id_token")
    old, new = ldap_estate.old(who, RIGHT, LDAP), ldap_estate.realm(who, RIGHT, LDAP)
    assert user_id(old) == user_id(new)
    assert user_id(old).startswith("ad|corp-ad|")


def test_the_groups_of_groups_are_in_the_profile(ldap_estate: Estate) -> None:
    """Common names, nested, a circle among them: in the id_token and at /userinfo."""
    groups = {"all-staff", "circle", "everybody", "posix", "staff", "unique"}
    answer = ldap_estate.old("alice", RIGHT, LDAP).json()
    bearer = {"authorization": f"Bearer {answer['access_token']}"}
    told = ldap_estate.wire.get("/userinfo", bearer).json()
    for claims in (peek(answer["id_token"]), told):
        assert set(claims["groups"]) == groups
        assert claims["email"] == upn("alice")
        assert claims["email_verified"] is False


def test_any_form_of_a_name_is_the_same_person(ldap_estate: Estate) -> None:
    """uid or mail, in any case, at both dialects."""
    names = ("alice", "ALICE", upn("alice"), "Alice@LDAP.example.test")
    oids = set()
    for name in names:
        answer = ldap_estate.entra(name, RIGHT, tenant=ONPREM)
        oids.add(peek(answer.json()["id_token"])["oid"])
    assert len(oids) == 1
    assert len({user_id(ldap_estate.old(name, RIGHT, LDAP)) for name in names}) == 1


def test_all_doors_together_ask_once_about_one_wrong_password(
    ldap_estate: Estate, openldap: OpenLdapServer
) -> None:
    """Ten times over four doors and two workers: one bind (interface §3)."""
    who = people.FRESH[0]
    doors = ldap_estate.doors(who, LDAP, upn(who))
    for number in range(10):
        answer = doors[number % len(doors)]("Wrong-Passw0rd!")
        assert answer.status_code in (400, 401, 403), answer.text
    assert openldap.binds(who) == 1
    assert_tokens(ldap_estate.entra(upn(who), RIGHT), "refresh_token", "id_token")
    assert openldap.binds(who) == 2


def test_five_wrong_passwords_lock_here_and_not_there(
    ldap_estate: Estate, openldap: OpenLdapServer, openldap_binds: Binds
) -> None:
    """pwdMaxFailure is five: the directory never hears of the fifth."""
    who = people.FRESH[1]
    answers = [ldap_estate.old(who, f"Wrong-Passw0rd-{n}", LDAP) for n in range(5)]
    WRONG.check_old(answers[0])
    LOCKED.check_old(answers[-1])
    LOCKED.check_old(ldap_estate.old(who, RIGHT, LDAP))
    LOCKED.check_new(ldap_estate.realm(who, RIGHT, LDAP))
    LOCKED.check_entra(ldap_estate.entra(upn(who), RIGHT))
    assert 0 < openldap.binds(who) < people.THRESHOLD
    assert openldap_binds(who, RIGHT)


def test_wrong_passwords_side_by_side_lock_nobody_there(
    ldap_estate: Estate, openldap: OpenLdapServer, openldap_binds: Binds
) -> None:
    """Twenty at once, all different, two workers: fewer binds than its limit."""
    who = people.FRESH[2]
    answers = together(
        AT_ONCE, lambda n: ldap_estate.entra(upn(who), f"Wrong-Passw0rd-{n}")
    )
    codes = {answer.json()["error_codes"][0] for answer in answers}
    assert codes == {50126, 50053}
    assert 0 < openldap.binds(who) < people.THRESHOLD
    assert openldap_binds(who, RIGHT)


def test_right_passwords_side_by_side_are_all_served(ldap_estate: Estate) -> None:
    """A hundred at once for one account: nobody is refused for being parallel."""
    who = people.FRESH[3]
    answers = together(MANY, lambda _: ldap_estate.entra(upn(who), RIGHT))
    assert [answer.status_code for answer in answers] == [200] * MANY
    oids = {peek(answer.json()["id_token"])["oid"] for answer in answers}
    assert len(oids) == 1


def test_no_empty_password_reaches_it(
    ldap_estate: Estate, openldap: OpenLdapServer
) -> None:
    """It would let them in: such binds are allowed there (case A66, LDAP-01)."""
    who, before = people.FRESH[4], ldap_estate.instance.guesses()
    for door in ldap_estate.doors(who, LDAP, upn(who)):
        for password in ("", None, "\0", "x\0y"):
            answer = door(password)
            assert answer.status_code == 400, answer.text
            assert answer.json()["error"] == "invalid_request"
    assert openldap.binds(who) == 0
    assert ldap_estate.instance.guesses() == before
