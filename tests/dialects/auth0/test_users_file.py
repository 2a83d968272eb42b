"""Users files of every form: what is read of them, and what is said of errors."""

import gzip
import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.core.model import User
from ostiary.dialects.auth0 import users_records
from ostiary.dialects.auth0.users_export import (
    FIELDS,
    MOST_COLUMNS,
    exported_user,
    render_lines,
    render_table,
)
from ostiary.dialects.auth0.users_file import (
    UserError,
    obstacle_error,
    read_users,
    summary,
)
from ostiary.dialects.auth0.users_records import (
    LONGEST_RECORD,
    Record,
    Unreadable,
    read_records,
)
from ostiary.flows.manage.importing import ImportedUser, Obstacle, Problem
from tests.connections.vectors import BCRYPT

# Contract auth0 §7, hash export; the e-mail may exist only in `identifiers`.
HASHED: dict[str, Any] = {
    "_id": {"$oid": "60425da93519d90068f82973"},
    "email_verified": False,
    "email": "a@b.c",
    "passwordHash": BCRYPT,
    "password_set_date": {"$date": "2021-03-05T16:33:29.000Z"},
    "tenant": "contoso",
    "connection": "Username-Password-Authentication",
    "_tmp_is_unique": True,
    "identifiers": [{"type": "email", "value": "a@b.c", "verified": True}],
}
# An export as the documentation of the export job shows its fields.
EXPORTED: dict[str, Any] = {
    "user_id": "auth0|60425da93519d90068f82973",
    "email": "a@b.c",
    "email_verified": True,
    "name": "A B",
    "nickname": "a",
    "username": None,
    "created_at": "2021-03-05T16:33:29.000Z",
    "updated_at": "2021-03-05T16:33:29.000Z",
    "last_login": "2022-01-01T00:00:00.000Z",
    "logins_count": 3,
    "identities": [{"provider": "auth0", "user_id": "x"}],
    "user_metadata": {"favorite_color": "blue", "nothing": None},
}


def read(*files: bytes) -> list[ImportedUser | UserError]:
    """What stands in these files, named 0, 1, …"""
    return list(read_users((str(n), io.BytesIO(data)) for n, data in enumerate(files)))


def users(*files: bytes) -> list[ImportedUser]:
    """The same, where nothing is wrong."""
    found = read(*files)
    assert not [each for each in found if isinstance(each, UserError)]
    return [each for each in found if isinstance(each, ImportedUser)]


def errors(*files: bytes) -> list[tuple[int, str, str]]:
    """Line, code and path of the first error of each user."""
    return [
        (each.line, each.errors[0].code, each.errors[0].path)
        for each in read(*files)
        if isinstance(each, UserError)
    ]


def lines(*values: object) -> bytes:
    """Newline-delimited JSON."""
    return "".join(json.dumps(each) + "\n" for each in values).encode()


def array(*values: object, indent: int | None = None) -> bytes:
    """A JSON array."""
    return json.dumps(values, indent=indent).encode()


# --- the four forms ------------------------------------------------------------------


def test_the_import_array() -> None:
    """Every field of contract auth0 §7 lands where it belongs."""
    (bob,) = users(
        array(
            {
                "email": "bob@example.test",
                "email_verified": True,
                "user_id": "auth0|5f7c8ec7c33c6c004bbafe82",
                "username": "bob",
                "given_name": " Bob ",
                "family_name": "",
                "picture": "https://example.test/b.png",
                "phone_number": "+49301234",
                "phone_verified": True,
                "blocked": True,
                "app_metadata": {"plan": "x"},
                "user_metadata": {"favorite_color": "blue"},
                "password_hash": BCRYPT,
                "mfa_factors": [
                    {"totp": {"secret": "jbsw y3dp ehpk 3pxp"}},
                    {"phone": {"value": "+49301234"}},
                    {"email": {"value": "b@example.test"}},
                ],
            }
        )
    )
    assert bob == ImportedUser(
        source="0",
        line=1,
        email="bob@example.test",
        external_id="5f7c8ec7c33c6c004bbafe82",
        login="bob",
        profile={
            "given_name": "Bob",
            "picture": "https://example.test/b.png",
            "phone_number": "+49301234",
            "email_verified": True,
        },
        attributes={
            "app_metadata": {"plan": "x"},
            "user_metadata": {"favorite_color": "blue"},
            "phone_verified": True,
        },
        enabled=False,
        password_hash=BCRYPT,
        totp_secret="JBSWY3DPEHPK3PXP",
        codes_to=(("sms", "+49301234"), ("email", "b@example.test")),
    )


