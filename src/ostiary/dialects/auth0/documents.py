"""Discovery and keys: what a client may read without asking anybody.

Addresses come from the configured domain; only what exists is advertised.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.dialects.auth0.domain import issuer
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

CACHED: Final = (("cache-control", "public, max-age=15"),)
KEY_MEMBERS: Final = ("kty", "use", "kid", "n", "e", "x5t", "x5c")
SCOPES: Final = (
    "openid",
    "profile",
    "offline_access",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "email",
    "email_verified",
    "picture",
    "created_at",
    "identities",
    "phone",
    "address",
)
CLAIMS: Final = (
    "aud",
    "created_at",
    "email",
    "email_verified",
    "exp",
    "family_name",
    "given_name",
    "iat",
    "identities",
    "iss",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "sub",
)


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of one tenant."""

    ports: Ports

    async def configuration(
        self, request: HttpRequest, registry: Registry
    ) -> HttpResponse:
        """Discovery (OpenID Connect Discovery §4; contract auth0 §6)."""
        base = issuer(registry.tenant)
        body = {
            "issuer": base,
            "authorization_endpoint": f"{base}authorize",
            "token_endpoint": f"{base}oauth/token",
            "userinfo_endpoint": f"{base}userinfo",
            "mfa_challenge_endpoint": f"{base}mfa/challenge",
            "jwks_uri": f"{base}.well-known/jwks.json",
            "revocation_endpoint": f"{base}oauth/revoke",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["HS256", "RS256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
            ],
            "claims_supported": CLAIMS,
            "request_uri_parameter_supported": False,
            "request_parameter_supported": False,
        }
        return json_response(200, body, CACHED)

    async def keys(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """The RSA keys that sign: others would confuse clients (contract auth0 §6)."""
        tenant = registry.tenant
        published = await self.ports.signer.jwks(tenant.id, issuer(tenant))
        keys = [
            {**{name: key[name] for name in KEY_MEMBERS}, "alg": "RS256"}
            for key in published
            if key["kty"] == "RSA"
        ]
        return json_response(200, {"keys": keys}, CACHED)
