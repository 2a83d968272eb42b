"""`ostiary agent`: the program that runs beside a directory and answers for it."""

import asyncio
import sys
from pathlib import Path

import click

from ostiary import logs
from ostiary.agent.identity import Refused
from ostiary.agent.program import AgentProgram, NotEnrolled
from ostiary.agent.settings import load
from ostiary.cli.running import stop
from ostiary.connections.upstream import Unserved
from ostiary.keys.keyfile import KeyFileError
from ostiary.settings import SettingsError


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    help="The agent's configuration file.",
)
def agent(config: Path) -> None:
    """Answer password checks and look-ups from a directory beside this machine.

    It dials out to the server and listens nowhere. Exit code 1: the server does not
    take its code or its key.

    Example: ostiary agent --config agent.yaml
    """
    try:
        settings, warnings = load(config)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(2)
    for warning in warnings:
        print(warning, file=sys.stderr)
    logs.configure(settings.log)
    try:
        asyncio.run(AgentProgram(settings).run())
    except Refused as refused:
        stop(str(refused))
    except (KeyFileError, NotEnrolled, Unserved, ValueError, OSError) as error:
        stop(str(error) or type(error).__name__, 2)
