"""The options of a connection, as they come from the file."""

import pytest

from ostiary.connections.ldap.options import Address, settings_of
from ostiary.connections.upstream import Registered
from ostiary.core.passwords import DirectoryLimit

LEAST = {"urls": ["ldaps://dc1.test"], "base_dn": "dc=test"}


def test_the_least_that_works() -> None:
    """Usual ports; anonymous; the system's CAs; defaults of the kind."""
    told = settings_of(Registered("t", "corp", LEAST))
    assert told.addresses == (Address("ldaps://dc1.test", "dc1.test", 636, True),)
    assert (told.bind_dn, told.ca, told.lockout) == (None, None, None)
    assert told.start_tls is False


def test_everything() -> None:
    """Each option arrives; the secret is not shown."""
    options = {
        **LEAST,
        "urls": ("ldap://[::1]", "ldap://dc2.test:3389"),
        "bind_dn": "cn=svc",
        "ca": "/ca.pem",
        "start_tls": True,
        "lockout": {"threshold": 7},
        "email_verified": True,
    }
    told = settings_of(
        Registered("t", "corp", options, {"bind_password": "s3cret"}, restricted=True)
    )
    assert [(a.host, a.port, a.tls) for a in told.addresses] == [
        ("::1", 389, False),
        ("dc2.test", 3389, False),
    ]
    assert told.lockout == DirectoryLimit(7, 1800)
    assert (told.start_tls, told.email_verified, told.restricted) == (True, True, True)
    assert "s3cret" not in repr(told)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"base_dn": "dc=test"}, "urls"),
        ({"urls": ["https://dc1.test"], "base_dn": "dc=test"}, "urls"),
        ({"urls": ["ldaps://dc1.test"]}, "base_dn"),
        ({**LEAST, "bind_dn": "cn=svc"}, "bind_password"),
    ],
)
def test_what_cannot_work_names_its_option(
    options: dict[str, object], what: str
) -> None:
    """A bind without a password would be an anonymous one."""
    with pytest.raises(ValueError, match=f"^{what}: "):
        settings_of(Registered("t", "corp", options))
