"""`ostiary connection`: what it writes, shows and refuses; never a secret."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import Commands, commands, contoso

__all__ = ["commands"]

DATABASE = "Username-Password-Authentication"
AD = (
    "connection", "add", "corp-ad", "--strategy", "ad",
    "--option", "urls=ldaps://dc1.corp.test", "--option", "urls=ldaps://dc2.corp.test",
    "--option", "base_dn=DC=corp,DC=test", "--option", "bind_dn=CN=o,DC=corp,DC=test",
)  # fmt: skip
SECRET = "The-binding-word-7"


@pytest.fixture
def bound(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The instance with a connection to a directory, its password sealed."""
    monkeypatch.setenv("BIND", SECRET)
    commands.say(*AD, "--secret", "bind_password=env:BIND")
    return commands


def options_of(commands: Commands, name: str = "corp-ad") -> Any:
    """The options that `show` tells."""
    return commands.tell("connection", "show", name)["options"]


def test_a_connection_goes_through_its_life(bound: Commands) -> None:
    """Added, shown, listed, changed, exported as the file has it, removed."""
    shown = bound.tell("connection", "show", "corp-ad")
    assert shown["strategy"] == "ad"
    assert shown["options"]["urls"] == [
        "ldaps://dc1.corp.test",
        "ldaps://dc2.corp.test",
    ]
    assert shown["secrets"] == {"bind_password": "set"}
    changed = bound.tell(
        "connection", "change", "corp-ad", "--disable",
        "--option", "lockout.threshold=5", "--option", "lockout.seconds=600",
        "--option", "keep_password=true", "--option", "id_attribute=12345",
    )  # fmt: skip
    assert changed["changed"] == [
        "enabled",
        "id_attribute",
        "keep_password",
        "lockout",
    ]
    options = options_of(bound)
    assert options["lockout"] == {"threshold": 5, "seconds": 600}
    assert (options["keep_password"], options["id_attribute"]) == (True, "12345")
    rows = bound.tell("connection", "list")
    assert [(r["name"], r["enabled"], r["default"]) for r in rows] == [
        (DATABASE, True, True),
        ("corp-ad", False, False),
    ]
    bound.path.write_text(bound.say("export"))
    assert bound.plan("--prune") == (0, ["no differences"])
    bound.say("connection", "change", "corp-ad", "--option", "lockout=", "--enable")
    assert "lockout" not in options_of(bound)
    bound.say("connection", "remove", "corp-ad", "--yes")
    assert [row["name"] for row in bound.tell("connection", "list")] == [DATABASE]


def test_a_secret_is_sealed_and_never_told(bound: Commands) -> None:
    """Not by show, export or the log, and not readable in the store."""
    shown = bound.say("connection", "show", "corp-ad", "--json")
    log = bound.say("audit", "tail", "--json")
    assert SECRET not in shown + bound.say("export") + log
    assert SECRET.encode() not in bound.files()
    assert '"connection.add"' in log


@pytest.mark.parametrize("way", ["stdin", "file"])
def test_ways_for_a_secret(commands: Commands, tmp_path: Path, way: str) -> None:
    """A line of the standard input, blanks and all, or a file; none is the old one."""
    (tmp_path / "secret").write_text(" two words \n")
    source = "-" if way == "stdin" else f"file:{tmp_path / 'secret'}"
    commands.say(*AD, "--secret", f"bind_password={source}", input=" two words \r\n")
    shown = commands.tell("connection", "show", "corp-ad")
    assert shown["secrets"] == {"bind_password": "set"}
    same = ("connection", "change", "corp-ad", "--secret")
    again = commands.tell(*same, f"bind_password={source}", input=" two words \n")
    assert again["changed"] == []
    other = commands.tell(*same, "bind_password=-", input="two words\n")
    assert other["changed"] == ["bind_password"]


def test_another_address_forgets_the_secret(bound: Commands) -> None:
    """Promise 9: a secret goes nowhere else; the command says that it is gone."""
    words = ("connection", "change", "corp-ad", "--option")
    done = bound.run(*words, "urls=ldaps://dc3.corp.test")
    assert done.exit_code == 0
    assert "bind_password was forgotten" in done.stderr
    assert "secrets" not in bound.tell("connection", "show", "corp-ad")


