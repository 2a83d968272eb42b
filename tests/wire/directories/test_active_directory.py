"""Active Directory at the wire: cases A65 and A66, every sub-code, names, groups.

Against a domain controller (Samba); ids are what its own database says they are.
"""

import pytest

from ostiary.core.errors import Reason
from tests.services import active_directory as ad
from tests.services.active_directory import ActiveDirectoryServer
from tests.wire.answers import assert_error, assert_tokens
from tests.wire.directories.conftest import Binds
from tests.wire.directories.estate import ONPREM, PUB, TID, Estate, user_id
from tests.wire.directories.states import TOLD, WRONG
from tests.wire.entra.cases import peek, refreshing

pytestmark = pytest.mark.xdist_group("active_directory")

AD = "corp-ad"
STATES = {
    "disabled": Reason.USER_DISABLED,  # 533
    "locked": Reason.DIRECTORY_LOCKED,  # 775
    "acctexpired": Reason.ACCOUNT_EXPIRED,  # 701
    "mustchange": Reason.DIRECTORY_PASSWORD_EXPIRED,  # 773
    "pwexpired": Reason.DIRECTORY_PASSWORD_EXPIRED,  # 532
    "badhours": Reason.LOGON_RESTRICTED,  # 530
    "badworkstation": Reason.LOGON_RESTRICTED,  # 531
}


def test_case_a65_the_guid_is_the_subject(
    ad_estate: Estate, active_directory: ActiveDirectoryServer
) -> None:
    """`ad|corp-ad|<guid>` at both doors, and the profile that the directory has."""
    guid = active_directory.people["alice"]["guid"]
    old = ad_estate.old("alice", ad.PASSWORD, AD)
    new = ad_estate.realm("alice", ad.PASSWORD, AD)
    assert user_id(old) == user_id(new) == f"ad|corp-ad|{guid}"
    claims = peek(old.json()["id_token"])
    assert claims["given_name"] == "Alice"
    assert claims["identities"] == [
        {
            "connection": AD,
            "provider": "ad",
            "user_id": f"corp-ad|{guid}",
            "isSocial": False,
        }
    ]
    assert set(claims["groups"]) == {"staff", "all-staff", "everybody"}


def test_case_a66_a_wrong_password_is_as_any_other(ad_estate: Estate) -> None:
    """Word for word what is said of nobody, at every door."""
    for door in (ad_estate.old, ad_estate.realm):
        wrong = door("bob", "Wrong-Passw0rd!", AD)
        ghost = door("nobody-at-all", "Wrong-Passw0rd!", AD)
        disabled = door("disabled", "Wrong-Passw0rd!", AD)
        assert wrong.content == ghost.content == disabled.content
        assert wrong.status_code == ghost.status_code == disabled.status_code
    WRONG.check_old(ad_estate.old("bob", "Wrong-Passw0rd!", AD))
    WRONG.check_new(ad_estate.realm("bob", "Wrong-Passw0rd!", AD))


@pytest.mark.parametrize("who", STATES)
def test_every_sub_code_is_told_in_every_dialect(ad_estate: Estate, who: str) -> None:
    """After the right password; the record says why, and no counter moves."""
    told, before = TOLD[STATES[who]], ad_estate.instance.guesses()
    upn = f"{who}@{ad.REALM}"
    answer, records = ad_estate.record(
        lambda number: ad_estate.wire.post(
            f"/{TID}/oauth2/v2.0/token",
            {
                "client_id": PUB[TID],
                "grant_type": "password",
                "username": upn,
                "password": ad.PASSWORD,
                "scope": "openid",
            },
            {"client-request-id": number},
        )
    )
    told.check_entra(answer)
    assert records == [("refused", STATES[who])]
    told.check_old(ad_estate.old(who, ad.PASSWORD, AD))
    told.check_new(ad_estate.realm(who, ad.PASSWORD, AD))
    assert ad_estate.instance.guesses() == before


NAMES = (
    "alice",
    "ALICE",
    "alice@corp.example.test",
    "Alice@CORP.example.TEST",
    "CORP\\alice",
    "corp\\Alice",
    "corp.example.test\\alice",
)


