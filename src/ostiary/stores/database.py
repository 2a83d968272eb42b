"""What both drivers promise the repositories, and how both say what went wrong.

No driver, no SQL and no table lives here.
"""

from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

from ostiary.stores.statement import Statement

T = TypeVar("T")


class Row(Protocol):
    """One row of an answer, read by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of `column`."""
        ...


Script: TypeAlias = Generator[
    tuple[Statement, Mapping[str, object]],
    list[Row],
    T,
]
"""One transaction: yields statements with parameters, is sent rows, returns a result.

It may run in another thread and more than once: it reads no clock, waits for nothing
and changes nothing but the database.
"""


class ConstraintViolated(Exception):
    """A UNIQUE, FOREIGN KEY, NOT NULL or CHECK constraint refused the change."""


class ValueRefused(ValueError):
    """A parameter that not both databases can keep: see `check_values`."""


class Database(Protocol):
    """An open store; it belongs to the event loop on which it was opened.

    Every method raises StoreUnavailable when it cannot say that it did what was
    asked (lost connection, full disk, lock waited for too long, unknown outcome of
    a commit), and ValueRefused for a parameter that no database should be given.
    """

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def fetch(self, statement: Statement, /, **parameters: object) -> list[Row]:
        """Read; sees everything that was committed before the call."""
        ...

    async def transact(self, make_script: Callable[[], Script[T]]) -> T:
        """Run a script as one transaction; return its result once that is durable.

        The script's own exceptions roll the transaction back and reach the caller,
        as does ConstraintViolated.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted, then refuse everything with StoreUnavailable."""
        ...


def check_values(parameters: Mapping[str, object]) -> None:
    """Raise ValueRefused for what PostgreSQL or SQLite cannot keep.

    That is text with NUL (PostgreSQL manual, 8.3) or with surrogates, which UTF-8
    cannot encode, and integers of more than 64 bits. The value is not repeated.
    """
    for name, value in parameters.items():
        if isinstance(value, str):
            if not value.isascii() and not _is_encodable(value):
                raise ValueRefused(f"{name} holds a surrogate")
            if "\0" in value:
                raise ValueRefused(f"{name} holds a NUL character")
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueRefused(f"{name} does not fit into 64 bits")


def is_storable(text: str) -> bool:
    """Whether `check_values` lets a text pass; nothing stored is what it refuses."""
    return "\0" not in text and _is_encodable(text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
