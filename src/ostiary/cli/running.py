"""What commands share: reading the configuration, opening the instance, saying no.

Errors an operator can mend become one line on the standard error and an exit code.
"""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from ostiary.app import House, open_house, prepare
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.ports import Declined
from ostiary.flows.ports import StoreUnavailable
from ostiary.keys.keyfile import KeyFileError
from ostiary.keys.sealing import SealError
from ostiary.settings import Server, Settings, SettingsError, load
from ostiary.stores.database import ValueRefused
from ostiary.stores.migrations import SchemaTooNew
from ostiary.stores.origin import MisplacedStore

T = TypeVar("T")

MENDABLE = (
    Declined,
    KeyFileError,
    MisplacedStore,
    SchemaTooNew,
    SealError,
    StoreUnavailable,
    ValueRefused,
)

config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("ostiary.yaml"),
    show_default=True,
    help="The configuration file.",
)
tenant_option = click.option(
    "--tenant", help="Name, id or domain of the tenant; needed if there are several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")


def stop(text: str, code: int = 1) -> NoReturn:
    """End with one line on the standard error."""
    print(f"ostiary: {text}", file=sys.stderr)
    sys.exit(code)


def read(path: Path) -> Settings:
    """The configuration file; what is wrong with it ends the command with code 2."""
    try:
        return load(path)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(2)


def in_house(server: Server, act: Callable[[House], Awaitable[T]]) -> T:
    """Open the instance, do something in it, close it again."""

    async def run() -> T:
        async with open_house(server) as house:
            return await act(house)

    try:
        prepare(server)
        return asyncio.run(run())
    except MENDABLE as error:
        stop(str(error) or type(error).__name__)


def administer(config: Path, act: Callable[[Administration], Awaitable[T]]) -> T:
    """Do an administrative act in the instance of that configuration file."""

    async def run(house: House) -> T:
        return await act(house.administration("command line", operator()))

    return in_house(read(config).server, run)


def operator() -> str:
    """Who acts, for the audit log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def confirm(what: str, yes: bool) -> None:
    """Ask before what cannot be taken back; without a terminal `--yes` must say so."""
    if yes:
        return
    if not sys.stdin.isatty():
        stop(f"{what} needs --yes", 2)
    if not click.confirm(f"{what}?"):
        stop("nothing was done")
