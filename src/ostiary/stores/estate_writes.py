"""What each kind of change writes: one script for each, WRITERS names them.

Scripts run inside the one transaction of `estate.StoredEstate.write`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ostiary.core.accounts import external_id, fold
from ostiary.core.model import (
    AccessPolicy,
    ConnectionSettings,
    Permission,
    Resource,
    User,
)
from ostiary.flows.manage.changes import (
    Arrange,
    Drop,
    DropConsent,
    DropKey,
    PutClient,
    PutConsent,
    PutFactor,
    PutJob,
    PutKey,
    PutListed,
    PutTenant,
    PutUser,
)
from ostiary.flows.manage.ports import ConflictError
from ostiary.stores.database import Script
from ostiary.stores.documents import encode
from ostiary.stores.estate_people import check_unchanged, put_factor
from ostiary.stores.estate_removals import drop_key, drop_object
from ostiary.stores.jobs import put_job
from ostiary.stores.statement import Statement

_PUT_TENANT: Final = Statement(
    """
    INSERT INTO tenants (id, name, document) VALUES (:id, :name, :document)
    ON CONFLICT (id) DO UPDATE SET name = :name, document = :document
    """
)
_DROP_DOMAINS: Final = Statement("DELETE FROM domains WHERE tenant_id = :tenant_id")
_PUT_DOMAIN: Final = Statement(
    "INSERT INTO domains (name, tenant_id) VALUES (:name, :tenant_id)"
)
_PUT_CLIENT: Final = Statement(
    """
    INSERT INTO clients (tenant_id, client_id, document)
    VALUES (:tenant_id, :client_id, :document)
    ON CONFLICT (tenant_id, client_id) DO UPDATE SET document = :document
    """
)
_TABLES: Final = {
    Resource: "resources",
    ConnectionSettings: "connections",
    AccessPolicy: "access_policies",
}
_PUT_LISTED: Final = {
    table: Statement(
        f"INSERT INTO {table} (tenant_id, name, position, document) "  # noqa: S608
        "VALUES (:tenant_id, :name, :position, :document) "
        "ON CONFLICT (tenant_id, name) "
        "DO UPDATE SET document = :document"
    )
    for table in _TABLES.values()
}
PUT_USER: Final = Statement(
    """
    INSERT INTO users (id, tenant_id, connection, name_folded, login_folded,
                       email_folded, external_id, document, password_hash,
                       password_source, mfa_secret, password_changed_at,
                       sessions_valid_from, created_at, updated_at)
    VALUES (:id, :tenant_id, :connection, :name_folded, :login_folded, :email_folded,
            :external_id, :document, NULL, '', '', 0, 0, :now, :now)
    ON CONFLICT (id) DO UPDATE SET connection = :connection,
        name_folded = :name_folded, login_folded = :login_folded,
        email_folded = :email_folded, external_id = :external_id,
        document = :document, updated_at = :now
        WHERE users.tenant_id = :tenant_id
    RETURNING id
    """
)
_PUT_PASSWORD: Final = Statement(
    "UPDATE users SET password_hash = :password_hash, password_changed_at = :now "
    "WHERE id = :id"
)
_PUT_SOURCE: Final = Statement(
    "UPDATE users SET password_source = :source WHERE id = :id"
)
_PUT_SECRET: Final = Statement("UPDATE users SET mfa_secret = :secret WHERE id = :id")
_END_SESSIONS: Final = Statement(
    "UPDATE users SET sessions_valid_from = :now WHERE id = :id"
)
_PUT_CONSENT: Final = Statement(
    """
    INSERT INTO consents (tenant_id, client_id, user_id, resource, scope)
    VALUES (:tenant_id, :client_id, :user_id, :resource, :scope)
    ON CONFLICT (tenant_id, client_id, user_id, resource, scope) DO NOTHING
    """
)
_DROP_CONSENT: Final = Statement(
    "DELETE FROM consents WHERE tenant_id = :tenant_id AND client_id = :client_id "
    "AND user_id = :user_id AND resource = :resource AND scope = :scope"
)
_DROP_CONSENTS: Final = Statement(
    "DELETE FROM consents WHERE tenant_id = :tenant_id AND client_id = :client_id "
    "AND user_id = :user_id"
)
_PUT_KEY: Final = Statement(
    """
    INSERT INTO signing_keys (kid, tenant_id, algorithm, private_key, certificate,
                              created_at, signs_from, published_until)
    VALUES (:kid, :tenant_id, :algorithm, :private_key, :certificate, :created_at,
            :signs_from, :published_until)
    ON CONFLICT (kid) DO UPDATE
    SET signs_from = :signs_from, published_until = :published_until
    """
)
_ARRANGE: Final = Statement(
    "UPDATE access_policies SET position = :position "
    "WHERE tenant_id = :tenant_id AND name = :name"
)
_VACATE_TENANT: Final = Statement("UPDATE tenants SET name = id WHERE id = :tenant_id")
_VACATE_USER: Final = Statement(
    "UPDATE users SET name_folded = id, login_folded = NULL "
    "WHERE id = :id AND tenant_id = :tenant_id AND (name_folded <> :name_folded "
    "OR connection <> :connection OR login_folded IS NOT NULL)"
)


def _put_tenant(put: PutTenant) -> Script[None]:
    tenant = put.tenant
    yield (
        _PUT_TENANT,
        {"id": tenant.id, "name": tenant.name, "document": encode(tenant)},
    )
    names = [domain.name for domain in tenant.domains]
    for name in (*names, *tenant.aliases):
        yield _PUT_DOMAIN, {"name": name, "tenant_id": tenant.id}


def _put_client(put: PutClient) -> Script[None]:
    client = put.client
    yield (
        _PUT_CLIENT,
        {
            "tenant_id": client.tenant_id,
            "client_id": client.client_id,
            "document": encode(client),
        },
    )


def _put_listed(put: PutListed) -> Script[None]:
    yield (
        _PUT_LISTED[_TABLES[type(put.value)]],
        {
            "tenant_id": put.tenant_id,
            "name": put.name,
            "position": put.position,
            "document": encode(put.value),
        },
    )


def _arrange(arrange: Arrange) -> Script[None]:
    for position, name in enumerate(arrange.names):
        row = {"tenant_id": arrange.tenant_id, "name": name, "position": position}
        yield _ARRANGE, row


def _vacate_tenant(put: PutTenant) -> Script[None]:
    tenant = {"tenant_id": put.tenant.id}
    yield _VACATE_TENANT, tenant
    yield _DROP_DOMAINS, tenant


def _vacate_user(put: PutUser) -> Script[None]:
    user = put.user
    yield (
        _VACATE_USER,
        {
            "id": user.id,
            "tenant_id": user.tenant_id,
            "connection": user.connection,
            "name_folded": fold(user.username),
        },
    )


def user_row(user: User, now: float) -> dict[str, object]:
    """A user's columns; every name that leads to them is folded."""
    return {
        "id": user.id,
        "tenant_id": user.tenant_id,
        "connection": user.connection,
        "name_folded": fold(user.username),
        "login_folded": fold(user.login) if user.login else None,
        "email_folded": fold(user.email) if user.email else None,
        "external_id": external_id(user),
        "document": encode(user),
        "now": now,
    }


