"""What only an Active Directory domain has: its own policies, names and demands."""

import pytest

from ostiary.connections.ldap import LdapDirectory
from ostiary.connections.upstream import Grade, Registered
from ostiary.core.passwords import DirectoryLimit
from tests.services import active_directory as ad
from tests.services.active_directory import ActiveDirectoryServer

pytestmark = pytest.mark.xdist_group("active_directory")


def asked_by(
    server: ActiveDirectoryServer, password: str = ad.BIND_PASSWORD, **options: object
) -> LdapDirectory:
    """A directory with options laid over those that work."""
    told = {**server.options, **options}
    registered = Registered("t", "corp-ad", told, {"bind_password": password})
    return LdapDirectory(registered, ())


async def test_ids_are_the_domains_own_guids(
    active_directory: ActiveDirectoryServer,
) -> None:
    """As Samba itself writes them (contract auth0 §4.3)."""
    directory = asked_by(active_directory)
    for name, told in active_directory.people.items():
        candidate = await directory.find(name)
        assert candidate.external_id == f"corp-ad|{told['guid']}"
    await directory.close()


async def test_a_upn_stands_before_an_account_name(
    active_directory: ActiveDirectoryServer,
) -> None:
    """`clash@corp.example.test` is one person's UPN and would be another's by name."""
    directory = asked_by(active_directory)
    candidate = await directory.find("clash@corp.example.test")
    guid = active_directory.people["claimant"]["guid"]
    assert candidate.external_id == f"corp-ad|{guid}"
    short = await directory.find("CORP\\clash")
    guid = active_directory.people["clash"]["guid"]
    assert short.external_id == f"corp-ad|{guid}"
    await directory.close()


async def test_mail_is_a_name_where_the_operator_says_so(
    active_directory: ActiveDirectoryServer,
) -> None:
    """By `user_filter`; of an address that two share, nobody is meant."""
    directory = asked_by(active_directory, user_filter="(mail={0})")
    zoe = await directory.find("ZOE@corp.example.test")
    assert zoe.external_id == f"corp-ad|{active_directory.people['zoe']['guid']}"
    assert (await directory.find("twins@corp.example.test")).external_id is None
    await directory.close()


async def test_password_settings_objects_stand_before_the_domain(
    active_directory: ActiveDirectoryServer,
) -> None:
    """For an account that may read them; others go by the domain's limit."""
    usual = DirectoryLimit(ad.THRESHOLD, ad.SECONDS)
    special = DirectoryLimit(ad.STRICT_THRESHOLD, ad.SECONDS)
    reader = asked_by(
        active_directory,
        ad.ADMINISTRATOR,
        bind_dn=f"Administrator@{ad.REALM}",
    )
    assert (await reader.find("strict")).limit == special
    assert (await reader.find("bob")).limit == usual
    ordinary = asked_by(active_directory)
    assert (await ordinary.find("strict")).limit == usual
    await reader.close()
    await ordinary.close()


async def test_start_tls_serves_as_well(
    active_directory: ActiveDirectoryServer,
) -> None:
    """A domain controller takes no simple bind without encryption."""
    url = active_directory.plain_url
    directory = asked_by(active_directory, urls=[url], start_tls=True)
    profile = await directory.look_up("CORP\\alice")
    assert profile is not None
    assert profile.groups == ("all-staff", "everybody", "staff")
    plain = asked_by(active_directory, urls=[url])
    failed = [r for r in await plain.examine() if r.grade is Grade.FAIL]
    assert "STRONG_AUTH_REQUIRED" in failed[0].text
    assert "start_tls" in failed[0].mend
    await directory.close()


async def test_an_operator_is_told_which_domain_it_is(
    active_directory: ActiveDirectoryServer,
) -> None:
    """Its name, its lockout, and that the clocks agree."""
    remarks = await asked_by(active_directory).examine()
    texts = [remark.text for remark in remarks]
    assert {remark.grade for remark in remarks} == {Grade.OK}
    assert "it is Active Directory, domain corp.example.test" in texts
    assert any("after 5 wrong passwords in 1800 s" in text for text in texts)
