"""`ostiary audit`: the log as people read it."""

import json

from tests.cli.commands import Commands, commands

__all__ = ["commands"]


def test_tail_shows_the_newest_last(commands: Commands) -> None:
    """-n records at most, of one tenant if asked, a line each."""
    commands.say("tenant", "add", "fabrikam", "--domain", "fabrikam.test")
    commands.say("keys", "rotate", "--tenant", "contoso")
    lines = commands.say("audit", "tail", "-n", "2").splitlines()
    assert [line.split()[1:3] for line in lines] == [
        ["changed", "tenant.add"],
        ["changed", "keys.rotate"],
    ]
    (line,) = commands.say("audit", "tail", "--tenant", "fabrikam").splitlines()
    assert "tenant.add" in line
    assert commands.say("audit", "tail", "--lines", "0") == ""


def test_explain_tells_a_change_of_an_administrator(commands: Commands) -> None:
    """By its trace id: when, what, by whom and by which door."""
    commands.say("tenant", "change", "contoso", "--no-password-grant")
    record = json.loads(commands.say("audit", "tail", "--json", "-n", "1"))
    told = commands.say("audit", "explain", record["trace_id"].upper())
    facts = dict(line.split(None, 1) for line in told.splitlines())
    assert facts["what"] == "changed: tenant.change"
    assert facts["when"] == record["at"]
    assert facts["tenant"].startswith("contoso (")
    assert facts["door"] == "command line"
    assert "fields: password_grant" in facts["details"]
    (explained,) = json.loads(
        commands.say("audit", "explain", record["trace_id"], "--json")
    )
    assert explained["tenant"] == "contoso"


def test_an_unknown_id_is_told(commands: Commands) -> None:
    """Exit code 1 and one line."""
    line = commands.refuse("audit", "explain", "0f5c1e0a-3f0b-4a57-9c0e-1c3c1f0a7a11")
    assert line.startswith("ostiary: no record has the trace or correlation id")
