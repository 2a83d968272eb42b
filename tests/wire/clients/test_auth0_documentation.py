"""The pages of docs/clients on Auth0's clients: snippets work as they stand.

And the versions, the errors and the assumed configuration are what the pages say.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ostiary.settings import load
from tests.clients.environments import ROOT, Node
from tests.wire.clients.auth0_judging import (
    ALICE,
    API,
    assert_api_token,
    assert_application_token,
    assert_id_token,
)
from tests.wire.clients.auth0_pages import (
    APPLICATIONS,
    FENCE,
    GENERAL,
    LANGUAGES,
    PLACE,
    assumed,
    placed,
    snippets,
    text_of,
)
from tests.wire.clients.auth0_serving import (
    CONNECTION,
    ORIGIN,
    PASSWORD,
    Auth0Served,
    serve_assumed,
)
from tests.wire.clients.driving import Steps, node_steps, python_steps

pytestmark = pytest.mark.xdist_group("auth0-clients")

VERSION = re.compile(r"\d+\.\d+\.\d+")
SECRET = "0123456789abcdef"
ALIASED = {"node-auth0": "auth0", "auth0-js": "auth0-js"}
VERIFIERS = ("jwks-rsa", "express-oauth2-jwt-bearer")
ALL = {name: code for page in LANGUAGES for name, code in snippets(page).items()}
PROVING = [name for name in ALL if name.startswith("auth0-verifiers ")]
ON_PAGES = [name for name, code in ALL.items() if "new auth0." in code]
TELLING = [
    step
    for name in ALL
    if name not in PROVING
    for step in ([f"{name} in 9", f"{name} in 10"] if name in ON_PAGES else [name])
]


@pytest.fixture(scope="module")
def assumed_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auth0Served]:
    """An instance of the very configuration that the snippets assume."""
    folder = tmp_path_factory.mktemp("auth0-pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PASSWORD", PASSWORD)
        patch.setenv("CLIENT_SECRET", SECRET)
        with serve_assumed(folder, assumed) as served:
            yield served


@pytest.fixture(scope="module")
def outcomes(
    assumed_served: Auth0Served, auth0_python: Callable[[str], Path], node: Node
) -> dict[str, Steps]:
    """What the snippets did, by `3`, `today` and `js`, each with its clients."""
    domain, ca = assumed_served.domain, str(assumed_served.ca)
    ready = {name: placed(code, domain) for name, code in ALL.items()}
    facts = {"origin": ORIGIN, "ca": ca, "password": PASSWORD}
    variables = {
        "PASSWORD": PASSWORD,
        "CLIENT_SECRET": SECRET,
        "REQUESTS_CA_BUNDLE": ca,
    }

    def chosen(kind: str) -> dict[str, object]:
        found = {name: code for name, code in ready.items() if kind_of(name) == kind}
        return facts | {"snippets": found}

    old, new = auth0_python("auth0_3_24"), auth0_python("auth0_newest")
    told = chosen("js") | {"access_token": api_token(assumed_served)}
    return {
        "3": python_steps(old, "snippets.py", chosen("3"), **variables),
        "today": python_steps(new, "snippets.py", chosen("today"), **variables),
        "js": node_steps(node, "auth0_snippets.cjs", told, **variables),
    }


def kind_of(name: str) -> str:
    """Which of the runs a snippet belongs to."""
    if LANGUAGES[name.split()[0]] == "js":
        return "js"
    return "3" if "auth0.v3" in ALL[name] else "today"


def api_token(served: Auth0Served) -> str:
    """Alice's access token for the API."""
    asked = {
        "client_id": "web-app",
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "realm": CONNECTION,
        "username": "alice",
        "password": PASSWORD,
        "audience": API,
        "scope": "openid read:x",
    }
    answer = served.post(served.domain, "/oauth/token", asked).raise_for_status()
    token: str = answer.json()["access_token"]
    return token


@pytest.mark.parametrize("step", TELLING)
def test_snippets(
    assumed_served: Auth0Served, outcomes: dict[str, Steps], step: str
) -> None:
    """The snippet prints a token of the kind that it asks for, and it verifies."""
    name = re.sub(r" in \d+$", "", step)
    code, token = ALL[name], outcomes[kind_of(name)].gave(step)
    [client] = [known for known in APPLICATIONS if f'"{known}"' in code]
    if re.search("client_?credentials", code, re.IGNORECASE):
        answer = {"access_token": token, "token_type": "Bearer"}
        assert_application_token(assumed_served, assumed_served.domain, answer, client)
    elif API in code:
        scope = "openid read:x" + " offline_access" * ("offline_access" in code)
        assert_api_token(assumed_served, assumed_served.domain, token, scope, client)
    else:
        assert_id_token(assumed_served, assumed_served.domain, token, client)


@pytest.mark.parametrize("name", PROVING)
def test_snippets_of_apis(outcomes: dict[str, Steps], name: str) -> None:
    """The guard and the verifier let a good token in and keep a spoilt one out."""
    steps = outcomes["js"]
    lets_in = steps.gave(f"{name} lets in")
    if "const guard = " in ALL[name]:
        assert lets_in["status"] == 200
        assert lets_in["body"]["sub"] == ALICE
        keeps_out = steps.gave(f"{name} keeps out")
        assert (keeps_out["status"], keeps_out["body"]["code"]) == (
            401,
            "invalid_token",
        )
    else:
        assert lets_in["sub"] == ALICE
        assert steps.raised(f"{name} keeps out")["text"] == "invalid signature"


@pytest.mark.parametrize("page", LANGUAGES)
def test_pages_tell_versions_and_errors(page: str) -> None:
    """A page has snippets, the versions that are pinned, and what is refused."""
    text, readme = text_of(page), text_of("README")
    told = re.search(r"^Run with (.*?)\[What", text, re.MULTILINE | re.DOTALL)
    assert told
    found = set(VERSION.findall(told.group(1)))
    assert found == pinned(page)
    [row] = [line for line in readme.splitlines() if f"({page}.md)" in line]
    assert set(VERSION.findall(row)) == found
    assert snippets(page)
    assert "## Errors" in text or "## What it refuses" in text


def pinned(page: str) -> set[str]:
    """The versions of a page's clients that the tests run."""
    if page == "auth0-python":
        files = (ROOT / "requirements" / "clients").glob("auth0_*.in")
        pins = "\n".join(path.read_text() for path in files)
        return set(re.findall(r"^auth0-python==(\S+)", pins, re.MULTILINE))
    manifest = ROOT / "tests" / "clients" / "node" / "package.json"
    dependencies = json.loads(manifest.read_text())["dependencies"]
    if page == "auth0-verifiers":
        return {dependencies[name] for name in VERIFIERS}
    alias = f"npm:{ALIASED[page]}@"
    versions = [text for text in dependencies.values() if text.startswith(alias)]
    return {text.removeprefix(alias) for text in versions}


def test_the_assumed_configuration_is_one(tmp_path: Path) -> None:
    """The configuration that the snippets assume is taken as it stands there."""
    [code] = [code for kind, code in FENCE.findall(text_of(GENERAL)) if kind == "yaml"]
    file = tmp_path / "ostiary.yaml"
    file.write_text(code)
    settings = load(file, {"PASSWORD": PASSWORD, "CLIENT_SECRET": SECRET})
    [tenant] = settings.tenants
    assert tenant.auth0_domain == PLACE
    assert [one.client_id for one in tenant.applications] == list(APPLICATIONS)
    assert [one.identifier for one in tenant.resources] == [API]
