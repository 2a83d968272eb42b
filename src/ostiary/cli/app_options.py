"""What can be said of an application on the command line, and which fields it means.

The commands themselves are in `app`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ostiary.cli import kinds
from ostiary.configuration.certificates import check_certificate
from ostiary.configuration.reading import parse_permission
from ostiary.core.model import AppRole, Client
from ostiary.settings.values import parse_certificate

F = TypeVar("F", bound=Callable[..., Any])


def _role(text: str) -> AppRole:
    resource, equals, role = text.partition("=")
    if not (resource and equals and role):
        raise ValueError("RESOURCE=ROLE")
    return AppRole(resource, role)


ROLE = kinds.Kind("role", _role)


OPTIONS = (
    click.option("--name", type=kinds.NAME, help="What people read."),
    click.option(
        "--public-client/--confidential-client",
        "public",
        default=None,
        help="Whether it needs no secret.",
    ),
    click.option(
        "--audience",
        type=click.Choice(["single-tenant", "multi-tenant"]),
        help="Whether users of other tenants may sign in to it.",
    ),
    click.option(
        "--enable/--disable",
        "enabled",
        default=None,
        help="Whether it gets tokens.",
    ),
    click.option(
        "--grant-type",
        "grant_types",
        type=kinds.WORD,
        multiple=True,
        help="A grant it may use; all of them, repeatable.",
    ),
    click.option(
        "--permission",
        "permissions",
        type=kinds.WORD,
        multiple=True,
        help="A scope it may ask for; all of them, repeatable.",
    ),
    click.option(
        "--role",
        "roles",
        type=ROLE,
        multiple=True,
        help="RESOURCE=ROLE that it has itself; all of them, repeatable.",
    ),
    click.option(
        "--certificate",
        "certificates",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="PEM file of its assertions; all of them, repeatable.",
    ),
    click.option(
        "--redirect-uri-web",
        type=kinds.REDIRECT_URI,
        multiple=True,
        help="Address of a web server; all of them, repeatable.",
    ),
    click.option(
        "--redirect-uri-public",
        type=kinds.REDIRECT_URI,
        multiple=True,
        help="Address of a native application; repeatable.",
    ),
    click.option(
        "--connection",
        "connections",
        type=kinds.NAME,
        multiple=True,
        help="An enabled connection; all of them, repeatable.",
    ),
    click.option(
        "--assertion-reuse/--no-assertion-reuse",
        default=None,
        help="Whether a client assertion works more than once.",
    ),
    click.option(
        "--assignment-required/--no-assignment-required",
        default=None,
        help="Whether only assigned users may sign in.",
    ),
)
"""What `add` and `change` share; lists are replaced as a whole."""


def client_options(command: F) -> F:
    """The options that `add` and `change` share; what is not given stays."""
    for option in OPTIONS:
        command = option(command)
    return command


def changed_client(before: Client, options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a client that these options mean."""
    said = kinds.given(options)
    plain = (
        "name",
        "public",
        "enabled",
        "roles",
        "assertion_reuse",
        "assignment_required",
    )
    fields = {name: said[name] for name in plain if name in said}
    if "audience" in said:
        fields["multi_tenant"] = said["audience"] == "multi-tenant"
    if "grant_types" in said:
        fields["grant_types"] = frozenset(said["grant_types"])
    if "connections" in said:
        fields["connections"] = frozenset(said["connections"])
    if "permissions" in said:
        fields["permissions"] = tuple(map(parse_permission, said["permissions"]))
    if "certificates" in said:
        fields["certificates"] = tuple(map(_certificate, said["certificates"]))
    wire = dict(before.options)
    known = wire.get("redirect_uris")
    addresses = dict(known) if isinstance(known, dict) else {}
    for part in ("web", "public"):
        if f"redirect_uri_{part}" in said:
            addresses[part] = list(said[f"redirect_uri_{part}"])
            wire["redirect_uris"] = {"web": [], "spa": [], "public": [], **addresses}
    if wire != before.options:
        fields["options"] = wire
    return fields


def _certificate(path: Path) -> str:
    try:
        pem = parse_certificate(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{path} must be {error}") from None
    try:
        return check_certificate(pem)
    except ValueError as error:
        raise click.BadParameter(f"{path} {error}") from None
