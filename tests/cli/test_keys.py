"""`ostiary keys`: what a rotation does to the keys of a tenant."""

import datetime

from tests.cli.commands import Commands, commands

__all__ = ["commands"]


def test_a_rotation_moves_every_key_on_by_one(commands: Commands) -> None:
    """Next becomes current, current retires for a day, a new next one is there."""
    first, second = commands.tell("keys", "list")
    assert (first["state"], second["state"]) == ("current", "next")
    assert (second["signs_from"], first["published_until"]) == (None, None)
    done = commands.tell("keys", "rotate")
    assert done["current"] == second["kid"]
    rows = {row["kid"]: row for row in commands.tell("keys", "list")}
    states = {kid: row["state"] for kid, row in rows.items()}
    assert states == {
        first["kid"]: "retiring",
        second["kid"]: "current",
        done["next"]: "next",
    }
    until = datetime.datetime.fromisoformat(rows[first["kid"]]["published_until"])
    began = datetime.datetime.fromisoformat(rows[second["kid"]]["signs_from"])
    assert until - began == datetime.timedelta(hours=24)


def test_a_hurried_rotation_says_so(commands: Commands) -> None:
    """A key that was published for less than a day may not be known to readers."""
    done = commands.run("keys", "rotate")
    assert done.exit_code == 0
    assert "may not know the new key yet" in done.stderr
