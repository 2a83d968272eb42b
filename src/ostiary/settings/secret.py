"""Values that must not show by accident: secrets, and addresses with a password in.

Nothing here reads or checks a file.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A password, key or client secret; printing it shows nothing (promise 9)."""

    _text: str

    def reveal(self) -> str:
        """Give the secret itself, for the one place that uses it."""
        return self._text

    def __repr__(self) -> str:
        """Hide the text."""
        return "Secret(***)"


class HashText(str):
    """A password's hash or its parts; the repr hides it, as guessing could undo it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the text."""
        return "'***'"


class SecretUrl(str):
    """An address such as `smtp://user:password@host`; its repr hides the password."""

    __slots__ = ()

    @property
    def has_password(self) -> bool:
        """Whether a password is written in the address."""
        parts = urlsplit(self)
        return bool(parts.password) or "password" in parse_qs(parts.query)

    def __repr__(self) -> str:
        """Show the address with `***` for its password."""
        shown = re.sub(r"(://[^/@:]*):[^/]*@", r"\1:***@", self)
        return repr(re.sub(r"([?&]password=)[^&]*", r"\1***", shown))
