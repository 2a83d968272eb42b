"""`ostiary user`: what it writes, shows and refuses."""

import json

from tests.cli.commands import Commands, commands, contoso

__all__ = ["commands"]
ALICE = "alice@contoso.test"


def test_a_user_goes_through_its_life(commands: Commands) -> None:
    """Added, shown, changed, removed: each step shows in the next."""
    made = commands.tell(
        "user", "add", "bob@contoso.test", "--password-stdin", "--given-name", "Bob",
        "--group", "staff", "--attribute", 'size={"cm": 180}', input="Bobs-1st-word\n",
    )  # fmt: skip
    shown = commands.tell("user", "show", "BOB@contoso.test")
    assert shown == {
        "username": "bob@contoso.test",
        "id": made["id"],
        "connection": "Username-Password-Authentication",
        "given_name": "Bob",
        "enabled": True,
        "groups": ["staff"],
        "attributes": {"size": {"cm": 180}},
        "has_password": True,
    }
    changed = commands.tell(
        "user", "change", made["id"], "--given-name", "", "--mfa-required",
        "--assign", "console", "--attribute", "size=null",
    )  # fmt: skip
    assert sorted(changed["changed"]) == [
        "assigned_to",
        "attributes",
        "given_name",
        "mfa_required",
    ]
    shown = commands.tell("user", "show", "bob@contoso.test")
    assert "given_name" not in shown
    assert (shown["assigned_to"], shown["mfa"]) == (["console"], {"required": True})
    commands.say("user", "remove", "bob@contoso.test", "--yes")
    rows = commands.tell("user", "list")
    assert [row["username"] for row in rows] == [ALICE]


def test_a_removed_users_id_is_refused(commands: Commands) -> None:
    """Ids never come back (promise 6)."""
    (row,) = commands.tell("user", "list")
    commands.say("user", "remove", ALICE, "--yes")
    words = ("user", "add", ALICE, "--no-password")
    line = commands.refuse(*words, "--id", row["id"])
    assert line.endswith("is or was somebody's id: ids are never reused")
    commands.say(*words)


def test_removing_asks_first(commands: Commands) -> None:
    """Without a terminal and --yes nothing is removed."""
    line = commands.refuse("user", "remove", ALICE, code=2)
    assert line == f"ostiary: Removing user {ALICE} needs --yes"
    assert len(commands.tell("user", "list")) == 1


def test_a_password_never_comes_as_an_argument(commands: Commands) -> None:
    """Arguments show in process lists: --password takes no value."""
    line = commands.refuse("user", "change", ALICE, "--password=secret-word", code=2)
    assert (
        "secret-word" not in line.partition(";")[0] or "does not take a value" in line
    )
    line = commands.refuse("user", "add", "bob@contoso.test", code=2)
    assert line.endswith("a password is needed: --password-stdin, or --no-password")


def test_names_lead_to_one_user(commands: Commands) -> None:
    """User names and short names share one space, without regard to case."""
    words = ("--no-password", "--login", "bob")
    commands.say("user", "add", "bob@contoso.test", *words)
    for taken in ("Alice@Contoso.test", "BOB"):
        line = commands.refuse("user", "add", taken, "--no-password")
        assert line.endswith(f"{taken.casefold()} is the name of another user")
    line = commands.refuse("user", "change", "bob", "--username", ALICE)
    assert line.endswith(f"{ALICE} is the name of another user")


def test_policies_follow_a_renamed_user(commands: Commands) -> None:
    """A new name is no way out of a policy that blocks the old one."""
    policy = {"name": "p", "effect": "block", "users": [ALICE]}
    commands.apply(contoso(policies=[policy]))
    commands.say("user", "change", ALICE, "--username", "ann@contoso.test")
    document = json.loads(commands.say("export", "--json"))
    assert document["tenants"][0]["policies"][0]["users"] == ["ann@contoso.test"]
    commands.path.write_text(commands.say("export"))
    assert commands.plan("--prune") == (0, ["no differences"])


def test_unknown_users_and_tenants_are_told(commands: Commands) -> None:
    """One line, exit code 1."""
    line = commands.refuse("user", "show", "nobody")
    assert line == "ostiary: no such user in contoso: nobody"
    line = commands.refuse("user", "show", ALICE, "--tenant", "fabrikam")
    assert line == "ostiary: no such tenant: fabrikam"
    line = commands.refuse("user", "change", ALICE, "--assign", "nothing")
    assert line == "ostiary: no such application: nothing"


def test_every_change_leaves_a_record(commands: Commands) -> None:
    """Who changed which fields of whom; no values (promises 9 and 10)."""
    commands.say("user", "change", ALICE, "--password-stdin", input="Secret-word-9\n")
    said = commands.say("audit", "tail", "--json", "-n", "1")
    record = json.loads(said)
    assert (record["outcome"], record["reason"]) == ("changed", "user.change")
    assert record["username"] == ALICE
    assert record["detail"]["fields"] == "password, sessions"
    assert record["detail"]["by"]
    assert "Secret-word-9" not in said
    assert b"Secret-word-9" not in commands.files()
    commands.say("user", "change", ALICE)
    (again,) = commands.say("audit", "tail", "--json", "-n", "1").splitlines()
    assert json.loads(again)["number"] == record["number"]
