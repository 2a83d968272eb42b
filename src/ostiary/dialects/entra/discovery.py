"""Discovery documents, instance discovery and keys (contract entra §2.3 to §2.6).

Addresses come from the configured base URL, whatever host the request named.
"""

from typing import Final
from urllib.parse import urlsplit

from ostiary.core.request import TenantRef
from ostiary.dialects.entra.authority import (
    ADFS_SURFACE,
    CONSUMERS_ID,
    V2,
    Surface,
)
from ostiary.dialects.site import Site
from ostiary.web import Headers

Document = dict[str, object]

CACHED: Final[Headers] = (
    ("cache-control", "max-age=86400, private"),
    ("access-control-allow-origin", "*"),
    ("access-control-allow-methods", "GET, OPTIONS"),
)
_CLAIMS: Final = [
    "sub",
    "iss",
    "cloud_instance_name",
    "cloud_instance_host_name",
    "cloud_graph_host_name",
    "msgraph_host",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "acr",
    "nonce",
    "preferred_username",
    "name",
    "tid",
    "ver",
    "at_hash",
    "c_hash",
    "email",
]
_AUTH_METHODS: Final = ["client_secret_post", "private_key_jwt", "client_secret_basic"]


def document(
    site: Site, ref: TenantRef, tenant_id: str | None, surface: Surface
) -> Document:
    """The discovery document of one tenant, or of an alias (contract entra §2.3).

    An alias keeps its name in the endpoints and has a template as issuer.
    """
    segment = tenant_id or ref.value
    endpoints = f"{site.base_url}/{segment}/oauth2"
    if surface is V2:
        endpoints += "/v2.0"
    issuer_of = tenant_id or (
        "{tenantid}" if ref.value != "consumers" else CONSUMERS_ID
    )
    body: Document = {
        "token_endpoint": f"{endpoints}/token",
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": surface.issuer(site.base_url, issuer_of),
        "request_uri_parameter_supported": False,
        "authorization_endpoint": f"{endpoints}/authorize",
        "device_authorization_endpoint": f"{endpoints}/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{endpoints}/logout",
        "introspection_endpoint": f"{endpoints}/introspect",
        "introspection_endpoint_auth_methods_supported": _AUTH_METHODS,
        "revocation_endpoint": f"{endpoints}/revoke",
        "revocation_endpoint_auth_methods_supported": _AUTH_METHODS,
        "claims_supported": _CLAIMS,
        "tenant_region_scope": "EU" if tenant_id else None,
        "cloud_instance_name": site.authority,
        "cloud_graph_host_name": site.host,
        "msgraph_host": site.host,
    }
    body.update(_second(site, segment) if surface is V2 else _first(site, segment))
    return body


def _second(site: Site, segment: str) -> Document:
    return {
        "jwks_uri": f"{site.base_url}/{segment}/discovery/v2.0/keys",
        "userinfo_endpoint": f"{site.base_url}/oidc/userinfo",
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": [
            "code",
            "id_token",
            "code id_token",
            "id_token token",
        ],
    }


def _first(site: Site, segment: str) -> Document:
    return {
        "jwks_uri": f"{site.base_url}/common/discovery/keys",
        "userinfo_endpoint": f"{site.base_url}/{segment}/openid/userinfo",
        "check_session_iframe": f"{site.base_url}/{segment}/oauth2/checksession",
        "scopes_supported": ["openid"],
        "microsoft_multi_refresh_token": True,
        "response_types_supported": [
            "code",
            "id_token",
            "code id_token",
            "token id_token",
            "token",
        ],
    }


def adfs_document(site: Site) -> Document:
    """The discovery document of the ADFS-style authority (contract entra §2.9)."""
    base = f"{site.base_url}/adfs"
    return {
        "issuer": ADFS_SURFACE.issuer(site.base_url, ""),
        "authorization_endpoint": f"{base}/oauth2/authorize/",
        "token_endpoint": f"{base}/oauth2/token/",
        "device_authorization_endpoint": f"{base}/oauth2/devicecode",
        "jwks_uri": f"{base}/discovery/keys",
        "userinfo_endpoint": f"{base}/userinfo",
        "end_session_endpoint": f"{base}/oauth2/logout",
        "introspection_endpoint": f"{base}/oauth2/introspect",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "token_endpoint_auth_methods_supported": _AUTH_METHODS,
        "response_types_supported": ["code", "id_token", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }


def instance(site: Site, endpoint: str, version: str) -> Document | None:
    """The answer of instance discovery; None when the host is not ours.

    The address told has our port even if the question lacks it, which MSAL Python
    relies on (contract entra §2.4). Raises ValueError for what is no address.
    """
    asked = urlsplit(endpoint)
    segments = [part for part in asked.path.split("/") if part]
    if asked.scheme != "https" or not asked.netloc or not segments:
        raise ValueError(endpoint)
    if asked.netloc.lower() not in (site.authority, site.host, f"{site.host}:443"):
        return None
    form = "/v2.0" if "/v2.0" in asked.path else ""
    aliases = list(dict.fromkeys((site.authority, site.host)))
    found = f"{site.base_url}/{segments[0]}{form}/.well-known/openid-configuration"
    return {
        "tenant_discovery_endpoint": found,
        "api-version": version,
        "metadata": [
            {
                "preferred_network": site.authority,
                "preferred_cache": site.authority,
                "aliases": aliases,
            }
        ],
    }
