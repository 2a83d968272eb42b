"""What stands in this dialect's tokens (contract entra §7).

Times are whole seconds; `iat` and `nbf` lie 300 s before the issue, as clients of
the hosted service are used to. Of the opaque claims, `rh` is the session's id and
`aio` the moment of issue in milliseconds, in hex.
"""

import base64
import hashlib
import hmac
import uuid
from functools import lru_cache
from typing import Final

from ostiary.core.accounts import full_name
from ostiary.core.model import Tenant, User
from ostiary.core.names import EMAIL, PROFILE
from ostiary.core.request import ClientAuthentication, Grant
from ostiary.dialects.entra.authority import Surface, Version
from ostiary.dialects.entra.scope import render_scp
from ostiary.dialects.site import Site

BACKDATED: Final = 300
"""Seconds by which `iat` and `nbf` precede the issue."""
ID_TOKEN_LIFETIME: Final = 3600
MOST_GROUPS: Final = 200
"""More would not fit into the headers that tokens travel in (contract entra §7)."""

_STRENGTH: Final = {
    ClientAuthentication.NONE: "0",
    ClientAuthentication.SECRET: "1",
    ClientAuthentication.CERTIFICATE: "2",
}

Claims = dict[str, object]


def pairwise(site: Site, tenant_id: str, user_id: str, audience: str) -> str:
    """The `sub` of a user for one application: stable, and different for another.

    43 base64url characters (OpenID Connect Core §8.1).
    """
    text = f"{tenant_id}\n{user_id}\n{audience}".encode()
    digest = hmac.digest(site.pairwise_key, text, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def principal_name(user: User, tenant: Tenant) -> str:
    """The full user name, by which clients look their accounts up (§7)."""
    if not user.vouched:
        return user.username
    return full_name(user.username, user.email, user.connection, tenant)


@lru_cache(maxsize=1024)
def service_principal_id(tenant_id: str, client_id: str) -> str:
    """The object id of a client in a tenant: derived, so it stays for ever."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"client:{tenant_id}/{client_id}"))


def access_token_claims(grant: Grant, surface: Surface, site: Site) -> Claims:
    """The access token; its version is the resource's, not the endpoint's."""
    first = grant.access.resource.access_token_version != 2
    version = Version.V1 if first else Version.V2
    form = surface if surface.adfs else Surface(surface.name, version)
    claims = _frame(grant, form, site, grant.lifetime)
    claims["ver"] = version.value
    claims["aud"] = _audience(grant, first)
    claims.update(_client(grant, first))
    if grant.subject is None:
        claims.update(_application(grant))
    else:
        claims.update(_person(grant, first, site))
        claims["scp"] = render_scp(grant.access)
    return claims


def id_token_claims(grant: Grant, surface: Surface, site: Site) -> Claims:
    """The id_token; its version is the endpoint's."""
    claims = _frame(grant, surface, site, ID_TOKEN_LIFETIME)
    claims["aud"] = grant.client.client_id
    claims["ver"] = surface.version.value
    if grant.subject is None:
        return claims
    user, openid = grant.subject.user, grant.access.openid
    claims["sub"] = pairwise(site, grant.tenant.id, user.id, grant.client.client_id)
    if surface.version is Version.V1 or surface.adfs:
        claims["amr"] = list(grant.subject.amr)
        claims.update(_names(grant))
        claims["oid"] = user.id
    if surface.version is Version.V2 and PROFILE in openid:
        claims.update(
            oid=user.id,
            name=user.display_name,
            preferred_username=principal_name(user, grant.tenant),
        )
    if surface.version is Version.V2 and EMAIL in openid and user.email:
        claims["email"] = user.email
    claims.update(_groups(user))
    return claims


def _frame(grant: Grant, surface: Surface, site: Site, lifetime: int) -> Claims:
    issued = int(grant.issued_at)
    return {
        "iss": surface.issuer(site.base_url, grant.tenant.id),
        "iat": issued - BACKDATED,
        "nbf": issued - BACKDATED,
        "exp": issued + lifetime,
        "aio": f"{int(grant.issued_at * 1000):x}",
        "rh": grant.session_id,
        "uti": grant.token_id,
        "tid": grant.tenant.id,
    }


def _audience(grant: Grant, first: bool) -> str:
    resource = grant.access.resource
    return (grant.access.request.resource or resource.id) if first else resource.id


def _client(grant: Grant, first: bool) -> Claims:
    strength = _STRENGTH[grant.authentication]
    client_id = grant.client.client_id
    if first:
        return {"appid": client_id, "appidacr": strength}
    return {"azp": client_id, "azpacr": strength}


def _application(grant: Grant) -> Claims:
    own = service_principal_id(grant.tenant.id, grant.client.client_id)
    claims: Claims = {"oid": own, "sub": own, "idtyp": "app"}
    if grant.access.roles:
        claims["roles"] = list(grant.access.roles)
    return claims


def _person(grant: Grant, first: bool, site: Site) -> Claims:
    if grant.subject is None:
        return {}
    user = grant.subject.user
    resource = grant.access.resource.id
    claims: Claims = {
        "oid": user.id,
        "sub": pairwise(site, grant.tenant.id, user.id, resource),
    }
    if first:
        claims.update(acr="1", amr=list(grant.subject.amr), **_names(grant))
    elif PROFILE in grant.access.openid:
        full = principal_name(user, grant.tenant)
        claims.update(name=user.display_name, preferred_username=full)
    claims.update(_groups(user))
    return claims


def _groups(user: User) -> Claims:
    """The common names of the user's groups; of too many only that there are some."""
    groups = user.all_groups
    if len(groups) > MOST_GROUPS:
        return {"hasgroups": True}
    return {"groups": list(groups)} if groups else {}


def _names(grant: Grant) -> Claims:
    """What v1 tokens tell of a person and where they came from."""
    if grant.subject is None:
        return {}
    user = grant.subject.user
    full = principal_name(user, grant.tenant)
    names = {
        "name": user.display_name,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "unique_name": full,
        "upn": full,
        "ipaddr": grant.trace.source,
    }
    return {name: value for name, value in names.items() if value}
