"""The server's log: one line for each record, as JSON or as text for people.

Secrets cannot come in by the back door: of an exception only its kind and the lines of
code are told, never its message, which may quote what a client sent.
"""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, TextIO

import msgspec

from ostiary.defects import told
from ostiary.settings.server import Log

OURS: Final = "ostiary"


def configure(log: Log, stream: TextIO | None = None) -> None:
    """Send what this process logs to `stream` (None: the standard error).

    Our own lines count from the configured level, those of libraries from `warning`:
    some tell whole addresses at `info`.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if log.format == "json" else TextLines())
    level = logging.getLevelNamesMapping()[log.level.upper()]
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger(OURS).setLevel(level)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, error_id, trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; `error_id` comes by `extra`."""
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if error_id := getattr(record, "error_id", None):
            line["error_id"] = str(error_id)
        if trace := list(_trace(record)):
            line["trace"] = trace
        return msgspec.json.encode(line).decode()


class TextLines(logging.Formatter):
    """Time, level, logger and message; further lines are set in."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; `error_id` comes by `extra`."""
        head = f"{_time(record)} {record.levelname:7} {record.name}: {_message(record)}"
        if error_id := getattr(record, "error_id", None):
            head += f" (error {error_id})"
        return "\n".join((head, *_trace(record))).replace("\n", "\n    ")


def _time(record: logging.LogRecord) -> str:
    """RFC 3339, in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """Only the first line of a library's: asyncio appends exceptions as they are."""
    text = record.getMessage()
    ours = record.name.partition(".")[0] == OURS
    return text if ours else text.partition("\n")[0]


def _trace(record: logging.LogRecord) -> Iterator[str]:
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        yield from "".join(told(error)).splitlines()
