"""Runs the Python snippets of the documentation; each prints a token."""

import contextlib
import io
from collections.abc import Callable
from typing import Any

from tests.wire.clients.scripts import steps


def printed(code: str) -> str:
    """What a snippet prints, run as a program of its own."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        # Our own documentation's code; its claim is that it runs as it stands.
        exec(compile(code, "snippet", "exec"), {"__name__": "__main__"})  # noqa: S102
    return told.getvalue().strip()


def step_of(name: str) -> Callable[[dict[str, Any]], str]:
    """The step that runs one snippet."""

    def run(facts: dict[str, Any]) -> str:
        return printed(facts["snippets"][name])

    return run


if __name__ == "__main__":
    steps.main(step_of)
