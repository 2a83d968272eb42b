"""`ostiary consent`: whose word counts for which scope (contract entra §5.3)."""

from tests.cli.commands import Commands, commands

__all__ = ["commands"]
ALICE = "alice@contoso.test"
CONSOLE = ("--client-id", "console")


def scopes(commands: Commands, *words: str) -> list[list[str]]:
    """The scopes of each consent listed."""
    return [row["scopes"] for row in commands.tell("consent", "list", *words)]


def test_consents_are_listed_added_and_removed(commands: Commands) -> None:
    """Scopes are kept in their registered spelling, for a user or for everybody."""
    assert scopes(commands) == [["User.Read", "openid"]]
    mine = ("--user", ALICE)
    added = commands.tell(
        "consent", "add", *CONSOLE, *mine, "--scope", "mail.read API://tasks/tasks.read"
    )
    assert added["changed"] == ["Mail.Read", "api://tasks/Tasks.Read"]
    assert scopes(commands, *mine) == [["Mail.Read", "api://tasks/Tasks.Read"]]
    assert scopes(commands, "--admin") == [["User.Read", "openid"]]
    graph = "https://graph.microsoft.com/Mail.Read"
    commands.say("consent", "remove", *CONSOLE, *mine, "--scope", graph)
    assert scopes(commands, *mine) == [["api://tasks/Tasks.Read"]]
    commands.say("consent", "remove", *CONSOLE, *mine)
    assert scopes(commands, *mine) == []
    line = commands.refuse("consent", "remove", *CONSOLE, *mine)
    assert line == "ostiary: no such consent for console"


def test_only_administrators_consent_to_admin_scopes(commands: Commands) -> None:
    """A scope of consent type admin needs --admin."""
    scope = ("--scope", "api://tasks/Tasks.Write")
    line = commands.refuse("consent", "add", *CONSOLE, "--user", ALICE, *scope)
    needs = "needs an administrator's consent for everybody"
    assert line == f"ostiary: api://tasks/Tasks.Write {needs}"
    commands.say("consent", "add", *CONSOLE, "--admin", *scope)
    assert scopes(commands) == [["User.Read", "api://tasks/Tasks.Write", "openid"]]


def test_what_does_not_exist_is_refused(commands: Commands) -> None:
    """Unknown scopes, resources, applications and users; nobody named."""
    add = ("consent", "add", *CONSOLE, "--admin", "--scope")
    assert commands.refuse(*add, "Foo.Read") == "ostiary: no such scope: Foo.Read"
    line = commands.refuse(*add, "api://tasks/Foo")
    assert line == "ostiary: no such scope: api://tasks/Foo"
    line = commands.refuse(*add, "api://other/Foo")
    assert line == "ostiary: no such resource: api://other/Foo"
    words = ("--admin", "--scope", "User.Read")
    line = commands.refuse("consent", "add", "--client-id", "nothing", *words)
    assert line == "ostiary: no such application for contoso: nothing"
    line = commands.refuse("consent", "add", *CONSOLE, "--scope", "User.Read", code=2)
    assert line.endswith("--user NAME, or --admin for everybody")
