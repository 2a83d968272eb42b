"""What the flows ask of this dialect while a request is under way.

One `Wire` for each family of endpoints (v2, v1, adfs).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.core.errors import Reason
from ostiary.core.model import Client, ConnectionSettings, Tenant
from ostiary.core.names import PASSWORD, SAML_BEARERS
from ostiary.core.policy import Policy
from ostiary.core.request import Grant
from ostiary.dialects.entra.authority import Surface, tenant_segments
from ostiary.dialects.entra.claims import access_token_claims, id_token_claims
from ostiary.dialects.entra.editions import policy_of
from ostiary.dialects.entra.errors import row_of
from ostiary.dialects.site import Site
from ostiary.flows.facts import AccessToken, IdToken, Unsigned


@dataclass(frozen=True, slots=True)
class EntraWire:
    """Port `Wire` for one family of endpoints."""

    surface: Surface
    site: Site

    def policy(self, tenant: Tenant) -> Policy:
        """How the shared rules are applied at this tenant."""
        return policy_of(tenant, self.surface)

    def grant_names(self, client: Client, grant_type: str) -> tuple[str, ...]:
        """Grants have the names of the standards here, and every client is served.

        A SAML assertion is what clients bring in place of a federated user's password
        (decision 0019).
        """
        if grant_type in SAML_BEARERS:
            return (grant_type, *sorted(SAML_BEARERS - {grant_type}), PASSWORD)
        return (grant_type,)

    def access_token(self, grant: Grant) -> Unsigned:
        """The claims of the access token; v1.0 ones carry `x5t` in their header."""
        first = grant.access.resource.access_token_version != 2
        return Unsigned(access_token_claims(grant, self.surface, self.site), first)

    def id_token(self, grant: Grant) -> Unsigned:
        """The claims of the id_token."""
        return Unsigned(id_token_claims(grant, self.surface, self.site))

    def audiences(self, tenant: Tenant) -> frozenset[str]:
        """Our token addresses and issuers for this tenant (contract entra §4.3)."""
        base = self.site.base_url
        named = {f"{base}/{name}" for name in tenant_segments(tenant)}
        tokens = {f"{a}/oauth2{v}/token" for a in named for v in ("", "/v2.0")}
        tokens.add(f"{base}/adfs/oauth2/token")
        issuers = {f"{base}/{tenant.id}/v2.0", f"{base}/{tenant.id}", f"{base}/adfs"}
        plain = tokens | issuers
        return frozenset(plain | {f"{address}/" for address in plain})

    def code(self, reason: Reason) -> str:
        """The number told, for the audit log."""
        return f"AADSTS{row_of(reason).code}"

    def read_access_token(self, claims: Mapping[str, object]) -> AccessToken | None:
        """An access token of ours from its verified claims; None for another kind."""
        client_id = claims.get("azp") or claims.get("appid")
        if not client_id or "uti" not in claims:
            return None
        return AccessToken(
            token_id=str(claims["uti"]),
            session_id=str(claims["rh"]),
            client_id=str(client_id),
            user_id="" if claims.get("idtyp") == "app" else str(claims["oid"]),
            scopes=tuple(str(claims.get("scp", "")).split()),
            audience=str(claims["aud"]),
            issued_at=int(str(claims["aio"]), 16) / 1000,
            expires_at=float(str(claims["exp"])),
            public_client=claims.get("azpacr", claims.get("appidacr")) == "0",
        )

    def read_id_token(self, claims: Mapping[str, object]) -> IdToken | None:
        """None: nothing here is proven by an id_token."""
        return None

    def id_within(self, settings: ConnectionSettings, subject: str) -> str | None:
        """None: users have one id in the whole tenant here."""
        return None
