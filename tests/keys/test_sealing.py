"""The master key: what it seals opens again, and nothing else opens it."""

import base64
import hashlib
import hmac
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ostiary.keys.sealing import KeyFileError, MasterKey, SealError

OLD = base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()


def hkdf(key: bytes, info: bytes) -> bytes:
    """One block of HKDF-SHA256 without salt, from RFC 5869 §2.2 and §2.3."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


@given(st.binary(), st.text(st.characters(codec="utf-8")))
def test_sealed_opens_again(plaintext: bytes, context: str) -> None:
    """Any bytes sealed for any context open to the same bytes."""
    master = MasterKey.from_text(OLD)
    assert master.open(master.seal(plaintext, context), context) == plaintext


def test_sealed_form_is_stable() -> None:
    """A text sealed by the documented recipe opens: stored secrets outlive releases."""
    key, nonce = b"o" * 32, b"n" * 12
    key_id = base64.urlsafe_b64encode(hkdf(key, b"ostiary:id")[:6]).decode()
    cipher = AESGCM(hkdf(key, b"ostiary:seal"))
    content = nonce + cipher.encrypt(nonce, b"secret", b"upstream:1")
    sealed = f"v1.{key_id}.{base64.urlsafe_b64encode(content).decode().rstrip('=')}"
    assert MasterKey.from_text(OLD).open(sealed, "upstream:1") == b"secret"


def test_nonce_is_new_each_time() -> None:
    """The same text sealed twice looks different, so equality does not leak."""
    master = MasterKey.from_text(OLD)
    assert master.seal(b"x", "c") != master.seal(b"x", "c")


def test_another_context_does_not_open() -> None:
    """A sealed value cannot be moved to another row or purpose."""
    master = MasterKey.from_text(OLD)
    with pytest.raises(SealError, match="another context"):
        master.open(master.seal(b"x", "signing-key:a"), "signing-key:b")


def test_another_key_does_not_open() -> None:
    """Without the key that sealed, there is a clear refusal."""
    sealed = MasterKey.from_text(OLD).seal(b"x", "c")
    with pytest.raises(SealError, match="not here"):
        MasterKey.from_text(NEW).open(sealed, "c")


@given(st.data())
def test_any_changed_character_is_noticed(data: st.DataObject) -> None:
    """Changing one character of the content part never opens to something else."""
    master = MasterKey.from_text(OLD)
    sealed = master.seal(b"thirty bytes, no spare bits ...", "c")
    start = sealed.rindex(".") + 1
    position = data.draw(st.integers(start, len(sealed) - 2))
    other = data.draw(st.characters(codec="utf-8").filter(sealed[position].__ne__))
    with pytest.raises(SealError):
        master.open(sealed[:position] + other + sealed[position + 1 :], "c")


@given(st.text())
def test_any_text_is_refused_quietly(text: str) -> None:
    """What was never sealed raises SealError and nothing else."""
    with pytest.raises(SealError):
        MasterKey.from_text(OLD).open(text, "c")


@pytest.mark.parametrize("cut", ["", "AAAA", "A", "=", "A.A"])
def test_cut_texts_are_refused(cut: str) -> None:
    """A sealed text that lost its content is refused as such."""
    master = MasterKey.from_text(OLD)
    prefix = master.seal(b"x", "c").rsplit(".", 1)[0]
    with pytest.raises(SealError):
        master.open(f"{prefix}.{cut}", "c")


def test_another_version_is_refused() -> None:
    """A form of a later release is named, not guessed at."""
    master = MasterKey.from_text(OLD)
    sealed = master.seal(b"x", "c").replace("v1.", "v2.", 1)
    with pytest.raises(SealError, match="form"):
        master.open(sealed, "c")


def test_rotation_opens_old_and_seals_new() -> None:
    """With `new,old`, old seals open, and new ones open without the old key."""
    both = MasterKey.from_text(f"{NEW},{OLD}")
    assert both.open(MasterKey.from_text(OLD).seal(b"x", "c"), "c") == b"x"
    assert MasterKey.from_text(NEW).open(both.seal(b"y", "c"), "c") == b"y"


def test_derived_values_survive_rotation() -> None:
    """The oldest key derives, so pairwise subjects stay; purposes stay apart."""
    old, both = MasterKey.from_text(OLD), MasterKey.from_text(f"{NEW},{OLD}")
    assert both.derive("pairwise") == old.derive("pairwise")
    assert both.derive("pairwise") != both.derive("client-info")
    assert old.derive("pairwise") == hkdf(b"o" * 32, b"ostiary:derive:pairwise")


def test_create_makes_a_private_file_that_loads(tmp_path: Path) -> None:
    """A new key file is 0600, holds one 32-byte key in base64url, and loads."""
    path = tmp_path / "master.key"
    created = MasterKey.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    line = path.read_text().rstrip("\n")
    assert len(base64.urlsafe_b64decode(line + "=")) == 32
    assert MasterKey.load(path).open(created.seal(b"x", "c"), "c") == b"x"
    assert os.listdir(tmp_path) == ["master.key"]


def test_create_ignores_a_lax_umask(tmp_path: Path) -> None:
    """The file is private whatever the umask of the process."""
    before = os.umask(0)
    try:
        MasterKey.create(tmp_path / "master.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_create_never_overwrites(tmp_path: Path) -> None:
    """A present key file stays as it is."""
    path = tmp_path / "master.key"
    path.write_text(OLD)
    with pytest.raises(FileExistsError):
        MasterKey.create(path)
    assert path.read_text() == OLD
    assert os.listdir(tmp_path) == ["master.key"]


def test_load_creates_nothing(tmp_path: Path) -> None:
    """A missing key file is an error that names it, and stays missing."""
    path = tmp_path / "master.key"
    with pytest.raises(KeyFileError, match=r"master\.key: No such file"):
        MasterKey.load(path)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Promise 15: a key file that group or world may touch stops the start."""
    path = tmp_path / "master.key"
    path.write_text(OLD)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as caught:
        MasterKey.load(path)
    assert str(path) in str(caught.value)


