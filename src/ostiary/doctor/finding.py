"""What a check found: the value that all checks answer with.

No check lives here.
"""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, what was found, how it is mended."""

    check: str
    level: Level
    text: str
    mend: str = ""

    def __str__(self) -> str:
        """One line, in columns."""
        mend = f"; {self.mend}" if self.mend else ""
        return f"{self.level:7}  {self.check:13}  {self.text}{mend}"


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, mend: str = "") -> Finding:
    """It works, but somebody should know."""
    return Finding(check, Level.WARNING, text, mend)


def fail(check: str, text: str, mend: str = "") -> Finding:
    """It does not work, or must not stay so."""
    return Finding(check, Level.FAIL, text, mend)
