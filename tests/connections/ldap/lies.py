"""Lies that a directory may tell, and what may become of passwords meanwhile.

They are told in `test_faulty_lies`; bytes are made in `tests.services.ldap_messages`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason
from tests.services import ldap_messages as ldap
from tests.services.faulty_directory import BASE, JDOE, PEOPLE, Twist, jdoe

Request = ldap.Request
Operations = Callable[[Request], Iterable[bytes]]
Outcomes = set[str]

SIGNED_IN: Final = "signed in"
WRONG: Final = Reason.PASSWORD_WRONG
AWAY: Final = Reason.DIRECTORY_UNREACHABLE
LATE: Final = Reason.DIRECTORY_TIMEOUT
LIED: Final = Reason.DIRECTORY_LIED
MISCONFIGURED: Final = Reason.DIRECTORY_MISCONFIGURED
BUSY: Final = Reason.DIRECTORY_BUSY
NO_ANSWER: Final[Outcomes] = {AWAY, LATE, LIED}
NOBODY: Final[Outcomes] = {WRONG, LIED, MISCONFIGURED}
"""Of an entry that cannot be anybody's."""


@dataclass(frozen=True)
class Lie:
    """What is twisted, and what may become of the right password; also of a wrong one
    and of one of nobody, where that is something else.
    """

    twist: Twist
    right: Outcomes
    wrong: Outcomes | None = None
    nobody: Outcomes | None = None

    def outcomes(self) -> tuple[Outcomes, Outcomes, Outcomes]:
        """Those of a right password, of a wrong one, of nobody's."""
        wrong = self.right if self.wrong is None else self.wrong
        return self.right, wrong, wrong if self.nobody is None else self.nobody


def numbered(request: Request, operations: Iterable[bytes]) -> Iterator[bytes]:
    """Operations as messages that answer the request."""
    return (ldap.message(request.message_id, each) for each in operations)


def is_for_groups(request: Request) -> bool:
    """Whether it searches for somebody's groups."""
    return request.kind == ldap.SEARCH and b"member" in request.filter[1]


def is_for_name(request: Request) -> bool:
    """Whether it searches for somebody by name."""
    return request.kind == ldap.SEARCH and b"mail" in request.filter[1]


def is_bind(request: Request) -> bool:
    """Whether it brings a password."""
    return request.kind == ldap.BIND


def only(which: Callable[[Request], bool], operations: Operations) -> Twist:
    """Some questions are answered by these; the others honestly."""

    def twist(request: Request, honest: list[bytes]) -> Iterable[bytes]:
        return numbered(request, operations(request)) if which(request) else honest

    return twist


def finding(*entries: bytes, code: int = ldap.SUCCESS, more: bytes = b"") -> Twist:
    """These entries for any name, and a result."""
    said = [*entries, ldap.result(ldap.SEARCH_DONE, code, more=more)]
    return only(is_for_name, lambda _: said)


def binding(code: int, text: str | bytes = "", more: bytes = b"") -> Twist:
    """This result for any password."""
    said = ldap.result(ldap.BIND_RESPONSE, code, text, more=more)
    return only(is_bind, lambda _: [said])


def instead(*operations: bytes) -> Twist:
    """These operations for any password."""
    return only(is_bind, lambda _: operations)


def _entry(dn: str | bytes = JDOE, **changes: list[bytes]) -> bytes:
    return ldap.entry(dn, jdoe(**changes))


_ELSEWHERE: Final = f"ldap://127.0.0.1:9/{BASE}"
_SUB_CODE: Final = "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext "
_TWO: Final = (_entry(), _entry(f"cn=other,{PEOPLE}"))