def test_agents_instead_of_an_address_forget_it_too(bound: Commands) -> None:
    """With agents no directory's password stays here (issue: the agent)."""
    done = bound.tell(
        "connection", "change", "corp-ad",
        "--option", "agent=true", "--option", "urls=", "--option", "base_dn=",
    )  # fmt: skip
    assert done["forgotten"] == ["bind_password"]
    assert "secrets" not in bound.tell("connection", "show", "corp-ad")


def test_a_secret_is_taken_away(bound: Commands) -> None:
    """An empty source; and giving it again counts as another one."""
    words = ("connection", "change", "corp-ad", "--secret")
    assert bound.tell(*words, "bind_password=")["changed"] == ["bind_password"]
    assert "secrets" not in bound.tell("connection", "show", "corp-ad")
    assert bound.tell(*words, "bind_password=")["changed"] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--option", "bind_password=x"),
            "options.bind_password: holds a secret; give it by --secret",
        ),
        (
            ("--secret", "base_dn=env:PATH"),
            "options.base_dn: is no secret; give it by --option",
        ),
        (
            ("--secret", "bind_password=env:NOT_SET"),
            "options.bind_password: environment variable 'NOT_SET' is not set; set it",
        ),
        (("--option", "base_dn="), "options.base_dn: missing key; required unless"),
        (("--option", "url=x"), "options.url: unknown key; did you mean 'urls'?"),
        (
            ("--option", "urls=https://dc1"),
            "options.urls[0]: must be ldaps://host[:port] or",
        ),
        (("--option", "agent=maybe"), "options.agent: wrong type: text; allowed: true"),
        (
            ("--option", "lockout.threshold=-1"),
            "options.lockout.threshold: must be a whole number from 0",
        ),
    ],
)
def test_options_are_checked_as_in_the_file(
    bound: Commands, words: tuple[str, ...], line: str
) -> None:
    """One line with the option and what is allowed, exit 2; nothing is changed."""
    before = bound.say("connection", "show", "corp-ad")
    told = bound.refuse("connection", "change", "corp-ad", *words, code=2)
    assert told.startswith(f"ostiary: {line}")
    assert bound.say("connection", "show", "corp-ad") == before


def test_strategies_and_what_they_need(commands: Commands) -> None:
    """A slip of the pen, and a strategy without its options; mail with a password."""
    add = ("connection", "add", "x", "--strategy")
    told = commands.refuse(*add, "wad", code=2)
    assert told.startswith("ostiary: strategy: unknown strategy; did you mean")
    told = commands.refuse(*add, "waad", code=2)
    assert told == "ostiary: options: missing key; required with strategy waad"
    mail = (*add, "email", "--option", "from=no-reply@contoso.test")
    url = f"smtp://user:{SECRET}@mail.contoso.test"
    told = commands.refuse(*mail, "--option", f"smtp={url}", code=2)
    assert told == "ostiary: options.smtp: holds a secret; give it by --secret"
    commands.say(*mail, "--secret", "smtp=-", input=f"{url}\n")
    shown = commands.tell("connection", "show", "x")
    assert shown["options"]["smtp"] == "smtp://user@mail.contoso.test"
    assert shown["secrets"] == {"smtp": "set"}


