"""Which path leads to which handler, and this dialect as a front of the server.

A tenant is found by host and path prefix, its `auth0_domain` (contract auth0 §0).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.auth0 import cors
from ostiary.dialects.auth0.dbconnections import DatabaseConnections
from ostiary.dialects.auth0.delegation import Delegation
from ostiary.dialects.auth0.device_credentials import DeviceCredentials
from ostiary.dialects.auth0.documents import Documents
from ostiary.dialects.auth0.domain import RESET_PATH, UNBLOCK_PATH, directory_name
from ostiary.dialects.auth0.import_jobs import LARGEST_BODY
from ostiary.dialects.auth0.management import MANAGED, management
from ostiary.dialects.auth0.mfa import SecondFactors
from ostiary.dialects.auth0.pages import Pages
from ostiary.dialects.auth0.passwordless import Passwordless
from ostiary.dialects.auth0.public_keys import PublicKeys
from ostiary.dialects.auth0.responses import plain_body, render_refused
from ostiary.dialects.auth0.ro import ResourceOwner
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.surroundings import (
    client_script,
    cross_origin,
    logout,
    session_data,
    tenant_script,
)
from ostiary.dialects.auth0.token import TokenEndpoints
from ostiary.dialects.auth0.tokeninfo import TokenInfo
from ostiary.dialects.auth0.userinfo import UserInfo
from ostiary.dialects.site import Site
from ostiary.flows.facts import Registry
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Ports, StoreUnavailable
from ostiary.web import Handler, HttpRequest, HttpResponse, Roomy, json_response

Segments = tuple[str, ...]
TenantHandler = Callable[[HttpRequest, Registry], Awaitable[HttpResponse]]

ANY: Final = "*"
"""In a path: any one part, which the handler reads itself."""
RETRY_SECONDS: Final = 2
REQUEST_ID: Final = "x-auth0-requestid"
"""Under this id the log tells what was decided: `ostiary audit explain ID`."""


@dataclass(frozen=True, slots=True)
class Route:
    """A path: who answers it, by which methods, in whose words.

    open: whether any site's script may read it. cookies: whether a registered one may
    send cookies along. body_limit: bytes, where bodies may be larger than usual.
    """

    name: str
    methods: tuple[str, ...] = ("POST",)
    surface: Surface = Surface.API
    open: bool = False
    cookies: bool = False
    body_limit: int | None = None


GET: Final = ("GET",)
EITHER: Final = ("GET", "POST")

PATHS: Final[Mapping[Segments, Route]] = {
    ("oauth", "ro"): Route("ro", EITHER, Surface.RO),
    ("oauth", "token"): Route("token", surface=Surface.TOKEN),
    ("oauth", "revoke"): Route("revoke", surface=Surface.REVOCATION),
    ("oauth", "access_token"): Route("swap", surface=Surface.DELEGATION),
    ("delegation",): Route("delegation", surface=Surface.DELEGATION),
    ("tokeninfo",): Route("tokeninfo", EITHER),
    ("api", "users", ANY, "publickey"): Route("publickey", ("POST", "DELETE")),
    ("api", "v2", "device-credentials"): Route("devices", EITHER, Surface.DEVICES),
    ("api", "v2", "device-credentials", ANY): Route(
        "device", ("DELETE",), Surface.DEVICES
    ),
    ("passwordless", "start"): Route("start", surface=Surface.PASSWORDLESS),
    ("passwordless", "verify"): Route("verify", surface=Surface.RO),
    ("dbconnections", "signup"): Route("signup", surface=Surface.RO),
    ("dbconnections", "change_password"): Route("change", surface=Surface.RO),
    RESET_PATH: Route("reset", EITHER),
    UNBLOCK_PATH: Route("unblock", EITHER),
    ("mfa", "challenge"): Route("mfa_challenge", surface=Surface.TOKEN),
    ("mfa", "associate"): Route("mfa_associate", surface=Surface.TOKEN),
    ("mfa", "authenticators"): Route("mfa_authenticators", GET, Surface.TOKEN),
    ("mfa", "authenticators", ANY): Route("mfa_remove", ("DELETE",), Surface.TOKEN),
    ("userinfo",): Route("userinfo", EITHER),
    (".well-known", "openid-configuration"): Route("configuration", GET, open=True),
    (".well-known", "oauth-authorization-server"): Route(
        "configuration", GET, open=True
    ),
    (".well-known", "jwks.json"): Route("keys", GET, open=True),
    ("user", "ssodata"): Route("session", GET, cookies=True),
    ("co", "authenticate"): Route("cross_origin", cookies=True),
    ("usernamepassword", "login"): Route("cross_origin", cookies=True),
    ("client", ANY): Route("client_script", GET, open=True),
    ("info-v1.js",): Route("tenant_script", GET, open=True),
    ("v2", "logout"): Route("logout", GET),
    **{
        path: Route("management", methods, Surface.MANAGEMENT, body_limit=LARGEST_BODY)
        for path, methods in MANAGED.items()
    },
}
"""Behind the domain of a tenant (contract auth0 §1 to §6)."""

_BY_FIRST: Final[dict[str, list[tuple[Segments, Route]]]] = {}
for _path, _route in PATHS.items():
    _BY_FIRST.setdefault(_path[0], []).append((_path, _route))


LONGEST_PATH: Final = max(map(len, PATHS))


def find_route(segments: Segments) -> tuple[Segments, Route] | None:
    """The prefix before a known path, and what it leads to."""
    for cut in range(max(0, len(segments) - LONGEST_PATH), len(segments)):
        rest = segments[cut:]
        for path, route in _BY_FIRST.get(rest[0], ()):
            if len(path) == len(rest) and all(
                each in (ANY, part) for each, part in zip(path, rest, strict=True)
            ):
                return segments[:cut], route
    return None


async def _misdirected(request: HttpRequest) -> HttpResponse:
    raise Refused(Reason.HOST_UNKNOWN)


def _surface_of(request: HttpRequest) -> Surface:
    found = find_route(request.segments)
    return found[1].surface if found else Surface.API


@dataclass(frozen=True, slots=True)
class Auth0:
    """This dialect as a front (`web.Front`); `authority` is the server's own host."""

    ports: Ports
    handlers: Mapping[str, TenantHandler]
    authority: str

    async def find(self, request: HttpRequest) -> Handler | None:
        """Who answers this path at this host; None when no tenant is there.

        A host that is neither a tenant's nor ours is refused (promise KEY-01).
        """
        found = find_route(request.segments)
        if found is None:
            return None
        prefix, route = found
        host = request.headers.get("host", "")
        name = directory_name(host, prefix)
        tenant_id = await self.ports.directory.tenant_id(name)
        registry = await self.ports.directory.registry(tenant_id) if tenant_id else None
        if registry is None:
            ours = prefix or name == directory_name(self.authority, ())
            return None if ours else _misdirected
        handler = partial(self._answer, route, registry)
        return Roomy(handler, route.body_limit) if route.body_limit else handler

    async def _answer(
        self, route: Route, registry: Registry, request: HttpRequest
    ) -> HttpResponse:
        if request.method == "OPTIONS":
            return cors.preflight(
                request,
                registry,
                route.methods,
                open=route.open,
                cookies=route.cookies,
            )
        asked = replace(request, method="GET") if request.method == "HEAD" else request
        try:
            if asked.method not in route.methods:
                allow = ", ".join((*route.methods, "OPTIONS"))
                raise Refused(Reason.METHOD_NOT_ALLOWED, allow=allow)
            answer = await self.handlers[route.name](asked, registry)
        except Refused as refused:
            answer = self._told(request, refused, route.surface)
        except StoreUnavailable:
            away = Refused(Reason.UNAVAILABLE, retry_after=RETRY_SECONDS)
            answer = self._told(request, away, route.surface)
        traced = replace(answer, headers=(*answer.headers, (REQUEST_ID, request.id)))
        return cors.mark(
            request, registry, traced, open=route.open, cookies=route.cookies
        )

    def _told(
        self, request: HttpRequest, refused: Refused, surface: Surface
    ) -> HttpResponse:
        return render_refused(request, refused, surface, self.ports.clock.now())

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """A refusal from outside of the handlers."""
        return self._told(request, refused, _surface_of(request))

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        """A defect of ours, with the id under which the log tells the rest."""
        text, surface = f"Error {error_id}.", _surface_of(request)
        return json_response(500, plain_body(500, "server_error", text, surface))

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        """A body that did not arrive whole."""
        body = plain_body(status, "invalid_request", why, _surface_of(request))
        return json_response(status, body)


