"""What clients ask for around a sign-in: sessions, logout, what Lock loads.

There are no browser sessions at this domain: nobody is signed in here, and whoever
wants to sign in across origins is told that this is not allowed (contract auth0 §6).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client
from ostiary.dialects.auth0.html import render_page
from ostiary.dialects.auth0.jsonp import inline
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.forms import query_of
from ostiary.flows.facts import Registry
from ostiary.web import Headers, HttpRequest, HttpResponse, json_response

SCRIPT: Final[Headers] = (
    ("content-type", "application/javascript; charset=utf-8"),
    ("cache-control", "public, max-age=15"),
)
SIGNED_OUT: Final = "Signed out"
NOT_REGISTERED: Final = "The address to go on to is not registered here."


async def session_data(request: HttpRequest, registry: Registry) -> HttpResponse:
    """`/user/ssodata`: nobody has a session here."""
    return json_response(200, {"sso": False}, NOT_STORED)


async def cross_origin(request: HttpRequest, registry: Registry) -> HttpResponse:
    """`/co/authenticate` and `/usernamepassword/login`: not allowed, unread."""
    raise Refused(Reason.CROSS_ORIGIN_OFF)


async def client_script(request: HttpRequest, registry: Registry) -> HttpResponse:
    """`/client/{client_id}.js`: what Lock up to 11 shows for a client.

    Raises Refused(OBJECT_UNKNOWN).
    """
    name, dot, suffix = request.segments[-1].rpartition(".")
    client = registry.clients.get(name)
    if client is None or not client.enabled or dot + suffix != ".js":
        raise Refused(Reason.OBJECT_UNKNOWN)
    addresses = redirect_uris(client)
    about = {
        "id": client.client_id,
        "tenant": registry.tenant.name,
        "subscription": "free",
        "authorize": "",
        "callback": addresses[0] if addresses else "",
        "hasAllowedOrigins": bool(client.spa_origins),
        "strategies": strategies(registry, client),
    }
    return _script("Auth0.setClient", about)


async def tenant_script(request: HttpRequest, registry: Registry) -> HttpResponse:
    """`/info-v1.js`: what Lock shows for a tenant, whose clients are not listed."""
    about = {"tenant": registry.tenant.name, "clients": []}
    return _script("Auth0.setTenant", about)


def strategies(registry: Registry, client: Client) -> list[dict[str, object]]:
    """The connections that are open to the client, by strategy; names only."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for settings in registry.connections:
        allowed = client.connections is None or settings.name in client.connections
        if settings.enabled and allowed:
            shown = _shown(registry, settings.name, settings.strategy)
            found.setdefault(settings.strategy, []).append(shown)
    return [{"name": name, "connections": each} for name, each in found.items()]


def _shown(registry: Registry, name: str, strategy: str) -> Mapping[str, object]:
    if strategy != "auth0":
        return {"name": name}
    signup = registry.tenant.options.get("signup") is True
    return {"name": name, "forgot_password_url": None, "showSignup": signup}


def _script(function: str, about: Mapping[str, object]) -> HttpResponse:
    text = f"{function}({inline(msgspec.json.encode(about).decode())});"
    return HttpResponse(200, SCRIPT, text.encode())


# --- logout ---------------------------------------------------------------------------


async def logout(request: HttpRequest, registry: Registry) -> HttpResponse:
    """`/v2/logout`: there is no session to end; on to a registered address only."""
    query = query_of(request)
    target, named = query.get("returnTo", ""), query.get("client_id")
    if not target:
        return render_page(200, SIGNED_OUT, "You are signed out.")
    clients = [
        client
        for client in registry.clients.values()
        if client.enabled and named in (None, client.client_id)
    ]
    if any(target in redirect_uris(client) for client in clients):
        return HttpResponse(302, (("location", target), *NOT_STORED), b"")
    return render_page(400, SIGNED_OUT, "You are signed out.", NOT_REGISTERED)


def redirect_uris(client: Client) -> Sequence[str]:
    """The addresses that the client registered, of every kind."""
    known = client.options.get("redirect_uris")
    kinds = known.values() if isinstance(known, Mapping) else ()
    return [str(uri) for uris in kinds for uri in uris]
