"""`ostiary tenant`: list, show, add, change and remove tenants."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from ostiary.cli import kinds
from ostiary.cli.printing import print_done, print_object, print_rows
from ostiary.cli.running import (
    administer,
    config_option,
    confirm,
    json_option,
    yes_option,
)
from ostiary.configuration.reading import new_tenant
from ostiary.configuration.writing import render_tenant
from ostiary.core import model
from ostiary.core.model import ConnectionSettings
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.declaration import StoredTenant
from ostiary.flows.manage.tenants import (
    add_tenant,
    change_tenant,
    list_tenants,
    remove_tenant,
)
from ostiary.settings.connection import DATABASE

F = TypeVar("F", bound=Callable[..., Any])
ADFS = "adfs"


def _domain(text: str) -> model.Domain:
    """`contoso.test`, `pta.test=pass-through:corp-ad` or `fed.test=federated`."""
    name, equals, rest = text.partition("=")
    how, _, connection = rest.partition(":")
    allowed = [each.value for each in model.Authentication]
    if equals and how not in allowed:
        raise ValueError(f"DOMAIN or DOMAIN={'|'.join(allowed)}[:CONNECTION]")
    return model.Domain(
        kinds.DOMAIN.convert(name, None, None),
        model.Authentication(how or "managed"),
        connection or None,
    )


DOMAIN = kinds.Kind("domain", _domain)


@click.group()
def tenant() -> None:
    """Tenants and their switches.

    Example: ostiary tenant list
    """


SWITCHES = (
    click.option(
        "--password-grant/--no-password-grant",
        default=None,
        help="The tenant's door for passwords; shut by default.",
    ),
    click.option(
        "--hide-unknown-users/--tell-unknown-users",
        default=None,
        help="Whether unknown users look like wrong passwords.",
    ),
    click.option(
        "--user-consent/--no-user-consent",
        default=None,
        help="Whether users may consent for themselves.",
    ),
    click.option(
        "--adfs-alias/--no-adfs-alias",
        default=None,
        help="Whether the tenant answers at /adfs.",
    ),
    click.option(
        "--entra-edition",
        type=click.Choice(["2019-11", "2018-12", "2018-11"]),
        help="The edition of the documentation that is kept to.",
    ),
    click.option(
        "--auth0-domain", type=kinds.AUTH0_DOMAIN, help="What Auth0 SDKs are given."
    ),
    click.option(
        "--lockout-threshold",
        type=click.IntRange(1),
        help="Different wrong passwords that lock an account.",
    ),
    click.option(
        "--lockout-seconds",
        type=kinds.DURATION,
        help="Length of the first lock, such as 60s.",
    ),
    click.option(
        "--refresh-rotation",
        type=click.Choice([each.value for each in model.Rotation]),
        help="Whether a used refresh token is dead.",
    ),
)
"""What `add` and `change` share."""


def _switches(command: F) -> F:
    """The options that `add` and `change` share; what is not given stays."""
    for option in SWITCHES:
        command = option(command)
    return command


def _changed(before: model.Tenant, options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a tenant that these options mean."""
    said = kinds.given(options)
    plain = ("name", "password_grant", "hide_unknown_users", "user_consent")
    fields = {name: said[name] for name in plain if name in said}
    if "adfs_alias" in said:
        others = tuple(alias for alias in before.aliases if alias != ADFS)
        fields["aliases"] = (*others, ADFS) if said["adfs_alias"] else others
    wire = ("adfs_alias", "entra_edition", "auth0_domain")
    if any(name in said for name in wire):
        known = {**before.options, **{n: said[n] for n in wire if n in said}}
        fields["options"] = {n: v for n, v in known.items() if v is not None}
    if "lockout_threshold" in said or "lockout_seconds" in said:
        fields["lockout"] = replace(
            before.lockout,
            threshold=said.get("lockout_threshold", before.lockout.threshold),
            seconds=said.get("lockout_seconds", before.lockout.seconds),
        )
    if "refresh_rotation" in said:
        rotation = model.Rotation(said["refresh_rotation"])
        fields["refresh_tokens"] = replace(before.refresh_tokens, rotation=rotation)
    return fields


