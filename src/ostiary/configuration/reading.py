"""From the configuration file to declared tenants.

Ids that the file leaves out are derived, so that applying it twice is the same.
"""

import datetime
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ostiary.configuration.certificates import find_unusable
from ostiary.configuration.options import chosen, declare_connection, split
from ostiary.configuration.password_hash import stored_hash
from ostiary.core import model
from ostiary.core.accounts import fold
from ostiary.core.clients import secret_sha256
from ostiary.flows.manage.declaration import (
    MAIL,
    DeclaredClient,
    DeclaredTenant,
    DeclaredUser,
    NotApplicable,
)
from ostiary.flows.manage.ids import derived_id
from ostiary.settings import Settings, SettingsError
from ostiary.settings.application import Application, Resource
from ostiary.settings.tenant import (
    Lockout,
    PasswordHash,
    RefreshTokens,
    Tenant,
    TenantDomain,
)
from ostiary.settings.user import Policy, User

TENANT_OPTIONS: Final = (
    "auth0_domain",
    "entra_edition",
    "legacy_resource_owner",
    "adfs_alias",
    "signup",
    "jsonp",
    "device_keys",
)
"""Switches that only one dialect reads."""
FILE_KEYS: Final = {"external_id": "auth0_id"}
"""Fields that the file calls otherwise."""
CLIENT_OPTIONS: Final = (
    "oidc_conformant",
    "redirect_uris",
    "allowed_origins",
    "id_token",
)
RANDOM: Final = model.RANDOM_LIFETIME


def declare(settings: Settings) -> tuple[DeclaredTenant, ...]:
    """Every tenant of the file. Raises SettingsError for what cannot be taken."""
    if unusable := [settings.problem(*wrong) for wrong in find_unusable(settings)]:
        raise SettingsError(unusable)
    try:
        return tuple(
            _tenant(tenant, number) for number, tenant in enumerate(settings.tenants)
        )
    except NotApplicable as wrong:
        raise SettingsError([settings.problem(wrong.path, str(wrong))]) from None


def new_tenant(
    tenant_id: str, name: str, domains: tuple[model.Domain, ...]
) -> model.Tenant:
    """A tenant of which the file would say no more than this."""
    names = tuple(TenantDomain(name=domain.name) for domain in domains)
    plain = _tenant(Tenant(id=tenant_id, name=name, domains=names), 0).tenant
    return replace(plain, domains=domains)


def new_client(tenant_id: str, client_id: str) -> model.Client:
    """A client of which the file would say no more than this."""
    return _client(Application(client_id=client_id), tenant_id).client


def _tenant(tenant: Tenant, number: int) -> DeclaredTenant:
    first = tenant.domains[0].name.lower()
    name = tenant.name or first
    tenant_id = (tenant.id or derived_id("tenant", name)).lower()
    lifetime = tenant.access_token_lifetime
    mail, secrets = split(tenant.mail)
    value = model.Tenant(
        id=tenant_id,
        name=name,
        domains=tuple(_domain(domain) for domain in tenant.domains),
        aliases=_aliases(tenant),
        password_grant=tenant.password_grant,
        hide_unknown_users=tenant.hide_unknown_users,
        user_consent=tenant.user_consent,
        default_directory=tenant.directory or "",
        lockout=_lockout(tenant.lockout),
        refresh_tokens=_refresh_rules(tenant.refresh_tokens),
        password_hash=_hash_rules(tenant.password_hash),
        access_token_lifetime=RANDOM if lifetime == "random" else lifetime,
        options=chosen(tenant, TENANT_OPTIONS) | ({MAIL: mail} if mail else {}),
    )
    users = enumerate(tenant.users)
    return DeclaredTenant(
        tenant=value,
        id_given=tenant.id is not None,
        secrets=secrets,
        resources=tuple(_resource(each) for each in tenant.resources),
        clients=tuple(_client(each, tenant_id) for each in tenant.applications),
        connections=tuple(map(declare_connection, tenant.known_connections)),
        users=tuple(
            _user(each, value, ("tenants", number, "users", n)) for n, each in users
        ),
        policies=tuple(_policy(each) for each in tenant.policies),
    )


def _aliases(tenant: Tenant) -> tuple[str, ...]:
    """Further names by which fronts find the tenant (interface §4)."""
    adfs = ("adfs",) if tenant.adfs_alias else ()
    if tenant.auth0_domain is None:
        return adfs
    return (*adfs, f"//{tenant.auth0_domain.lower()}")


def _domain(domain: TenantDomain) -> model.Domain:
    authentication = model.Authentication(domain.authentication)
    return model.Domain(domain.name.lower(), authentication, domain.connection)


def _lockout(rules: Lockout) -> model.LockoutRules:
    return model.LockoutRules(rules.threshold, rules.seconds, rules.source_failures)


