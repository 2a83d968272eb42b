"""What administrators do counts on the very next request of a running server.

Promise 5: disabled, reset, rotated or removed means so at once.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.cli.commands import CONTOSO, contoso
from tests.wire.client import WireClient
from tests.wire.instance import Instance

PASSWORD = "Alices-1st-word"
NAMES = ("alice", "disabled", "reset", "locked", "changing", "removed", "consenting")


class Live(WireClient):
    """A server process, its client, and the command line beside it."""

    def __init__(self, instance: Instance) -> None:
        """Talk to `instance`, which is started already."""
        super().__init__(instance.base, instance.data / "ca.pem")
        self.path = instance.path

    def command(self, *words: str, input: str = "") -> str:
        """Run a command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "ostiary", *words, "--config", str(self.path)],
            input=input,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def token(self, **form: str) -> httpx.Response:
        """Ask the token endpoint, with openid and offline_access unless told."""
        asked = {"client_id": "console", "scope": "openid offline_access User.Read"}
        return self.post(f"/{CONTOSO}/oauth2/v2.0/token", {**asked, **form})

    def sign_in(self, name: str, password: str = PASSWORD, **form: str) -> Any:
        """The answer to a password of a user of contoso."""
        user = {"username": f"{name}@contoso.test", "password": password}
        return self.token(grant_type="password", **user, **form).json()

    def refresh(self, token: str) -> Any:
        """The answer to a refresh token."""
        answer = self.token(grant_type="refresh_token", refresh_token=token)
        return answer.json()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server process for this file."""
    users = [{"username": f"{n}@contoso.test", "password": PASSWORD} for n in NAMES]
    folder: Path = tmp_path_factory.mktemp("live")
    tenant = contoso(users=users, lockout={"threshold": 2, "seconds": 900})
    instance = Instance(folder, {}, {"tenants": [tenant]})
    instance.start()
    client = Live(instance)
    yield client
    client.close()
    instance.stop()


def test_a_disabled_user_gets_nothing_until_enabled_again(live: Live) -> None:
    """Neither password nor refresh token helps while the account is disabled."""
    refresh = live.sign_in("disabled")["refresh_token"]
    live.command("user", "change", "disabled@contoso.test", "--disable")
    assert live.sign_in("disabled")["error_codes"] == [50057]
    assert live.refresh(refresh)["error_codes"] == [50057]
    live.command("user", "change", "disabled@contoso.test", "--enable")
    assert "access_token" in live.refresh(refresh)


def test_a_reset_ends_every_session(live: Live) -> None:
    """An administrator's reset: old password and old sessions are dead (entra §3.7)."""
    refresh = live.sign_in("reset")["refresh_token"]
    words = ("user", "change", "reset@contoso.test", "--password-stdin")
    said = live.command(*words, input="A-new-one-2\n")
    assert "A-new-one-2" not in said
    assert live.sign_in("reset")["error_codes"] == [50126]
    assert live.refresh(refresh)["error_codes"] == [50173]
    assert "access_token" in live.sign_in("reset", "A-new-one-2")


def test_revoked_sessions_are_over_and_the_password_is_not(live: Live) -> None:
    """--revoke-sessions ends what was begun, and nothing else."""
    refresh = live.sign_in("alice")["refresh_token"]
    time.sleep(0.01)
    live.command("user", "change", "alice@contoso.test", "--revoke-sessions")
    assert live.refresh(refresh)["error_codes"] == [50173]
    assert "access_token" in live.sign_in("alice")


def test_unlocking_opens_a_locked_account(live: Live) -> None:
    """--unlock forgets the wrong passwords: the right one works at once."""
    for wrong in ("wrong-1", "wrong-2"):
        assert live.sign_in("locked", wrong)["error_codes"] == [50126]
    assert live.sign_in("locked")["error_codes"] == [50053]
    live.command("user", "change", "locked@contoso.test", "--unlock")
    assert "access_token" in live.sign_in("locked")


def test_a_password_that_must_change_is_refused(live: Live) -> None:
    """--must-change lets the right password in no more (entra §8)."""
    live.command("user", "change", "changing@contoso.test", "--must-change")
    assert live.sign_in("changing")["error_codes"] == [50055]


def test_a_removed_user_is_unknown(live: Live) -> None:
    """After user remove name and session lead nowhere."""
    refresh = live.sign_in("removed")["refresh_token"]
    live.command("user", "remove", "removed@contoso.test", "--yes")
    assert live.sign_in("removed")["error_codes"] == [50126]
    assert live.refresh(refresh)["error"] == "invalid_grant"


