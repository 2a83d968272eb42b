"""The manual of the configuration file names every key as the code reads it.

What the keys do is tested in test_settings*.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec.inspect as kinds
import pytest
from msgspec import Struct

from ostiary.settings import Address, Keys, load
from ostiary.settings.connection import OPTIONS
from ostiary.settings.wording import word_of

MANUAL = Path(__file__).parent.parent / "docs" / "configuration.md"


def sections() -> Iterator[tuple[str, kinds.StructType]]:
    """Every mapping of the file with the heading that the manual gives it."""
    yield from _below("file", _type_of(Keys))
    for strategy, options in OPTIONS.items():
        heading = f"tenants[].connections[].options of strategy {strategy}"
        yield from _below(heading, _type_of(options))


def rows(struct: kinds.StructType) -> Iterator[str]:
    """The manual's line for each key: key, type, default, meaning."""
    for field in struct.fields:
        assert isinstance(field.type, kinds.Metadata), field.name
        meaning = (field.type.extra_json_schema or {})["description"]
        default = "required" if field.required else _written(field.default)
        word = word_of(field.type)
        yield f"| `{field.encode_name}` | {word} | {default} | {meaning} |"


def _type_of(struct: type[Struct]) -> kinds.StructType:
    found = kinds.type_info(struct)
    assert isinstance(found, kinds.StructType)
    return found


def _below(
    heading: str, struct: kinds.StructType
) -> Iterator[tuple[str, kinds.StructType]]:
    if struct.fields:
        yield heading, struct
    for field in struct.fields:
        prefix = "" if heading == "file" else f"{heading}."
        for inner, suffix in _structs(field.type, ""):
            yield from _below(f"{prefix}{field.encode_name}{suffix}", inner)


def _structs(kind: kinds.Type, suffix: str) -> Iterator[tuple[kinds.StructType, str]]:
    match kind:
        case kinds.Metadata(type=inner):
            yield from _structs(inner, suffix)
        case kinds.UnionType(types=members):
            for member in members:
                yield from _structs(member, suffix)
        case kinds.VarTupleType(item_type=item):
            yield from _structs(item, f"{suffix}[]")
        case kinds.StructType():
            yield kind, suffix


def _written(default: Any) -> str:
    match default:
        case None:
            return "absent"
        case ():
            return "none"
        case bool():
            return "`true`" if default else "`false`"
        case Struct():
            return "see there"
        case (Address() as only,):
            return f"`[{only}]`"
    return f"`{default}`"


SECTIONS = list(sections())


def test_manual_has_no_section_of_a_mapping_that_is_gone() -> None:
    """The headings of key tables are exactly the mappings that the file may have."""
    headings = re.findall(r"^### `(.+)`$", MANUAL.read_text(), re.MULTILINE)

    assert headings == [heading for heading, _ in SECTIONS]


@pytest.mark.parametrize(("heading", "struct"), SECTIONS, ids=lambda v: str(v)[:60])
def test_manual_names_every_key(heading: str, struct: kinds.StructType) -> None:
    """Each key stands in its table with its type, default and meaning, none else."""
    text = MANUAL.read_text().split(f"\n### `{heading}`\n")[1].split("\n#")[0]

    assert re.findall(r"^\| `.*$", text, re.MULTILINE) == list(rows(struct))


def test_every_key_has_a_sentence() -> None:
    """No key goes without a meaning, and each ends with a full stop."""
    meanings = [row.split(" | ")[-1] for _, s in SECTIONS for row in rows(s)]

    assert all(text.endswith(". |") and len(text) > 8 for text in meanings)


def test_example_of_the_manual_loads(tmp_path: Path) -> None:
    """The complete example is good as it stands, with its secrets at hand."""
    example = re.findall(r"```yaml\n(server:.*?)```", MANUAL.read_text(), re.DOTALL)
    (tmp_path / "ostiary.yaml").write_text(example[0])
    (tmp_path / "app.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
    )
    names = re.findall(r"\{env: (\w+)\}", example[0])
    environ = dict.fromkeys(names, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")

    settings = load(tmp_path / "ostiary.yaml", environ)

    assert [t.name for t in settings.tenants] == ["contoso"]
    assert settings.server.database == "sqlite"
    missing = [
        field.encode_name
        for field in _type_of(type(settings.tenants[0])).fields
        if f"{field.encode_name}:" not in example[0]
    ]
    assert missing == []
