"""The pages of docs/clients on Auth0's clients, and their snippets, ready to run.

Which client runs them, and what they must print, is said in test_auth0_documentation.
"""

import re
from typing import Final

import yaml

from tests.clients.environments import ROOT
from tests.wire.clients.auth0_judging import ALICE
from tests.wire.instance import Document

FOLDER: Final = ROOT / "docs" / "clients"
LANGUAGES: Final = {
    "auth0-python": "python",
    "node-auth0": "js",
    "auth0-js": "js",
    "auth0-verifiers": "js",
}
"""The pages, and what their snippets are written in."""
GENERAL: Final = "auth0"
"""The page on what all of them need."""
FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
APPLICATIONS: Final = ("phone-app", "web-app", "daemon")
"""The applications that the pages name."""
PLACE: Final = "localhost:8443"
CHEAP: Final = {"algorithm": "argon2id", "memory_kib": 64, "iterations": 1}


def text_of(page: str) -> str:
    """What stands on a page."""
    return (FOLDER / f"{page}.md").read_text()


def snippets(page: str) -> dict[str, str]:
    """The snippets of a page by name, in the language of its client."""
    found = FENCE.findall(text_of(page))
    codes = [code for language, code in found if language == LANGUAGES[page]]
    return {f"{page} {number}": code for number, code in enumerate(codes, 1)}


def assumed(place: str) -> Document:
    """The configuration that the pages assume, at `place` and with cheap hashes.

    Alice has her id of the contract, so that her tokens can be judged like any others.
    """
    [code] = [code for kind, code in FENCE.findall(text_of(GENERAL)) if kind == "yaml"]
    document: Document = yaml.safe_load(code.replace(PLACE, place))
    del document["server"]
    [tenant] = document["tenants"]
    tenant["password_hash"] = {**CHEAP}
    tenant["users"][0]["auth0_id"] = ALICE.removeprefix("auth0|")
    return document


def placed(code: str, domain: str) -> str:
    """A snippet that means our instance, and the package by the name it has here."""
    package = "auth0-2-44" if ".signIn(" in code else "auth0-4"
    code = code.replace('require("auth0")', f'require("{package}")')
    return code.replace(PLACE, domain)
