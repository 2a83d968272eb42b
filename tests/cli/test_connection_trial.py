"""`ostiary connection test`: what is asked, how often, and what is said of it."""

from typing import Any

import pytest

from ostiary.core.errors import Reason
from ostiary.flows.facts import Rejected
from tests.cli.commands import Commands, commands
from tests.cli.corporate import ALICE, RIGHT, Corporate, away, corporate

__all__ = ["commands", "corporate"]

SECRET = "The-binding-word-7"


@pytest.fixture
def bound(
    commands: Commands, corporate: type[Corporate], monkeypatch: pytest.MonkeyPatch
) -> Commands:
    """The instance with a connection to the directory."""
    monkeypatch.setenv("BIND", SECRET)
    commands.say(
        "connection", "add", "corp-ad", "--strategy", "ad",
        "--option", "urls=ldaps://dc1.corp.test", "--option", "base_dn=DC=corp,DC=test",
        "--option", "bind_dn=CN=o", "--secret", "bind_password=env:BIND",
    )  # fmt: skip
    return commands


def tried(bound: Commands, *more: str, code: int = 0, password: str = "") -> Any:
    """Exit code checked; remarks as (level, text; mend), and the user."""
    if password:
        more = (*more, "--password-stdin")
    done = bound.run("connection", "test", "corp-ad", *more, input=password)
    assert done.exit_code == code, (done.stdout, done.stderr)
    return done.stdout


def test_it_examines_once_with_the_secret_opened(
    bound: Commands, corporate: type[Corporate]
) -> None:
    """One examination, which costs one bind; remarks with level and remedy, exit 0."""
    text = tried(bound)
    assert text.splitlines() == [
        "ok       Active Directory answers over TLS",
        "warning  locks after 3 wrong passwords; raise it to 10",
    ]
    (made,) = corporate.made
    assert made.asked == [("examine",)]
    assert made.registered.secrets == {"bind_password": SECRET}
    assert made.registered.options["urls"] == ["ldaps://dc1.corp.test"]
    assert made.closed
    assert "connection.test" not in bound.say("audit", "tail")


def test_somebody_is_looked_up(bound: Commands, corporate: type[Corporate]) -> None:
    """Who that is, both lockouts, and that there is no account yet; no bind as them."""
    text = tried(bound, "--username", "alice")
    assert "alice is alice@corp.test" in text
    assert "locks there after 5 wrong passwords, here after 3" in text  # two below
    assert "the first sign-in makes it" in text
    assert f"  id: {ALICE.external_id}" in text
    assert "  - staff\n  - admins" in text
    assert [each[0] for each in corporate.made[0].asked] == ["find", "look_up"]


def test_a_known_account_is_told(bound: Commands) -> None:
    """Its object id, by the directory's id of them."""
    made = bound.tell(
        "user", "add", "a@corp.test", "--connection", "corp-ad", "--no-password",
        "--auth0-id", str(ALICE.external_id), "--disable",
    )  # fmt: skip
    text = tried(bound, "--username", "alice")
    assert f"their account is {made['id']}, which is disabled here" in text


def test_nobody_is_never_bound_as(bound: Commands, corporate: type[Corporate]) -> None:
    """Whoever is not found costs no password check, and the exit code is 1."""
    text = tried(bound, "--username", "nobody", code=1, password=RIGHT)
    assert "FAIL     nobody is called nobody" in text
    assert all(each[0] != "verify" for each in corporate.made[0].asked)


def test_a_right_password(bound: Commands, corporate: type[Corporate]) -> None:
    """One bind; the test stands in the log, the password nowhere."""
    text = tried(bound, "--username", "alice", password=RIGHT)
    assert "ok       the password is right" in text
    asked = corporate.made[0].asked
    assert [each for each in asked if each[0] == "verify"] == [
        ("verify", "alice", RIGHT)
    ]
    log = bound.say("audit", "tail", "--json")
    assert '"connection.test"' in log
    assert RIGHT not in log + text


