"""Properties: whatever a file or the environment holds, reading it ends orderly.

Examples of single mistakes are in test_settings_errors.py.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.settings import Keys, Settings, SettingsError, load
from ostiary.settings.document import parse_document
from tests.test_docs_settings import SECTIONS

KEYS = sorted({f.encode_name for _, s in SECTIONS for f in s.fields})
LINE = re.compile(r"[^\n]+:[1-9][0-9]*: [^\n]+: [^\n]+")

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.datetimes()
    | st.text(max_size=12)
    | st.binary(max_size=4)
    | st.sampled_from(["a", "off", "all", "random", "https://a.test", "a.test", "30s"])
)
keys = st.sampled_from([*KEYS, "env", "file", "<<"]) | st.text(max_size=4)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5)
    ),
    max_leaves=25,
)
tenants = st.fixed_dictionaries(
    {"name": st.just("contoso"), "domains": st.just([{"name": "contoso.test"}])},
    optional=dict.fromkeys(("users", "applications", "connections", "policies"), trees),
)
quick = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def outcome(
    folder: Path, text: str | bytes, environ: dict[str, str]
) -> Settings | SettingsError:
    """Load a file; the only exception that may come out is SettingsError."""
    path = folder / "any.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        return load(path, environ)
    except SettingsError as error:
        return error


def is_orderly(result: Settings | SettingsError) -> bool:
    """Settings, or one line `FILE:LINE: key.path: text` for each problem."""
    if isinstance(result, Settings):
        return True
    lines = str(result).splitlines()
    told = len(lines) == len(result.problems) > 0
    return told and all(LINE.fullmatch(line) for line in lines)


@quick
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, text: bytes) -> None:
    """Bytes that are no configuration are refused in lines, never otherwise."""
    assert is_orderly(outcome(tmp_path, text, {}))


@quick
@given(st.text("&*!|>-?:[]{}#'\"%@`,\n\t ab<=~1.", max_size=80))
def test_any_yaml_signs(tmp_path: Path, text: str) -> None:
    """Texts made of YAML's own signs are read or refused in lines."""
    assert is_orderly(outcome(tmp_path, text, {}))


@quick
@given(st.dictionaries(st.sampled_from(["server", "tenants"]) | keys, trees))
def test_any_tree(tmp_path: Path, tree: dict[str, Any]) -> None:
    """Trees of real and wrong keys and values are read or refused in lines."""
    text = yaml.safe_dump(tree, allow_unicode=True)

    assert is_orderly(outcome(tmp_path, text, {"a": "b"}))


@quick
@given(tenants)
def test_any_tenant(tmp_path: Path, tenant: dict[str, Any]) -> None:
    """So are tenants that begin well."""
    text = yaml.safe_dump({"tenants": [tenant]}, allow_unicode=True)

    assert is_orderly(outcome(tmp_path, text, {"a": "b"}))


@quick
@given(
    st.dictionaries(
        st.lists(
            st.sampled_from([key.upper() for key in KEYS] + ["", "X"]), max_size=3
        ).map(lambda parts: "OSTIARY_SERVER__" + "__".join(parts)),
        st.text(max_size=12)
        | st.sampled_from(["off", "1", "{a: b}", "[a]", "{env: a}"]),
        max_size=4,
    )
)
def test_any_environment(tmp_path: Path, environ: dict[str, str]) -> None:
    """Variables of any name and value are read or refused in lines."""
    assert is_orderly(outcome(tmp_path, "{}", environ))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@quick
@given(json_values)
def test_documents_are_read_as_pyyaml_reads_them(value: Any) -> None:
    """Our reading of events agrees with the library's own on what it wrote."""
    text = yaml.safe_dump(value, allow_unicode=True)
    # Keys are always text here, where YAML reads some as numbers or dates.
    assert parse_document(text, "f")[0] == yaml.safe_load(text)


@pytest.mark.parametrize("key", Keys.__struct_encode_fields__)
def test_top_keys_may_be_absent(tmp_path: Path, key: str) -> None:
    """Neither half of the file needs the other."""
    other = {"server": "tenants: []", "tenants": "server: {}"}[key]

    assert isinstance(outcome(tmp_path, other, {}), Settings)
