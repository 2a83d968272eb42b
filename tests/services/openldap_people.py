"""Who is in the OpenLDAP under test: people in every state, their groups and policies.

The server is started in `openldap`.
"""

import time
from collections.abc import Iterator, Mapping

from argon2 import PasswordHasher

from tests.services.ldif import entry, ssha

BASE = "dc=ldap,dc=example,dc=test"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
POLICIES = f"ou=policies,{BASE}"
BIND_DN = f"cn=svc-ostiary,ou=services,{BASE}"
BIND_PASSWORD = "Reader-Passw0rd!"
PASSWORD = "Passw0rd!x"
ZOES_PASSWORD = "Pässwörd-ß€1"
ZOE_DN = rf"cn=Müller\, Zoë (x),{PEOPLE}"
MANY_GROUPS = 620
"""Groups of `joiner`: more than one page of them."""
THRESHOLD, STRICT_THRESHOLD, SECONDS = 5, 4, 900
DAY = 86400
FRESH = tuple(f"fresh{number}" for number in range(1, 9))
"""People for tests that want somebody of their own."""

POLICY = {
    "objectClass": ["device", "pwdPolicy"],
    "pwdAttribute": "userPassword",
    "pwdLockout": "TRUE",
    "pwdMaxFailure": str(THRESHOLD),
    "pwdLockoutDuration": str(SECONDS),
    "pwdFailureCountInterval": str(SECONDS),
    "pwdMustChange": "TRUE",
    "pwdAllowUserChange": "TRUE",
}
AGING = {"pwdMaxAge": str(90 * DAY)}
POLICY_CHANGES: Mapping[str, Mapping[str, str]] = {
    "default": {},
    "ninety-days": {**AGING, "pwdExpireWarning": str(14 * DAY)},
    "graceful": {**AGING, "pwdGraceAuthNLimit": "200"},
    "strict": {"pwdMaxFailure": str(STRICT_THRESHOLD)},
    "lenient": {"pwdLockout": "FALSE"},
}


def ldif(elsewhere: str) -> str:
    """Everything, as of now; `elsewhere`: the server that a referral leads to."""
    return "".join(
        [*_frame(), *_policies(), *_people(), *_groups(), _referral(elsewhere)]
    )


def _frame() -> Iterator[str]:
    organization = {"objectClass": ["dcObject", "organization"], "o": "Example"}
    yield entry(BASE, {**organization, "dc": "ldap"})
    for unit in ("people", "groups", "policies", "services"):
        yield entry(
            f"ou={unit},{BASE}", {"objectClass": "organizationalUnit", "ou": unit}
        )
    yield entry(
        BIND_DN,
        {
            "objectClass": ["applicationProcess", "simpleSecurityObject"],
            "cn": "svc-ostiary",
            "userPassword": ssha(BIND_PASSWORD),
        },
    )


def _policies() -> Iterator[str]:
    for name, changes in POLICY_CHANGES.items():
        yield entry(f"cn={name},{POLICIES}", {**POLICY, **changes, "cn": name})


def _person(uid: str, password: str | None = PASSWORD, **more: str) -> str:
    attributes: dict[str, str | list[str]] = {
        "objectClass": ["inetOrgPerson"],
        "uid": uid,
        "cn": f"{uid.capitalize()} Example",
        "givenName": uid.capitalize(),
        "sn": "Example",
        "mail": f"{uid}@ldap.example.test",
    }
    if password is not None:
        attributes["userPassword"] = (
            password if password.startswith("{") else ssha(password)
        )
    dn = more.pop("dn", f"uid={uid},{PEOPLE}")
    return entry(dn, {**attributes, **more})


def _days_ago(days: int) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - days * DAY))


def _people() -> Iterator[str]:
    yield _person(
        "alice",
        displayName="Alice Anderson",
        title="Engineer",
        departmentNumber="7",
        telephoneNumber="+1 555 0100",
        mobile="+1 555 0101",
        employeeNumber="42",
        jpegPhoto="\x00\x01",
    )
    for name in ("bob", "grace", *FRESH):
        yield _person(name)
    yield _person("joiner")
    hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    yield _person("argon", "{ARGON2}" + hashed)
    yield _person(
        "zoe",
        ZOES_PASSWORD,
        dn=ZOE_DN,
        cn="Müller, Zoë (x)",
        givenName="Zoë",
        sn="Müller",
    )
    yield _person("nopassword", None)
    for name in ("twin1", "twin2"):
        yield _person(name, mail="twins@ldap.example.test")
    for name in ("triplet1", "triplet2", "triplet3"):
        yield _person(name, mail="triplets@ldap.example.test")
    policy = {name: f"cn={name},{POLICIES}" for name in POLICY_CHANGES}
    yield _person("locked", pwdAccountLockedTime="000001010000Z")
    yield _person("mustchange", pwdReset="TRUE", pwdChangedTime=_days_ago(1))
    for uid, days, name in (
        ("expired", 400, "ninety-days"),
        ("warned", 85, "ninety-days"),
        ("graceful", 400, "graceful"),
        ("strict", 1, "strict"),
        ("lenient", 1, "lenient"),
    ):
        changed = _days_ago(days)
        yield _person(uid, pwdChangedTime=changed, pwdPolicySubentry=policy[name])


def _referral(elsewhere: str) -> str:
    return entry(
        f"ou=elsewhere,{PEOPLE}",
        {
            "objectClass": ["referral", "extensibleObject"],
            "ou": "elsewhere",
            "ref": f"ldap://{elsewhere}/ou=people,dc=elsewhere,dc=test",
        },
    )


def _groups() -> Iterator[str]:
    alice, bob = f"uid=alice,{PEOPLE}", f"uid=bob,{PEOPLE}"
    members = {
        "staff": [alice, bob, ZOE_DN],
        "all-staff": [f"cn=staff,{GROUPS}"],
        "everybody": [f"cn=all-staff,{GROUPS}", f"cn=circle,{GROUPS}"],
        "circle": [f"cn=everybody,{GROUPS}"],
        "others": [bob],
    }
    for name, dns in members.items():
        yield entry(
            f"cn={name},{GROUPS}",
            {"objectClass": "groupOfNames", "cn": name, "member": dns},
        )
    yield entry(
        f"cn=unique,{GROUPS}",
        {
            "objectClass": "groupOfUniqueNames",
            "cn": "unique",
            "uniqueMember": alice,
        },
    )
    yield entry(
        f"cn=posix,{GROUPS}",
        {
            "objectClass": "posixGroup",
            "cn": "posix",
            "gidNumber": "10000",
            "memberUid": ["alice"],
        },
    )
    for number in range(MANY_GROUPS):
        name = f"many-{number:04}"
        yield entry(
            f"cn={name},{GROUPS}",
            {
                "objectClass": "groupOfNames",
                "cn": name,
                "member": f"uid=joiner,{PEOPLE}",
            },
        )