def test_production_asks_for_encryption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain addresses are refused as in the file; the secret is no literal."""
    monkeypatch.setenv("BIND", SECRET)
    commands = Commands(
        tmp_path,
        mode="production",
        tls="off",
        base_url="https://login.contoso.test",
    )
    add = ("connection", "add", "ad", "--strategy", "ad", "--option", "base_dn=DC=test")
    secret = ("--secret", "bind_password=env:BIND", "--option", "bind_dn=CN=o")
    told = commands.refuse(*add, *secret, "--option", "urls=ldap://dc.test", code=2)
    assert told.startswith("ostiary: options.urls[0]: plain ldap is refused")
    line = commands.refuse(*add, *secret, "--option", "urls=ldaps://dc.test")
    assert line == "ostiary: there is no tenant"


def test_what_is_in_use_stays(bound: Commands) -> None:
    """The default one, one that a domain names, one with users or applications."""
    remove = ("connection", "remove")
    line = bound.refuse(*remove, DATABASE, "--yes")
    assert line == f"ostiary: {DATABASE} is the default directory of contoso"
    domain = "corp.test=pass-through:corp-ad"
    bound.say("tenant", "change", "contoso", "--add-domain", domain)
    line = bound.refuse(*remove, "corp-ad", "--yes")
    assert line == "ostiary: corp-ad has the users of the domain corp.test"
    bound.say("tenant", "change", "contoso", "--remove-domain", "corp.test")
    bound.say("app", "change", "console", "--connection", "corp-ad")
    bound.say(
        "user", "add", "bob@corp.test", "--connection", "corp-ad", "--no-password"
    )
    line = bound.refuse(*remove, "corp-ad", "--yes")
    assert line.startswith(
        "ostiary: corp-ad has 1 user(s), and 1 application(s) name it"
    )
    gone = bound.tell(*remove, "corp-ad", "--yes", "--with-users")
    assert gone["users"] == "1"
    assert "bob@corp.test" not in bound.say("user", "list")
    shown = bound.tell("app", "show", "console")
    assert shown["connections"] == []  # and not all of them


def test_users_leave_policies_with_their_connection(commands: Commands) -> None:
    """Each of several; those of other connections stay."""
    users = [
        {"username": name, "connection": "second"} for name in ("bob@x.y", "eve@x.y")
    ]
    alice = {"username": "alice@contoso.test"}
    policy = {
        "name": "few",
        "effect": "block",
        "users": ["bob@x.y", "eve@x.y", "alice@contoso.test"],
    }
    connections = [
        {"name": DATABASE, "strategy": "auth0"},
        {"name": "second", "strategy": "auth0"},
    ]
    commands.apply(
        contoso(users=[alice, *users], policies=[policy], connections=connections)
    )
    commands.say("connection", "remove", "second", "--yes", "--with-users")
    (tenant,) = json.loads(commands.say("export", "--json"))["tenants"]
    assert [user["username"] for user in tenant["users"]] == ["alice@contoso.test"]
    assert tenant["policies"][0]["users"] == ["alice@contoso.test"]


def test_what_does_not_exist_or_is_there(bound: Commands) -> None:
    """Unknown names, taken names; removal asks first."""
    for what in ("show", "change", "test"):
        line = bound.refuse("connection", what, "nowhere")
        assert line == "ostiary: no such connection in contoso: nowhere"
    line = bound.refuse(*AD)
    assert line == "ostiary: corp-ad is the name of another connection"
    line = bound.refuse("connection", "remove", "corp-ad", code=2)
    assert line == "ostiary: Removing connection corp-ad needs --yes"


def test_leaving_a_directory(bound: Commands) -> None:
    """Strategy auth0 keeps the users with their ids; options and secrets are gone."""
    external = "corp-ad|33221100-5544-7766-8899-aabbccddeeff"
    made = bound.tell(
        "user", "add", "bob@corp.test", "--connection", "corp-ad", "--no-password",
        "--auth0-id", external,
    )  # fmt: skip
    done = bound.tell("connection", "change", "corp-ad", "--strategy", "auth0")
    assert "strategy" in done["changed"]
    shown = bound.tell("connection", "show", "corp-ad")
    assert shown == {"name": "corp-ad", "strategy": "auth0"}
    user = bound.tell("user", "show", "bob@corp.test")
    assert (user["id"], user["auth0_id"]) == (made["id"], external)
    line = bound.refuse("connection", "change", "corp-ad", "--strategy", "ad", code=2)
    assert line == "ostiary: options: missing key; required with strategy ad"


def test_what_a_tenant_entered_stays_restricted(bound: Commands) -> None:
    """Security case ADM-09: a change at the command line opens no private address."""
    with sqlite3.connect(bound.folder / "data" / "ostiary.sqlite") as store:
        store.execute(
            "UPDATE connections SET document = "
            "json_set(document, '$.restricted', json('true')) WHERE name = 'corp-ad'"
        )
    words = ("connection", "change", "corp-ad", "--option")
    bound.say(*words, "urls=ldaps://127.0.0.1")
    shown = bound.tell("connection", "show", "corp-ad")
    assert shown["restricted"] is True
    secret = ("connection", "change", "corp-ad", "--secret", "bind_password=-")
    bound.say(*secret, input="x\n")
    done = bound.run("connection", "test", "corp-ad")
    assert done.exit_code == 1
    assert "address not allowed" in done.stdout
