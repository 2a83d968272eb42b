"""`ostiary serve`: the server, as a configuration file wants it."""

import logging
import sys
from pathlib import Path

import click

from ostiary import __version__, logs
from ostiary.app import prepare
from ostiary.cli.configuration import apply_to
from ostiary.cli.running import MENDABLE, in_house, read, stop
from ostiary.hosting import applications, options_of, shared_figures
from ostiary.server import run
from ostiary.settings import SettingsError

logger = logging.getLogger(__name__)


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    required=True,
    help="The configuration file.",
)
@click.option("--apply", "apply_first", is_flag=True, help="First apply the file.")
def serve(config: Path, apply_first: bool) -> None:
    """Serve an instance until it is told to stop.

    Example: ostiary serve --config ostiary.yaml --apply
    """
    settings = read(config)
    server = settings.server
    try:
        if apply_first:
            changes = in_house(
                server, lambda house: apply_to(house, settings, prune=False)
            )
            for change in changes:
                print(change.line(), file=sys.stderr)
        else:
            prepare(server)
            in_house(server, _look)
        logs.configure(server.log)
        options = options_of(server)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(2)
    except MENDABLE as error:
        stop(str(error) or type(error).__name__)
    if server.tls is None:
        ca = server.data_dir.absolute() / "ca.pem"
        print(f"ostiary: clients must trust the local CA {ca}", file=sys.stderr)
    logger.info("ostiary %s starts in %s mode", __version__, server.mode)
    with shared_figures(server):
        code = run(options, *applications(server))
    sys.exit(code)


async def _look(house: object) -> None:
    """Opening the instance finds out what would keep it from serving."""