def _put_user(put: PutUser) -> Script[None]:
    user = put.user
    if put.based_on is not None:
        yield from check_unchanged(user, put.based_on)
    written = yield PUT_USER, user_row(user, put.at)
    if not written:
        raise ConflictError(f"{user.id} is the id of a user of another tenant")
    if put.password_hash is not None:
        new = {"password_hash": put.password_hash}
        yield _PUT_PASSWORD, {"id": user.id, "now": put.at, **new}
    if put.password_source is not None:
        yield _PUT_SOURCE, {"id": user.id, "source": put.password_source}
    if put.mfa_secret is not None:
        yield _PUT_SECRET, {"id": user.id, "secret": put.mfa_secret}
    if put.end_sessions:
        yield _END_SESSIONS, {"id": user.id, "now": put.at}


def _put_consent(put: PutConsent) -> Script[None]:
    for row in _consent_rows(put, put.permissions):
        yield _PUT_CONSENT, row


def _drop_consent(drop: DropConsent) -> Script[None]:
    if drop.permissions is None:
        yield (
            _DROP_CONSENTS,
            {
                "tenant_id": drop.tenant_id,
                "client_id": drop.client_id,
                "user_id": drop.user_id,
            },
        )
        return
    for row in _consent_rows(drop, drop.permissions):
        yield _DROP_CONSENT, row


def _consent_rows(
    consent: PutConsent | DropConsent, permissions: Iterable[Permission]
) -> Iterable[Mapping[str, object]]:
    for permission in sorted(permissions, key=lambda p: (p.resource, p.scope)):
        yield {
            "tenant_id": consent.tenant_id,
            "client_id": consent.client_id,
            "user_id": consent.user_id,
            "resource": permission.resource,
            "scope": permission.scope,
        }


def _put_key(put: PutKey) -> Script[None]:
    key = put.key
    yield (
        _PUT_KEY,
        {
            "kid": key.kid,
            "tenant_id": key.tenant_id,
            "algorithm": key.algorithm,
            "private_key": key.sealed_private_key,
            "certificate": key.certificate,
            "created_at": key.created_at,
            "signs_from": key.signs_from,
            "published_until": key.published_until,
        },
    )


WRITERS: Final[Mapping[type, Callable[[Any], Script[None]]]] = {
    PutTenant: _put_tenant,
    PutClient: _put_client,
    PutListed: _put_listed,
    Arrange: _arrange,
    PutUser: _put_user,
    PutFactor: put_factor,
    PutConsent: _put_consent,
    DropConsent: _drop_consent,
    PutKey: _put_key,
    DropKey: drop_key,
    PutJob: put_job,
    Drop: drop_object,
}
VACATE: Final[Mapping[type, Callable[[Any], Script[None]]]] = {
    PutTenant: _vacate_tenant,
    PutUser: _vacate_user,
}
"""What gives up a name first, so that another object of the same plan may take it."""
