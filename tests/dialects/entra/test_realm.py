"""The realm as a value: who signs a domain's users in (contract entra §2.5)."""

import pytest

from ostiary.core.model import Authentication, ConnectionSettings, Domain
from ostiary.dialects.entra.realm import realm
from ostiary.dialects.site import Site
from ostiary.flows.facts import Registry
from tests.flows.values import tenant

SITE = Site("https://localhost:8443", b"key")
METADATA = "https://sts.corp.test/adfs/services/trust/mex"
FEDERATED = Domain("corp.test", Authentication.FEDERATED, "corp-adfs")


def registry(**settings: object) -> Registry:
    """The tenant with one connection."""
    known: dict[str, object] = {
        "name": "corp-adfs",
        "strategy": "adfs",
        "options": {"wstrust_metadata": METADATA},
    }
    connection = ConnectionSettings(**{**known, **settings})  # type: ignore[arg-type]
    return Registry(tenant(domains=(FEDERATED,)), {}, (), (connection,), (), ())


def told(domain: Domain | None, known: Registry | None) -> dict[str, object]:
    """The realm without what all have in common, which is as documented."""
    body = realm(SITE, domain, known)
    assert body.pop("ver") == "1.0"
    assert body.pop("cloud_instance_name") == "localhost"
    assert body.pop("cloud_audience_urn") == "urn:federation:MicrosoftOnline"
    return body


def test_a_domain_of_nobody_here_is_unknown() -> None:
    """No domain is told, and nothing about a user."""
    assert told(None, None) == {"account_type": "Unknown"}
    assert told(None, registry()) == {"account_type": "Unknown"}


@pytest.mark.parametrize(
    "authentication", [Authentication.MANAGED, Authentication.PASS_THROUGH]
)
def test_passwords_that_come_here_are_managed(authentication: Authentication) -> None:
    """Also those that are checked elsewhere, whatever their connection could do."""
    domain = Domain("corp.test", authentication, "corp-adfs")

    assert told(domain, registry()) == {
        "account_type": "Managed",
        "domain_name": "corp.test",
    }


def test_a_federated_domain_names_its_sts() -> None:
    """The three members that clients read, in the spelling of the contract."""
    assert told(FEDERATED, registry()) == {
        "account_type": "Federated",
        "domain_name": "corp.test",
        "federation_protocol": "WSTrust",
        "federation_metadata_url": METADATA,
        "federation_active_auth_url": (
            "https://sts.corp.test/adfs/services/trust/2005/usernamemixed"
        ),
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"wstrust_metadata": METADATA, "wstrust_endpoint": "https://sts.test/x"},
            "https://sts.test/x",
        ),
        (
            {"wstrust_metadata": "https://sts.test:444/trust?wsdl"},
            "https://sts.test:444/adfs/services/trust/2005/usernamemixed",
        ),
    ],
)
def test_where_passwords_go_is_always_told(
    options: dict[str, object], expected: str
) -> None:
    """The address configured, else AD FS's usual one: ADAL dies without it."""
    body = told(FEDERATED, registry(options=options))

    assert body["federation_active_auth_url"] == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"enabled": False},
        {"options": {}},
        {"options": {"authority": "https://sts.corp.test/adfs"}},
        {"strategy": "waad"},
        {"name": "another"},
    ],
)
def test_without_a_usable_sts_a_domain_is_managed(settings: dict[str, object]) -> None:
    """The client then posts the password, which is refused (§8)."""
    assert told(FEDERATED, registry(**settings)) == {
        "account_type": "Managed",
        "domain_name": "corp.test",
    }
