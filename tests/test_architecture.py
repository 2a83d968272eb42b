"""The shape of the package, as far as import-linter does not say it.

Who may import whom stands in pyproject.toml; what a module does is tested elsewhere.
"""

import ast
import re
import sqlite3
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import psycopg
import pytest

import ostiary
from ostiary.core.errors import Reason, told
from ostiary.dialects import DIALECTS
from ostiary.dialects.auth0.errors import TABLE as AUTH0_TABLE
from ostiary.dialects.entra.errors import NEVER_HERE, TABLE, row_of
from ostiary.stores import (
    agent_post,
    agents,
    devices,
    directory,
    factors,
    guess_statements,
    limits,
    people,
    tokens,
    turns,
)
from ostiary.stores.migrations import migrate
from ostiary.stores.statement import Statement

PACKAGE = Path(ostiary.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
FOREIGN_WORD = re.compile(
    "aad|aadsts|adal|adfs|auth0|authority|azp|azure|entra|graph|microsoft|msal"
    "|realm|ro|upn|userrealm"
)
"""Words that only one wire has: they stand in its dialect (style: who may import)."""
VAGUE = re.compile("abstract|base|common|helpers?|managers?|utils?")
MOST_LINES, LONGEST_FUNCTION = 300, 40


def named(path: Path) -> str:
    """The path as the failure shows it."""
    return str(path.relative_to(PACKAGE))


def parsed(path: Path) -> ast.Module:
    """The module's syntax tree."""
    return ast.parse(path.read_text())


FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTED = (*FUNCTION, ast.ClassDef, ast.Module)


def words_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every word of identifiers and literals, with its line; docstrings are prose."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, DOCUMENTED)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    prose |= {  # the sentence under a constant or a field is prose as well
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        for text in texts_of(node) if id(node) not in prose else ():
            spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
            for word in re.findall(r"[a-z0-9]+", spaced.lower()):
                yield getattr(node, "lineno", 0), word


def texts_of(node: ast.AST) -> Iterator[str]:
    """What a node spells: names, attributes, arguments, imports, literals."""
    for field in ("id", "attr", "name", "arg", "module", "asname"):
        value = getattr(node, field, None)
        if isinstance(value, str):
            yield value
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


INNER = [m for m in MODULES if m.relative_to(PACKAGE).parts[0] in ("core", "flows")]


@pytest.mark.parametrize("module", INNER, ids=named)
def test_core_and_flows_name_no_dialect(module: Path) -> None:
    """No identifier and no literal is a word of one wire; a Policy field is asked."""
    found = [
        each for each in words_of(parsed(module)) if FOREIGN_WORD.fullmatch(each[1])
    ]

    assert found == []


def test_the_words_of_dialects_are_looked_for() -> None:
    """The search sees identifiers, attributes and literals, and skips docstrings."""
    tree = ast.parse('"""Entra."""\nx.realm = "AADSTS1"\ndef adfs_y():\n    "msal"\n')

    assert {word for _, word in words_of(tree)} >= {"realm", "adfs"}
    assert "entra" not in {word for _, word in words_of(tree)}
    assert "msal" not in {word for _, word in words_of(tree)}


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_modules_are_nouns_of_the_field(module: Path) -> None:
    """No module, package or class is named for being vague."""
    classes = [n for n in ast.walk(parsed(module)) if isinstance(n, ast.ClassDef)]
    parts = module.relative_to(PACKAGE).with_suffix("").parts

    assert not [part for part in parts if VAGUE.fullmatch(part)]
    for found in classes:
        assert not re.match(r"(Abstract|Base|I[A-Z][a-z])", found.name), found.name
        assert not found.name.endswith(("Impl", "Manager", "Helper")), found.name


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_files_and_functions_are_short(module: Path) -> None:
    """At most 300 lines in a file and 40 in a function."""
    lines = module.read_text().splitlines()
    functions = [n for n in ast.walk(parsed(module)) if isinstance(n, FUNCTION)]
    long = [
        f.name
        for f in functions
        if (f.end_lineno or f.lineno) - f.lineno >= LONGEST_FUNCTION
    ]

    assert len(lines) <= MOST_LINES
    assert long == []


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_everything_public_says_what_it_is(module: Path) -> None:
    """Modules, and every public class and function, begin with a sentence."""
    tree = parsed(module)
    silent = [
        node.name
        for node in chain(tree.body, *(n.body for n in classes_of(tree)))
        if isinstance(node, (*FUNCTION, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]

    assert ast.get_docstring(tree), "what must live here, and what must not?"
    assert silent == []


def classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    """The public classes of a module."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return [node for node in classes if not node.name.startswith("_")]


# --- errors -------------------------------------------------------------------------

TABLES = {"auth0": set(AUTH0_TABLE), "entra": set(TABLE) | NEVER_HERE}
TOLD = {told(r, hide_unknown_users=hide) for r in Reason for hide in (True, False)}


@pytest.mark.parametrize("dialect", sorted(TABLES))
def test_every_reason_that_can_be_told_is_worded_and_no_other(dialect: str) -> None:
    """A dialect's table is total over what told() may say, under both settings."""
    assert TABLES[dialect] == TOLD
    assert not NEVER_HERE & set(TABLE)


def test_every_dialect_is_known_here() -> None:
    """A new dialect brings a table of its own to the test above."""
    assert set(DIALECTS) == set(TABLES)


@pytest.mark.parametrize("reason", sorted(TOLD))
def test_rows_hold_together(reason: Reason) -> None:
    """401 is for clients and tokens, 503 for the server; texts are sentences."""
    row = row_of(reason)

    assert row.status in (400, 401, 503)
    assert (row.status == 401) is (row.error in ("invalid_client", "invalid_token"))
    assert (row.status == 503) is (row.error == "temporarily_unavailable")
    assert re.fullmatch(r"[a-z_]+", row.error)
    assert re.fullmatch(r"[ -~]+\.", row.text)
    assert '"' not in row.text  # RFC 6749 §5.2 allows neither of the two
    assert "\\" not in row.text


# --- statements ---------------------------------------------------------------------

REPOSITORIES = (
    agent_post,
    agents,
    devices,
    directory,
    factors,
    guess_statements,
    limits,
    people,
    tokens,
    turns,
)
HOT: Mapping[str, Statement] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in REPOSITORIES
    for name, value in vars(module).items()
    if isinstance(value, Statement)
}
WHOLE = frozenset({"directory._TENANTS"})
"""Statements that are meant to read a whole table: `keys` of an alias lists tenants."""
PARAMETER = re.compile(r"(?<!:):([a-z_]\w*)")
NUMBER = re.compile(
    r"active|at|since|by_password|count|day|level|locks|most|now|until|\w+_(at|until)"
)


def parameters(statement: Statement) -> dict[str, object]:
    """A value of the right type for each parameter."""
    names = PARAMETER.findall(statement.sqlite)
    return {name: 1 if NUMBER.fullmatch(name) else "x" for name in names}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An SQLite file at the newest schema."""
    path = tmp_path_factory.mktemp("schema") / "store.db"
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def test_hot_statements_are_found() -> None:
    """The search finds the statements of every repository that sign-in uses."""
    assert {
        "people.BY_NAME",
        "tokens.FIND",
        "guess_statements.STATE",
        "directory.STAMP",
    } <= set(HOT)


@pytest.mark.parametrize("name", sorted(set(HOT) - WHOLE))
def test_hot_statements_use_an_index_on_sqlite(
    schema: sqlite3.Connection, name: str
) -> None:
    """No step of the plan scans a table."""
    statement = HOT[name]
    plan = schema.execute(
        f"EXPLAIN QUERY PLAN {statement.sqlite}", parameters(statement)
    ).fetchall()
    steps = [row[3] for row in plan]
    scans = [s for s in steps if s.startswith("SCAN") and "CONSTANT ROW" not in s]

    assert [s for s in scans if not s.startswith("SCAN guess")] == []


def test_hot_statements_use_an_index_on_postgresql(postgresql_url: str) -> None:
    """No sequential scan where an index could serve, with many rows to expect."""
    migrate(postgresql_url)
    scanned = {}
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        for name in sorted(set(HOT) - WHOLE):
            statement = HOT[name]
            plan = connection.execute(
                f"EXPLAIN {statement.postgres}".encode(), parameters(statement)
            ).fetchall()
            steps = [row[0] for row in plan if "Seq Scan" in row[0]]
            if steps:
                scanned[name] = steps

    assert scanned == {}