def test_consent_counts_when_given_and_not_when_taken_back(live: Live) -> None:
    """A declared scope is refused without consent, granted with it (entra §5.3)."""
    words = ("--client-id", "console", "--user", "consenting@contoso.test")
    scope = "api://tasks/Tasks.Read"
    live.command(
        "app", "change", "console", *_permissions("User.Read", "openid", scope)
    )
    assert live.sign_in("consenting", scope=scope)["error_codes"] == [65001]
    live.command("consent", "add", *words, "--scope", scope)
    assert live.sign_in("consenting", scope=scope)["scope"] == scope
    live.command("consent", "remove", *words, "--scope", scope)
    assert live.sign_in("consenting", scope=scope)["error_codes"] == [65001]


def _permissions(*names: str) -> tuple[str, ...]:
    return tuple(word for name in names for word in ("--permission", name))


def test_a_made_secret_works_until_it_is_removed(live: Live) -> None:
    """app secret add prints what the token endpoint then takes."""
    live.command("app", "add", "--client-id", "made", "--grant-type", "password")
    live.command(
        "consent", "add", "--client-id", "made", "--admin", "--scope", "openid"
    )
    secret = live.command("app", "secret", "add", "made").strip()
    assert len(secret) == 40
    form = {"client_id": "made", "scope": "openid"}
    assert "access_token" in live.sign_in("alice", client_secret=secret, **form)
    live.command("app", "secret", "remove", "made", "1")
    answer = live.sign_in("alice", client_secret=secret, **form)
    assert answer["error_codes"] == [7000215]


def test_rotated_keys_sign_at_once_and_old_tokens_stay_good(live: Live) -> None:
    """The pre-published next key becomes the current one; readers know it already."""
    address = f"/{CONTOSO}/discovery/v2.0/keys"
    before = {key["kid"] for key in live.get(address).json()["keys"]}
    old = live.sign_in("alice")["id_token"]
    rotated = json.loads(live.command("keys", "rotate", "--json"))
    new = live.sign_in("alice")["id_token"]
    kid = jwt.get_unverified_header(new)["kid"]
    assert kid == rotated["current"]
    assert kid in before
    assert kid != jwt.get_unverified_header(old)["kid"]
    keys = {key["kid"]: jwt.PyJWK(key) for key in live.get(address).json()["keys"]}
    assert rotated["next"] in keys
    for token in (old, new):
        key = keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(token, key.key, ["RS256"], audience="console")
        assert claims["tid"] == CONTOSO


def test_explain_tells_what_was_asked_for(live: Live) -> None:
    """A granted sign-in is explained as well: API, scopes, user, grant."""
    live.sign_in("alice", scope="openid user.read")
    number = live.command("audit", "tail", "-n", "1", "--json")
    told = live.command("audit", "explain", json.loads(number)["trace_id"])
    assert "granted: a sign-in by password" in told
    assert "resource: https://graph.microsoft.com, scope: user.read openid" in told
    assert "alice@contoso.test (" in told


def test_tail_follows_what_a_server_writes(live: Live) -> None:
    """--follow prints a record soon after it was written."""
    words = ("audit", "tail", "--follow", "-n", "0", "--config", str(live.path))
    command = [sys.executable, "-u", "-m", "ostiary", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        killer = threading.Timer(30, following.kill)
        killer.start()
        assert following.stdout is not None
        writer = threading.Thread(target=lambda: _sign_in_often(live, following))
        writer.start()
        line = following.stdout.readline()
        following.terminate()
        writer.join()
        killer.cancel()
    assert "granted password alice@contoso.test client=console" in line


def _sign_in_often(live: Live, following: "subprocess.Popen[str]") -> None:
    """Until the follower has ended: nobody knows when it began to look."""
    while following.poll() is None:
        live.sign_in("alice")
        time.sleep(0.3)


def test_explain_tells_what_the_client_was_not_told(live: Live) -> None:
    """The trace id of an error leads to the true reason and the code that was told."""
    answer = live.sign_in("nobody-of-that-name")
    told = live.command("audit", "explain", answer["trace_id"])
    assert answer["error_codes"] == [50126]
    assert "The tenant has no user of that name." in told
    assert "50126" in told
    assert "console" in told
    assert "contoso" in told
    assert live.command("audit", "explain", answer["correlation_id"]) == told
