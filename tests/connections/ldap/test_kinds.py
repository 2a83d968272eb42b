"""What a server says of itself: kind, names of its domain, lockout."""

import pytest

from ostiary.connections.ldap.entries import Entry
from ostiary.connections.ldap.kinds import (
    Kind,
    default_limit,
    dn_key,
    dns_name,
    domain_limit,
    policy_limit,
)
from ostiary.core.passwords import DirectoryLimit


def policy(name: str, **values: str) -> Entry:
    """A pwdPolicy of that common name."""
    told = {"cn": name, "pwdLockout": "TRUE", **values}
    raw = {key.casefold(): [value.encode()] for key, value in told.items()}
    return Entry(f"cn={name},ou=policies,dc=test", raw)


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        (
            {"pwdMaxFailure": "5", "pwdFailureCountInterval": "900"},
            DirectoryLimit(5, 900),
        ),
        ({"pwdMaxFailure": "5", "pwdLockoutDuration": "60"}, DirectoryLimit(5, 60)),
        ({"pwdMaxFailure": "5"}, DirectoryLimit(5, 86400)),
        ({"pwdMaxFailure": "0"}, DirectoryLimit(0, 86400)),
        ({"pwdMaxFailure": "5", "pwdLockout": "FALSE"}, DirectoryLimit(0, 86400)),
        ({"pwdMaxFailure": "x"}, DirectoryLimit(0, 86400)),
        ({}, DirectoryLimit(0, 86400)),
    ],
)
def test_the_lockout_of_a_password_policy(
    values: dict[str, str], limit: DirectoryLimit
) -> None:
    """One that never forgets is taken to do so when its lock ends, or in a day."""
    assert policy_limit(policy("p", **values)) == limit


def test_the_default_policy_is_the_one_called_so() -> None:
    """Else the strictest there is; one that locks nobody is the least strict."""
    loose = policy("loose", pwdLockout="FALSE")
    ten, three = policy("ten", pwdMaxFailure="10"), policy("three", pwdMaxFailure="3")
    default = policy("Default", pwdMaxFailure="7")
    assert default_limit([ten, default, three]) == DirectoryLimit(7, 86400)
    assert default_limit([loose, ten, three]) == DirectoryLimit(3, 86400)
    assert default_limit([]) is None


@pytest.mark.parametrize(
    ("threshold", "window", "limit"),
    [
        ("5", "-18000000000", DirectoryLimit(5, 1800)),
        ("0", "-18000000000", DirectoryLimit(0, 1800)),
        ("5", "0", DirectoryLimit(5, 86400)),
        ("5", "-9223372036854775808", DirectoryLimit(5, 922337203685)),
        ("x", "-18000000000", None),
    ],
)
def test_the_lockout_of_a_domain(
    threshold: str, window: str, limit: DirectoryLimit | None
) -> None:
    """Negative counts of 100 ns (MS-ADTS: lockOutObservationWindow)."""
    values = {
        "lockoutthreshold": [threshold.encode()],
        "lockoutobservationwindow": [window.encode()],
    }
    assert domain_limit(Entry("dc=x", values)) == limit
    assert domain_limit(None) is None


def test_somebodys_own_policy_stands_before_the_domains() -> None:
    """Found by its DN, however that is spelled; an unreadable one does not count."""
    own = {dn_key("CN=Strict,DC=corp,DC=test"): DirectoryLimit(3, 60)}
    kind = Kind("dc=corp,dc=test", limit=DirectoryLimit(10, 1800), special=own)
    assert kind.limit_of("cn=strict, dc=CORP,dc=test") == DirectoryLimit(3, 60)
    assert kind.limit_of("cn=other,dc=corp,dc=test") == DirectoryLimit(10, 1800)
    assert kind.limit_of(None) == DirectoryLimit(10, 1800)
    assert Kind("").limit_of(None) == DirectoryLimit()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cn=a\\2cb,dc=x", "CN=A\\,B, DC=X", True),
        ("cn=Zo\\c3\\ab", "cn=zoë", True),
        ("cn=a,dc=x", "cn=a,dc=y", False),
        ("no dn at all", "NO DN AT ALL", True),
    ],
)
def test_dns_are_compared_as_names(one: str, other: str, same: bool) -> None:
    """Case, spaces and ways to escape do not matter (RFC 4514 §2)."""
    assert (dn_key(one) == dn_key(other)) is same


def test_the_dns_name_of_a_domain() -> None:
    """RFC 2247 §4."""
    assert dns_name("DC=Corp,DC=Example,DC=test") == "corp.example.test"