def test_a_wrong_password_counts_there_alone(
    bound: Commands, corporate: type[Corporate]
) -> None:
    """It says where it counted; our own counters stay as they were."""
    text = tried(bound, "--username", "alice", code=1, password="wrong")
    assert "FAIL     The password was wrong; the directory counts it" in text
    for _ in range(6):  # more than lock here
        tried(bound, "--username", "alice", code=1, password="wrong")
    assert b"wrong" not in bound.files()
    assert "locked" not in bound.say("audit", "tail")


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.DIRECTORY_LOCKED, "The directory itself has locked the account"),
        (Reason.LOGON_RESTRICTED, "limits hours or workstations"),
        (Reason.DIRECTORY_PASSWORD_EXPIRED, "has expired in the directory"),
    ],
)
def test_states_are_told_in_words(
    bound: Commands, corporate: type[Corporate], reason: Reason, words: str
) -> None:
    """The true reason, for the operator."""
    corporate.verdict = Rejected(reason)
    assert words in tried(bound, "--username", "alice", code=1, password="any")


def test_a_directory_that_is_away(bound: Commands, corporate: type[Corporate]) -> None:
    """Why nobody could tell; a misconfiguration in the adapter's own words."""
    corporate.failure = away(Reason.DIRECTORY_UNREACHABLE, "connection refused")
    assert "cannot be reached: connection refused" in tried(bound, code=1)
    corporate.failure = away(Reason.DIRECTORY_MISCONFIGURED, "the CA is unknown")
    text = tried(bound, "--username", "alice", code=1)
    assert text.splitlines() == ["FAIL     the CA is unknown"]
    assert all(each.closed for each in corporate.made)


def test_it_ends_when_the_directory_hangs(
    bound: Commands, corporate: type[Corporate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within its time, as a failure that says so."""
    monkeypatch.setattr("ostiary.cli.connection_trial.SECONDS", 0.2)
    corporate.hangs = True
    text = tried(bound, "--username", "alice", code=1)
    assert "did not answer in time" in text
    assert corporate.made[0].closed


def test_options_that_no_directory_can_have(
    bound: Commands, corporate: type[Corporate]
) -> None:
    """What only the adapter can judge is told as it says it."""
    bound.say("connection", "change", "corp-ad", "--option", "base_dn={x}")
    assert tried(bound, code=1) == "FAIL     base_dn: a brace is no DN\n"


def test_a_password_needs_somebody_and_is_not_empty(
    bound: Commands, corporate: type[Corporate]
) -> None:
    """Wrong usage, before anybody is asked (security case LDAP-01)."""
    test = ("connection", "test", "corp-ad", "--password-stdin")
    line = bound.refuse(*test, code=2, input="x\n")
    assert line == "ostiary: a password is checked for somebody: give --username"
    line = bound.refuse(*test, "--username", "alice", code=2, input="\n")
    assert line == "ostiary: an empty password is never sent to a directory"
    assert corporate.made == []


def test_strategies_that_ask_nobody(commands: Commands) -> None:
    """What would be used; passive ones fail, disabled ones say how to enable them."""
    add = ("connection", "add")
    commands.say(
        *add, "sms", "--strategy", "sms", "--option", "webhook=https://sms.test/"
    )
    commands.say(*add, "goog", "--strategy", "google-oauth2", "--disable")
    test = ("connection", "test")
    assert "asked" in commands.say(*test, "Username-Password-Authentication")
    assert "sends codes by sms through https://sms.test/" in commands.say(*test, "sms")
    done = commands.run(*test, "goog")
    assert done.exit_code == 1
    assert "ostiary connection change goog --enable" in done.stdout
    assert "FAIL     no password can be checked by google-oauth2" in done.stdout


def test_json_says_the_same(bound: Commands) -> None:
    """Remarks and the user, for programs."""
    told = bound.tell("connection", "test", "corp-ad", "--username", "alice")
    assert (told["connection"], told["strategy"]) == ("corp-ad", "ad")
    assert {each["level"] for each in told["remarks"]} == {"ok"}
    assert told["user"]["groups"] == ["staff", "admins"]
    assert told["user"]["email"] == "alice@corp.test"
