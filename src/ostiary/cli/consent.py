"""`ostiary consent`: what applications are allowed, by users or for everybody."""

from collections.abc import Sequence
from pathlib import Path

import click

from ostiary.cli import kinds
from ostiary.cli.printing import print_done, print_rows
from ostiary.cli.running import (
    administer,
    config_option,
    json_option,
    stop,
    tenant_option,
)
from ostiary.configuration.reading import parse_permission
from ostiary.configuration.writing import render_permissions
from ostiary.core.model import Consent, Permission, Tenant
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.consents import add_consent, list_consents, remove_consent
from ostiary.flows.manage.users import find_user

_for_user = click.option("--user", help="User name, short name or id.")
_for_all = click.option(
    "--admin", "for_all", is_flag=True, help="An administrator's, for every user."
)
_client = click.option(
    "--client-id", type=kinds.CLIENT_ID, required=True, help="The application."
)


@click.group()
def consent() -> None:
    """What applications are allowed.

    Example: ostiary consent list --tenant contoso
    """


@consent.command("list")
@click.option("--client-id", type=kinds.CLIENT_ID, help="Only of this application.")
@_for_user
@_for_all
@tenant_option
@config_option
@json_option
def list_(
    client_id: str | None,
    user: str | None,
    for_all: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """List consents.

    Example: ostiary consent list --user alice@contoso.test
    """

    async def act(admin: Administration) -> tuple[list[Consent], dict[str, str]]:
        home = await admin.tenant(tenant)
        whose = await _whose(admin, home, user, for_all) if user or for_all else None
        found = await list_consents(admin, home, client_id=client_id, user_id=whose)
        users = await admin.estate.users(home.id)
        return found, {each.user.id: each.user.username for each in users}

    found, names = administer(config, act)
    rows = [
        {
            "client_id": each.client_id,
            "user": names.get(each.user_id, each.user_id) or "everybody",
            "scopes": render_permissions(each.permissions),
        }
        for each in found
    ]
    print_rows(rows, as_json)


async def _whose(
    admin: Administration, tenant: Tenant, user: str | None, for_all: bool
) -> str:
    """The user's id; "" for everybody."""
    if user is None or for_all:
        return ""
    return (await find_user(admin, tenant, user)).user.id


def _check_one(user: str | None, for_all: bool) -> None:
    if (user is None) is not for_all:
        stop("say whose consent: --user NAME, or --admin for everybody", 2)


def _asked(scopes: Sequence[str]) -> list[Permission]:
    return [parse_permission(word) for text in scopes for word in text.split()]


@consent.command()
@_client
@_for_user
@_for_all
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="A scope such as User.Read or api://tasks/Tasks.Read; repeatable.",
)
@tenant_option
@config_option
@json_option
def add(
    client_id: str,
    user: str | None,
    for_all: bool,
    scopes: tuple[str, ...],
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Allow an application scopes.

    Example: ostiary consent add --client-id ID --admin --scope User.Read
    """
    _check_one(user, for_all)

    async def act(admin: Administration) -> frozenset[Permission]:
        home = await admin.tenant(tenant)
        whose = await _whose(admin, home, user, for_all)
        return await add_consent(admin, home, client_id, whose, _asked(scopes))

    allowed = render_permissions(administer(config, act))
    print_done("allowed", client_id, allowed, as_json)


@consent.command()
@_client
@_for_user
@_for_all
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="A scope to take back; absent: all of them; repeatable.",
)
@tenant_option
@config_option
@json_option
def remove(
    client_id: str,
    user: str | None,
    for_all: bool,
    scopes: tuple[str, ...],
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Take scopes back from an application.

    Example: ostiary consent remove --client-id ID --user alice@contoso.test
    """
    _check_one(user, for_all)

    async def act(admin: Administration) -> frozenset[Permission]:
        home = await admin.tenant(tenant)
        whose = await _whose(admin, home, user, for_all)
        return await remove_consent(admin, home, client_id, whose, _asked(scopes))

    gone = render_permissions(administer(config, act))
    print_done("took back from", client_id, gone, as_json)
