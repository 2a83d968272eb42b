"""`ostiary user`: list, show, add, change, reset and remove users.

Passwords come by a prompt or the standard input, never as an argument.
"""

import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ostiary.cli import kinds
from ostiary.cli.printing import print_done, print_object, print_rows
from ostiary.cli.running import (
    administer,
    config_option,
    confirm,
    json_option,
    stop,
    tenant_option,
    yes_option,
)
from ostiary.cli.user_bulk import export, import_
from ostiary.cli.user_options import changed_user, user_options
from ostiary.configuration.writing import render_user
from ostiary.core.model import PasswordState, User
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.declaration import StoredUser
from ostiary.flows.manage.users import (
    UserChange,
    add_user,
    change_user,
    find_user,
    remove_user,
)

LONGEST_LINE = 10_000

_connection = click.option(
    "--connection", type=kinds.NAME, help="Where the password is checked."
)
_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the standard input."
)


@click.group()
def user() -> None:
    """Users, resets and locks.

    Example: ostiary user list --tenant contoso
    """


user.add_command(import_)
user.add_command(export)


def _password(from_stdin: bool, prompt: bool) -> str | None:
    if from_stdin:
        line = sys.stdin.readline(LONGEST_LINE)
        return line.removesuffix("\n").removesuffix("\r")
    if prompt:
        text: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
        return text
    return None


@user.command("list")
@tenant_option
@config_option
@json_option
def list_(tenant: str | None, config: Path, as_json: bool) -> None:
    """List the users of a tenant.

    Example: ostiary user list --tenant contoso
    """

    async def act(admin: Administration) -> list[StoredUser]:
        found = await admin.tenant(tenant)
        return list(await admin.estate.users(found.id))

    rows = [
        {
            "username": each.user.username,
            "id": each.user.id,
            "name": each.user.display_name,
            "enabled": each.user.enabled,
            "connection": each.user.connection,
        }
        for each in administer(config, act)
    ]
    print_rows(rows, as_json)


@user.command()
@click.argument("name")
@_connection
@tenant_option
@config_option
@json_option
def show(
    name: str, connection: str | None, tenant: str | None, config: Path, as_json: bool
) -> None:
    """Show a user, named by user name, short name or id; never a password.

    Example: ostiary user show alice@contoso.test
    """

    async def act(admin: Administration) -> StoredUser:
        return await find_user(admin, await admin.tenant(tenant), name, connection)

    found = administer(config, act)
    document = render_user(found)
    document["has_password"] = found.password_hash is not None
    print_object(document, as_json)


@user.command()
@click.argument("username", type=kinds.NAME)
@click.option("--id", "user_id", type=kinds.GUID, help="Object id; absent: a new one.")
@click.option(
    "--auth0-id",
    "external_id",
    type=kinds.WORD,
    help="The id under which Auth0 knew this user.",
)
@_connection
@_from_stdin
@click.option("--no-password", is_flag=True, help="The account has no password.")
@click.option("--must-change", is_flag=True, help="The password must be changed first.")
@user_options
@tenant_option
@config_option
@json_option
def add(
    username: str,
    user_id: str | None,
    connection: str | None,
    password_stdin: bool,
    no_password: bool,
    must_change: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Add a user; asks for the password unless told otherwise.

    Example: ostiary user add alice@contoso.test --given-name Alice
    """
    if password_stdin and no_password:
        stop("--password-stdin and --no-password exclude each other", 2)
    wanted = not (password_stdin or no_password)
    if wanted and not sys.stdin.isatty():
        stop("a password is needed: --password-stdin, or --no-password", 2)
    password = _password(password_stdin, wanted)
    state = PasswordState.MUST_CHANGE if must_change else PasswordState.OK

    async def act(admin: Administration) -> User:
        home = await admin.tenant(tenant)
        new = User(user_id or str(uuid.uuid4()), home.id, connection or "", username)
        new = replace(new, password_state=state, **changed_user(new, options))
        return await add_user(admin, home, new, password)

    made = administer(config, act)
    print_done("added user", made.username, None, as_json, id=made.id)


@user.command()
@click.argument("user_name", metavar="NAME")
@click.option("--username", type=kinds.NAME, help="Another user name.")
@_connection
@click.option("--password", is_flag=True, help="Ask for a new password.")
@_from_stdin
@click.option("--must-change", is_flag=True, help="The password must be changed first.")
@click.option("--revoke-sessions", is_flag=True, help="End every session, at once.")
@click.option("--unlock", is_flag=True, help="Forget the wrong passwords so far.")
@user_options
@tenant_option
@config_option
@json_option
def change(
    user_name: str,
    connection: str | None,
    password: bool,
    password_stdin: bool,
    must_change: bool,
    revoke_sessions: bool,
    unlock: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
    **options: Any,
) -> None:
    """Change a user; what no option names stays.

    A new password is an administrator's reset: it ends every session.

    Example: ostiary user change alice@contoso.test --disable
    """
    secret = _password(password_stdin, password)

    async def act(admin: Administration) -> tuple[User, tuple[str, ...]]:
        home = await admin.tenant(tenant)
        before = await find_user(admin, home, user_name, connection)
        wanted = UserChange(
            fields=changed_user(before.user, options),
            password=secret,
            must_change=must_change,
            end_sessions=revoke_sessions,
            unlock=unlock,
        )
        return await change_user(admin, home, before, wanted)

    changed, differing = administer(config, act)
    print_done("changed user", changed.username, differing, as_json, id=changed.id)


@user.command()
@click.argument("name")
@_connection
@yes_option
@tenant_option
@config_option
@json_option
def remove(
    name: str,
    connection: str | None,
    yes: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Remove a user with sessions and consents; the id never comes back.

    Example: ostiary user remove alice@contoso.test --yes
    """
    confirm(f"Removing user {name}", yes)

    async def act(admin: Administration) -> User:
        home = await admin.tenant(tenant)
        found = await find_user(admin, home, name, connection)
        await remove_user(admin, home, found.user)
        return found.user

    gone = administer(config, act)
    print_done("removed user", gone.username, None, as_json, id=gone.id)
