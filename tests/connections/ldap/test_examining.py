"""What an operator is told of a directory, and how each failure is mended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostiary.connections.ldap import examining
from ostiary.connections.ldap.kinds import Kind
from ostiary.connections.ldap.options import settings_of
from ostiary.connections.upstream import Grade, Registered, Remark
from ostiary.core.passwords import DirectoryLimit
from tests.connections.ldap.conftest import Make
from tests.services import openldap_people as people
from tests.services.certificates import Authority
from tests.services.openldap import OpenLdapServer
from tests.services.proxy import proxy_to


def worst(remarks: tuple[Remark, ...]) -> Remark:
    """The one that fails; exactly one does."""
    (failed,) = [each for each in remarks if each.grade is Grade.FAIL]
    return failed


async def test_a_directory_in_order(make: Make, openldap: OpenLdapServer) -> None:
    """Reached, encrypted, signed in, users seen, its lockout known."""
    binds = openldap.binds("svc-ostiary")
    remarks = await make().examine()
    text = "\n".join(remark.text for remark in remarks)
    assert {remark.grade for remark in remarks} == {Grade.OK}
    assert "TLSv1.3, certificate accepted" in text
    assert "it is OpenLDAP" in text
    assert "after 5 wrong passwords in 900 s" in text
    assert openldap.binds("svc-ostiary") <= binds + 1  # it writes its log in time
    assert people.BIND_PASSWORD not in text


@pytest.mark.parametrize(
    ("options", "text", "mend"),
    [
        ({"bind_password": "wrong"}, "the directory refuses cn=svc", "`bind_password`"),
        ({"bind_dn": "no dn"}, "the directory refuses no dn", "`bind_dn`"),
        ({"base_dn": f"ou=x,{people.BASE}"}, "there is no ou=x", "`base_dn`"),
        ({"user_filter": "((("}, "`user_filter` is no LDAP filter", "`user_filter`"),
        ({"ca": None}, "certificate not accepted: self-signed", "set `ca`"),
        ({"ca": "/nowhere.pem"}, "the file of `ca` cannot be read", "readable PEM"),
        ({"urls": ["ldaps://nowhere.invalid"]}, "name not found", "host name"),
        ({"urls": ["ldaps://localhost:1"]}, "Connection refused", "host and port"),
    ],
)
async def test_each_failure_says_how_it_is_mended(
    make: Make, options: dict[str, object], text: str, mend: str
) -> None:
    """One line that fails, in plain words."""
    failed = worst(await make(**options).examine())
    assert text in failed.text
    assert mend in failed.mend


async def test_a_certificate_for_another_name(
    make: Make, openldap: OpenLdapServer
) -> None:
    """The address it was not issued for is the one that is written."""
    async with proxy_to("127.0.0.1", openldap.tls_port, at="127.0.0.2") as proxy:
        url = f"ldaps://127.0.0.2:{proxy.port}"
        failed = worst(await make(urls=[url]).examine())
    assert "certificate not accepted" in failed.text
    assert "the name that the certificate was issued for" in failed.mend


async def test_a_certificate_of_another_authority(make: Make, tmp_path: Path) -> None:
    """A CA of the same kind, but not the one that signed it."""
    ca = Authority(tmp_path, "Somebody else").certificate
    failed = worst(await make(ca=str(ca)).examine())
    assert "certificate not accepted" in failed.text
    assert "set `ca`" in failed.mend


async def test_plaintext_is_warned_of_and_refused_by_the_server(
    make: Make, openldap: OpenLdapServer
) -> None:
    """What the server says is told apart from a wrong password."""
    remarks = await make(urls=[openldap.plain_url]).examine()
    assert remarks[0].grade is Grade.WARNING
    assert "unencrypted" in remarks[0].text
    assert "CONFIDENTIALITY_REQUIRED" in worst(remarks).text
    assert "ldaps:// or `start_tls: true`" in worst(remarks).mend


async def test_start_tls_is_as_good(make: Make, openldap: OpenLdapServer) -> None:
    """On the plain port, encrypted before our bind."""
    remarks = await make(urls=[openldap.plain_url], start_tls=True).examine()
    assert {remark.grade for remark in remarks} == {Grade.OK}
    assert "certificate accepted" in remarks[0].text


@pytest.mark.parametrize("mixed", [True, False])
async def test_ports_mixed_up(
    make: Make, openldap: OpenLdapServer, mixed: bool
) -> None:
    """TLS spoken to a plain port, and the other way round."""
    plain, tls = openldap.plain_port, openldap.tls_port
    url = f"ldaps://localhost:{plain}" if mixed else f"ldap://localhost:{tls}"
    failed = worst(await make(urls=[url]).examine())
    assert ("LDAPS" in failed.mend) is True
    assert "SERVER_DOWN" in failed.text or "no TLS" in failed.text


async def test_every_server_is_looked_at(
    make: Make, openldap: OpenLdapServer, free_port: Callable[[], int]
) -> None:
    """One that is down is told, and the rest is learnt from the other."""
    urls = [f"ldaps://localhost:{free_port()}", openldap.url]
    remarks = await make(urls=urls).examine()
    assert "Connection refused" in worst(remarks).text
    assert "it is OpenLDAP" in [remark.text for remark in remarks]


async def test_a_base_without_users(make: Make) -> None:
    """It may be right; it is hardly meant."""
    remarks = await make(base_dn=people.POLICIES).examine()
    (warned,) = [each for each in remarks if each.grade is Grade.WARNING]
    assert "no user is found" in warned.text


@pytest.mark.parametrize(
    ("limit", "grade", "text"),
    [
        (None, Grade.WARNING, "cannot be read"),
        (DirectoryLimit(0, 1), Grade.OK, "locks nobody"),
        (DirectoryLimit(1, 60), Grade.WARNING, "after 1 wrong"),
        (DirectoryLimit(3, 60), Grade.WARNING, "after 3 wrong"),
        (DirectoryLimit(4, 60), Grade.OK, "after 4 wrong"),
    ],
)
async def test_the_lockout_beside_ours(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    limit: DirectoryLimit | None,
    grade: Grade,
    text: str,
) -> None:
    """Low thresholds leave no room below them."""

    async def kind(*_: object) -> Kind:
        return Kind(people.BASE, limit=limit)

    monkeypatch.setattr(examining, "read_kind", kind)
    remark = (await make().examine())[-1]
    assert (remark.grade, text in remark.text) == (grade, True)


@pytest.mark.parametrize(("minutes", "warned"), [(0, 0), (4, 0), (6, 1), (-60, 1)])
async def test_clocks_that_differ(
    make: Make, monkeypatch: pytest.MonkeyPatch, minutes: int, warned: int
) -> None:
    """More than five minutes, as Kerberos has it (RFC 4120 §1.6)."""
    there = datetime.now(UTC) + timedelta(minutes=minutes)

    async def kind(*_: object) -> Kind:
        limit = DirectoryLimit(10, 60)
        return Kind(people.BASE, limit=limit, now=f"{there:%Y%m%d%H%M%S}.0Z")

    monkeypatch.setattr(examining, "read_kind", kind)
    remarks = await make().examine()
    clocks = [remark for remark in remarks if "clocks differ" in remark.text]
    assert len(clocks) == warned


def test_settings_hide_the_secret() -> None:
    """Whatever prints them."""
    options = {"urls": ["ldaps://x.test"], "base_dn": "dc=x", "bind_dn": "cn=svc"}
    told = settings_of(Registered("t", "n", options, {"bind_password": "s3cret"}))
    assert "s3cret" not in repr(told)