def test_an_export() -> None:
    """Ids lose their prefix once, null says nothing, what happened is left out."""
    (user,) = users(lines(EXPORTED))
    assert user.external_id == "60425da93519d90068f82973"
    assert (user.login, user.profile["name"]) == (None, "A B")
    assert user.attributes == {"user_metadata": EXPORTED["user_metadata"]}
    (odd,) = users(array({"email": "a@b.c", "user_id": "auth0|auth0|x"}))
    assert odd.external_id == "auth0|x"


def test_an_export_of_hashes() -> None:
    """The id is `alt_id` or `$oid`; the e-mail may stand in `identifiers` alone."""
    bare = {key: value for key, value in HASHED.items() if not key.startswith("email")}
    first, second, third = users(
        lines(
            HASHED,
            {**bare, "_id": {"$oid": "1"}, "alt_id": "custom|7"},
            {"_id": "2", "email": "c@b.c", "username": "c"},
        )
    )
    assert (first.external_id, first.email) == ("60425da93519d90068f82973", "a@b.c")
    assert first.password_hash == BCRYPT
    assert first.profile == {"email_verified": False}
    assert (second.external_id, second.email) == ("custom|7", "a@b.c")
    assert second.profile == {"email_verified": True}
    assert (third.external_id, third.login, third.password_hash) == ("2", "c", None)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("form", [lines, array])
def test_export_and_hashes_are_joined(order: tuple[int, int], form: Any) -> None:
    """On the id, in whatever order the files come (contract auth0 §7)."""
    plain = {"user_id": "auth0|60425da93519d90068f82973", "email": "a@b.c", "name": "A"}
    other = {**HASHED, "_id": {"$oid": "1"}, "email": "z@b.c"}
    files = [form(plain, {"email": "y@b.c"}), lines(other, HASHED)]
    found = users(*(files[place] for place in order))
    by_mail = {user.email: user for user in found}
    assert sorted(by_mail) == ["a@b.c", "y@b.c", "z@b.c"]
    assert len(found) == 3
    assert by_mail["a@b.c"].password_hash == BCRYPT
    assert by_mail["a@b.c"].profile["name"] == "A"
    assert by_mail["y@b.c"].password_hash is None


def test_what_the_user_brings_goes_first() -> None:
    """A hash of its own stands; the exported one is not set beside it."""
    own = {"algorithm": "md5", "hash": {"value": "00" * 16, "encoding": "hex"}}
    mine = {**EXPORTED, "email": "new@b.c", "custom_password_hash": own}
    (user,) = users(lines(mine), lines(HASHED))
    assert (user.password_hash, user.email) == (own, "new@b.c")


@pytest.mark.parametrize("form", [array(EXPORTED)[:0] + lines(EXPORTED), lines(HASHED)])
def test_gzip_of_each(form: bytes) -> None:
    """Packed or not, in one member or several, it is the same file."""
    halves = gzip.compress(form[:50]) + gzip.compress(form[50:])
    assert users(gzip.compress(form)) == users(form) == users(halves)


@pytest.mark.parametrize("data", [b"", b" \n ", b"[]", b" [ ] \n", b"\xef\xbb\xbf[]"])
def test_nobody(data: bytes) -> None:
    """An empty file is no error; a byte order mark is no letter."""
    assert read(data) == []


# --- errors ---------------------------------------------------------------------------


def test_errors_are_told_with_their_lines() -> None:
    """In an array the line on which the user begins; one bad user spoils no other."""
    data = array(
        {"email": "a@b.c"}, {"name": "x"}, 7, {"email": "b@b.c", "x": 1}, indent=1
    )
    assert errors(data) == [
        (5, "OBJECT_REQUIRED", "email"),
        (8, "INVALID_TYPE", ""),
        (9, "NOT_PASSED", "x"),
    ]
    assert len(read(data)) == 4
    text = lines(EXPORTED) + b"\n{oops}\n" + lines({"email": "b@b.c"}, [])
    assert errors(text) == [(3, "FORMAT", ""), (5, "INVALID_TYPE", "")]


@pytest.mark.parametrize(
    "field", ["identities", "created_at", "_id", "multifactor", "age"]
)
def test_an_array_holds_what_imports_hold(field: str) -> None:
    """`additionalProperties: false`; only in exports something is left out."""
    assert errors(array({"email": "a@b.c", field: []})) == [(1, "NOT_PASSED", field)]


def test_users_of_other_connections_are_refused() -> None:
    """A social user of an export would become somebody else's id."""
    line = lines({**EXPORTED, "user_id": "google-oauth2|1"})
    assert errors(line) == [(1, "PATTERN", "user_id")]
    (user,) = users(array({"email": "a@b.c", "user_id": "custom|1"}))
    assert user.external_id == "custom|1"


