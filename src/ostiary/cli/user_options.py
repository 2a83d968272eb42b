"""What can be said of a user on the command line, and which fields it means.

The commands themselves are in `user`.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ostiary.cli import kinds
from ostiary.core.model import User

F = TypeVar("F", bound=Callable[..., Any])


OPTIONS = (
    click.option("--email", type=kinds.EMAIL, help="Mail address; empty: none."),
    click.option(
        "--email-verified/--email-unverified",
        default=None,
        help="Whether the mail address is known to be theirs.",
    ),
    click.option("--picture", type=kinds.URL, help="Address of a picture."),
    click.option(
        "--type",
        type=click.Choice(["member", "guest"]),
        help="A guest is an invited personal account.",
    ),
    click.option(
        "--enable/--disable",
        "enabled",
        default=None,
        help="A disabled account gets nothing, at once.",
    ),
    click.option(
        "--mfa-required/--no-mfa-required",
        default=None,
        help="Whether a password alone never gets a token.",
    ),
    click.option(
        "--group",
        "groups",
        type=kinds.NAME,
        multiple=True,
        help="A group; all of them, repeatable.",
    ),
    click.option(
        "--assign",
        type=kinds.CLIENT_ID,
        multiple=True,
        help="An application to assign to the user; repeatable.",
    ),
    click.option(
        "--unassign",
        type=kinds.CLIENT_ID,
        multiple=True,
        help="An application to take away; repeatable.",
    ),
    click.option(
        "--attribute",
        "attributes",
        type=kinds.ATTRIBUTE,
        multiple=True,
        help="KEY=VALUE, the value in JSON; null removes; repeatable.",
    ),
)
"""What `add` and `change` share, beside the plain texts."""


def user_options(command: F) -> F:
    """The options that `add` and `change` share; what is not given stays."""
    texts = ("name", "given-name", "family-name", "nickname", "phone-number", "login")
    for name in texts:
        help_text = f"The user's {name.replace('-', ' ')}; empty: none."
        command = click.option(f"--{name}", type=kinds.TEXT, help=help_text)(command)
    for option in OPTIONS:
        command = option(command)
    return command


def changed_user(before: User, options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a user that these options mean."""
    fields = kinds.given(options)
    assign, unassign = fields.pop("assign", ()), fields.pop("unassign", ())
    if assign or unassign:
        fields["assigned_to"] = (before.assigned_to | {*assign}) - {*unassign}
    if "type" in fields:
        fields["guest"] = fields.pop("type") == "guest"
    if "attributes" in fields:
        known = {**before.attributes, **dict(fields["attributes"])}
        fields["attributes"] = {k: v for k, v in known.items() if v is not None}
    return fields
