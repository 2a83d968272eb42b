"""Files that hold secrets: private from their first byte, whole or not there at all.

What is written in them belongs to the modules that call; nothing is parsed here.
"""

import os
import stat
import tempfile
from pathlib import Path

MAX_BYTES = 64 * 1024


class KeyFileError(Exception):
    """A secret's file cannot be used; the text says which and what to do."""


def read_private(path: Path) -> bytes:
    """The bytes of a file that only its owner may touch.

    Raises KeyFileError when it is missing, unreadable, too large to be a key file,
    or open to group or world. Public promise 15, safe start.
    """
    try:
        # The opened file is judged, not the name: it cannot be swapped in between.
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror or error}") from None
    if mode & 0o077:
        raise KeyFileError(
            f"{path}: others than its owner may touch this file (mode {mode:04o}); "
            f"run: chmod 600 {path}"
        )
    if len(content) > MAX_BYTES:
        raise KeyFileError(f"{path}: too large for a key file")
    return content


def create_private(path: Path, content: bytes) -> None:
    """Make a new file of mode 0600, on disk when this returns.

    Raises FileExistsError when the name is taken: a key is never overwritten.
    """
    temporary = _write_beside(path, content, 0o600)
    try:
        # A link appears whole and never replaces, so no other process reads half.
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def replace(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path` in one step: readers see the old file or the new."""
    temporary = _write_beside(path, content, mode)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_beside(path: Path, content: bytes, mode: int) -> Path:
    # mkstemp opens with O_EXCL and mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
