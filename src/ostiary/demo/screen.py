"""What the demo and `ostiary token` print: plain text, colour only for a terminal.

Nothing is decided or fetched here.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Final, TextIO

import msgspec

from ostiary.demo.instance import Instance
from ostiary.demo.signing_in import Answer, decoded_tokens
from ostiary.demo.snippets import Snippet

RULE: Final = "── "
WIDTH: Final = 79
TIMES: Final = frozenset({"exp", "iat", "nbf", "auth_time"})
LAST_RESORT: Final = """\
The password grant is a last resort: the program sees the password, and no second
factor is possible. Use it for old programs, tests and batch work that cannot show a
browser, and let everything else sign people in by the authorization code flow."""


class Screen:
    """Writes sections to a stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to `stream` (None: the standard output); styled on a terminal."""
        self._stream = stream or sys.stdout
        self._styled = self._stream.isatty()

    def title(self, text: str) -> None:
        """A heading over the full width."""
        rule = "─" * max(0, WIDTH - len(RULE) - len(text) - 1)
        self.line(f"\n{self.style('1', RULE + text)} {self.style('2', rule)}")

    def line(self, text: str = "") -> None:
        """One line, or several."""
        print(text, file=self._stream)

    def facts(self, facts: Mapping[str, str], indent: str = "") -> None:
        """Names and values in two columns."""
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            shown = self.style("36", printable(name).ljust(width))
            self.line(f"{indent}{shown}  {printable(value)}")

    def style(self, code: str, text: str) -> str:
        """Text in an ANSI style (ECMA-48 SGR), where that is wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._styled else text

    def flush(self) -> None:
        """Let everything be seen now."""
        self._stream.flush()


def printable(text: str) -> str:
    """Text without control characters: a foreign server must not drive a terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def show_instance(screen: Screen, instance: Instance, realm: str) -> None:
    """Where the instance lies and how it is reached."""
    screen.title("Ostiary demo")
    screen.facts(
        {
            "serves": instance.base_url,
            "port 443": realm,
            "local CA": str(instance.ca),
            "settings": f"{instance.file} (all users, passwords, clients)",
            "user": f"{instance.username}  password {instance.password}",
        }
    )
    screen.line()
    screen.line(LAST_RESORT)


def show_answer(screen: Screen, title: str, endpoint: str, answer: Answer) -> None:
    """A sign-in at an endpoint, and the decoded tokens."""
    screen.title(title)
    milliseconds = round(answer.seconds * 1000)
    screen.line(f"POST {endpoint}: {answer.status} in {milliseconds} ms")
    screen.facts(dict(_plain_parts(answer.body)), "  ")
    show_tokens(screen, answer.body)


def show_tokens(screen: Screen, body: Mapping[str, object]) -> None:
    """Header and claims of every token that can be read; of a second one, what differs.

    The claims that two tokens of one answer share are shown once.
    """
    shown: dict[str, object] = {}
    for name, token in decoded_tokens(body).items():
        claims = {
            key: value
            for key, value in token.claims.items()
            if key not in shown or shown[key] != value
        }
        new = "  new in this one:" if shown else ""
        screen.line(f"{screen.style('1', name)}  {_json(token.header)}{new}")
        screen.facts({key: _claim(key, claims[key]) for key in claims}, "  ")
        shown |= token.claims


def show_snippets(screen: Screen, snippets: Iterator[Snippet]) -> None:
    """Every snippet under its title, with nothing before or behind its text."""
    for snippet in snippets:
        screen.title(snippet.title)
        screen.line(snippet.text)


def _plain_parts(body: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        if name in decoded_tokens(body):
            continue
        if name in ("refresh_token", "access_token"):
            yield name, f"{len(str(value))} characters that only this server can read"
        else:
            yield name, str(value)


def _claim(name: str, value: object) -> str:
    if name in TIMES and isinstance(value, int | float):
        told = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(value))
        return f"{value}  ({told} UTC)"
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=-1).decode()