def test_any_form_of_a_name_is_the_same_person(ad_estate: Estate) -> None:
    """At both dialects of the tenant whose directory it is: one `oid`, one `sub`."""
    oids, subs = set(), set()
    for name in NAMES:
        answer = ad_estate.entra(name, ad.PASSWORD, tenant=ONPREM)
        body = assert_tokens(answer, "refresh_token", "id_token")
        oids.add(peek(body["id_token"])["oid"])
        for door in (ad_estate.old, ad_estate.realm):
            subs.add(user_id(door(name, ad.PASSWORD, AD, prefix="/onprem")))
    assert len(oids) == 1
    assert len(subs) == 1


def test_the_domain_of_another_is_nobody(ad_estate: Estate) -> None:
    r"""`OTHER\alice` means nobody here, whatever her password is."""
    answer = ad_estate.entra("OTHER\\alice", ad.PASSWORD, tenant=ONPREM)
    assert_error(answer, 400, "invalid_grant", 50126)
    WRONG.check_old(ad_estate.old("OTHER\\alice", ad.PASSWORD, AD))


def test_a_upn_unlike_the_account_name_signs_in(
    ad_estate: Estate, active_directory: ActiveDirectoryServer
) -> None:
    """Umlauts, a comma and brackets in her DN; a password beyond ASCII."""
    guid = active_directory.people["zoe"]["guid"]
    upn = "zoe.mueller@mail.example.test"
    body = assert_tokens(
        ad_estate.entra(upn, ad.ZOES_PASSWORD), "refresh_token", "id_token"
    )
    assert peek(body["id_token"])["preferred_username"] == upn
    answer = ad_estate.old(upn, ad.ZOES_PASSWORD, AD)
    assert user_id(answer) == f"ad|corp-ad|{guid}"
    assert peek(answer.json()["id_token"])["family_name"] == "Müller"


def test_a_directory_user_stays_the_same_and_can_refresh(ad_estate: Estate) -> None:
    """Sign-in again, refresh, version 1: the `oid` stays, nobody asks the password."""
    upn = f"bob@{ad.REALM}"
    first = assert_tokens(
        ad_estate.entra(upn, ad.PASSWORD), "refresh_token", "id_token"
    )
    oid = peek(first["id_token"])["oid"]
    client = PUB[TID]
    form = refreshing(client, first["refresh_token"], scope="openid offline_access")
    again = ad_estate.wire.post(f"/{TID}/oauth2/v2.0/token", form).json()
    assert peek(again["id_token"])["oid"] == oid
    graph = {"resource": "https://graph.microsoft.com", "scope": "openid"}
    old = ad_estate.entra(upn, ad.PASSWORD, version="", **graph)
    assert old.status_code == 200
    assert peek(old.json()["id_token"])["oid"] == oid
    answer = ad_estate.realm("bob", ad.PASSWORD, AD).json()
    body = {
        "client_id": "OIDC",
        "grant_type": "refresh_token",
        "refresh_token": answer["refresh_token"],
    }
    fresh = ad_estate.wire.post_json("/oauth/token", body)
    assert user_id(fresh) == peek(answer["id_token"])["sub"]


def test_five_wrong_passwords_lock_here_and_not_there(
    ad_estate: Estate, ad_binds: Binds
) -> None:
    """Its limit is five: ours is reached first, its account stays open (LOCK there)."""
    who, upn = ad.FRESH[0], f"{ad.FRESH[0]}@{ad.REALM}"
    codes = []
    for number in range(5):
        answer = ad_estate.entra(upn, f"Wrong-Passw0rd-{number}")
        codes.append(answer.json()["error_codes"][0])
    assert codes[0] == 50126
    assert codes[-1] == 50053
    assert sorted(set(codes), reverse=True) == [50126, 50053]
    TOLD[Reason.DIRECTORY_LOCKED].check_old(ad_estate.old(who, ad.PASSWORD, AD))
    TOLD[Reason.DIRECTORY_LOCKED].check_new(ad_estate.realm(who, ad.PASSWORD, AD))
    assert ad_binds(who, ad.PASSWORD)


def test_the_record_names_the_state_and_no_password(ad_estate: Estate) -> None:
    """`ostiary audit tail --json`: reason, user name, and nothing secret."""
    TOLD[Reason.USER_DISABLED].check_old(ad_estate.old("disabled", ad.PASSWORD, AD))
    (record,) = ad_estate.audit(1)
    assert (record["outcome"], record["reason"]) == ("refused", "user_disabled")
    assert ad.PASSWORD not in str(record)
