"""Users as Auth0 exports them: an object a line, or a table; never a hash in it.

What `users_file` reads of it again makes the same users.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from ostiary.core.model import User
from ostiary.dialects.auth0.claims import subject_id

FIELDS: Final = (
    "user_id",
    "email",
    "email_verified",
    "username",
    "phone_number",
    "phone_verified",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "blocked",
    "app_metadata",
    "user_metadata",
)
"""What is exported of a user, in this order: all that can be brought in again."""
MOST_COLUMNS: Final = 30
"""Of a table (contract auth0 §7)."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def exported_user(user: User, strategy: str) -> Mapping[str, object]:
    """The fields that say something (contract auth0 §7, export)."""
    email = user.email or (user.username if "@" in user.username else None)
    values = {
        "user_id": subject_id(user, strategy),
        "email": email,
        "email_verified": user.email_verified if email else None,
        "username": user.login,
        "phone_number": user.phone_number,
        "phone_verified": user.attributes.get("phone_verified"),
        "given_name": user.given_name,
        "family_name": user.family_name,
        "name": user.name,
        "nickname": user.nickname,
        "picture": user.picture,
        "blocked": None if user.enabled else True,
        "app_metadata": user.attributes.get("app_metadata"),
        "user_metadata": user.attributes.get("user_metadata"),
    }
    return {name: values[name] for name in FIELDS if values[name] is not None}


def render_lines(users: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Newline-delimited JSON."""
    for user in users:
        yield msgspec.json.encode(user) + b"\n"


def render_table(users: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """CSV with a line of names; mappings stand in it as JSON (RFC 4180)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(FIELDS)
    for user in users:
        writer.writerow([_cell(user.get(name)) for name in FIELDS])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula (contract auth0 §7)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text
