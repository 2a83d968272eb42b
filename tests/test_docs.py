"""What is undocumented fails: reasons, codes, routes, commands, citations, links.

The manual of the configuration file has a guard of its own, test_docs_settings.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ostiary.cli import COMMANDS
from ostiary.core.errors import Reason
from ostiary.dialects.auth0.errors import TABLE as AUTH0_TABLE
from ostiary.dialects.auth0.errors import row_of
from ostiary.dialects.auth0.routes import PATHS
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.entra.errors import TABLE
from ostiary.dialects.entra.routes import ADFS_PATHS, TENANT_PATHS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference" / "entra.md"
AUTH0_REFERENCE = DOCS / "reference" / "auth0.md"
COMMAND_MANUAL = DOCS / "commands.md"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(#[^)]*)?\)")
CITATION = re.compile(r"(contract|entra|auth0) §(\d+(?:\.\d+)?)")
STATUSES = {"yes", "differs", "not yet", "no", "not run"}
PROMISE = re.compile(r"promises? (\d+)")


def test_every_reason_stands_in_the_reference() -> None:
    """The audit log's words are explained, told or not."""
    text = REFERENCE.read_text() + AUTH0_REFERENCE.read_text()

    assert [r.value for r in Reason if f"`{r.value}`" not in text] == []


@pytest.mark.parametrize("reason", list(TABLE), ids=str)
def test_every_code_has_meaning_and_remedy(reason: Reason) -> None:
    """A line of §6.3 tells code, status, error and reason as they are answered."""
    row = TABLE[reason]
    words = f"`{row.error}`"
    words += f" (`{row.suberror}`)" if row.suberror else ""
    words += f"; v1 `{row.v1_error}`" if row.v1_error else ""
    line = f"| {row.code} | {row.status} | {words} | `{reason}` | "
    found = [rest for rest in REFERENCE.read_text().splitlines() if line in rest]

    assert len(found) == 1, line
    meaning, remedy = found[0].removeprefix(line).removesuffix(" |").split(" | ")
    assert len(meaning) > 5
    assert len(remedy) > 5


def test_the_reference_tells_no_code_that_is_gone() -> None:
    """Each line of the table belongs to a reason that can be told."""
    listed = re.findall(r"^\| \d+ \| \d{3} \| .*? \| `(\w+)` \|", table(), re.MULTILINE)

    assert sorted(listed) == sorted(reason.value for reason in TABLE)


def table() -> str:
    """Section 6.3 of the reference."""
    return REFERENCE.read_text().split("\n### 6.3 ")[1].split("\n### ")[0]


@pytest.mark.parametrize("reason", sorted(AUTH0_TABLE))
def test_every_refusal_of_auth0s_doors_is_told(reason: Reason) -> None:
    """A line of §11 tells how each is answered at the old door and the new one."""
    old, new = (row_of(reason, surface) for surface in (Surface.RO, Surface.TOKEN))
    told = f"{old.status} `{old.error}` | {new.status} `{new.error}`"

    assert f"\n| `{reason}` | {told} |\n" in AUTH0_REFERENCE.read_text()


def test_every_route_of_auth0s_dialect_stands_in_its_reference() -> None:
    """With `{…}` for the parts that differ."""
    text = AUTH0_REFERENCE.read_text()
    shapes = [re.escape("/".join(path)).replace(r"\*", r"\{\w+\}") for path in PATHS]

    assert [s for s in shapes if not re.search(rf"/{s}[`?]", text)] == []


def test_every_row_of_the_parity_table_names_a_test_that_exists() -> None:
    """An honest status has a test; clients that we do not run say so."""
    page = (DOCS / "auth0-parity.md").read_text()
    rows = re.findall(r"^\| (?!Feature|Client|-)(.+?) \| (.+?) \| (.*?) \|", page, re.M)
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    tests = {path: (ROOT / "tests" / path).read_text() for path, _ in named}

    assert {status for _, status, _ in rows} <= STATUSES
    assert [what for what, s, test in rows if not test and s != "not run"] == []
    assert len(named) == sum(bool(test) for *_, test in rows)
    assert [(p, t) for p, t in named if f"def {t}(" not in tests[p]] == []


