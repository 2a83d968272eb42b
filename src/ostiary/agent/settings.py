"""The configuration file of an agent, read into one typed, frozen value.

Its form and its errors are those of the server's file; see `ostiary.settings`.
"""

import ipaddress
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec.inspect as kinds
from msgspec import Meta, Struct

from ostiary.core.agents import LONGEST_NAME, is_agent_name
from ostiary.settings.connection import LdapOptions, TrustedCa
from ostiary.settings.document import parse_document
from ostiary.settings.duplicates import Finding
from ostiary.settings.problems import KeyPath, Place, Problem, SettingsError
from ostiary.settings.reader import Reader
from ostiary.settings.rules import find_ldap_contradictions
from ostiary.settings.secret import Secret
from ostiary.settings.server import Log
from ostiary.settings.values import BaseUrl, FilePath, Name, SecretText

_SERVERS_OWN: Final = ("agent", "keep_password")


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    server: Annotated[
        BaseUrl, Meta(description="The server's `base_url`; always https.")
    ]
    ca: TrustedCa = None
    name: Annotated[
        Name | None,
        Meta(description="How it is listed and logged; absent: the machine's name."),
    ] = None
    data_dir: Annotated[
        FilePath, Meta(description="Folder of its key and of what it enrolled as.")
    ] = Path("ostiary-agent-data")
    code: Annotated[
        SecretText | None,
        Meta(description="The code of `ostiary connection enrol`; needed once."),
    ] = None
    directory: Annotated[
        LdapOptions,
        Meta(description="The directory, by the options of strategy `ad`."),
    ]
    log: Annotated[Log, Meta(description="Form and level of the log.")] = Log()

    @property
    def known_name(self) -> str:
        """The name given, or the machine's."""
        return self.name or platform.node().partition(".")[0]


def load(
    path: Path, environ: Mapping[str, str] = os.environ
) -> tuple[AgentSettings, tuple[Problem, ...]]:
    """Read the file, and what to warn of: secrets that are written out in it.

    Relative paths count from its folder. Raises SettingsError.
    """
    tree, places = parse_document(_text_of(path), str(path))
    if not isinstance(tree, dict):
        text = "must be a mapping; allowed: server, directory and others"
        raise SettingsError([places.problem((), text)])
    folder = path.absolute().parent
    if _is_gone(tree.get("code"), environ, folder):
        del tree["code"]
    reader = Reader(places, {}, environ, folder)
    settings: AgentSettings = reader.read(kinds.type_info(AgentSettings), tree, ())
    if reader.problems:
        raise SettingsError(reader.problems)
    if wrong := [places.problem(*finding) for finding in _find_wrong(settings)]:
        raise SettingsError(wrong)
    text = "is written out; better {env: NAME} or {file: PATH}"
    secrets: dict[KeyPath, Secret | None] = {
        ("code",): settings.code,
        ("directory", "bind_password"): settings.directory.bind_password,
    }
    return settings, tuple(
        places.problem(key, text)
        for key, secret in secrets.items()
        if secret is not None and places.is_literal(key)
    )


def _is_gone(code: object, environ: Mapping[str, str], folder: Path) -> bool:
    """Whether a code was there once: it is needed for the first start alone."""
    match code:
        case {"env": str(name)}:
            return name not in environ
        case {"file": str(name)}:
            return not (folder / name).exists()
    return False


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        why = f"cannot be read: {error.strerror or 'no such file'}"
    except ValueError:
        why = "is not text in UTF-8"
    raise SettingsError([Problem(Place(str(path)), (), why)])


def _find_wrong(settings: AgentSettings) -> Iterator[Finding]:
    if not settings.server.startswith("https://"):
        yield ("server",), "must be https://host[:port]: passwords pass here"
    if not is_agent_name(settings.known_name):
        text = f"must be 1 to {LONGEST_NAME} letters, digits, and . _ - between them"
        yield ("name",), text
    directory = settings.directory
    for key in _SERVERS_OWN:
        if getattr(directory, key):
            yield ("directory", key), "not allowed here; it belongs to the server"
    if not directory.agent:
        yield from find_ldap_contradictions(directory, ("directory",))
    for index, url in enumerate(directory.urls):
        plain = url.lower().startswith("ldap://") and not directory.start_tls
        if plain and not _is_here(urlsplit(url).hostname or ""):
            text = (
                "plain ldap beyond this machine; allowed: ldaps:// or start_tls: true"
            )
            yield ("directory", "urls", index), text


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
