"""The pages of docs/clients: their snippets work as they stand, and none is missing.

Those on Auth0's clients are run by test_auth0_documentation.
"""

import re
from pathlib import Path

import pytest

from ostiary.settings import load
from tests.clients.environments import ROOT, Node
from tests.wire.clients import auth0_pages, fixture
from tests.wire.clients.asking import user_tokens
from tests.wire.clients.driving import Steps, node_steps, python_steps
from tests.wire.clients.judging import (
    ADFS,
    BY_CERTIFICATE,
    BY_SECRET,
    assert_application_token,
    assert_graph_token,
    assert_tasks_token,
)
from tests.wire.clients.serving import Served, host_of

pytestmark = pytest.mark.xdist_group("clients")

PAGES = ROOT / "docs" / "clients"
LANGUAGES = {
    "msal-python": "python",
    "azure-identity-python": "python",
    "adal-python": "python",
    "msal-node": "js",
    "azure-identity-node": "js",
    "passport-azure-ad": "js",
}
"""The pages of the clients that are run, and what their snippets are written in."""
NOT_RUN = ("msal-dotnet", "msal-java", "msal-go")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ON_443 = re.compile(r'authority="https://localhost[/"]')


def snippets(page: str) -> dict[str, str]:
    """The snippets of a page by name, in the language of its client."""
    found = FENCE.findall((PAGES / f"{page}.md").read_text())
    codes = [code for language, code in found if language == LANGUAGES[page]]
    return {f"{page} {number}": code for number, code in enumerate(codes, 1)}


ALL = {name: code for page in LANGUAGES for name, code in snippets(page).items()}
TELLING = [name for name, code in ALL.items() if "guard" not in code]


def placed(code: str, served: Served, folder: Path) -> str:
    """A snippet that means our instance, and says the rest as it stands."""
    own = served.base_url.removeprefix("https://")
    on_443 = served.open_url if ON_443.search(code) else served.base_url
    return (
        code.replace("localhost:8443", own)
        .replace("https://localhost", f"https://{host_of(on_443)}")
        .replace('"ca.pem"', f'"{served.ca}"')
        .replace('"app.pem"', f'"{folder / "app.pem"}"')
    )


@pytest.fixture(scope="module")
def places(
    served: Served, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, str]]:
    """The snippets of each page, ready to run; 443 only where it can be bound."""
    folder = tmp_path_factory.mktemp("snippets")
    (folder / "app.pem").write_text(served.keys.key + served.keys.certificate)
    return {
        page: {
            name: placed(code, served, folder)
            for name, code in snippets(page).items()
            if served.port_443 or not ON_443.search(code)
        }
        for page in LANGUAGES
    }


def variables(served: Served) -> dict[str, str]:
    """The environment that the pages speak of."""
    return {
        "PASSWORD": fixture.PASSWORD,
        "CLIENT_SECRET": fixture.SECRET,
        "AZURE_AUTHORITY_HOST": served.base_url,
        "AZURE_TENANT_ID": fixture.DOMAIN,
        "AZURE_CLIENT_ID": fixture.CONFIDENTIAL,
        "AZURE_CLIENT_SECRET": fixture.SECRET,
    }


@pytest.fixture(scope="module")
def outcomes(
    served: Served,
    places: dict[str, dict[str, str]],
    microsoft_python: Path,
    adal_python: Path,
    node: Node,
) -> dict[str, Steps]:
    """What the snippets of each page did, in the environment of its client."""
    of = variables(served)
    python = ("msal-python", "azure-identity-python")
    js = [page for page, language in LANGUAGES.items() if language == "js"]

    def facts(*pages: str) -> dict[str, object]:
        chosen = {name: code for page in pages for name, code in places[page].items()}
        return served.facts() | {"snippets": chosen}

    token = user_tokens(served, f"{fixture.TASKS}/Tasks.Read profile")["access_token"]
    microsoft = python_steps(microsoft_python, "snippets.py", facts(*python), **of)
    adal = python_steps(adal_python, "snippets.py", facts("adal-python"), **of)
    told = facts(*js) | {"user_token": token}
    script = node_steps(node, "snippets.cjs", told, **of)
    return (
        dict.fromkeys(python, microsoft)
        | {"adal-python": adal}
        | dict.fromkeys(js, script)
    )


