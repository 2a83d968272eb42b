"""A configuration file as YAML text, and the part of it that is not in the store.

`server:` is copied from the file that was read, so that the copy works from anywhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ostiary.configuration.options import without_password
from ostiary.settings import SecretUrl, Settings
from ostiary.settings.document import parse_document

_PATHS = (("data_dir",), ("tls", "certificate"), ("tls", "key"))


class _Dumper(yaml.SafeDumper):
    """Block style, no anchors, texts of several lines as such."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def render_yaml(document: object) -> str:
    """The document as YAML, keys in the order given."""
    text: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=88
    )
    return text


def server_of(path: Path, settings: Settings) -> tuple[dict[str, Any], list[str]]:
    """The `server:` of the file at `path` as written, with absolute paths.

    Literal secrets are left out; their keys come second.
    """
    tree, _ = parse_document(path.read_text(encoding="utf-8-sig"), str(path))
    written = tree.get("server") if isinstance(tree, dict) else None
    server: dict[str, Any] = dict(written) if isinstance(written, dict) else {}
    server = _absolute(server, path.absolute().parent)
    server.setdefault("data_dir", str(settings.server.data_dir))
    return server, list(_without_secrets(server))


def _absolute(value: Any, folder: Path, key: tuple[str, ...] = ()) -> Any:
    if key in _PATHS and isinstance(value, str):
        return str(folder / value)
    if isinstance(value, dict):
        if value.keys() == {"file"}:
            return {"file": str(folder / str(value["file"]))}
        return {
            name: _absolute(each, folder, (*key, name)) for name, each in value.items()
        }
    return value


def _without_secrets(server: dict[str, Any]) -> Iterator[str]:
    if isinstance(server.get("master_key"), str):
        del server["master_key"]
        yield "master_key"
    database = server.get("database")
    if isinstance(database, str) and SecretUrl(database).has_password:
        server["database"] = without_password(database)
        yield "database"
