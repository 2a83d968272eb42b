"""The realm: who signs a domain's users in, as clients ask before they do.

A property of the domain, never of the user: nobody can look for names here.
"""

from typing import Final
from urllib.parse import urlsplit

from ostiary.core.model import Authentication, Domain
from ostiary.dialects.site import Site
from ostiary.flows.facts import Registry

CLOUD_AUDIENCE: Final = "urn:federation:MicrosoftOnline"
"""Whom federated clients ask assertions for (contract entra §2.5)."""
_USUAL: Final = "/adfs/services/trust"
_BY_PASSWORD: Final = "/2005/usernamemixed"


def realm(
    site: Site, domain: Domain | None, registry: Registry | None
) -> dict[str, object]:
    """The answer to "whose domain is this?"; None: not ours (contract entra §2.5)."""
    body: dict[str, object] = {"ver": "1.0", "account_type": "Unknown"}
    if domain is not None and registry is not None:
        federated = _federated(domain, registry)
        body["account_type"] = "Federated" if federated else "Managed"
        body["domain_name"] = domain.name
        body.update(federated)
    body["cloud_instance_name"] = site.host
    body["cloud_audience_urn"] = CLOUD_AUDIENCE
    return body


def _federated(domain: Domain, registry: Registry) -> dict[str, object]:
    """The three members of a domain with an STS: clients miss any one of them."""
    settings = registry.connection(domain.connection or "")
    if (
        domain.authentication is not Authentication.FEDERATED
        or settings is None
        or not settings.enabled
        or settings.strategy != "adfs"
        or not settings.options.get("wstrust_metadata")
    ):
        return {}
    metadata = str(settings.options["wstrust_metadata"])
    active = settings.options.get("wstrust_endpoint") or _beside(metadata)
    return {
        "federation_protocol": "WSTrust",
        "federation_metadata_url": metadata,
        "federation_active_auth_url": str(active),
    }


def _beside(metadata: str) -> str:
    """Where AD FS takes user names and passwords, told by where its metadata are."""
    if metadata.endswith("/mex"):
        return metadata.removesuffix("/mex") + _BY_PASSWORD
    parts = urlsplit(metadata)
    return f"{parts.scheme}://{parts.netloc}{_USUAL}{_BY_PASSWORD}"