@tenant.command("list")
@config_option
@json_option
def list_(config: Path, as_json: bool) -> None:
    """List the tenants.

    Example: ostiary tenant list
    """
    rows = [
        {
            "name": each.name,
            "id": each.id,
            "domains": [domain.name for domain in each.domains],
            "password_grant": each.password_grant,
        }
        for each in administer(config, list_tenants)
    ]
    print_rows(rows, as_json)


@tenant.command()
@click.argument("name")
@config_option
@json_option
def show(name: str, config: Path, as_json: bool) -> None:
    """Show a tenant, named by id, name or domain.

    Example: ostiary tenant show contoso
    """

    async def act(admin: Administration) -> model.Tenant:
        return await admin.tenant(name)

    found = StoredTenant(administer(config, act), {}, {}, {}, {}, {})
    print_object(render_tenant(found), as_json)


@tenant.command()
@click.argument("name", type=kinds.TENANT_NAME)
@click.option(
    "--domain",
    "domains",
    type=DOMAIN,
    multiple=True,
    required=True,
    help="A verified domain, the default one first; repeatable.",
)
@click.option("--id", "tenant_id", type=kinds.GUID, help="Its id; absent: a new one.")
@_switches
@config_option
@json_option
def add(
    name: str,
    domains: tuple[model.Domain, ...],
    tenant_id: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Add a tenant, with signing keys and a directory of its own.

    Its door for passwords is shut unless you open it.

    Example: ostiary tenant add contoso --domain contoso.test --password-grant
    """
    new = new_tenant(tenant_id or str(uuid.uuid4()), name, domains)
    new = replace(new, **_changed(new, options))
    directory = ConnectionSettings(DATABASE, "auth0")
    made = administer(config, lambda admin: add_tenant(admin, new, directory))
    print_done("added tenant", made.name, None, as_json, id=made.id)


@tenant.command()
@click.argument("name")
@click.option("--name", "new_name", type=kinds.TENANT_NAME, help="Another name.")
@click.option(
    "--add-domain",
    type=DOMAIN,
    multiple=True,
    help="DOMAIN or DOMAIN=pass-through:CONNECTION; repeatable.",
)
@click.option(
    "--remove-domain",
    type=kinds.DOMAIN,
    multiple=True,
    help="A domain to take away; repeatable.",
)
@_switches
@config_option
@json_option
def change(
    name: str,
    new_name: str | None,
    add_domain: tuple[model.Domain, ...],
    remove_domain: tuple[str, ...],
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Change a tenant; what no option names stays.

    Example: ostiary tenant change contoso --no-password-grant
    """

    async def act(admin: Administration) -> tuple[model.Tenant, tuple[str, ...]]:
        before = await admin.tenant(name)
        fields = _changed(before, {**options, "name": new_name})
        gone = {*remove_domain, *(domain.name for domain in add_domain)}
        if gone:
            kept = (each for each in before.domains if each.name not in gone)
            fields["domains"] = (*kept, *add_domain)
        return await change_tenant(admin, before.id, fields)

    changed, differing = administer(config, act)
    print_done("changed tenant", changed.name, differing, as_json, id=changed.id)


@tenant.command()
@click.argument("name")
@yes_option
@config_option
@json_option
def remove(name: str, yes: bool, config: Path, as_json: bool) -> None:
    """Remove a tenant with everything in it; its id never comes back.

    Example: ostiary tenant remove contoso --yes
    """
    confirm(f"Removing tenant {name} with everything in it", yes)
    gone = administer(config, lambda admin: remove_tenant(admin, name))
    print_done("removed tenant", gone.name, None, as_json, id=gone.id)
