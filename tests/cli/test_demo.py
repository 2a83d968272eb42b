"""`ostiary demo`: what it makes, what it shows, and that all of it works as pasted."""

import base64
import contextlib
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ostiary.cli import main
from tests.cli.showing import Shown, paste, running_demo
from tests.clients.environments import Node
from tests.services.provision import Missing, free_port

pytestmark = pytest.mark.xdist_group("port443")

TENANT = "5f2b8c1e-7d34-4a9e-b6f0-3c1d9e8a7b52"
AT_AUTH0 = "alice@contoso.test signs in by Auth0's /oauth/ro"
CONSOLE = "6731de76-14a6-49ae-97bc-6eba6914391e"
JWT = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+")


@pytest.fixture(scope="module", params=["443 is asked for", "443 is taken"])
def shown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    """A running demo in a folder that a shell must quote, with and without port 443."""
    folder = tmp_path_factory.mktemp("o'stiary demo") / "new"
    with contextlib.ExitStack() as stack:
        if request.param == "443 is taken":
            # Where we may not have it, the demo may not either: just as good.
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", 443)))
        yield stack.enter_context(running_demo(folder, free_port()))


def claims_in(text: str) -> list[dict[str, Any]]:
    """Claims of every JWT in a text."""
    found = []
    for token in JWT.findall(text):
        payload = token.split(".")[1]
        raw = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        found.append(json.loads(raw))
    return found


def check_signed_in(shown: Shown, printed: str) -> None:
    """The output holds alice's access token for the API, from this very server.

    The ADFS-style authority is an issuer of its own (contract entra §2.9).
    """
    access = [claims for claims in claims_in(printed) if claims.get("scp")]
    assert access, printed[-2000:]
    base = f"https://localhost:{shown.port}"
    assert access[0]["iss"] in (f"{base}/{TENANT}/v2.0", f"{base}/adfs")
    assert access[0]["oid"] == alice(shown)
    assert access[0]["scp"] == "Tasks.Read"


def alice(shown: Shown) -> str:
    """Her object id, as the demo tells it."""
    text = shown.sections["alice@contoso.test signs in by the password grant"]
    (found,) = re.findall(r"^  oid +(\S+)$", text, re.M)
    return str(found)


def test_curl_snippet_works_as_pasted(shown: Shown) -> None:
    """curl gets the tokens, whatever CA and proxy the machine is set to."""
    if shutil.which("curl") is None:
        missing = Missing("curl is not installed: apt-get install curl")
        raise pytest.skip.Exception(str(missing)) from missing
    for snippet in shown.snippets("curl").values():
        answer = json.loads(paste(snippet).partition("\n")[0])
        assert answer["token_type"] == "Bearer"
        assert set(answer) >= {"access_token", "id_token", "refresh_token"}
        check_signed_in(shown, json.dumps(answer))


def test_python_snippets_work_as_pasted(shown: Shown, microsoft_python: Path) -> None:
    """Each snippet for MSAL Python and azure-identity gets alice's token."""
    pasted = shown.snippets("MSAL Python", "azure-identity")
    served = "served too" in shown.sections["Ostiary demo"]
    assert len(pasted) == (2 if served else 3)
    for snippet in pasted.values():
        check_signed_in(shown, paste(snippet, microsoft_python.parent))


def test_adal_snippet_works_as_pasted(shown: Shown, adal_python: Path) -> None:
    """ADAL gets alice's token, of the version that the API asks for."""
    (snippet,) = shown.snippets("ADAL Python").values()
    check_signed_in(shown, paste(snippet, adal_python.parent))


def test_node_snippets_work_as_pasted(shown: Shown, node: Node) -> None:
    """msal-node and @azure/identity get alice's token."""
    pasted = shown.snippets("MSAL Node", "@azure/identity")
    assert len(pasted) == 2
    for snippet in pasted.values():
        printed = paste(snippet, node.executable.parent, NODE_PATH=str(node.modules))
        check_signed_in(shown, printed)


def check_signed_in_at_auth0(shown: Shown, printed: str) -> None:
    """The output holds a token of alice's from the Auth0 half of this server."""
    sub = re.findall(r"^  user_id +(\S+)$", shown.sections[AT_AUTH0], re.M)
    found = claims_in(printed)
    assert found, printed[-2000:]
    assert {claims["iss"] for claims in found} == {f"https://localhost:{shown.port}/"}
    assert {claims["sub"] for claims in found} == set(sub)


