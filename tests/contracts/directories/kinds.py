"""What the directories under test hold, in the words of the contract suite.

The servers and their people are made in tests/services.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ostiary.connections.upstream import Registered
from ostiary.core.errors import Reason
from ostiary.core.passwords import DirectoryLimit
from tests.services import active_directory as ad
from tests.services import openldap_people as people
from tests.services.active_directory import ActiveDirectoryServer
from tests.services.openldap import OpenLdapServer

NAME = "corp-ad"
"""Of the connection."""


@dataclass(frozen=True)
class Held:
    """One directory: where it is and who is in it.

    names: those that mean Alice. strangers: those that mean nobody, Alice's or not.
    states: who is refused although their password is right. told: of Alice's profile.
    """

    host: str
    port: int
    registered: Registered
    limit: DirectoryLimit
    names: tuple[str, ...]
    strangers: tuple[str, ...]
    zoe: tuple[str, str]
    zoe_dn: str
    states: Mapping[str, Reason]
    welcome: tuple[str, ...]
    told: Mapping[str, object]
    groups: tuple[str, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    password: str = people.PASSWORD


def openldap(server: OpenLdapServer) -> Held:
    """An OpenLDAP with password policies."""
    return Held(
        "127.0.0.1",
        server.tls_port,
        Registered("t", NAME, server.options, server.secrets),
        DirectoryLimit(people.THRESHOLD, people.SECONDS),
        ("alice", "ALICE", "alice@ldap.example.test", "Alice@LDAP.example.test"),
        ("alicia", "CORP\\alice", "alice@other.test", "twins@ldap.example.test"),
        ("zoe@ldap.example.test", people.ZOES_PASSWORD),
        people.ZOE_DN,
        {
            "locked": Reason.DIRECTORY_LOCKED,
            "expired": Reason.DIRECTORY_PASSWORD_EXPIRED,
            "mustchange": Reason.DIRECTORY_PASSWORD_EXPIRED,
            "nopassword": Reason.PASSWORD_WRONG,
        },
        ("warned", "graceful", "argon", "lenient"),
        {
            "username": "alice",
            "email": "alice@ldap.example.test",
            "given_name": "Alice",
            "family_name": "Example",
            "name": "Alice Anderson",
            "nickname": "Alice Example",
        },
        ("all-staff", "circle", "everybody", "posix", "staff", "unique"),
        {
            "dn": f"uid=alice,{people.PEOPLE}",
            "title": "Engineer",
            "telephoneNumber": "+1 555 0100",
            "mobile": "+1 555 0101",
        },
    )


def active_directory(server: ActiveDirectoryServer) -> Held:
    """An Active Directory domain."""
    return Held(
        server.host,
        636,
        Registered("t", NAME, server.options, server.secrets),
        DirectoryLimit(ad.THRESHOLD, ad.SECONDS),
        (
            "alice",
            "Alice",
            "alice@corp.example.test",
            "ALICE@CORP.EXAMPLE.TEST",
            "CORP\\alice",
            "corp\\ALICE",
            "corp.example.test\\alice",
        ),
        ("alicia", "OTHER\\alice", "alice@mail.example.test", "dc1$", "CORP\\"),
        ("zoe.mueller@mail.example.test", ad.ZOES_PASSWORD),
        server.people["zoe"]["dn"],
        {
            "disabled": Reason.USER_DISABLED,
            "locked": Reason.DIRECTORY_LOCKED,
            "acctexpired": Reason.ACCOUNT_EXPIRED,
            "mustchange": Reason.DIRECTORY_PASSWORD_EXPIRED,
            "pwexpired": Reason.DIRECTORY_PASSWORD_EXPIRED,
            "badhours": Reason.LOGON_RESTRICTED,
            "badworkstation": Reason.LOGON_RESTRICTED,
        },
        ("strict", "claimant"),
        {
            "username": "alice@corp.example.test",
            "email": "alice@corp.example.test",
            "given_name": "Alice",
            "family_name": "Anderson",
            "name": "Alice Anderson",
            "nickname": "alice",
        },
        ("all-staff", "everybody", "staff"),
        {
            "dn": server.people["alice"]["dn"],
            "sAMAccountName": "alice",
            "userPrincipalName": "alice@corp.example.test",
            "department": "Research",
            "title": "Engineer",
            "company": "Example",
            "telephoneNumber": "+1 555 0100",
            "mobile": "+1 555 0101",
        },
    )


KINDS: Mapping[str, Callable[[Any], Held]] = {
    "openldap": openldap,
    "active_directory": active_directory,
}
"""By the fixture that gives the server."""
