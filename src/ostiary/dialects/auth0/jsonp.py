"""JSONP: an answer as a script that calls a function of the page (contract auth0 §1.7).

Whether a tenant allows it is asked by the endpoints.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.auth0.errors import row_of
from ostiary.dialects.auth0.responses import NOT_STORED, refused_body
from ostiary.dialects.auth0.surface import Surface
from ostiary.web import HttpResponse

CALLBACK: Final = re.compile(r"[A-Za-z_$][\w$.]{0,63}", re.ASCII)
JSONP_TYPE: Final = ("content-type", "application/javascript; charset=utf-8")


def parse_callback(name: str) -> str:
    """The name of a function. Raises Refused(PARAMETER_INVALID), without the name."""
    if CALLBACK.fullmatch(name) is None:
        why = "is not the name of a function"
        raise Refused(Reason.PARAMETER_INVALID, name="cbx", why=why)
    return name


def render_script(callback: str, body: Mapping[str, object]) -> HttpResponse:
    """Call the function with `body`; the status of HTTP is always 200."""
    argument = inline(msgspec.json.encode(body).decode())
    script = (
        f"/**/ typeof {callback} === 'function' && {callback}({argument});"
    ).encode()
    return HttpResponse(200, (JSONP_TYPE, *NOT_STORED), script)


def scripted_refusal(refused: Refused, surface: Surface) -> dict[str, object]:
    """What the function is told of a refusal: flat, clients would lose the code."""
    return {
        "status": row_of(refused.reason, surface).status,
        "error": refused_body(refused, surface),
    }


def inline(json: str) -> str:
    """JSON that is a JavaScript expression too, wherever the script is put."""
    return (
        json.replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
