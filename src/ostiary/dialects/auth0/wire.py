"""What the flows ask of this dialect while a request is under way.

One `Wire` for each request: it knows the door and the name that the grant went by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from ostiary.core.clients import sealed_key, shared_key_context
from ostiary.core.devices import DeviceRules
from ostiary.core.errors import Reason, Refused
from ostiary.core.model import (
    Client,
    ConnectionSettings,
    Resource,
    Rotation,
    Scope,
    Tenant,
)
from ostiary.core.password_policy import Leaks
from ostiary.core.policy import Policy, SecondFactor
from ostiary.core.request import Grant
from ostiary.dialects.auth0.claims import (
    PRIVATE,
    access_token_claims,
    id_token_claims,
    read_id_token_claims,
)
from ostiary.dialects.auth0.domain import (
    factors_audience,
    issuer,
    management_audience,
    userinfo_audience,
)
from ostiary.dialects.auth0.errors import row_of
from ostiary.dialects.auth0.scopes import (
    FACTOR_SCOPES,
    MANAGEMENT_SCOPES,
    OWN_DEVICE_SCOPES,
)
from ostiary.dialects.auth0.surface import (
    FAMILY,
    LEGACY_DOORS,
    LEGACY_FAMILY,
    OPENED_BY,
    Surface,
)
from ostiary.flows.facts import AccessToken, IdToken, SharedKey, Unsigned

DAY = 86400
LEAKS = Leaks(
    words=frozenset({"Paaf213XXYYZZ", "Paat739!!WWXXYYZZ"}), prefixes=("AUTH0-TEST-",)
)
"""Passwords that stand for leaked ones, for tests of clients (contract auth0 §5)."""
USUAL_BITS = 2048
"""Of a device's key; contract auth0 §10: a tenant may take 1024 for old telephones."""


def shared_key(client: Client, now: float) -> SharedKey | None:
    """What signs this client's id_tokens if not the tenant's key (contract §1.4)."""
    sealed = sealed_key(client, now)
    if not sealed:
        return None
    settings = client.options.get("id_token")
    encoded = isinstance(settings, Mapping) and settings.get("secret_encoded") is True
    return SharedKey(sealed, shared_key_context(client), encoded)


def device_rules(tenant: Tenant) -> DeviceRules | None:
    """How the tenant takes device keys; None where they are switched off."""
    settings = tenant.options.get("device_keys")
    if not isinstance(settings, Mapping) or settings.get("enabled") is not True:
        return None
    bits = int(str(settings.get("minimum_bits", USUAL_BITS)))
    return DeviceRules(bits, issuer(tenant))


@dataclass(frozen=True, slots=True)
class Auth0Wire:
    """Port `Wire` for one door; `grant_name` is what stood in `grant_type`."""

    surface: Surface
    tenant: Tenant
    grant_name: str = ""

    @property
    def legacy(self) -> bool:
        """Whether this is the pipeline of before OpenID Connect."""
        return self.surface in LEGACY_DOORS

    def policy(self, tenant: Tenant) -> Policy:
        """How the shared rules are applied at this tenant (contract auth0 §10)."""
        return Policy(
            default_resource=Resource(
                userinfo_audience(tenant), "userinfo", offline_access=True
            ),
            further_resources=(
                Resource(
                    management_audience(tenant),
                    "management",
                    scopes=tuple(Scope(name) for name in OWN_DEVICE_SCOPES),
                    roles=MANAGEMENT_SCOPES,
                ),
                Resource(
                    factors_audience(tenant),
                    "mfa",
                    scopes=tuple(Scope(name) for name in FACTOR_SCOPES),
                ),
            ),
            family=LEGACY_FAMILY if self.legacy else FAMILY,
            access_token_lifetime=DAY,
            public_credential_ignored=True,
            credential_optional=self.legacy,
            any_name=True,
            claimed_names=True,
            connection_by_domain=False,
            hide_unknown_users=tenant.hide_unknown_users,
            repeats_bounded=True,
            leaks=LEAKS,
            second_factor=SecondFactor.REPEATED if self.legacy else SecondFactor.LATER,
            factors_resource=factors_audience(tenant),
            device_keys=device_rules(tenant) if self.legacy else None,
            trusted_clients=True,
            only_asked=True,
            unknown_scopes_ignored=self.legacy,
            refresh_token_by_resource=True,
            refresh_token_by_device=self.legacy,
            rotation=Rotation.REUSE_ALLOWED if self.legacy else None,
        )

    def grant_names(self, client: Client, grant_type: str) -> tuple[str, ...]:
        """The registered names that open the grant (contract auth0 §1.1, §3.2).

        Raises Refused for clients of other tenants, and at legacy doors for those that
        are OIDC-conformant.
        """
        if client.tenant_id != self.tenant.id:
            raise Refused(Reason.CLIENT_UNKNOWN, client_id=client.client_id)
        sent = self.grant_name
        names = OPENED_BY.get((self.surface, sent), (sent,))
        if not self.legacy:
            return names
        if client.options.get("oidc_conformant", True):
            endpoint = LEGACY_DOORS[self.surface]
            raise Refused(Reason.CLIENT_NOT_SERVED, endpoint=endpoint)
        return (*names, sent) if self.surface is Surface.RO else names

    def access_token(self, grant: Grant) -> Unsigned:
        """The claims of the access token; nobody reads one that is for UserInfo."""
        claims = access_token_claims(grant, legacy=self.legacy)
        return Unsigned(claims, opaque=grant.access.default_resource)

    def id_token(self, grant: Grant) -> Unsigned:
        """The claims of the id_token, and how the client wants it signed."""
        claims = id_token_claims(grant, legacy=self.legacy)
        return Unsigned(claims, shared_key=shared_key(grant.client, grant.issued_at))

    def audiences(self, tenant: Tenant) -> frozenset[str]:
        """Issuer and token address (contract auth0 §3.1)."""
        base = issuer(tenant)
        return frozenset({base, base.rstrip("/"), f"{base}oauth/token"})

    def code(self, reason: Reason) -> str:
        """The word told, for the audit log."""
        return row_of(reason, self.surface).error

    def read_access_token(self, claims: Mapping[str, object]) -> AccessToken | None:
        """An access token of ours from its verified claims; None for another kind."""
        private = claims.get(PRIVATE)
        if claims.get("iss") != issuer(self.tenant) or not isinstance(private, Mapping):
            return None
        audience = claims["aud"]
        first = audience if isinstance(audience, str) else cast(list[str], audience)[0]
        return AccessToken(
            token_id=str(claims["jti"]),
            session_id=str(private["s"]),
            client_id=str(claims["azp"]),
            user_id=str(private["u"]),
            scopes=tuple(str(claims["scope"]).split()),
            audience=first,
            issued_at=int(str(private["t"])) / 1000,
            expires_at=float(str(claims["exp"])),
            public_client=bool(private["p"]),
            second_factor=private.get("m") is True,
        )

    def read_id_token(self, claims: Mapping[str, object]) -> IdToken | None:
        """An id_token of ours from its verified claims; None for another kind."""
        if claims.get("iss") != issuer(self.tenant):
            return None
        return read_id_token_claims(claims)

    def id_within(self, settings: ConnectionSettings, subject: str) -> str | None:
        """What follows the strategy in `strategy|id` (contract auth0 §4.2)."""
        strategy, bar, external_id = subject.partition("|")
        known = bool(bar and external_id) and strategy == settings.strategy
        return external_id if known else None
