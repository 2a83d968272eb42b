"""The bytes of a users file as JSON records, one after the other, each with its line.

An array, or a record a line, or either in gzip; what a record means is told elsewhere.
"""

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, cast

import msgspec

LONGEST_RECORD: Final = 1 << 20
"""Characters of one user."""
LARGEST_FILE: Final = 4 << 30
"""Bytes of a file once it is unpacked; more is a file made to fill the memory."""
CHUNK: Final = 1 << 16
_GZIP: Final = b"\x1f\x8b"
_BLANKS: Final = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON value that begins at a line, counted from 1; `lined`: it is that line."""

    line: int
    value: object
    lined: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no JSON; with `last` nothing after it can be read either."""

    line: int
    text: str
    last: bool = False


Item = Record | Unreadable


def read_records(
    stream: BinaryIO, largest: int = LARGEST_FILE
) -> Iterator[Record | Unreadable]:
    """Every record of a file of at most `largest` bytes, unpacked (contract auth0 §7).

    Reads as it goes: no more than one record is held.
    """
    text = _Text(_unpacked(stream), largest)
    try:
        first = text.next_character()
        if first == "[":
            yield from _elements(text)
        elif first == "{":
            yield from _lines(text)
        elif first:
            yield Unreadable(text.line, "is neither an array nor objects", last=True)
    except _Spoilt as spoilt:
        yield Unreadable(text.line, str(spoilt), last=True)


class _Spoilt(Exception):
    """The file cannot be read any further."""


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream, through gzip if it is packed."""
    start = stream.read(2)
    whole = cast(BinaryIO, io.BufferedReader(_Pushed(start, stream)))
    return cast(BinaryIO, gzip.GzipFile(fileobj=whole)) if start == _GZIP else whole


class _Pushed(io.RawIOBase):
    """A stream with the bytes that were taken off its front."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start, self._rest = start, rest

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """As `io.RawIOBase` has it."""
        room = memoryview(cast(bytearray, buffer))
        data = self._start[: len(room)] or self._rest.read(len(room))
        self._start = self._start[len(room) :]
        room[: len(data)] = data
        return len(data)


class _Text:
    """A window on the decoded file: `buffer` from `place` on, which is at `line`."""

    def __init__(self, stream: BinaryIO, largest: int) -> None:
        self._stream, self._left = stream, largest
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer, self.place, self.line, self.ended = "", 0, 1, False

    def more(self, least: int = CHUNK) -> bool:
        """Read on; False at the end. Raises _Spoilt."""
        if self.ended:
            return False
        self.buffer, self.place = self.buffer[self.place :], 0
        data = self._read(least)
        self._left -= len(data)
        if self._left < 0:
            raise _Spoilt("makes the file too large")
        self.ended = not data
        try:
            self.buffer += self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError:
            raise _Spoilt("is not in UTF-8") from None
        return True

    def _read(self, least: int) -> bytes:
        try:
            return self._stream.read(least)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise _Spoilt("is damaged: it cannot be unpacked") from None

    def take(self, end: int) -> str:
        """The text up to `end`, which becomes the place."""
        taken = self.buffer[self.place : end]
        self.line += taken.count("\n")
        self.place = end
        return taken

    def next_character(self) -> str:
        """The next character that is no blank; the place is at it. "" at the end."""
        while True:
            end = self.place
            if blanks := _BLANKS.match(self.buffer, end):
                end = blanks.end()
            self.take(end)
            if end < len(self.buffer):
                return self.buffer[end]
            if not self.more():
                return ""


def _lines(text: _Text) -> Iterator[Item]:
    """Newline-delimited JSON; if the first line is none, no other is looked at."""
    first = True
    while text.next_character():
        line = text.line
        while (end := text.buffer.find("\n", text.place)) < 0 and text.more():
            if len(text.buffer) > LONGEST_RECORD:
                raise _Spoilt("is longer than one user may be")
        item = _parsed(text.take(len(text.buffer) if end < 0 else end), line)
        if first and isinstance(item, Unreadable):
            yield Unreadable(line, "is neither an array nor objects", last=True)
            return
        first = False
        yield replace(item, lined=True) if isinstance(item, Record) else item


def _elements(text: _Text) -> Iterator[Item]:
    """The elements of the array; raises _Spoilt where it is no JSON."""
    text.take(text.place + 1)
    if text.next_character() == "]":
        yield from _nothing_after(text)
        return
    while True:
        text.next_character()
        line = text.line
        yield _parsed(text.take(_end_of_element(text)), line)
        after = text.next_character()
        if after not in ("]", ","):
            raise _Spoilt("is not in JSON")
        if after == "]":
            yield from _nothing_after(text)
            return
        text.take(text.place + 1)


def _nothing_after(text: _Text) -> Iterator[Item]:
    text.take(text.place + 1)
    if text.next_character():
        yield Unreadable(text.line, "stands behind the array", last=True)


_DECODER: Final = json.JSONDecoder()


def _end_of_element(text: _Text) -> int:
    """Where the value at the place ends; reads on while it is not whole."""
    least = CHUNK
    while True:
        try:
            end = _DECODER.raw_decode(text.buffer, text.place)[1]
            if end < len(text.buffer) or not text.more():
                return end
            continue
        except RecursionError:
            raise _Spoilt("has too many levels") from None
        except ValueError:
            pass
        if len(text.buffer) - text.place > LONGEST_RECORD:
            raise _Spoilt("is not in JSON, or longer than one user may be")
        if not text.more(least):
            raise _Spoilt("is not in JSON")
        least *= 2


def _parsed(written: str, line: int) -> Item:
    try:
        return Record(line, msgspec.json.decode(written))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Unreadable(line, "is not in JSON")