def test_credentials_are_not_repeated() -> None:
    """An error shows the user as written, without hash, key and second factor."""
    secret = {"password_hash": BCRYPT, "mfa_factors": [], "name": "Bob"}
    (error,) = read(array({**secret, "email": "a"}))
    assert isinstance(error, UserError)
    assert error.user == {"name": "Bob", "email": "a"}
    (joined,) = read(lines({**EXPORTED, "x": 1}), lines(HASHED))
    assert isinstance(joined, UserError)
    assert BCRYPT not in repr(joined)


def test_summaries_are_one_line() -> None:
    """What a file calls its fields does not write to the terminal."""
    (error,) = read(array({"email": "a@b.c", "\x1b[2J\n": 1}))
    assert isinstance(error, UserError)
    text = summary(error.errors)
    assert text.isprintable()
    assert "NOT_PASSED" in text


SPOILT: dict[str, tuple[bytes, int]] = {
    "text": (b"hello", 1),
    "XML": (b"<users/>", 1),
    "one object over lines": (b'{\n  "email": "a@b.c"\n}', 1),
    "no end": (b'[{"email": "a@b.c"}\n', 2),
    "no comma": (b'[{"email": "a@b.c"}\n x]', 2),
    "no JSON": (b'[\n{"email": oops}]', 2),
    "two commas": (b'[{"email": "a@b.c"}\n,,]', 2),
    "something behind": (b'[]\n{"email": "a@b.c"}', 2),
    "brackets": (b"[" * 100_000, 1),
    "a long number": (b'[{"a": ' + b"1" * 5000 + b"}]", 1),
    "not UTF-8": (b"[\n\xff]", 1),
    "UTF-16": ('[{"email": "a@b.c"}]'.encode("utf-16"), 1),
    "cut gzip": (gzip.compress(b"[]" * 99)[:-9], 1),
    "damaged gzip": (b"\x1f\x8bnot gzip at all", 1),
}


@pytest.mark.parametrize(("data", "line"), SPOILT.values(), ids=SPOILT)
def test_what_is_no_users_file_ends_there(data: bytes, line: int) -> None:
    """One error with the line, after what could be read."""
    found = read(data)
    assert isinstance(found[-1], UserError)
    assert (found[-1].line, found[-1].errors[0].code) == (line, "FORMAT")
    assert sum(isinstance(each, UserError) for each in found) == 1


def test_a_file_made_to_fill_the_memory_ends_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unpacked, no more than the limit is read; records end at theirs."""
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    (only,) = read_records(io.BytesIO(bomb), largest=1_000_000)
    assert only == Unreadable(1, "makes the file too large", last=True)
    for start in (b'["', b'{"a": "'):
        endless = gzip.compress(start + b"x" * 50_000_000)
        (only,) = read_records(io.BytesIO(endless))
        assert isinstance(only, Unreadable)
        assert "longer than one user may be" in only.text or "neither" in only.text
    monkeypatch.setattr(users_records, "LONGEST_RECORD", 1000)
    assert len(list(read_records(io.BytesIO(array("x" * 500, 2))))) == 2


class Counted(io.BytesIO):
    """A file that knows how much of it was read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Count as well."""
        data = super().read(size)
        self.count += len(data)
        return data


@pytest.mark.parametrize("form", [array, lines])
def test_files_are_read_as_they_go(form: Any) -> None:
    """The first of many users is there before the last was read."""
    file = Counted(
        form(*({"email": f"u{n}@b.c", "name": "x" * 100} for n in range(20_000)))
    )
    first = next(read_records(file))
    assert isinstance(first, Record)
    assert file.count < LONGEST_RECORD
    assert file.count < len(file.getvalue()) / 2


@pytest.mark.parametrize("form", [array, lines])
def test_chunks_are_no_borders(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the bytes are cut, letters and records stay whole."""
    values = [{"email": f"ü{n}@b.c", "name": '€ \\ " [{]}' * n} for n in range(30)]
    plain = json.dumps(values, ensure_ascii=False).encode()
    data = plain if form is array else lines(*values)
    for chunk in (1, 2, 3, 7, 64):
        monkeypatch.setattr(users_records, "CHUNK", chunk)
        monkeypatch.setattr(users_records._Text.more, "__defaults__", (chunk,))
        found = [
            item.value
            for item in read_records(io.BytesIO(data))
            if isinstance(item, Record)
        ]
        assert found == values


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from(
            [b"[", b"]", b"{", b"}", b",", b"\n", b'"', b"\x1f\x8b", b"1"]
        )
        | st.sampled_from([lines(EXPORTED), lines(HASHED), array({"email": "a@b.c"})]),
        max_size=8,
    ),
    st.booleans(),
)
def test_no_bytes_crash(parts: Iterable[bytes], packed: bool) -> None:
    """Whatever a file holds: users, or errors with a code."""
    data = b"".join(parts)
    for each in read(gzip.compress(data) if packed else data):
        assert isinstance(each, ImportedUser) or each.errors[0].code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*FIELDS, *HASHED, "mfa_factors", "custom_password_hash"]),
            json_values | st.just("a@b.c") | st.just([{"totp": {}}]),
        ),
        max_size=3,
    )
)
def test_no_record_crashes(values: list[dict[str, Any]]) -> None:
    """Any value in any field, in any of the forms."""
    for data in (array(*values), lines(*values)):
        assert len(read(data, lines(HASHED))) >= len(values)


