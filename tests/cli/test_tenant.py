"""`ostiary tenant`: what it writes, shows and refuses."""

import json

from tests.cli.commands import CONTOSO, Commands, commands, contoso

__all__ = ["commands"]


def test_a_tenant_goes_through_its_life(commands: Commands) -> None:
    """Added shut, opened, given another domain, removed with all that is in it."""
    made = commands.tell("tenant", "add", "fabrikam", "--domain", "fabrikam.test")
    shown = commands.tell("tenant", "show", "fabrikam.test")
    assert (shown["id"], shown["password_grant"]) == (made["id"], False)
    assert [key["state"] for key in keys(commands)] == ["current", "next"]
    changed = commands.tell(
        "tenant", "change", "fabrikam", "--password-grant", "--name", "fab",
        "--add-domain", "second.test", "--lockout-threshold", "5",
        "--entra-edition", "2018-12",
    )  # fmt: skip
    assert set(changed["changed"]) == {
        "name",
        "domains",
        "password_grant",
        "lockout",
        "options",
    }
    shown = commands.tell("tenant", "show", "fab")
    assert shown["domains"] == [{"name": "fabrikam.test"}, {"name": "second.test"}]
    assert (shown["entra_edition"], shown["lockout"]["threshold"]) == ("2018-12", 5)
    commands.say("tenant", "change", "fab", "--remove-domain", "fabrikam.test")
    commands.path.write_text(commands.say("export"))
    assert commands.plan("--prune") == (0, ["no differences"])
    commands.say("tenant", "remove", "fab", "--yes")
    assert [row["name"] for row in commands.tell("tenant", "list")] == ["contoso"]


def keys(commands: Commands) -> list[dict[str, str]]:
    """The signing keys of fabrikam."""
    rows: list[dict[str, str]] = commands.tell("keys", "list", "--tenant", "fabrikam")
    return rows


def test_taken_names_and_retired_ids_are_refused(commands: Commands) -> None:
    """Names, domains and ids lead to one tenant, and ids never come back."""
    words = ("tenant", "add", "fabrikam", "--domain")
    line = commands.refuse(*words, "contoso.test")
    assert line == "ostiary: contoso.test belongs to another tenant"
    line = commands.refuse("tenant", "add", "contoso", "--domain", "new.test")
    assert line == "ostiary: contoso belongs to another tenant"
    commands.say("tenant", "remove", "contoso", "--yes")
    line = commands.refuse(*words, "fabrikam.test", "--id", CONTOSO)
    assert line.endswith("belonged to a tenant that was removed: ids are never reused")


def test_a_tenant_keeps_a_domain(commands: Commands) -> None:
    """The last domain cannot go."""
    line = commands.refuse(
        "tenant", "change", "contoso", "--remove-domain", "contoso.test"
    )
    assert line == "ostiary: a tenant keeps one domain at least"


def test_wrong_values_say_what_is_allowed(commands: Commands) -> None:
    """The rules are those of the configuration file; exit code 2."""
    words = ("tenant", "add", "fabrikam", "--domain")
    line = commands.refuse(*words, "fabrikam.test=somehow", code=2)
    assert "managed|pass-through|federated" in line
    line = commands.refuse(*words, "nodot", code=2)
    assert "must be a domain such as contoso.test" in line
    line = commands.refuse(*words, "a.test=pass-through:nowhere")
    assert line == "ostiary: no such connection: nowhere"


def test_a_removed_tenants_applications_leave_nothing_behind(
    commands: Commands,
) -> None:
    """What other tenants said of its applications goes with them; export is whole."""
    fabrikam = {
        "name": "fabrikam",
        "domains": [{"name": "fabrikam.test"}],
        "applications": [{"client_id": "shared", "audience": "multi-tenant"}],
    }
    alice = {
        "username": "alice@contoso.test",
        "assigned_to": ["shared"],
        "consents": [{"client_id": "shared", "scopes": ["User.Read"]}],
    }
    policy = {"name": "p", "effect": "block", "applications": ["shared", "console"]}
    commands.apply(contoso(users=[alice], policies=[policy]), fabrikam)
    commands.say("tenant", "remove", "fabrikam", "--yes")
    document = json.loads(commands.say("export", "--json"))
    assert "shared" not in json.dumps(document)
    assert document["tenants"][0]["policies"][0]["applications"] == ["console"]
    commands.path.write_text(commands.say("export"))
    assert commands.plan("--prune") == (0, ["no differences"])
