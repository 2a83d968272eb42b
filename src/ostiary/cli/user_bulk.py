"""`ostiary user import` and `ostiary user export`: many users, by way of files.

What stands in the files is known to the dialect that wrote them.
"""

import gzip
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from ostiary.cli import kinds
from ostiary.cli.printing import print_json
from ostiary.cli.running import (
    administer,
    config_option,
    json_option,
    stop,
    tenant_option,
)
from ostiary.core.model import Tenant
from ostiary.dialects.auth0.users_export import (
    exported_user,
    render_lines,
    render_table,
)
from ostiary.dialects.auth0.users_file import (
    DATABASE,
    UserError,
    obstacle_error,
    read_users,
    summary,
)
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.importing import (
    ImportedUser,
    Intake,
    carry_out,
    plan_import,
)
from ostiary.flows.manage.ports import Invalid, Missing

_connection = click.option(
    "--connection",
    type=kinds.NAME,
    help="The database connection; absent: the tenant's own directory.",
)


@click.command("import")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.File("rb")
)
@_connection
@click.option(
    "--upsert", is_flag=True, help="Bring users who are known already up to date."
)
@click.option(
    "--skip-errors", is_flag=True, help="Bring the others in when some are wrong."
)
@tenant_option
@config_option
@json_option
def import_(
    files: Sequence[BinaryIO],
    connection: str | None,
    upsert: bool,
    skip_errors: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Bring users in, with their ids and password hashes.

    Takes Auth0's import array, its export, its export of password hashes, and each of
    them in gzip; export and hashes given together are joined. Everything is checked
    first: if anybody is wrong, all errors are listed and nobody is brought in.

    Example: ostiary user import users.ndjson.gz hashes.ndjson --tenant contoso
    """
    errors: list[UserError] = []

    async def act(admin: Administration) -> Intake:
        home = await admin.tenant(tenant)
        place = await _directory(admin, home, connection)
        named = [(getattr(file, "name", "-"), file) for file in files]
        users = _sound(read_users(named), errors)
        with _counting() as progress:
            intake = await plan_import(
                admin, home, place, users, upsert=upsert, progress=progress
            )
        errors.extend(obstacle_error(each) for each in intake.obstacles)
        if not errors or skip_errors:
            await carry_out(admin, home, intake)
        return intake

    intake = administer(config, act)
    done = not errors or skip_errors
    _tell(intake, errors, done=done, as_json=as_json)
    sys.exit(0 if done else 1)


async def _directory(admin: Administration, tenant: Tenant, name: str | None) -> str:
    """The connection that people are brought into; only one that keeps passwords."""
    name = name or tenant.default_directory
    settings = (await admin.estate.connections(tenant.id)).get(name)
    if settings is None:
        raise Missing(f"no such connection: {name}")
    if settings.strategy != DATABASE:
        raise Invalid(f"{name} is no database connection: it keeps no passwords")
    return name


def _sound(
    read: Iterable[ImportedUser | UserError], errors: list[UserError]
) -> Iterator[ImportedUser]:
    """Those who can be taken; the others go to `errors`."""
    for each in read:
        if isinstance(each, UserError):
            errors.append(each)
        else:
            yield each


@contextmanager
def _counting() -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many users were looked at."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    yield lambda done: click.echo(f"\r{done} users checked", nl=False, err=True)
    click.echo(err=True)


def _tell(
    intake: Intake, errors: Sequence[UserError], *, done: bool, as_json: bool
) -> None:
    inserted, updated = (intake.inserted, intake.updated) if done else (0, 0)
    if as_json:
        counts = {"inserted": inserted, "updated": updated, "failed": len(errors)}
        print_json({**counts, "errors": [_document(each) for each in errors]})
        return
    for each in sorted(errors, key=lambda each: (each.source, each.line)):
        place = f"{each.source}:{each.line}"
        click.echo(f"{place}: {summary(each.errors)}", err=True)
    if not done:
        click.echo(f"ostiary: nobody was brought in: {len(errors)} wrong", err=True)
        return
    failed = f", {len(errors)} left out" if errors else ""
    click.echo(f"{inserted} users added, {updated} brought up to date{failed}")


def _document(error: UserError) -> dict[str, object]:
    return {
        "file": error.source,
        "line": error.line,
        "user": error.user,
        "errors": [
            {"code": each.code, "message": each.message, "path": each.path}
            for each in error.errors
        ],
    }


@click.command()
@_connection
@click.option(
    "--format",
    "shape",
    type=click.Choice(["json", "csv"]),
    default="json",
    show_default=True,
    help="An object a line, or a table.",
)
@click.option("--gzip", "packed", is_flag=True, help="Pack what is written.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; absent: the standard output.",
)
@tenant_option
@config_option
def export(
    connection: str | None,
    shape: str,
    packed: bool,
    out: Path | None,
    tenant: str | None,
    config: Path,
) -> None:
    """Write users out as Auth0 exports them; never a password or its hash.

    Without --connection the users of every connection. `ostiary user import` takes the
    lines of `json` as they are.

    Example: ostiary user export --gzip --out users.ndjson.gz
    """

    async def act(admin: Administration) -> list[dict[str, object]]:
        home = await admin.tenant(tenant)
        strategies = {
            name: settings.strategy
            for name, settings in (await admin.estate.connections(home.id)).items()
        }
        if connection is not None and connection not in strategies:
            raise Missing(f"no such connection: {connection}")
        return [
            dict(exported_user(each.user, strategies[each.user.connection]))
            for each in await admin.estate.users(home.id)
            if each.user.connection
            in (strategies if connection is None else [connection])
        ]

    users = administer(config, act)
    parts = render_lines(users) if shape == "json" else render_table(users)
    with _target(out) as target:
        _write(target, parts, packed)


@contextmanager
def _target(out: Path | None) -> Iterator[BinaryIO]:
    """The file, which only its owner may read and which appears when it is whole."""
    if out is None:
        yield sys.stdout.buffer
        return
    part = out.with_name(out.name + ".part")
    try:
        with open(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
        ) as file:
            yield file
        part.replace(out)
    except OSError as error:
        part.unlink(missing_ok=True)
        stop(f"{out} cannot be written: {error.strerror}")


def _write(target: BinaryIO, parts: Iterable[bytes], packed: bool) -> None:
    if not packed:
        target.writelines(parts)
        return
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as whole:
        whole.writelines(parts)