# --- what the flow found --------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (Problem.REPEATED, "DUPLICATED_USER"),
        (Problem.KNOWN, "DUPLICATED_USER"),
        (Problem.EMAIL_TAKEN, "CONFLICT_EMAIL"),
        (Problem.LOGIN_TAKEN, "CONFLICT_USERNAME"),
        (Problem.HASH_UNUSABLE, "PATTERN"),
    ],
)
def test_every_problem_has_its_code(problem: Problem, code: str) -> None:
    """Contract auth0 §7, codes, and case A121."""
    user = ImportedUser("f", 3, "a@b.c", "7", "a", password_hash=BCRYPT)
    error = obstacle_error(Obstacle(user, problem, "is so"))
    assert (error.source, error.line, error.errors[0].code) == ("f", 3, code)
    assert error.user == {"email": "a@b.c", "user_id": "7", "username": "a"}
    hashed = problem is Problem.HASH_UNUSABLE
    assert error.errors[0].path == ("password_hash" if hashed else "")


# --- export ---------------------------------------------------------------------------

BOB = User(
    id="aaaaaaaa-0000-4000-8000-000000000001",
    tenant_id="t",
    connection="people",
    username="bob@example.test",
    login="bob",
    email="bob@example.test",
    email_verified=True,
    given_name="Bob",
    name="=HYPERLINK(1)",
    phone_number="+49301234",
    enabled=False,
    external_id="5f7c8ec7c33c6c004bbafe82",
    attributes={"user_metadata": {"color": "blue"}, "phone_verified": True},
)


def test_an_export_is_a_line_for_each() -> None:
    """Ids with `auth0|`; nothing that the user has not."""
    (line,) = render_lines([exported_user(BOB, "auth0")])
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "user_id": "auth0|5f7c8ec7c33c6c004bbafe82",
        "email": "bob@example.test",
        "email_verified": True,
        "username": "bob",
        "phone_number": "+49301234",
        "phone_verified": True,
        "given_name": "Bob",
        "name": "=HYPERLINK(1)",
        "blocked": True,
        "user_metadata": {"color": "blue"},
    }


@pytest.mark.parametrize("form", [lines, array])
def test_what_is_exported_is_read_again(form: Any) -> None:
    """As lines or as array, with the same id (case A122)."""
    (again,) = users(form(exported_user(BOB, "auth0")))
    assert (again.external_id, again.email, again.login) == (
        BOB.external_id,
        BOB.email,
        BOB.login,
    )
    assert (again.enabled, again.attributes) == (False, BOB.attributes)
    assert again.profile["name"] == BOB.name


def test_a_table_is_no_program() -> None:
    """RFC 4180; cells that a spreadsheet would compute begin with a quote mark."""
    import csv

    text = b"".join(render_table([exported_user(BOB, "auth0")])).decode()
    names, row = csv.reader(io.StringIO(text, newline=""))
    cells = dict(zip(names, row, strict=True))
    assert tuple(names) == FIELDS
    assert len(names) <= MOST_COLUMNS
    assert cells["name"] == "'=HYPERLINK(1)"
    assert cells["phone_number"] == "'+49301234"
    assert cells["user_metadata"] == '{"color":"blue"}'
    assert (cells["blocked"], cells["picture"]) == ("true", "")
    assert text.count("\r\n") == 2


def test_a_user_without_an_address_is_named_by_the_user_name() -> None:
    """An import needs a mail address, and so an export has one if it can."""
    plain = User("id", "t", "people", "alice@contoso.test")
    assert exported_user(plain, "auth0")["email"] == "alice@contoso.test"
    assert "email" not in exported_user(User("id", "t", "c", "alice"), "ad")