SURROUNDINGS: Final[Mapping[str, TenantHandler]] = {
    "session": session_data,
    "cross_origin": cross_origin,
    "client_script": client_script,
    "tenant_script": tenant_script,
    "logout": logout,
}
"""What needs nothing but the tenant's own registrations."""


def auth0(site: Site, ports: Ports, desk: Desk) -> Auth0:
    """This dialect at one site."""
    tokens, documents = TokenEndpoints(ports), Documents(ports)
    mfa = SecondFactors(ports)
    delegation, devices = Delegation(ports), DeviceCredentials(ports)
    owner, database, pages = (
        ResourceOwner(ports),
        DatabaseConnections(ports, desk),
        Pages(ports, desk),
    )
    codes = Passwordless(ports, owner)
    handlers: Mapping[str, TenantHandler] = {
        "ro": owner.answer,
        "start": codes.start,
        "verify": codes.verify,
        "signup": database.signup,
        "change": database.change_password,
        "reset": pages.reset,
        "unblock": pages.unblock,
        "token": tokens.token,
        "revoke": tokens.revoke,
        "mfa_challenge": mfa.challenge,
        "mfa_associate": mfa.associate,
        "mfa_authenticators": mfa.authenticators,
        "mfa_remove": mfa.remove,
        "userinfo": UserInfo(ports).answer,
        "delegation": delegation.answer,
        "swap": delegation.swap,
        "tokeninfo": TokenInfo(ports).answer,
        "publickey": PublicKeys(ports).answer,
        "devices": devices.answer,
        "device": devices.remove,
        "configuration": documents.configuration,
        "keys": documents.keys,
        "management": management(ports, desk).answer,
        **SURROUNDINGS,
    }
    return Auth0(ports, handlers, site.authority)
