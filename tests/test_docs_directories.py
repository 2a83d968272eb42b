"""The pages on directories: their YAML loads, their numbers are those of the code.

What directories answer is tested where they are asked.
"""

import re
from pathlib import Path

import pytest
import yaml

from ostiary.agent.settings import load as load_agent
from ostiary.configuration.reading import declare
from ostiary.core.errors import Reason, told
from ostiary.core.model import LockoutRules
from ostiary.core.passwords import Asked, DirectoryLimit, directory_rules, open_again_in
from ostiary.dialects.auth0.errors import row_of as auth0_row
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.entra.errors import row_of as entra_row
from ostiary.settings import load
from ostiary.settings.connection import OPTIONS

PAGES = Path(__file__).parent.parent / "docs" / "directories"
SOURCES = PAGES.parent.parent / "src"
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PRODUCTION = """\
server:
  mode: production
  base_url: https://login.contoso.test
  tls: {certificate: cert.pem, key: key.pem}
"""


def blocks(*, of_agents: bool) -> list[tuple[str, str]]:
    """Every YAML block of the pages; an agent's own file has the key `directory`."""
    return [
        (f"{page.name}-{number}", text)
        for page in sorted(PAGES.glob("*.md"))
        for number, text in enumerate(BLOCK.findall(page.read_text()))
        if ("directory" in yaml.safe_load(text)) is of_agents
    ]


@pytest.mark.parametrize(
    ("name", "text"), blocks(of_agents=False), ids=lambda v: v[:30]
)
def test_blocks_are_good_as_they_stand(name: str, text: str, tmp_path: Path) -> None:
    """Complete tenants, safe enough for production, with secrets from elsewhere."""
    file = tmp_path / "ostiary.yaml"
    file.write_text(PRODUCTION + text)
    environ = dict.fromkeys(re.findall(r"\{env: (\w+)\}", text), "a-secret-of-theirs")
    for path in re.findall(r"\{file: ([\w/.-]+)\}", text):
        (tmp_path / "secret").write_text("a-secret-of-theirs\n")
        file.write_text(file.read_text().replace(path, str(tmp_path / "secret")))

    declared = declare(load(file, environ))

    strategies = [c.settings.strategy for t in declared for c in t.connections]
    assert set(strategies) <= set(OPTIONS), name
    assert set(strategies) & {"ad", "waad", "adfs"}


def test_blocks_of_agents_are_good_as_they_stand(tmp_path: Path) -> None:
    """Their own file, with secrets from elsewhere: nothing to warn of."""
    for _, text in blocks(of_agents=True):
        file = tmp_path / "agent.yaml"
        file.write_text(text)
        environ = dict.fromkeys(re.findall(r"\{env: (\w+)\}", text), "a-secret")
        settings, warnings = load_agent(file, environ)

        assert settings.server.startswith("https://")
        assert warnings == ()


def test_every_strategy_that_asks_elsewhere_has_a_block() -> None:
    """And every option of theirs is named on one of the pages."""
    text = "".join(page.read_text() for page in PAGES.glob("*.md"))

    for strategy in ("ad", "waad", "adfs"):
        assert f"strategy: {strategy}\n" in text
        for option in OPTIONS[strategy].__struct_encode_fields__:
            assert re.search(rf"\b{option}\b", text), option


STATES = {
    "wrong password, or nobody": Reason.PASSWORD_WRONG,
    "locked there, or here": Reason.DIRECTORY_LOCKED,
    "disabled": Reason.USER_DISABLED,
    "account expired": Reason.ACCOUNT_EXPIRED,
    "password expired or must change": Reason.DIRECTORY_PASSWORD_EXPIRED,
    "not at this hour or workstation": Reason.LOGON_RESTRICTED,
    "upstream asks for a second factor": Reason.UPSTREAM_MFA_REQUIRED,
    "upstream asks for consent": Reason.UPSTREAM_CONSENT_REQUIRED,
    "a policy of the upstream": Reason.UPSTREAM_POLICY_BLOCKED,
    "no answer in time": Reason.DIRECTORY_TIMEOUT,
    "down, busy, misconfigured, no agent": Reason.AGENT_ABSENT,
}


@pytest.mark.parametrize("state", STATES)
def test_states_are_answered_as_the_table_says(state: str) -> None:
    """Code and status of both dialects, for each state of an account there."""
    reason = told(STATES[state], hide_unknown_users=True)
    row = entra_row(reason)
    cells = [f"503, {row.code}" if row.status == 503 else str(row.code)]
    for surface in (Surface.RO, Surface.TOKEN):
        found = auth0_row(reason, surface)
        error = "" if found.status == 503 else f" `{found.error}`"
        cells.append(f"{found.status}{error}")

    line = f"\n| {state} | {' | '.join(cells)} |\n"
    assert line in (PAGES / "README.md").read_text()


def test_every_state_of_the_table_is_tested() -> None:
    """No line of it goes unchecked."""
    text = (PAGES / "README.md").read_text()
    lines = text.split("### ")[0].split("| State there |")[1].split("\n\n")[0]

    assert re.findall(r"^\| ([a-z][^|]*) \|", lines, re.MULTILINE) == list(STATES)


@pytest.mark.parametrize("threshold", [10, 5, 4, 3, 2])
def test_numbers_of_the_lockout_page(threshold: int) -> None:
    """When Ostiary locks first, and how many wrong passwords a directory gets."""
    limit = DirectoryLimit(threshold, 1800)
    first = directory_rules(LockoutRules(), limit).threshold
    most = next(n for n in range(99) if open_again_in(Asked(n, 1000.0), limit, 1001.0))
    text = (PAGES / "lockout.md").read_text()
    cells = re.search(rf"^\| {threshold} \| (\d+)[a-z ]* \| (\d+) \|$", text, re.M)

    assert cells is not None
    assert (int(cells[1]), int(cells[2])) == (first, most)
    assert most < threshold


def sayings() -> list[str]:
    """What the pages say that a test says, as far as it is not somebody's own name."""
    tables = [
        table
        for page in PAGES.glob("*.md")
        for table in re.findall(
            r"\| It says \|.*?(?:\n\n|\Z)", page.read_text(), re.DOTALL
        )
    ]
    cells = [c for t in tables for c in re.findall(r"^\| (`.*?`) \|", t, re.MULTILINE)]
    quoted = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    return [part.strip() for text in quoted for part in text.split("…") if part.strip()]


def test_what_a_test_is_said_to_say_it_says() -> None:
    """Every quotation stands in the code."""
    code = "".join(path.read_text() for path in SOURCES.rglob("*.py"))

    assert len(sayings()) > 15
    assert [each for each in sayings() if each not in code] == []
