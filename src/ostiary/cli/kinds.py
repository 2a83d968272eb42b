"""Values on the command line, read by the same rules as in the configuration file.

What an option means is said where it is declared.
"""

from collections.abc import Callable, Mapping
from typing import Any

import click
import msgspec

from ostiary.settings import values

NOTHING = object()


class Kind(click.ParamType[Any]):
    """A value that the settings know how to read; "" takes an optional one away."""

    def __init__(
        self, name: str, read: Callable[[str], Any], *, optional: bool = False
    ) -> None:
        """`read` raises ValueError with the rest of the sentence "must be …"."""
        self.name = name
        self._read = read
        self._optional = optional

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """The normal form of the value, or one line that says what is allowed."""
        if not isinstance(value, str):
            return value
        if self._optional and value == "":
            return NOTHING
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(f"must be {error}", param, ctx)


def _attribute(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError("KEY=VALUE, the value in JSON or as plain text")
    try:
        return key, msgspec.json.decode(value.encode())
    except msgspec.DecodeError:
        return key, value


GUID = Kind("guid", values.parse_guid)
CLIENT_ID = Kind("client id", values.parse_client_id)
NAME = Kind("name", values.parse_name)
TEXT = Kind("text", values.parse_name, optional=True)
WORD = Kind("word", values.parse_word)
TENANT_NAME = Kind("name", values.parse_tenant_name)
DOMAIN = Kind("domain", values.parse_domain)
EMAIL = Kind("e-mail", values.parse_email, optional=True)
URL = Kind("url", values.parse_web_url, optional=True)
REDIRECT_URI = Kind("uri", values.parse_redirect_uri)
AUTH0_DOMAIN = Kind("host", values.parse_auth0_domain, optional=True)
DURATION = Kind("duration", values.parse_duration)
ATTRIBUTE = Kind("key=value", _attribute)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given; what was taken away is None."""
    return {
        name: None if value is NOTHING else value
        for name, value in options.items()
        if value not in (None, ())
    }