def _refresh_rules(rules: RefreshTokens) -> model.RefreshRules:
    rotation = model.Rotation(rules.rotation)
    return model.RefreshRules(rotation, rules.leeway, rules.lifetime)


def _hash_rules(rules: PasswordHash) -> model.HashRules:
    return model.HashRules(rules.memory_kib, rules.iterations, rules.parallelism)


def _resource(resource: Resource) -> model.Resource:
    return model.Resource(
        identifier=resource.identifier,
        id=(resource.id or "").lower(),
        access_token_version=resource.access_token_version,
        scopes=tuple(
            model.Scope(scope.value, scope.consent == "admin")
            for scope in resource.scopes
        ),
        roles=resource.roles,
        pre_authorized=frozenset(resource.pre_authorized),
        offline_access=resource.offline_access,
    )


def parse_permission(text: str) -> model.Permission:
    """`api://tasks/Tasks.Read` or `User.Read`: a resource and one of its scopes."""
    resource, _, scope = text.rpartition("/")
    return model.Permission(resource, scope)


def parse_permissions(texts: Iterable[str]) -> frozenset[model.Permission]:
    """Several permissions."""
    return frozenset(parse_permission(text) for text in texts)


def _client(application: Application, tenant_id: str) -> DeclaredClient:
    shared = application.id_token.algorithm == "HS256"
    return DeclaredClient(
        client=model.Client(
            tenant_id=tenant_id,
            client_id=application.client_id,
            name=application.name or application.client_id,
            enabled=application.enabled,
            public=application.public_client,
            multi_tenant=application.audience == "multi-tenant",
            grant_types=frozenset(application.grant_types),
            secrets=tuple(
                model.ClientSecret(
                    secret_sha256(secret.value.reveal()), _midnight(secret.expires)
                )
                for secret in application.secrets
            ),
            certificates=application.certificates,
            assertion_reuse=application.assertion_reuse,
            assignment_required=application.assignment_required,
            permissions=tuple(parse_permission(p) for p in application.permissions),
            roles=tuple(
                model.AppRole(role.resource, role.role) for role in application.roles
            ),
            spa_origins=_origins(application),
            connections=_named(application.connections),
            options=chosen(application, CLIENT_OPTIONS),
        ),
        admin_consent=parse_permissions(application.admin_consent),
        keep_secrets=not application.secrets,
        shared_keys=tuple(s.value.reveal() for s in application.secrets if shared),
    )


def _midnight(day: datetime.date | None) -> float | None:
    if day is None:
        return None
    moment = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    return moment.timestamp()


def _named(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _origins(application: Application) -> tuple[str, ...]:
    parts = (urlsplit(uri) for uri in application.redirect_uris.spa)
    spa = [f"{part.scheme}://{part.netloc}" for part in parts]
    return tuple(dict.fromkeys((*spa, *application.allowed_origins)))


def _user(
    user: User, tenant: model.Tenant, path: tuple[str | int, ...]
) -> DeclaredUser:
    connection = user.connection or _connection_of(user.username, tenant)
    name = fold(user.username)
    return DeclaredUser(
        user=model.User(
            id=(user.id or derived_id(tenant.id, connection, name)).lower(),
            tenant_id=tenant.id,
            connection=connection,
            username=user.username,
            login=user.login,
            email=user.email,
            email_verified=user.email_verified,
            given_name=user.given_name,
            family_name=user.family_name,
            name=user.name,
            nickname=user.nickname,
            picture=user.picture,
            phone_number=user.phone_number,
            enabled=user.enabled,
            guest=user.type == "guest",
            password_state=model.PasswordState(user.password_state),
            mfa_required=user.mfa.required,
            groups=user.groups,
            assigned_to=frozenset(user.assigned_to),
            external_id=user.auth0_id,
            attributes=_plain(user.attributes),
        ),
        id_given=user.id is not None,
        password=user.password.reveal() if user.password else None,
        password_hash=stored_hash(user.password_hash, (*path, "password_hash")),
        totp_secret=user.mfa.totp_secret.reveal() if user.mfa.totp_secret else None,
        consents=tuple(
            model.Consent(each.client_id, "", parse_permissions(each.scopes))
            for each in user.consents
        ),
    )


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes as the store brings them back."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(attributes))
    return plain


def _connection_of(username: str, tenant: model.Tenant) -> str:
    """Users of pass-through and federated domains belong to their connection."""
    suffix = fold(username.rpartition("@")[2])
    for domain in tenant.domains:
        if domain.name == suffix and domain.connection:
            return domain.connection
    return tenant.default_directory


def _policy(policy: Policy) -> model.AccessPolicy:
    users, applications = policy.users, policy.applications
    return model.AccessPolicy(
        id="",
        name=policy.name,
        effect=model.Effect(policy.effect),
        users=None if users == "all" else frozenset(fold(name) for name in users),
        applications=None if applications == "all" else frozenset(applications),
        networks=tuple(str(each) for each in policy.networks) or None,
        message=policy.message,
    )
