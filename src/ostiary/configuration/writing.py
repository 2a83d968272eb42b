"""From stored tenants to the configuration file: what `export` writes.

Keys stand in the order of the manual and say only what differs from their defaults.
Nothing here is secret: hashes, sealed texts and client secrets stay in the store.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ostiary.core import model
from ostiary.core.connections import SEALED
from ostiary.flows.manage.declaration import (
    MAIL,
    DeclaredClient,
    StoredTenant,
    StoredUser,
)

Document = dict[str, Any]


def render_tenant(stored: StoredTenant) -> Document:
    """The tenant's entry in `tenants:`."""
    tenant, options = stored.tenant, dict(stored.tenant.options)
    mail = options.pop(MAIL, None)
    first = tenant.domains[0].name if tenant.domains else ""
    return _saying(
        id=tenant.id,
        name=None if tenant.name == first else tenant.name,
        domains=[_domain(domain) for domain in tenant.domains],
        **options,
        mail=_open_options(mail) if isinstance(mail, Mapping) else None,
        password_grant=tenant.password_grant,
        default_directory=tenant.default_directory or None,
        hide_unknown_users=tenant.hide_unknown_users,
        user_consent=tenant.user_consent,
        lockout=_saying(
            threshold=tenant.lockout.threshold,
            seconds=tenant.lockout.seconds,
            source_failures=tenant.lockout.source_failures,
        ),
        refresh_tokens={
            "rotation": tenant.refresh_tokens.rotation.value,
            "leeway": tenant.refresh_tokens.leeway,
            "lifetime": tenant.refresh_tokens.lifetime,
        },
        access_token_lifetime=_lifetime(tenant.access_token_lifetime),
        password_hash={
            "memory_kib": tenant.password_hash.memory_kib,
            "iterations": tenant.password_hash.iterations,
            "parallelism": tenant.password_hash.parallelism,
        },
        resources=[_resource(each) for each in stored.resources.values()],
        applications=[render_client(each) for each in stored.clients.values()],
        connections=[render_connection(each) for each in stored.connections.values()],
        users=[render_user(each) for each in stored.users.values()],
        policies=[_policy(each) for each in stored.policies.values()],
    )


def _saying(**keys: object) -> Document:
    """The keys that have something to say."""
    return {key: value for key, value in keys.items() if value not in (None, [], {})}


def _lifetime(seconds: int | None) -> int | str | None:
    return "random" if seconds == model.RANDOM_LIFETIME else seconds


def _domain(domain: model.Domain) -> Document:
    managed = domain.authentication is model.Authentication.MANAGED
    return _saying(
        name=domain.name,
        authentication=None if managed else domain.authentication.value,
        connection=domain.connection,
    )


def _open_options(options: Mapping[str, object]) -> Document:
    return {key: value for key, value in options.items() if key != SEALED}


def _resource(resource: model.Resource) -> Document:
    return _saying(
        identifier=resource.identifier,
        id=resource.id,
        access_token_version=resource.access_token_version,
        scopes=[
            {"value": scope.value, "consent": "admin" if scope.admin else "user"}
            for scope in resource.scopes
        ],
        roles=list(resource.roles),
        pre_authorized=sorted(resource.pre_authorized),
        offline_access=resource.offline_access or None,
    )


def render_client(declared: DeclaredClient) -> Document:
    """The client's entry in `applications:`; its secrets are only counted there."""
    client = declared.client
    document = _saying(
        client_id=client.client_id,
        name=None if client.name == client.client_id else client.name,
        public_client=client.public,
        audience="multi-tenant" if client.multi_tenant else "single-tenant",
        enabled=None if client.enabled else False,
        grant_types=sorted(client.grant_types),
        certificates=list(client.certificates),
        assertion_reuse=client.assertion_reuse,
        assignment_required=client.assignment_required,
        permissions=[render_permission(each) for each in client.permissions],
        admin_consent=render_permissions(declared.admin_consent),
        roles=[{"resource": r.resource, "role": r.role} for r in client.roles],
    )
    if client.connections is not None:  # an empty list means none, an absent one all
        document["connections"] = sorted(client.connections)
    said = {key: value for key, value in client.options.items() if _says(value)}
    return document | said


def _says(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(part not in (None, [], {}) for part in value.values())
    return value not in (None, [])


def render_permission(permission: model.Permission) -> str:
    """`api://tasks/Tasks.Read`, or the bare scope of the default resource."""
    if not permission.resource:
        return permission.scope
    return f"{permission.resource}/{permission.scope}"


def render_permissions(permissions: Iterable[model.Permission]) -> list[str]:
    """Several permissions in stable order."""
    return sorted(render_permission(permission) for permission in permissions)


def render_connection(connection: model.ConnectionSettings) -> Document:
    """The connection's entry in `connections:`."""
    return _saying(
        name=connection.name,
        strategy=connection.strategy,
        enabled=None if connection.enabled else False,
        restricted=connection.restricted or None,
        options=_open_options(connection.options),
    )


def render_user(stored: StoredUser) -> Document:
    """The user's entry in `users:`."""
    user = stored.user
    usual = user.password_state is model.PasswordState.OK
    return _saying(
        username=user.username,
        id=user.id,
        login=user.login,
        auth0_id=user.external_id,
        connection=user.connection or None,
        email=user.email,
        email_verified=user.email_verified or None,
        name=user.name,
        given_name=user.given_name,
        family_name=user.family_name,
        nickname=user.nickname,
        picture=user.picture,
        phone_number=user.phone_number,
        enabled=user.enabled,
        type="guest" if user.guest else None,
        password_state=None if usual else user.password_state.value,
        mfa={"required": True} if user.mfa_required else None,
        groups=list(user.groups),
        consents=[
            {
                "client_id": consent.client_id,
                "scopes": render_permissions(consent.permissions),
            }
            for consent in sorted(stored.consents, key=lambda each: each.client_id)
        ],
        assigned_to=sorted(user.assigned_to),
        attributes=dict(sorted(user.attributes.items())),
    )


def _policy(policy: model.AccessPolicy) -> Document:
    document = _saying(
        name=policy.name,
        effect=policy.effect.value,
        networks=list(policy.networks or ()),
        message=policy.message or None,
    )
    if policy.users is not None:
        document["users"] = sorted(policy.users)
    if policy.applications is not None:
        document["applications"] = sorted(policy.applications)
    return document
