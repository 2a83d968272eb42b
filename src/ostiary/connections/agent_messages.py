"""What agents are asked and what they say: one JSON object in each message.

Agents are not trusted with more than their own directory: what they say is read
strictly here, and judged in `remote`. How they come in is told in `ostiary.agents`.
"""

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ostiary.core.passwords import DirectoryLimit
from ostiary.flows.facts import Candidate, Profile

T = TypeVar("T")

MOST_GROUPS: Final = 1000
MOST_ATTRIBUTES: Final = 100
MOST_REMARKS: Final = 50

Name = Annotated[str, Meta(max_length=1024)]
Text = Annotated[str, Meta(max_length=4096)]
Value = Text | bool | int | Annotated[list[Text], Meta(max_length=100)]
Kind = Literal["find", "verify", "look_up", "probe", "examine"]


class Asked(Struct, frozen=True, kw_only=True):
    """A `Candidate` on the wire."""

    key: Text
    external_id: Text | None = None
    place: Text = ""
    threshold: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    seconds: Annotated[int, Meta(ge=0, le=10**9)] = 1800


class Person(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `Profile` on the wire."""

    username: Name
    external_id: Name
    email: Name | None = None
    email_verified: bool = False
    phone_number: Name | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    name: Text | None = None
    nickname: Text | None = None
    login: Text | None = None
    groups: Annotated[list[Name], Meta(max_length=MOST_GROUPS)] | None = None
    attributes: Annotated[dict[Name, Value], Meta(max_length=MOST_ATTRIBUTES)] = {}


# --- from the server to an agent ------------------------------------------------------


class Question(Struct, frozen=True, kw_only=True, tag="question", omit_defaults=True):
    """Something to ask the directory, within `seconds`."""

    id: str = ""
    kind: Kind
    seconds: float
    username: str = ""
    password: str = ""
    candidate: Asked | None = None

    def __repr__(self) -> str:
        """Neither a password nor anybody's name."""
        return f"Question({self.kind})"


class Cancel(Struct, frozen=True, kw_only=True, tag="cancel"):
    """Nobody waits for that any more."""

    id: str


# --- from an agent to the server ------------------------------------------------------


class Found(Struct, frozen=True, kw_only=True, tag="found", forbid_unknown_fields=True):
    """Whom a name means."""

    candidate: Asked


class Right(Struct, frozen=True, kw_only=True, tag="right", forbid_unknown_fields=True):
    """The password was right, and this is whose it is."""

    person: Person


class Wrong(Struct, frozen=True, kw_only=True, tag="wrong", forbid_unknown_fields=True):
    """The directory said no; `reason` is a word of the catalogue of refusals."""

    reason: Annotated[str, Meta(max_length=64)]
    retry_after: Annotated[int, Meta(ge=1, le=86400)] | None = None


class Known(Struct, frozen=True, kw_only=True, tag="known", forbid_unknown_fields=True):
    """What is known of somebody; None: nothing."""

    person: Person | None


class Answers(Struct, frozen=True, tag="answers", forbid_unknown_fields=True):
    """The directory answers."""


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `Remark` on the wire."""

    grade: Literal["ok", "warning", "FAIL"]
    text: Text
    mend: Text = ""


class Remarks(
    Struct, frozen=True, kw_only=True, tag="remarks", forbid_unknown_fields=True
):
    """What an operator should know."""

    lines: Annotated[list[Line], Meta(max_length=MOST_REMARKS)]


class NoAnswer(
    Struct, frozen=True, kw_only=True, tag="no_answer", forbid_unknown_fields=True
):
    """Nobody could tell; `reason` as that of `Away`."""

    reason: Annotated[str, Meta(max_length=64)]
    detail: Annotated[str, Meta(max_length=256)] = ""
    retry_after: Annotated[int, Meta(ge=1, le=86400)] = 5


Said = Found | Right | Wrong | Known | Answers | Remarks | NoAnswer


class Answer(
    Struct, frozen=True, kw_only=True, tag="answer", forbid_unknown_fields=True
):
    """What the directory said to the question `id`."""

    id: Annotated[str, Meta(max_length=64)]
    said: Said


class Malformed(ValueError):
    """A message that does not keep to the protocol; it is not repeated."""


def encode(message: Struct) -> str:
    """A message as it is sent."""
    return msgspec.json.encode(message).decode()


def decode(text: str | bytes, kind: type[T]) -> T:
    """A message of that kind. Raises Malformed."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Malformed("not a message of this protocol") from None


def asked_of(candidate: Candidate) -> Asked:
    """A candidate as it is sent."""
    limit = candidate.limit or DirectoryLimit()
    return Asked(
        key=candidate.key,
        external_id=candidate.external_id,
        place=candidate.place,
        threshold=limit.threshold,
        seconds=limit.seconds,
    )


def candidate_of(asked: Asked) -> Candidate:
    """A candidate as it was received."""
    limit = DirectoryLimit(asked.threshold, asked.seconds)
    return Candidate(asked.key, asked.external_id, asked.place, limit)


def person_of(profile: Profile) -> Person:
    """A profile as it is sent: no more groups and attributes than are taken."""
    said = {name: getattr(profile, name) for name in Person.__struct_fields__}
    if profile.groups is not None:
        said["groups"] = list(profile.groups[:MOST_GROUPS])
    attributes = list(profile.attributes.items())[:MOST_ATTRIBUTES]
    said["attributes"] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in attributes
    }
    said["external_id"] = profile.external_id or ""
    return Person(**said)


def profile_of(person: Person) -> Profile:
    """A profile as it was received."""
    said = {name: getattr(person, name) for name in Person.__struct_fields__}
    groups = None if person.groups is None else tuple(person.groups)
    return Profile(**{**said, "groups": groups})