def test_one_key_a_line(tmp_path: Path) -> None:
    """A file of several lines, blank ones too, rotates as the text form does."""
    path = tmp_path / "master.key"
    path.write_text(f"{NEW}\n\n{OLD}\n")
    path.chmod(0o600)
    loaded = MasterKey.load(path)
    assert loaded.derive("p") == MasterKey.from_text(OLD).derive("p")
    assert MasterKey.from_text(NEW).open(loaded.seal(b"x", "c"), "c") == b"x"


@pytest.mark.parametrize(
    "text",
    ["", " \n", "short", f"{OLD},short", "é" * 43, OLD[:-3], OLD + OLD, "*" * 43],
)
def test_malformed_keys_are_refused_without_quoting(tmp_path: Path, text: str) -> None:
    """A wrong key text is refused, and the message never repeats it."""
    path = tmp_path / "master.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as caught:
        MasterKey.load(path)
    assert str(path) in str(caught.value)
    assert not any(
        word in str(caught.value) for word in text.split(",") if word.strip()
    )


def test_a_huge_file_or_a_folder_is_refused(tmp_path: Path) -> None:
    """Something that is no key file is refused by name, not read to its end."""
    path = tmp_path / "master.key"
    path.write_bytes(b"A" * 100_000)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="too large"):
        MasterKey.load(path)
    with pytest.raises(KeyFileError, match="directory"):
        MasterKey.load(tmp_path)


def test_repr_gives_no_key_away() -> None:
    """Printing a master key shows its id, never the key or a plain hash of it."""
    shown = repr(MasterKey.from_text(OLD))
    assert shown.startswith("MasterKey(")
    assert OLD.rstrip("=") not in shown
    assert hashlib.sha256(b"o" * 32).hexdigest()[:8] not in shown
