"""Scopes: which resource, which of its scopes, and whether they were consented.

Reading the wire's spelling is the dialects' business; names arrive here separated.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Client, Consent, Resource, Scope
from ostiary.core.names import OFFLINE_ACCESS, OPENID
from ostiary.core.policy import Policy
from ostiary.core.request import Access, ScopeRequest

EVERY_ROLE: Final = "*"
"""In place of a role: all that the resource has."""


def check_form(request: ScopeRequest) -> None:
    """A malformed scope is refused in its turn, after the client (entra §6.2)."""
    if request.fault is not None:
        raise Refused(request.fault, scope=" ".join(request.names))


def identifies(resource: Resource, name: str, policy: Policy) -> bool:
    """Whether `name`, as a request or registration wrote it, means `resource`."""
    if name == "":
        return resource.identifier == policy.default_resource.identifier
    folded = name.rstrip("/").lower()
    return folded in (resource.identifier.rstrip("/").lower(), resource.id)


def find_resource(
    resources: Iterable[Resource], name: str | None, policy: Policy
) -> Resource:
    """The resource meant; the dialect's default one when none is named.

    A tenant may register the default resource itself, to add scopes to it. Raises
    Refused(RESOURCE_UNKNOWN) (contract entra §5.1, 500011).
    """
    known = [*resources, policy.default_resource, *policy.further_resources]
    for resource in known:
        if identifies(resource, name or "", policy):
            return resource
    raise Refused(Reason.RESOURCE_UNKNOWN, resource=name)


def check_declared(client: Client, resource: Resource, policy: Policy) -> None:
    """The resource is among the permissions that the client declared.

    The default resource and a resource that pre-authorises the client always are;
    a client is also at home in a resource that is itself (contract entra §5.1, 650057).
    """
    if (
        policy.trusted_clients
        or identifies(resource, "", policy)
        or client.client_id
        in (
            resource.id,
            *resource.pre_authorized,
        )
    ):
        return
    declared = [p.resource for p in client.permissions]
    declared += [role.resource for role in client.roles]
    if not any(identifies(resource, name, policy) for name in declared):
        raise Refused(Reason.RESOURCE_NOT_DECLARED, resource=resource.identifier)


def registered_names(
    resource: Resource, names: Iterable[str], policy: Policy
) -> tuple[str, ...]:
    """Requested names in their registered spelling, each once.

    Scope names match without case (seed samples: asked `user.read`, told `User.Read`).
    Raises Refused(SCOPE_UNKNOWN) for a name that the resource does not publish, unless
    such names are ignored.
    """
    spelled = {name.lower(): name for name in published(resource, policy)}
    found: dict[str, None] = {}
    for name in names:
        if name.lower() not in spelled:
            if policy.unknown_scopes_ignored:
                continue
            raise Refused(Reason.SCOPE_UNKNOWN, scope=name)
        found[spelled[name.lower()]] = None
    return tuple(found)


def published(resource: Resource, policy: Policy) -> list[str]:
    """The names that may be asked for; where that is all one gets, roles among them."""
    roles = resource.roles if policy.only_asked else ()
    names = (*(scope.value for scope in enabled(resource)), *roles)
    return list(dict.fromkeys(names))


def enabled(resource: Resource) -> list[Scope]:
    """The scopes that the resource publishes today."""
    return [scope for scope in resource.scopes if scope.enabled]


def consented(
    client: Client, resource: Resource, consents: Iterable[Consent], policy: Policy
) -> frozenset[str]:
    """Lower-case scope names of `resource` that `consents` allow this client.

    A resource that pre-authorises the client needs no consent for its scopes; where
    clients are trusted, scopes that users may consent to need none.
    """
    if client.client_id in resource.pre_authorized:
        return frozenset(scope.value.lower() for scope in enabled(resource))
    free = [s for s in enabled(resource) if policy.trusted_clients and not s.admin]
    return frozenset(scope.value.lower() for scope in free) | frozenset(
        permission.scope.lower()
        for consent in consents
        if consent.client_id == client.client_id
        for permission in consent.permissions
        if identifies(resource, permission.resource, policy)
    )


def delegated_access(
    request: ScopeRequest,
    client: Client,
    resource: Resource,
    consents: Iterable[Consent],
    policy: Policy,
) -> Access:
    """What a user's sign-in gets: all that is consented, if the asked part of it is.

    Some wires want no more than was asked for, unless nothing was. Raises
    Refused(SCOPE_UNKNOWN) or Refused(CONSENT_REQUIRED). Seed 001, parameter `scope` and
    error `invalid_grant`; contract entra §5.2 and §5.3.
    """
    asked = registered_names(resource, request.names, policy)
    allowed = consented(client, resource, consents, policy)
    granted = [s.value for s in enabled(resource) if s.value.lower() in allowed]
    if policy.only_asked and asked:
        granted = [name for name in granted if name in asked]
    default = identifies(resource, "", policy)
    openid = set(request.openid)
    if default and not policy.only_asked:
        openid |= {name for name in ("profile", "email", OPENID) if name in allowed}
    nothing = not granted and (request.everything or not (asked or request.openid))
    if (nothing and not policy.trusted_clients) or not set(asked) <= set(granted):
        raise Refused(Reason.CONSENT_REQUIRED, client_id=client.client_id)
    return Access(resource, default, tuple(granted), frozenset(openid), (), request)


def narrowed(asked: ScopeRequest, original: ScopeRequest) -> ScopeRequest:
    """What a session that goes on asks for: no more than at its start (RFC 6749 §6).

    Raises Refused(SCOPE_UNKNOWN).
    """
    beyond = asked.openid - original.openid
    if original.names:
        known = {name.lower() for name in original.names}
        beyond |= {name for name in asked.names if name.lower() not in known}
    if beyond:
        raise Refused(Reason.SCOPE_UNKNOWN, scope=min(beyond))
    return replace(original, names=asked.names or (), openid=asked.openid)


def application_access(
    request: ScopeRequest, client: Client, resource: Resource, policy: Policy
) -> Access:
    """What a client's own sign-in gets: the app roles it has at the resource.

    Only "everything that was granted" may be asked for (contract entra §3.8), but
    where no more than what was asked for is granted.
    """
    bare = request.everything and not (request.names or request.openid)
    if not (bare or policy.only_asked):
        raise Refused(Reason.SCOPE_NOT_DEFAULT)
    known = published(resource, policy) if policy.only_asked else resource.roles
    named = {
        role.role
        for role in client.roles
        if identifies(resource, role.resource, policy)
    }
    roles = tuple(name for name in known if name in named or EVERY_ROLE in named)
    asked = registered_names(resource, request.names, policy)
    if lacking := set(asked) - set(roles):
        raise Refused(Reason.SCOPE_UNKNOWN, scope=min(lacking))
    roles = tuple(name for name in roles if name in asked) if asked else roles
    default = identifies(resource, "", policy)
    return Access(resource, default, (), frozenset(), roles, request)


def own_access(
    request: ScopeRequest, client: Client, resource: Resource, policy: Policy
) -> Access:
    """`application_access` for a token: an API of our own is for holders of a role.

    Raises Refused(RESOURCE_NOT_DECLARED) too (interface §3, management).
    """
    access = application_access(request, client, resource, policy)
    if resource in policy.further_resources and not access.roles:
        raise Refused(Reason.RESOURCE_NOT_DECLARED, resource=resource.identifier)
    return access


def wants_id_token(access: Access) -> bool:
    """`openid` among the asked scopes makes an id_token due (seed 001, `id_token`)."""
    return OPENID in access.request.openid


def wants_refresh_token(access: Access, policy: Policy) -> bool:
    """`offline_access` makes a refresh token due (seed 001, `refresh_token`)."""
    if policy.refresh_token_by_resource and not access.resource.offline_access:
        return False
    return policy.refresh_token_always or OFFLINE_ACCESS in access.request.openid
