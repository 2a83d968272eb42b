"""Plain pages: no script, no style, nothing from elsewhere, never kept or framed.

What a page says is decided by its handler; here its text is made safe.
"""

from html import escape
from typing import Final

from ostiary.web import Headers, HttpResponse

HEADERS: Final[Headers] = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    (
        "content-security-policy",
        "default-src 'none'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'",
    ),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
)


def render_page(
    status: int, title: str, *sentences: str, form: str = ""
) -> HttpResponse:
    """A page of sentences, and a form as `render_form` makes it."""
    told = "".join(f"<p>{escape(sentence)}</p>\n" for sentence in sentences)
    text = (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n"
        f"<h1>{escape(title)}</h1>\n{told}{form}</html>\n"
    )
    return HttpResponse(status, HEADERS, text.encode())


def render_form(action: str, ticket: str, button: str, *fields: str) -> str:
    """A form that posts the ticket, and what its fields hold."""
    return (
        f'<form method="post" action="{escape(action)}">\n'
        f'<input type="hidden" name="ticket" value="{escape(ticket)}">\n'
        f"{''.join(fields)}<p><button>{escape(button)}</button></p>\n</form>\n"
    )


def render_password(name: str, label: str) -> str:
    """A field for a new password."""
    return (
        f'<p><label for="{name}">{escape(label)}</label><br>\n'
        f'<input type="password" id="{name}" name="{name}" required '
        f'autocomplete="new-password"></p>\n'
    )
