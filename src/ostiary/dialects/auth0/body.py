"""A body as JSON or form, read into one mapping: `null` is absent, names come once.

What a parameter means is told by the parsers of each endpoint.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NoReturn

from ostiary.core.errors import Reason, Refused
from ostiary.dialects.forms import (
    FORM_TYPE,
    SECRETS,
    media_type,
    query_of,
    read_pairs,
)
from ostiary.web import HttpRequest

Fields = Mapping[str, object]

JSON_TYPE: Final = "application/json"
LIST: Final = "[]"
_BRACKETED: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_PART: Final = re.compile(r"\[([^\[\]]*)\]")


def parse_body(request: HttpRequest) -> Fields:
    """The parameters of a POST, whichever way they were written (contract auth0 §0).

    Raises Refused for a body that cannot be read in one way only, for a name in body
    and address both, and for a credential in the address.
    """
    fields = _read(request)
    for name in query_of(request):
        if name.lower() in SECRETS:
            raise Refused(Reason.CREDENTIAL_IN_QUERY, name=name.lower())
        if name in fields:
            raise Refused(Reason.PARAMETER_REPEATED, name=name)
    return fields


def _read(request: HttpRequest) -> Fields:
    kind = media_type(request)
    if kind == FORM_TYPE:
        return nested(listed(read_pairs(request.body)))
    if kind == JSON_TYPE:
        return parse_json(request.body)
    if not request.body:
        return {}
    why = f"must be {JSON_TYPE} or {FORM_TYPE}"
    raise Refused(Reason.PARAMETER_INVALID, name="Content-Type", why=why)


def parse_json(octets: bytes) -> Fields:
    """A JSON object without its nulls; raises Refused for anything else."""
    try:
        value = json.loads(
            octets.decode(), object_pairs_hook=_unique, parse_constant=_refuse
        )
        # Escaped lone surrogates parse, but nothing could store or answer them.
        plain = json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _malformed("is not well-formed JSON") from None
    if not isinstance(value, dict):
        raise _malformed("is not a JSON object")
    if b"\\u0000" in plain.replace(b"\\\\", b""):  # not a backslash that was written
        raise _malformed("holds a NUL")
    return {name: part for name, part in value.items() if part is not None}


def listed(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Each name once, but for `a[]`, which adds to a list (contract auth0 §0).

    Raises Refused(PARAMETER_REPEATED).
    """
    fields: dict[str, object] = {}
    lists: dict[str, list[str]] = {}
    for written, value in pairs:
        name = written.removesuffix(LIST)
        if name in ("", written):
            _put(fields, written, value)
            continue
        if name not in lists:
            _put(fields, name, lists.setdefault(name, []))
        lists[name].append(value)
    return fields


def nested(pairs: Fields) -> Fields:
    """`a[b]=c` as `{"a": {"b": "c"}}`, one level deep or more (contract auth0 §0)."""
    fields: dict[str, object] = {}
    for name, value in pairs.items():
        found = _BRACKETED.fullmatch(name)
        if found is None:
            _put(fields, name, value)
            continue
        parts = [found[1], *_PART.findall(found[2])]
        place = fields
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise Refused(Reason.PARAMETER_REPEATED, name=found[1])
            place = inner
        _put(place, parts[-1], value)
    return fields


def _put(place: dict[str, object], name: str, value: object) -> None:
    if name in place:
        raise Refused(Reason.PARAMETER_REPEATED, name=name)
    place[name] = value


def text(fields: Fields, name: str) -> str | None:
    """A parameter's text; an empty one counts as absent. Raises Refused otherwise."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="must be a string")
    return value


def required(fields: Fields, name: str) -> str:
    """A parameter that must be there. Raises Refused(PARAMETER_MISSING)."""
    value = text(fields, name)
    if value is None:
        raise Refused(Reason.PARAMETER_MISSING, name=name)
    return value


def _unique(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused(Reason.PARAMETER_REPEATED, name="body")
    return members


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _malformed(why: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, name="body", why=why)
