"""The log: one line for each record, and no way in for a secret."""

import io
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from ostiary import logs
from ostiary.flows.ports import StoreUnavailable
from ostiary.settings.server import Log
from ostiary.stores.database import Row, Script
from ostiary.stores.statement import Statement
from ostiary.stores.watched import WatchedDatabase
from ostiary.web import HttpRequest, HttpResponse, WebApp
from tests.test_web import FakeFront, answered

SECRET = "hunter2!"
LINE = Statement("SELECT 1 AS one")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("ostiary")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def written() -> io.StringIO:
    """What is logged as JSON from `info` on."""
    stream = io.StringIO()
    logs.configure(Log(), stream)
    return stream


def records(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line, which must be a JSON object of its own."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_logger_and_message(written: io.StringIO) -> None:
    """The four members of every line; the time is RFC 3339 in UTC."""
    record = logging.makeLogRecord(
        {
            "name": "ostiary.x",
            "levelname": "INFO",
            "levelno": logging.INFO,
            "msg": "two\nlines %d",
            "args": (2,),
            "created": 1795257004.25,
        }
    )
    logging.getLogger("ostiary.x").handle(record)
    assert records(written) == [
        {
            "time": "2026-11-21T10:30:04.250Z",
            "level": "info",
            "logger": "ostiary.x",
            "message": "two\nlines 2",
        }
    ]


def test_text_is_for_people() -> None:
    """The same as text; whatever has several lines is set in."""
    stream = io.StringIO()
    logs.configure(Log(format="text"), stream)
    extra = {"error_id": "e-1"}
    logging.getLogger("ostiary.x").warning("two\nlines", extra=extra)
    head, second = stream.getvalue().splitlines()
    assert head.endswith("Z WARNING ostiary.x: two")
    assert second == "    lines (error e-1)"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", ["ours debug", "ours info", "ours warning", "lib warning"]),
        ("info", ["ours info", "ours warning", "lib warning"]),
        ("error", []),
    ],
)
def test_levels(level: Any, expected: list[str]) -> None:
    """Ours count from the level asked for; libraries never below `warning`."""
    stream = io.StringIO()
    logs.configure(Log(level=level), stream)
    for name, text in (("ostiary.x", "ours"), ("httpx", "lib")):
        logger = logging.getLogger(name)
        logger.debug("%s debug", text)
        logger.info("%s info", text)
        logger.warning("%s warning", text)
    assert [record["message"] for record in records(stream)] == expected


def test_exceptions_tell_kinds_and_lines_but_no_messages(written: io.StringIO) -> None:
    """The message of an exception may quote what a client sent (promise 9)."""
    try:
        try:
            raise ValueError(SECRET)
        except ValueError:
            raise KeyError(SECRET) from None
    except KeyError:
        logging.getLogger("ostiary.x").exception("it failed")
    (record,) = records(written)
    assert record["message"] == "it failed"
    assert record["trace"][-1] == "builtins.KeyError"
    assert "test_logs.py" in record["trace"][0]
    assert SECRET not in written.getvalue()


def test_libraries_may_say_one_line(written: io.StringIO) -> None:
    """asyncio appends a task's exception in further lines, with its message."""
    text = f"Task exception was never retrieved\nfuture: ValueError('{SECRET}')"
    logging.getLogger("asyncio").error(text)
    assert records(written)[0]["message"] == "Task exception was never retrieved"


async def test_a_defect_has_its_error_id(written: io.StringIO) -> None:
    """The id that the client was told finds the line of the log, by a member."""

    async def fail(request: HttpRequest) -> HttpResponse:
        raise RuntimeError(SECRET)

    answer = await answered(WebApp([FakeFront("a", fail)]))
    (record,) = records(written)
    assert record["error_id"] == answer.json()["failed"]
    assert record["level"] == "error"
    assert SECRET not in written.getvalue()


class Flaky:
    """A database that answers while `up` is true."""

    dialect = "sqlite"
    up = True

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """Nothing, or StoreUnavailable."""
        if not self.up:
            raise StoreUnavailable("connection to server at db.test\n\tfailed")
        return []

    async def transact(self, make_script: Callable[[], Script[Any]]) -> Any:
        """Nothing, or StoreUnavailable."""
        return await self.fetch(LINE)

    async def close(self) -> None:
        """Nothing to do."""


def nothing() -> Script[list[Row]]:
    """A transaction that only reads."""
    return (yield LINE, {})


async def test_store_loss_and_return_are_told_once(written: io.StringIO) -> None:
    """Not a line for every request of an outage; and what was said, on one line."""
    flaky = Flaky()
    watched = WatchedDatabase(flaky)
    for up in (True, False, False, True, True):
        flaky.up = up
        asks: tuple[Callable[[], Awaitable[list[Row]]], ...] = (
            lambda: watched.fetch(LINE),
            lambda: watched.transact(nothing),
        )
        for ask in asks:
            if up:
                await ask()
            else:
                with pytest.raises(StoreUnavailable):
                    await ask()
    lost, found = records(written)
    assert lost["level"] == "error"
    expected = "the store does not answer: connection to server at db.test failed"
    assert lost["message"] == expected
    assert found["message"] == "the store answers again"
