"""The keys of a tenant's `resources:` and `applications:`.

Whether the names in them exist is checked in `references`.
"""

import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ostiary.settings.values import (
    Certificate,
    ClientId,
    Duration,
    Guid,
    Name,
    Origin,
    RedirectUri,
    SecretText,
    Word,
)


class Scope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A permission that users delegate."""

    value: Annotated[Word, Meta(description="Its name in requests and tokens.")]
    consent: Annotated[
        Literal["user", "admin"], Meta(description="Who may consent to it.")
    ] = "user"


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An API that tokens are made for; https://graph.microsoft.com always exists."""

    identifier: Annotated[
        Word, Meta(description="Its identifier URI, such as api://tasks.")
    ]
    id: Annotated[
        Guid | None,
        Meta(
            description="Its application id, the audience of version 2 tokens; "
            "absent: derived."
        ),
    ] = None
    access_token_version: Annotated[
        Literal[1, 2], Meta(description="Version of the access tokens made for it.")
    ] = 1
    scopes: Annotated[
        tuple[Scope, ...], Meta(description="The permissions that users delegate.")
    ] = ()
    roles: Annotated[
        tuple[Word, ...], Meta(description="The roles that applications may have.")
    ] = ()
    pre_authorized: Annotated[
        tuple[ClientId, ...], Meta(description="Client ids that need no consent.")
    ] = ()
    offline_access: Annotated[
        bool, Meta(description="Auth0's switch: refresh tokens may be had for it.")
    ] = False


class ClientSecret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret an application signs in with."""

    value: Annotated[SecretText, Meta(description="The secret.")]
    expires: Annotated[
        datetime.date | None,
        Meta(description="The first day on which it no longer counts."),
    ] = None


class RedirectUris(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where answers may be sent, by kind of application; matched exactly."""

    web: Annotated[
        tuple[RedirectUri, ...], Meta(description="Addresses of a web server.")
    ] = ()
    spa: Annotated[
        tuple[RedirectUri, ...],
        Meta(description="Addresses of a browser application; CORS is open to them."),
    ] = ()
    public: Annotated[
        tuple[RedirectUri, ...], Meta(description="Addresses of a native application.")
    ] = ()


class RoleAssignment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role that the application itself has, for client_credentials."""

    resource: Annotated[
        Word,
        Meta(description="The API; `management` is the Auth0 half's own."),
    ]
    role: Annotated[Word, Meta(description='The role; `"*"` is all of management.')]


class IdToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Auth0 half's id_token."""

    algorithm: Annotated[
        Literal["RS256", "HS256"], Meta(description="How it is signed.")
    ] = "RS256"
    lifetime: Annotated[Duration, Meta(description="How long it is good.")] = 36000
    secret_encoded: Annotated[
        bool,
        Meta(description="HS256 with the secret decoded from base64url first."),
    ] = False


class Application(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client."""

    client_id: Annotated[ClientId, Meta(description="Its id, unique in the tenant.")]
    name: Annotated[
        Name | None, Meta(description="What people read; absent: the client id.")
    ] = None
    public_client: Annotated[
        bool, Meta(description="Entra's allowPublicClient: it needs no secret.")
    ] = False
    audience: Annotated[
        Literal["single-tenant", "multi-tenant"],
        Meta(description="Whether users of other tenants may sign in to it."),
    ] = "single-tenant"
    enabled: Annotated[bool, Meta(description="False: it gets no tokens.")] = True
    grant_types: Annotated[
        tuple[Word, ...],
        Meta(
            description="The grants it may use, by RFC 6749's or Auth0's names; none "
            "when absent."
        ),
    ] = ()
    oidc_conformant: Annotated[
        bool, Meta(description="Auth0's flag: true keeps it out of /oauth/ro.")
    ] = True
    connections: Annotated[
        tuple[Name, ...] | None,
        Meta(description="Auth0's enabled connections; all when absent."),
    ] = None
    secrets: Annotated[
        tuple[ClientSecret, ...], Meta(description="Its secrets, any of which counts.")
    ] = ()
    certificates: Annotated[
        tuple[Certificate, ...],
        Meta(description="Certificates of its assertions, usually {file: app.pem}."),
    ] = ()
    redirect_uris: Annotated[
        RedirectUris, Meta(description="Where answers may be sent.")
    ] = RedirectUris()
    allowed_origins: Annotated[
        tuple[Origin, ...],
        Meta(description="CORS origins, beside those of `redirect_uris.spa`."),
    ] = ()
    assertion_reuse: Annotated[
        bool, Meta(description="False: a client assertion works once.")
    ] = True
    assignment_required: Annotated[
        bool, Meta(description="Only users with it in `assigned_to` may sign in.")
    ] = False
    permissions: Annotated[
        tuple[Word, ...],
        Meta(description="Scopes it may ask for; those of an API as api://tasks/Read."),
    ] = ()
    admin_consent: Annotated[
        tuple[Word, ...], Meta(description="Scopes consented for every user.")
    ] = ()
    roles: Annotated[
        tuple[RoleAssignment, ...],
        Meta(description="Roles it has itself, for client_credentials."),
    ] = ()
    id_token: Annotated[
        IdToken, Meta(description="The id_token of the Auth0 half.")
    ] = IdToken()