def test_both_dialects_sign_the_same_user_in(shown: Shown) -> None:
    """Entra's token endpoint and Auth0's /oauth/ro, one after the other."""
    titles = list(shown.sections)
    assert titles[1:3] == [
        "alice@contoso.test signs in by the password grant",
        AT_AUTH0,
    ]
    text = shown.sections[AT_AUTH0]
    assert f"POST https://localhost:{shown.port}/oauth/ro: 200 in " in text
    assert re.search(r"^  name +Alice Example$", text, re.M)
    assert re.search(r"^  user_id +auth0\|[0-9a-f]{24}$", text, re.M)


def test_auth0_curl_snippet_works_as_pasted(shown: Shown) -> None:
    """curl gets tokens from /oauth/ro."""
    if shutil.which("curl") is None:
        missing = Missing("curl is not installed: apt-get install curl")
        raise pytest.skip.Exception(str(missing)) from missing
    (snippet,) = shown.snippets("Auth0: curl").values()
    answer = json.loads(paste(snippet).partition("\n")[0])
    assert answer["token_type"] == "bearer"
    check_signed_in_at_auth0(shown, answer["id_token"])


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Auth0: auth0-python 3, /oauth/ro", "auth0_3_24"),
        ("Auth0: auth0-python", "auth0_newest"),
    ],
)
def test_auth0_python_snippets_work_as_pasted(
    shown: Shown, auth0_python: Callable[[str], Path], title: str, name: str
) -> None:
    """The last version that knows /oauth/ro, and the newest one."""
    printed = paste(shown.sections[title], auth0_python(name).parent)
    check_signed_in_at_auth0(shown, printed)


def test_auth0_node_snippet_works_as_pasted(
    shown: Shown, node: Node, tmp_path: Path
) -> None:
    """node-auth0, under the name that it is installed by outside of our tests."""
    (tmp_path / "auth0").symlink_to(node.modules / "auth0-4")
    (snippet,) = shown.snippets("Auth0: node-auth0").values()
    modules = f"{tmp_path}:{node.modules}"
    printed = paste(snippet, node.executable.parent, NODE_PATH=modules)
    check_signed_in_at_auth0(shown, printed)


def test_it_says_what_matters(shown: Shown) -> None:
    """Where it serves, the CA's path, the user, and that the grant is a last resort."""
    head = shown.sections["Ostiary demo"]
    ca = shown.folder / "data" / "ca.pem"
    assert f"https://localhost:{shown.port}" in head
    assert str(ca) in head
    assert ca.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert "The password grant is a last resort" in head
    assert len(shown.text.splitlines()) <= 190
    assert "\x1b" not in shown.text


def test_without_443_it_says_the_three_ways_round(shown: Shown) -> None:
    """Served: said so. Not served: why, and three ways, each of them usable."""
    head = shown.sections["Ostiary demo"]
    if "served too" in head:
        assert "not served" not in head
        return
    assert "not served: " in head
    assert [f"{number}. " in head for number in (1, 2, 3)] == [True] * 3
    assert f"https://localhost:{shown.port}/adfs" in head
    titles = [title for title in shown.sections if "without port 443" in title]
    assert len(titles) == 2


def test_decoded_tokens_are_shown(shown: Shown) -> None:
    """Header and claims of the access token, with times that people can read."""
    text = shown.sections["alice@contoso.test signs in by the password grant"]
    assert '"alg":"RS256"' in text
    assert re.search(
        r"^  exp +\d+  \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)$", text, re.M
    )
    assert re.search(r"^  scp +Tasks.Read$", text, re.M)
    assert not JWT.search(text)


def test_token_command_signs_in(shown: Shown) -> None:
    """`ostiary token` gets alice's tokens with the password that the demo shows."""
    head = shown.sections["Ostiary demo"]
    (password,) = re.findall(r"password (\S+)$", head, re.M)
    options = ["--authority", f"https://localhost:{shown.port}/contoso.test"]
    options += ["--ca", str(shown.folder / "data" / "ca.pem"), "--password-stdin"]
    options += ["--client-id", CONSOLE, "--username", "alice@contoso.test"]
    command = ["token", *options, "--scope", "api://tasks/Tasks.Read", "--json"]
    done = CliRunner().invoke(main, command, input=f"{password}\n")
    assert done.exit_code == 0, done.output
    check_signed_in(shown, done.stdout)


def test_doctor_finds_the_running_demo_sound(shown: Shown) -> None:
    """Its port is taken, by this very server; nothing fails."""
    file = str(shown.folder / "ostiary.yaml")
    done = CliRunner().invoke(main, ["doctor", file])
    assert done.exit_code == 0, done.output
    assert f"127.0.0.1:{shown.port}: this server answers" in done.stdout
    served = "served too" in shown.sections["Ostiary demo"]
    assert ("port 443       this server answers" in done.stdout) is served