@pytest.mark.parametrize("name", TELLING)
def test_snippets(
    served: Served,
    outcomes: dict[str, Steps],
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    """The snippet prints a token of the kind that it asks for, and it verifies."""
    code = ALL[name]
    if ON_443.search(code):
        request.getfixturevalue("port_443")
    token = outcomes[name.split()[0]].gave(name)
    if fixture.CERTIFICATE in code:
        assert_application_token(served, token, strength=BY_CERTIFICATE)
    elif fixture.CONFIDENTIAL in code or "EnvironmentCredential" in code:
        assert_application_token(served, token, strength=BY_SECRET)
    elif fixture.TASKS in code:
        assert_tasks_token(served, token)
    else:
        at_adfs = "adfs" in code
        assert_graph_token(served, token, **({"path": ADFS} if at_adfs else {}))


def test_guard_of_passport(outcomes: dict[str, Steps]) -> None:
    """The guard of the snippet lets a good token in and answers 401 to another."""
    steps = outcomes["passport-azure-ad"]
    lets_in = steps.gave("passport-azure-ad 1 lets in")
    assert lets_in == {"user": {"name": fixture.ALICE}}
    assert steps.gave("passport-azure-ad 1 keeps out") == {"status": 401}


def test_every_page_is_known() -> None:
    """Each page is of a client that is run, or says that it is not; README has all."""
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == {*LANGUAGES, *NOT_RUN, *auth0_pages.LANGUAGES, auth0_pages.GENERAL}
    readme = (PAGES / "README.md").read_text()
    assert all(f"({page}.md)" in readme for page in pages)
    for page in NOT_RUN:
        assert "**Not run by our tests.**" in (PAGES / f"{page}.md").read_text()


@pytest.mark.parametrize("page", LANGUAGES)
def test_pages_tell_the_errors(page: str) -> None:
    """A page of a client that is run has a snippet, its version and what it refuses."""
    text = (PAGES / f"{page}.md").read_text()
    assert snippets(page)
    assert re.search(r"^Run with \d+\.\d+\.\d+", text, re.MULTILINE)
    assert "## Errors" in text or "## What it refuses" in text


def test_the_assumed_configuration_is_one(tmp_path: Path) -> None:
    """The configuration that all snippets assume is taken, with both listeners."""
    readme = (PAGES / "README.md").read_text()
    [text] = [code for language, code in FENCE.findall(readme) if language == "yaml"]
    file = tmp_path / "ostiary.yaml"
    file.write_text(text)
    settings = load(file, {})
    assert [address.port for address in settings.server.listen] == [8443, 443]
    [tenant] = settings.tenants
    assert tenant.domains[0].name == fixture.DOMAIN
    assert tenant.password_grant
    assert tenant.adfs_alias


def test_versions_are_those_that_are_run() -> None:
    """Pages and table name the versions that are pinned for the tests."""
    python = ROOT / "requirements" / "clients"
    pins = "\n".join(path.read_text() for path in python.glob("*.in"))
    node = (ROOT / "tests" / "clients" / "node" / "package.json").read_text()
    pinned = {
        "msal-python": re.search(r"^msal==(\S+)", pins, re.MULTILINE),
        "azure-identity-python": re.search(r"azure-identity==(\S+)", pins),
        "adal-python": re.search(r"^adal==(\S+)", pins, re.MULTILINE),
        "msal-node": re.search(r'"@azure/msal-node": "([^"]+)"', node),
        "azure-identity-node": re.search(r'"@azure/identity": "([^"]+)"', node),
        "passport-azure-ad": re.search(r'"passport-azure-ad": "([^"]+)"', node),
    }
    readme = (PAGES / "README.md").read_text()
    for page, match in pinned.items():
        assert match is not None
        version = match.group(1)
        assert f"Run with {version}" in (PAGES / f"{page}.md").read_text()
        assert re.search(rf"\({page}\.md\) \| {re.escape(version)} \|", readme)
