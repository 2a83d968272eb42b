"""`ostiary app`: what it writes, shows and refuses."""

import json

from tests.cli.commands import Commands, commands, contoso

__all__ = ["commands"]


def test_an_application_goes_through_its_life(commands: Commands) -> None:
    """Added without any grant, changed by name, removed."""
    made = commands.tell("app", "add", "--name", "Tool")
    client_id = made["client_id"]
    shown = commands.tell("app", "show", "Tool")
    assert shown["client_id"] == client_id
    assert (shown["public_client"], shown.get("grant_types")) == (False, None)
    changed = commands.tell(
        "app", "change", "Tool", "--name", "Tools", "--public-client",
        "--grant-type", "refresh_token", "--grant-type", "password",
        "--permission", "User.Read", "--permission", "api://tasks/Tasks.Read",
        "--audience", "multi-tenant", "--redirect-uri-public", "http://localhost",
        "--connection", "Username-Password-Authentication", "--disable",
    )  # fmt: skip
    assert changed["name"] == "Tools"
    shown = commands.tell("app", "show", client_id)
    assert shown["grant_types"] == ["password", "refresh_token"]
    assert shown["permissions"] == ["User.Read", "api://tasks/Tasks.Read"]
    assert (shown["audience"], shown["enabled"]) == ("multi-tenant", False)
    assert shown["redirect_uris"]["public"] == ["http://localhost"]
    commands.path.write_text(commands.say("export"))
    assert commands.plan("--prune") == (0, ["no differences"])
    commands.say("app", "remove", "Tools", "--yes")
    rows = commands.tell("app", "list")
    assert [row["client_id"] for row in rows] == ["console"]


def test_a_secret_is_told_once(commands: Commands) -> None:
    """40 characters, printed when made; after that only number and end are shown."""
    commands.say("app", "add", "--client-id", "web")
    first = commands.tell("app", "secret", "add", "web", "--expires", "2030-01-01")
    second = commands.say("app", "secret", "add", "web").strip()
    assert len(first["secret"]) == len(second) == 40
    assert first["secret"] != second
    assert first["expires"] == "2030-01-01T00:00:00Z"
    shown = commands.say("app", "show", "web", "--json")
    assert json.loads(shown)["secrets"] == [
        {"number": 1, "expires": "2030-01-01T00:00:00Z"},
        {"number": 2, "expires": None},
    ]
    said = shown + commands.say("export") + commands.say("audit", "tail", "--json")
    for secret in (first["secret"], second):
        assert secret not in said
        assert secret.encode() not in commands.files()
    commands.say("app", "secret", "remove", "web", "1")
    shown = commands.say("app", "show", "web", "--json")
    assert json.loads(shown)["secrets"] == [{"number": 1, "expires": None}]
    line = commands.refuse("app", "secret", "remove", "web", "2")
    assert line == "ostiary: there is no secret number 2"


def test_applying_keeps_secrets_that_the_file_does_not_name(commands: Commands) -> None:
    """A file without `secrets` leaves those of the store alone."""
    web = {"client_id": "web", "grant_types": ["password"]}
    commands.apply(contoso(applications=[web]))
    commands.say("app", "secret", "add", "web")
    assert commands.apply(contoso(applications=[web]), prune=False) == [
        "no differences"
    ]
    assert len(commands.tell("app", "show", "web")["secrets"]) == 1


def test_what_does_not_exist_is_refused(commands: Commands) -> None:
    """Unknown scopes, connections and applications; taken ids; secrets of public."""
    line = commands.refuse("app", "add", "--permission", "Nothing.Read")
    assert line == "ostiary: no such scope: Nothing.Read"
    line = commands.refuse("app", "change", "console", "--connection", "nowhere")
    assert line == "ostiary: no such connection: nowhere"
    line = commands.refuse("app", "show", "nothing")
    assert line == "ostiary: no such application in contoso: nothing"
    line = commands.refuse("app", "add", "--client-id", "console")
    assert line == "ostiary: console is the id of another application"
    line = commands.refuse("app", "secret", "add", "console")
    assert line == "ostiary: a public application has no secret"


def test_a_removed_application_is_forgotten_everywhere(commands: Commands) -> None:
    """Assignments and pre-authorisations do not wait for another one of that id."""
    resource = {"identifier": "api://x", "pre_authorized": ["console"]}
    alice = {"username": "alice@contoso.test", "assigned_to": ["console"]}
    commands.apply(contoso(users=[alice], resources=[resource]))
    commands.say("app", "remove", "console", "--yes")
    assert "console" not in commands.say("export", "--json")
