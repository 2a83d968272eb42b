"""A body as `multipart/form-data`, read strictly: each name once (RFC 7578).

What a part means is told by the endpoint that takes it.
"""

from collections.abc import Mapping
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ostiary.core.errors import Reason, Refused
from ostiary.web import HttpRequest

MEDIA: Final = b"multipart/form-data"
MOST_PARTS: Final = 20


def parse_parts(request: HttpRequest) -> Mapping[str, bytes]:
    """The parts of the body by their names.

    Raises Refused(PARAMETER_INVALID or PARAMETER_REPEATED).
    """
    media, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if media != MEDIA or not boundary:
        why = f"must be {MEDIA.decode()}"
        raise Refused(Reason.PARAMETER_INVALID, name="Content-Type", why=why)
    parts = _Parts()
    try:
        MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.field,
                "on_header_value": parts.value,
                "on_header_end": parts.header,
                "on_part_data": parts.data,
                "on_part_end": parts.keep,
                "on_end": parts.end,
            },
        ).write(request.body)
    except FormParserError:
        raise _malformed() from None
    if not parts.ended:
        raise _malformed()
    return parts.read


class _Parts:
    """Gathers what the parser comes upon."""

    def __init__(self) -> None:
        self.read: dict[str, bytes] = {}
        self.ended = False
        self._header = (bytearray(), bytearray())
        self._data = bytearray()
        self._name: str | None = None

    def begin(self) -> None:
        """A part follows."""
        self._name = None
        self._data.clear()
        if len(self.read) >= MOST_PARTS:
            raise _malformed("has too many parts")

    def field(self, octets: bytes, start: int, end: int) -> None:
        """More of a header's name."""
        self._header[0].extend(octets[start:end])

    def value(self, octets: bytes, start: int, end: int) -> None:
        """More of a header's value."""
        self._header[1].extend(octets[start:end])

    def header(self) -> None:
        """A header is complete: one of them names the part."""
        field, value = (bytes(part) for part in self._header)
        for part in self._header:
            part.clear()
        if field.lower() == b"content-disposition":
            kind, options = parse_options_header(value)
            name = options.get(b"name") if kind == b"form-data" else None
            self._name = name.decode("utf-8", "replace") if name else None

    def data(self, octets: bytes, start: int, end: int) -> None:
        """More of the part itself."""
        self._data.extend(octets[start:end])

    def keep(self) -> None:
        """The part is complete."""
        if self._name is None:
            raise _malformed("has a part without a name")
        if self._name in self.read:
            raise Refused(Reason.PARAMETER_REPEATED, name=self._name)
        self.read[self._name] = bytes(self._data)

    def end(self) -> None:
        """The body is complete."""
        self.ended = True


def _malformed(why: str = "is not well-formed multipart/form-data") -> Refused:
    return Refused(Reason.PARAMETER_INVALID, name="body", why=why)