def test_every_route_stands_in_the_reference() -> None:
    """Paths behind a tenant and behind the ADFS-style authority."""
    text = REFERENCE.read_text()
    paths = [f"/T/{'/'.join(segments)}" for segments in TENANT_PATHS]
    paths += [f"/adfs/{'/'.join(segments)}" for segments in ADFS_PATHS]
    paths += ["/oidc/userinfo", "/error", "/common/discovery/instance"]

    assert [path for path in paths if f"`{path}" not in text] == []


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_stands_in_the_manual(command: str) -> None:
    """With a heading of its own and an example."""
    text = COMMAND_MANUAL.read_text()

    assert re.search(rf"^#+ .*`ostiary {command}\b", text, re.MULTILINE)
    assert text.count(f"ostiary {command}") > 1


def sources() -> Iterator[Path]:
    """Everything that may cite the reference."""
    for folder in ("src", "tests", "docs"):
        yield from (ROOT / folder).rglob("*.py")
        yield from (ROOT / folder).rglob("*.md")


def cited(pattern: re.Pattern[str]) -> set[tuple[Any, str]]:
    """What is cited (a pattern's groups), and where."""
    return {
        (number, str(path.relative_to(ROOT)))
        for path in sources()
        for number in pattern.findall(" ".join(path.read_text().split()))
    }


@pytest.mark.parametrize("dialect", ["entra", "auth0"])
def test_citations_of_the_reference_lead_to_a_section(dialect: str) -> None:
    """`contract entra §6.2` is a heading with that number; so is `contract §6.2` in
    the dialect's own files.
    """
    text = {"entra": REFERENCE, "auth0": AUTH0_REFERENCE}[dialect].read_text()
    numbers = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\.? ", text, re.MULTILINE))
    meant = {
        (number, path)
        for (whose, number), path in cited(CITATION)
        if whose == dialect or (whose == "contract" and of(path) == dialect)
    }

    assert sorted(each for each in meant if each[0] not in numbers) == []


def of(path: str) -> str:
    """The dialect that a file without a word more speaks of."""
    return "auth0" if "auth0" in path else "entra"


def test_citations_of_promises_lead_to_a_promise() -> None:
    """`promise 3` is number 3 of SECURITY.md."""
    text = (ROOT / "SECURITY.md").read_text()
    numbers = set(re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE))

    assert sorted(each for each in cited(PROMISE) if each[0] not in numbers) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file of the project."""
    targets = [path for path, _ in LINK.findall(page.read_text()) if path]

    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_decisions_say_why_and_at_what_price(page: Path) -> None:
    """Context, options, choice, price and non-goals, on one page."""
    text = page.read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert re.match(r"# \d{4} ", text)
    assert text[2:6] == page.name[:4]
    assert headings == ["Context", "Options", "Choice", "Price", "Non-goals"]
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_gaps() -> None:
    """The next one takes the next number."""
    numbers = [int(page.name[:4]) for page in DECISIONS]

    assert numbers == list(range(1, len(numbers) + 1))


def test_changelog_fragments_are_sentences() -> None:
    """`topic.kind.md` with one sentence for operators; what says so is no fragment."""
    kinds = "security|removed|deprecated|added|changed|fixed"
    wrong = [
        page.name
        for page in (ROOT / "changelog.d").iterdir()
        if page.name != "README.txt"
        and not (
            re.fullmatch(rf"[a-z0-9-]+\.({kinds})\.md", page.name)
            and re.fullmatch(r"[A-Z][^\n]+\.\n", page.read_text())
        )
    ]

    assert wrong == []
