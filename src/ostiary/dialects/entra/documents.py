"""What clients read before they sign in: discovery, keys, realm, instance.

No authentication, nothing secret, and nothing about a single user.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.accounts import domain_of
from ostiary.core.errors import Reason, Refused
from ostiary.dialects.entra import discovery
from ostiary.dialects.entra.authority import Surface, parse_tenant
from ostiary.dialects.entra.errors import TABLE
from ostiary.dialects.entra.form import (
    trace_of,
)
from ostiary.dialects.entra.realm import realm
from ostiary.dialects.forms import query_of
from ostiary.dialects.site import Site
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response, text_response

KEYS_CACHED: Final = (
    ("cache-control", "max-age=3600, private"),
    ("access-control-allow-origin", "*"),
)


@dataclass(frozen=True, slots=True)
class Documents:
    """What clients get, at one site."""

    site: Site
    ports: Ports

    async def configuration(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """OpenID configuration of a tenant or an alias (contract entra §2.3)."""
        if surface.adfs:
            await self._tenant_id(segment)
            body = discovery.adfs_document(self.site)
        else:
            ref = parse_tenant(segment)
            tenant_id = None if ref.alias else await self._tenant_id(segment)
            body = discovery.document(self.site, ref, tenant_id, surface)
        trace = trace_of(request)
        headers = (*discovery.CACHED, ("x-ms-request-id", trace.trace_id))
        return json_response(200, body, headers)

    async def keys(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """The keys of a tenant, or of all under an alias (contract entra §2.6)."""
        ref, directory = parse_tenant(segment), self.ports.directory
        if ref.alias:
            tenant_ids = list(await directory.tenant_ids())
        else:
            tenant_ids = [await self._tenant_id(segment)]
        keys: list[dict[str, object]] = []
        for tenant_id in tenant_ids:
            issuer = surface.issuer(self.site.base_url, tenant_id)
            keys += await self.ports.signer.jwks(tenant_id, issuer)
        return json_response(200, {"keys": keys}, KEYS_CACHED)

    async def _tenant_id(self, segment: str) -> str:
        tenant_id = await self.ports.directory.tenant_id(parse_tenant(segment).value)
        if tenant_id is None:
            raise Refused(Reason.TENANT_UNKNOWN, tenant=segment)
        return tenant_id

    async def realm(self, request: HttpRequest, name: str) -> HttpResponse:
        """User realm: managed, federated, unknown (contract entra §2.5)."""
        domain = domain_of(name)
        directory = self.ports.directory
        tenant_id = await directory.tenant_id(domain) if domain else None
        registry = await directory.registry(tenant_id) if tenant_id else None
        known = registry.domain(domain) if registry else None
        body = realm(self.site, known, registry)
        return json_response(200, body, (("cache-control", "private"),))

    async def instance(self, request: HttpRequest) -> HttpResponse:
        """Instance discovery (contract entra §2.4)."""
        query = query_of(request)
        try:
            endpoint = query.get("authorization_endpoint", "")
            version = query.get("api-version", "1.1")
            body = discovery.instance(self.site, endpoint, version)
        except ValueError:
            raise Refused(Reason.INSTANCE_MALFORMED) from None
        if body is None:
            raise Refused(Reason.INSTANCE_UNKNOWN)
        return json_response(200, body, discovery.CACHED)

    async def explanation(self, request: HttpRequest) -> HttpResponse:
        """The page that `error_uri` points to, in plain words."""
        code = query_of(request).get("code", "")
        rows = [row for row in TABLE.values() if str(row.code) == code]
        text = rows[0].text if rows else "This error code is not known here."
        return text_response(200, f"AADSTS{code[:12]}\n\n{text}\n" if rows else text)

    async def signed_out(
        self, request: HttpRequest, segment: str, surface: Surface
    ) -> HttpResponse:
        """Sign-out: this server keeps no browser session that could end."""
        return text_response(200, "You are signed out.\n")
