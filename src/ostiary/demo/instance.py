"""The demo's instance: a folder with a commented configuration file of its own.

What the file says is read back from it, so that an edited one is shown as it is.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import msgspec

from ostiary.keys.keyfile import create_private
from ostiary.settings import Settings, load
from ostiary.settings.application import Application
from ostiary.settings.tenant import Tenant
from ostiary.settings.user import User

FILE_NAME: Final = "ostiary.yaml"
DEFAULT_PORT: Final = 8443
REALM_PORT: Final = 443
"""MSAL Python asks for a user's realm here, whatever port the authority has."""

LEGACY_GRANT: Final = "http://auth0.com/oauth/legacy/grant-type/ro"
"""What opens /oauth/ro to an application."""
PASSWORD_BYTES: Final = 12
SECRET_BYTES: Final = 30


class NotTheDemo(Exception):
    """The folder's configuration has not what the demo shows; one line says what."""


@dataclass(frozen=True, slots=True)
class Auth0Half:
    """What Auth0's clients are given, where the tenant has an Auth0 half.

    legacy_client_id: an application for /oauth/ro, if that is open. site_client_id: a
    confidential one with its secret, if there is one.
    """

    domain: str
    connection: str
    legacy_client_id: str | None
    site_client_id: str | None
    site_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Instance:
    """A demo instance as its file has it; addresses without a slash at the end."""

    folder: Path
    settings: Settings
    domain: str
    adfs: bool
    client_id: str
    scope: str
    username: str
    password: str = field(repr=False)
    auth0: "Auth0Half | None" = None

    @property
    def file(self) -> Path:
        """Its configuration file."""
        return self.folder / FILE_NAME

    @property
    def base_url(self) -> str:
        """The start of every address."""
        return self.settings.server.base_url.rstrip("/")

    @property
    def authority(self) -> str:
        """What Entra clients are given."""
        return f"{self.base_url}/{self.domain}"

    @property
    def ca(self) -> Path:
        """The local CA that clients must trust, as an absolute path."""
        return self.settings.server.data_dir.absolute() / "ca.pem"


def open_instance(folder: Path, port: int | None) -> Instance:
    """The instance in `folder`, made when there is none yet.

    `port` None: what the file says, 8443 in a new one. Raises SettingsError for a file
    with mistakes, NotTheDemo, and OSError when the folder cannot be written.
    """
    folder = folder.absolute()
    path = folder / FILE_NAME
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_private(path, configuration(port or DEFAULT_PORT).encode())
    if port is None:
        return _instance(folder, load(path, os.environ))
    settings = load(path, {**os.environ, **_at_port(port)})
    return _instance(folder, _moved(settings, port))


def configuration(port: int) -> str:
    """The text of a new configuration file, with fresh passwords."""
    template = files("ostiary.demo").joinpath(FILE_NAME).read_text("utf-8")
    people = ("alice_password", "bob_password", "carol_password")
    drawn = {name: _quoted(PASSWORD_BYTES) for name in people}
    drawn |= {name: _quoted(SECRET_BYTES) for name in ("site_secret", "job_secret")}
    address = base_url(port)
    authority = address.removeprefix("https://")
    return Template(template).substitute(
        drawn, base_url=address, authority=authority, port=port
    )


def base_url(port: int) -> str:
    """The demo's address on a port."""
    return "https://localhost" if port == 443 else f"https://localhost:{port}"


def _quoted(size: int) -> str:
    return f'"{secrets.token_urlsafe(size)}"'


def _at_port(port: int) -> Mapping[str, str]:
    return {
        "OSTIARY_SERVER__BASE_URL": base_url(port),
        "OSTIARY_SERVER__LISTEN": f'["127.0.0.1:{port}"]',
    }


def _moved(settings: Settings, port: int) -> Settings:
    """Auth0's domains on this machine follow the port: clients are given both."""
    authority = base_url(port).removeprefix("https://")
    tenants = tuple(
        msgspec.structs.replace(tenant, auth0_domain=_at(authority, tenant))
        for tenant in settings.tenants
    )
    return msgspec.structs.replace(settings, tenants=tenants)


def _at(authority: str, tenant: Tenant) -> str | None:
    host, slash, prefix = (tenant.auth0_domain or "").partition("/")
    if host.partition(":")[0] != "localhost":
        return tenant.auth0_domain
    return f"{authority}{slash}{prefix}"


def _instance(folder: Path, settings: Settings) -> Instance:
    """Find what the demo shows: a public client and a user with a password."""
    if settings.server.tls is not None or settings.server.mode != "development":
        raise NotTheDemo("server: the demo needs development mode and its own CA")
    for tenant in settings.tenants:
        client = _public_client(tenant)
        user = next(filter(_may_sign_in, tenant.users), None)
        if tenant.password_grant and client and user and user.password:
            return Instance(
                folder=folder,
                settings=settings,
                domain=tenant.domains[0].name,
                adfs=tenant.adfs_alias,
                client_id=client.client_id,
                scope=_scope(client),
                username=user.username,
                password=user.password.reveal(),
                auth0=_auth0_half(tenant),
            )
    raise NotTheDemo(
        "no tenant has password_grant, a public application with the password grant, "
        "and a user with a password who may use it"
    )


def _auth0_half(tenant: Tenant) -> Auth0Half | None:
    if tenant.auth0_domain is None or tenant.directory is None:
        return None
    old = (
        client.client_id
        for client in tenant.applications
        if client.public_client and LEGACY_GRANT in client.grant_types
    )
    legacy = next(old, None) if tenant.legacy_resource_owner else None
    sites = (
        c for c in tenant.applications if c.secrets and "password" in c.grant_types
    )
    site = next(sites, None)
    return Auth0Half(
        domain=tenant.auth0_domain,
        connection=tenant.directory,
        legacy_client_id=legacy,
        site_client_id=site.client_id if site else None,
        site_secret=site.secrets[0].value.reveal() if site else "",
    )


def _public_client(tenant: Tenant) -> Application | None:
    for client in tenant.applications:
        if client.public_client and "password" in client.grant_types:
            return client
    return None


def _scope(client: Application) -> str:
    """The first scope of an API that needs no further consent."""
    own = (scope for scope in client.admin_consent if "://" in scope)
    return next(own, "https://graph.microsoft.com/User.Read")


def _may_sign_in(user: User) -> bool:
    free = user.enabled and user.password_state == "ok" and not user.mfa.required
    return free and user.password is not None
