"""Entries, and the texts of their ids."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.connections.ldap.entries import Entry, entries_of, guid_text, id_of

GUID = bytes.fromhex("00112233445566778899aabbccddeeff")


def test_the_guid_of_the_contract() -> None:
    """Contract auth0 §4.3: bytes 00 11 22 … ff."""
    assert guid_text(GUID) == "33221100-5544-7766-8899-aabbccddeeff"


@given(st.binary(min_size=16, max_size=16))
def test_guids_are_written_as_windows_writes_them(raw: bytes) -> None:
    """MS-DTYP §2.3.4.2: little-endian, which the standard library knows too."""
    assert guid_text(raw) == str(uuid.UUID(bytes_le=raw))


@pytest.mark.parametrize(
    ("values", "attribute", "expected"),
    [
        ({"objectguid": [GUID]}, None, "33221100-5544-7766-8899-aabbccddeeff"),
        ({"entryuuid": [b"ABCD"], "uid": [b"a"]}, None, "abcd"),
        ({"uid": [b"Alice"]}, None, "Alice"),
        ({"objectguid": [GUID], "uid": [b"a"]}, "UID", "a"),
        ({"ms-ds-consistencyguid": [GUID]}, "mS-DS-ConsistencyGuid", guid_text(GUID)),
        ({"objectsid": [b"\xff\x01"]}, "objectSid", "ff01"),
        ({"objectsid": [b"\x01\x00A"]}, "objectSid", "010041"),
        ({"uid": [b"a", b"b"]}, None, None),
        ({"uid": [b""]}, None, None),
        ({"uid": [b"a"]}, "employeeNumber", None),
        ({}, None, None),
    ],
)
def test_the_id_is_the_first_that_stays_for_ever(
    values: dict[str, list[bytes]], attribute: str | None, expected: str | None
) -> None:
    """objectGUID, else entryUUID, else uid, or the operator's choice; exactly one."""
    assert id_of(Entry("cn=x", values), attribute) == expected


def test_references_to_other_servers_are_no_entries() -> None:
    """What python-ldap gives for a SearchResultReference (RFC 4511 §4.5.3)."""
    found = [
        (None, ["ldap://elsewhere.test/"]),
        ("cn=a", {"CN": [b"a"], "Photo": [b"\xff"]}),
    ]
    (entry,) = entries_of(found)
    assert (entry.dn, entry.texts("cn"), entry.text("photo")) == ("cn=a", ("a",), None)


@pytest.mark.parametrize(
    ("raw", "number"), [([b"-1800"], -1800), ([b"x"], None), ([], None)]
)
def test_numbers(raw: list[bytes], number: int | None) -> None:
    """Whole ones, or none."""
    assert Entry("", {"n": raw}).number("N") == number


def test_a_value_with_nul_is_no_text() -> None:
    """No store keeps one, and a name with one means another elsewhere (ROPC-10)."""
    entry = Entry("cn=x", {"mail": [b"a\0b@corp.test", b"a@corp.test"], "cn": [b"\0"]})
    assert entry.texts("mail") == ("a@corp.test",)
    assert entry.text("cn") is None
