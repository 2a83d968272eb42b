"""The command `ostiary`: one file for each noun, over `flows.manage` and `app`.

COMMANDS names them; each is imported only when it is used, so that starting is quick.
"""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import click

from ostiary import __version__

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "demo": ("ostiary.cli.demo:demo", "A development instance with a demo user."),
    "serve": ("ostiary.cli.serve:serve", "Serve an instance."),
    "plan": ("ostiary.cli.configuration:plan", "What applying a file would change."),
    "apply": (
        "ostiary.cli.configuration:apply",
        "Bring the store to what a file says.",
    ),
    "export": ("ostiary.cli.configuration:export", "Write the store out as a file."),
    "token": ("ostiary.cli.token:token", "Sign in with a password, as a client does."),
    "tenant": ("ostiary.cli.tenant:tenant", "Tenants and their switches."),
    "app": ("ostiary.cli.app:app", "Applications and their secrets."),
    "user": ("ostiary.cli.user:user", "Users, resets and locks."),
    "connection": (
        "ostiary.cli.connection:connection",
        "Connections: where passwords are checked.",
    ),
    "consent": ("ostiary.cli.consent:consent", "What applications are allowed."),
    "agent": ("ostiary.cli.agent:agent", "Answer for a directory, beside it."),
    "keys": ("ostiary.cli.keys:keys", "Signing keys and their rotation."),
    "audit": ("ostiary.cli.audit:audit", "The sign-in and audit log."),
    "doctor": ("ostiary.cli.doctor:doctor", "Find what is wrong with an instance."),
}
"""Where each command is, and its line in the list of commands."""


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command; a wrong usage is one line on the standard error, code 2."""
        alone = extra.pop("standalone_mode", True)
        run: Callable[..., Any] = super().main
        if not alone:
            return run(*args, standalone_mode=False, **extra)
        try:
            result = run(*args, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            sys.exit(error.exit_code)
        except click.ClickException as error:
            print(f"ostiary: {' '.join(_told(error).split())}", file=sys.stderr)
            sys.exit(error.exit_code)
        except click.Abort:
            print("ostiary: stopped", file=sys.stderr)
            sys.exit(1)
        sys.exit(result if isinstance(result, int) else 0)


def _told(error: click.ClickException) -> str:
    """The message, and where to read more."""
    context = getattr(error, "ctx", None)
    text = error.format_message().rstrip(".")
    return f"{text}; see {context.command_path} --help" if context else text


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ostiary")
def main() -> None:
    """Ostiary: a self-hosted identity server for the password grant.

    Example: ostiary demo
    """
