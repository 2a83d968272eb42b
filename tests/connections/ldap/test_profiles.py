"""What becomes known of a person (contract auth0 §4.3)."""

import pytest

from ostiary.connections.ldap.entries import Entry
from ostiary.connections.ldap.profiles import LONGEST_VALUE, MOST_VALUES, profile_of
from ostiary.flows.facts import Profile


def told(
    values: dict[str, list[bytes]], *, domain: str | None = None, verified: bool = False
) -> Profile:
    """The profile of an entry with these values."""
    entry = Entry("cn=x", {name.casefold(): raw for name, raw in values.items()})
    return profile_of(
        entry, "corp|1", domain=domain, email_verified=verified, groups=("staff",)
    )


@pytest.mark.parametrize(
    ("values", "domain", "username"),
    [
        ({"userPrincipalName": [b"a@b"], "sAMAccountName": [b"a"]}, "c.test", "a@b"),
        ({"sAMAccountName": [b"a"], "uid": [b"u"]}, "c.test", "a@c.test"),
        ({"sAMAccountName": [b"a"], "uid": [b"u"]}, None, "u"),
        ({"mail": [b"m@x"]}, None, "m@x"),
        ({"cn": [b"x"]}, None, "corp|1"),
    ],
)
def test_the_name_under_which_somebody_is_known(
    values: dict[str, list[bytes]], domain: str | None, username: str
) -> None:
    """The UPN, else what comes nearest; never nothing."""
    assert told(values, domain=domain).username == username


def test_the_normalised_members() -> None:
    """displayName, sn, givenName, mail; nickname is the account name or cn."""
    values = {
        "displayName": [b"J. Doe"],
        "cn": [b"jd"],
        "sn": [b"Doe"],
        "givenName": [b"Jo"],
        "mail": [b"j@x", b"k@x"],
    }
    seen = told(values, verified=True)
    assert (seen.name, seen.nickname) == ("J. Doe", "jd")
    assert (seen.given_name, seen.family_name) == ("Jo", "Doe")
    assert (seen.email, seen.email_verified) == ("j@x", True)
    assert seen.groups == ("staff",)
    assert told({**values, "sAMAccountName": [b"jdoe"]}).nickname == "jdoe"


def test_no_mail_is_never_verified() -> None:
    """Only what there is can be."""
    assert told({"uid": [b"a"]}, verified=True).email_verified is False


def test_attributes_are_text_and_bounded() -> None:
    """No binary, nothing endless, nothing that was not asked for."""
    values = {
        "title": [b"\xff\xfe"],
        "ou": [str(n).encode() for n in range(100)],
        "company": [b"x" * (LONGEST_VALUE + 1)],
        "department": [b"R&D"],
        "userPassword": [b"secret"],
        "app_metadata": [b"admin"],
    }
    kept = told(values).attributes
    assert set(kept) == {"dn", "ou", "department"}
    assert kept["department"] == "R&D"
    assert kept["ou"] == [str(n) for n in range(MOST_VALUES)]
