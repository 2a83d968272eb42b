"""One portable SQL text, compiled once to what each driver wants.

No connection and no particular statement lives here.
"""

import re
from typing import Final

# What may hold a colon or a percent sign without meaning a parameter, or a parameter.
_TOKEN: Final = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | :: | % | :(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE,
)


class Statement:
    """SQL with `:name` parameters; make one per statement, at import.

    `sqlite` is the text as written, `postgres` the same with `%(name)s`. With `lock`,
    the rows read stay locked on PostgreSQL until the transaction ends; on SQLite the
    writer is alone anyway. Casts are written `CAST(:x AS TEXT)`: PostgreSQL needs one
    where nothing else says a parameter's type, and SQLite knows no `::`.
    """

    __slots__ = ("postgres", "sqlite")

    def __init__(self, text: str, *, lock: bool = False) -> None:
        """Compile `text` for both drivers."""
        self.sqlite: Final = text
        self.postgres: Final = _TOKEN.sub(_for_psycopg, text) + (
            " FOR UPDATE" if lock else ""
        )

    def __repr__(self) -> str:
        """Show the text; parameters, and so secrets, are never part of it."""
        return f"Statement({self.sqlite!r})"


def _for_psycopg(token: re.Match[str]) -> str:
    name = token["name"]
    return f"%({name})s" if name else token[0].replace("%", "%%")
