"""The ledger docs/rules.md: every sentence has a home and a test, every test a row.

What the sentences mean is tried in tests/specs.
"""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LEDGER = HERE.parent / "docs" / "rules.md"
SPECS = HERE / "specs"
SECTION = re.compile(r"^Tests: `(test_\w+\.py)`$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One line of the ledger."""

    file: str
    sentence: str
    source: str
    home: str

    @property
    def test(self) -> str:
        """The name of the test: the sentence, its words joined."""
        return "test_" + "_".join(re.findall(r"[a-z0-9]+", self.sentence.lower()))


def rows() -> Iterator[Row]:
    """Every row that claims something of the server."""
    for section in LEDGER.read_text().split("\n## "):
        file = SECTION.search(section)
        for line in section.splitlines() if file else ():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if file and line.startswith("| ") and cells[0] != "Sentence":
                assert len(cells) == 3, line
                yield Row(file[1], cells[0], cells[1], cells[2].strip("`"))


def named_in(file: Path) -> list[str]:
    """The names of the tests in a file."""
    tree = ast.parse(file.read_text())
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = [node.name for node in tree.body if isinstance(node, functions)]
    return [name for name in names if name.startswith("test_")]


ROWS = list(rows())


def test_the_ledger_is_read() -> None:
    """The tables have the form that this file reads, for each document."""
    files = {row.file for row in ROWS}

    assert len(ROWS) > 100
    assert {"test_seed_001.py", "test_seed_004.py", "test_rfc_7662.py"} <= files
    assert all(row.source for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.test)
def test_every_row_has_a_home(row: Row) -> None:
    """The module and the name in it exist in the package."""
    module, colon, name = row.home.partition(":")
    assert colon, row.home
    found: object = importlib.import_module(f"ostiary.{module}")
    for part in name.split("."):
        assert hasattr(found, part), row.home
        found = getattr(found, part)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.test)
def test_every_row_has_a_spec_test(row: Row) -> None:
    """The sentence is the name of a test in the file of its document."""
    assert row.test in named_in(SPECS / row.file)


def test_every_spec_test_has_a_row() -> None:
    """No test of tests/specs tries what no sentence asks, and each has one row."""
    tried = [
        (file.name, name) for file in SPECS.glob("test_*.py") for name in named_in(file)
    ]
    listed = [(row.file, row.test) for row in ROWS]

    assert sorted(tried) == sorted(listed)
    assert max(Counter(listed).values()) == 1