LIES: Final[dict[str, Lie]] = {
    "two people of one name": Lie(finding(*_TWO), {WRONG}),
    "more than asked for": Lie(finding(*_TWO, code=ldap.SIZE_LIMIT_EXCEEDED), {WRONG}),
    "an entry without any id": Lie(finding(_entry(objectGUID=[], uid=[])), NOBODY),
    "two GUIDs": Lie(finding(_entry(objectGUID=[b"a" * 16, b"b" * 16])), NOBODY),
    "an id that is another one afterwards": Lie(
        finding(_entry(objectGUID=[b"q" * 16])), {LIED}, {WRONG}, {LIED, WRONG}
    ),
    "a name that is no DN": Lie(finding(_entry("no DN at all")), NOBODY),
    "a name that is no text": Lie(finding(_entry(b"cn=\xff\xfe")), {LIED}),
    "the entry of the root": Lie(finding(_entry("")), NOBODY),
    "ask elsewhere": Lie(
        finding(code=ldap.REFERRAL, more=ldap.referral(_ELSEWHERE)), {MISCONFIGURED}
    ),
    "references, and nothing else": Lie(finding(ldap.reference(_ELSEWHERE)), {WRONG}),
    "wrong credentials, to a search": Lie(
        finding(code=ldap.INVALID_CREDENTIALS), {MISCONFIGURED}
    ),
    "too busy": Lie(finding(code=ldap.BUSY), {BUSY}),
    "going down": Lie(finding(code=ldap.UNAVAILABLE), {AWAY}),
    "a bind, elsewhere": Lie(
        binding(ldap.REFERRAL, more=ldap.referral(_ELSEWHERE)), {MISCONFIGURED}
    ),
    "wrong, and not a word more": Lie(binding(ldap.INVALID_CREDENTIALS), {WRONG}),
    "locked, in another sense": Lie(
        binding(ldap.INVALID_CREDENTIALS, "there is data 775 in here"), {WRONG}
    ),
    "locked, and more digits": Lie(
        binding(ldap.INVALID_CREDENTIALS, f"{_SUB_CODE}error, data 77512"), {WRONG}
    ),
    "locked, in pieces": Lie(
        binding(ldap.INVALID_CREDENTIALS, f"{_SUB_CODE}data 775, error"), {WRONG}
    ),
    "wrong, in no known letters": Lie(
        binding(ldap.INVALID_CREDENTIALS, b"\xff\xfe data 775 \x80"), {WRONG, LIED}
    ),
    "a bind in progress": Lie(binding(14), {LIED, AWAY, MISCONFIGURED}),
    "an unknown result": Lie(binding(4095), {LIED, AWAY}),
    "success, of a search": Lie(instead(ldap.result(ldap.SEARCH_DONE, 0)), {LIED}),
    "success, of a change": Lie(instead(ldap.result(ldap.MODIFY_RESPONSE, 0)), {LIED}),
    "success, of an extension": Lie(
        instead(ldap.result(ldap.EXTENDED_RESPONSE, 0)), {LIED}
    ),
    "success, of nothing known": Lie(instead(ldap.result(0x7E, 0)), NO_ANSWER),
    "success, without a word": Lie(instead(ldap.tlv(ldap.BIND_RESPONSE)), NO_ANSWER),
    "wrong, of a search": Lie(
        instead(ldap.result(ldap.SEARCH_DONE, ldap.INVALID_CREDENTIALS)),
        {WRONG, *NO_ANSWER},
    ),
    "goodbye, before the answer": Lie(
        lambda _, honest: [ldap.disconnection(), *honest],
        {SIGNED_IN, *NO_ANSWER},
        {WRONG, *NO_ANSWER},
    ),
    "goodbye, instead of an answer": Lie(
        lambda request, honest: (
            [ldap.disconnection(), b"\x30\x80"] if is_bind(request) else honest
        ),
        NO_ANSWER,
    ),
    "the answer to another question": Lie(
        only(lambda _: True, lambda _: []), NO_ANSWER
    ),
    "numbers of nobody": Lie(
        lambda request, _: [
            ldap.message(request.message_id + 7, ldap.result(ldap.BIND_RESPONSE, 0))
        ],
        NO_ANSWER,
    ),
    "no LDAP at all": Lie(
        lambda _, __: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], NO_ANSWER
    ),
    "a length of four gigabytes": Lie(
        lambda _, __: [b"\x30\x84\xff\xff\xff\xf0\x02\x01\x01" + b"x" * 64], NO_ANSWER
    ),
    "an empty message": Lie(
        lambda _, honest: [b"\x30\x00", *honest],
        {SIGNED_IN, *NO_ANSWER},
        {WRONG, *NO_ANSWER},
    ),
}
SLOW: Final = frozenset(
    {
        "the answer to another question",
        "numbers of nobody",
        "no LDAP at all",
        "a length of four gigabytes",
    }
)
"""Those after which one waits for more."""
