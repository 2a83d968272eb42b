"""Prints every figure of docs/performance.md in one run: `make bench`.

Only ratios mean anything: H is bare argon2id and S bare RS256 on all cores of the same
machine, measured before and after in the same run.
"""

import argparse
import asyncio
import json
import statistics
import urllib.parse
import urllib.request
from collections.abc import Callable

import uvloop

from benchmarks.bare import signatures_per_second, verifications_per_second
from benchmarks.instance import DAEMON, PASSWORD, PUBLIC, SECRET, TENANT, Instance
from benchmarks.instance import instance as start
from benchmarks.load import Tally, drive, get, post
from benchmarks.table import show, spread
from ostiary.connections.hashes import HashParameters
from tests.services.provision import Missing

TOKEN = f"/{TENANT}/oauth2/v2.0/token"
SCOPE = "User.Read openid profile offline_access"


def _form(**fields: str) -> str:
    return urllib.parse.urlencode(fields)


def sign_in(user: int, password: str = PASSWORD, name: str = "user") -> bytes:
    """A password sign-in that gets two tokens and a refresh token."""
    form = _form(
        client_id=PUBLIC,
        grant_type="password",
        username=f"{name}{user}@bench.test",
        password=password,
        scope=SCOPE,
    )
    return post(TOKEN, form)


def old_door(user: int) -> bytes:
    """The same at /oauth/ro: an opaque token and an id_token."""
    form = _form(
        client_id=PUBLIC,
        connection="Username-Password-Authentication",
        grant_type="password",
        username=f"user{user}@bench.test",
        password=PASSWORD,
        scope="openid",
    )
    return post("/oauth/ro", form)


class Bench:
    """One instance under load, and the bare rates beside it."""

    def __init__(self, here: Instance, users: int, seconds: float) -> None:
        self._here, self._users, self._seconds = here, users, seconds
        self._turn = 0

    def run(self, connections: int, following: Callable[[int, bytes], bytes]) -> Tally:
        """Drive the instance from this process."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            load = drive(self._here.port, connections, self._seconds, following)
            return runner.run(load)

    def next_user(self) -> int:
        """Users in turn."""
        self._turn += 1
        return self._turn % self._users

    def sign_ins(self, connections: int = 16) -> Tally:
        """Right passwords of many users."""
        return self.run(connections, lambda _, __: sign_in(self.next_user()))

    def old_sign_ins(self) -> Tally:
        """Right passwords at /oauth/ro."""
        return self.run(16, lambda _, __: old_door(self.next_user()))

    def wrong(self) -> Tally:
        """A wrong password, another one each time."""

        def following(_: int, __: bytes) -> bytes:
            turn = self.next_user()
            return sign_in(turn, f"wrong-{self._turn}")

        return self.run(16, following)

    def unknown(self) -> Tally:
        """Names of nobody."""

        def following(_: int, __: bytes) -> bytes:
            turn = self.next_user()
            return sign_in(turn, f"wrong-{self._turn}", name="nobody")

        return self.run(16, following)

    def client_credentials(self) -> Tally:
        """A daemon's token, again and again."""
        form = _form(
            client_id=DAEMON,
            client_secret=SECRET,
            grant_type="client_credentials",
            scope="api://bench/.default",
        )
        request = post(TOKEN, form)
        return self.run(16, lambda _, __: request)

    def refresh(self) -> Tally:
        """One chain of one-time refresh tokens on each connection."""
        first = [self._first_refresh_token(number) for number in range(16)]

        def following(number: int, last: bytes) -> bytes:
            token = json.loads(last)["refresh_token"] if last else first[number]
            form = _form(
                client_id=PUBLIC,
                grant_type="refresh_token",
                refresh_token=token,
                scope=SCOPE,
            )
            return post(TOKEN, form)

        return self.run(16, following)

    def _first_refresh_token(self, number: int) -> str:
        form = _form(
            client_id=PUBLIC,
            grant_type="password",
            username=f"user{number}@bench.test",
            password=PASSWORD,
            scope=SCOPE,
        )
        url = f"http://127.0.0.1:{self._here.port}{TOKEN}"
        with urllib.request.urlopen(url, form.encode(), timeout=30) as answer:
            token: str = json.load(answer)["refresh_token"]
            return token

    def storm(self) -> tuple[Tally, Tally]:
        """Keys asked for every 10 ms while 16 connections sign in."""

        async def both() -> tuple[Tally, Tally]:
            port, seconds = self._here.port, self._seconds
            keys = get(f"/{TENANT}/discovery/v2.0/keys")
            sign_ins = drive(port, 16, seconds, lambda _, __: sign_in(self.next_user()))
            return await asyncio.gather(
                sign_ins, drive(port, 2, seconds, lambda _, __: keys)
            )

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(both())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with start(arguments.users, workers=arguments.workers) as here:
        show("start to first answer", here.started, "s")
        show("memory idle (PSS)", here.memory(), "MB")
        measure(Bench(here, arguments.users, arguments.seconds), arguments.clients)
        show("memory after the storm (PSS)", here.memory(), "MB")
    directories(arguments.seconds)


def directories(seconds: float) -> None:
    """The figures of directories, where python-ldap and slapd are."""
    try:
        from benchmarks import directory

        directory.measure(seconds)
    except (ImportError, Missing) as missing:
        print(f"directories are left out: {missing}")


def bare(seconds: float = 2.0) -> tuple[float, float]:
    """H and S at this moment."""
    hashes = verifications_per_second(HashParameters(), seconds)
    return hashes, signatures_per_second(seconds)


def measure(bench: Bench, clients: int) -> None:
    """Every figure, each beside bare rates taken before and after it."""
    h0, s0 = bare()
    signed, storm = bench.sign_ins(), bench.storm()
    h1, _ = bare()
    old = bench.old_sign_ins()
    h1, _ = bare()
    wrong, unknown = bench.wrong(), bench.unknown()
    h2, s1 = bare()
    daemon = bench.client_credentials()
    _, s2 = bare()
    refreshed = bench.refresh()
    _, s3 = bare()
    crowd = bench.sign_ins(clients)
    h3, _ = bare()
    show("H: bare argon2id, all cores", statistics.median((h0, h1, h2, h3)), "1/s")
    show("S: bare RS256, all cores", statistics.median((s0, s1, s2, s3)), "1/s")
    show("sign-ins / H", signed.rate() / ((h0 + h1) / 2), "", spread(signed))
    show("sign-ins at /oauth/ro / H", old.rate() / h1, "", spread(old))
    show(
        "wrong password / H", wrong.rate(400) / ((h1 + h2) / 2), "", spread(wrong, 400)
    )
    apart = unknown.percentile(0.5, 400) / wrong.percentile(0.5, 400) - 1
    show("unknown user against wrong password", 100 * apart, "%", spread(unknown, 400))
    show("client credentials / S", daemon.rate() / ((s1 + s2) / 2), "", spread(daemon))
    show("refresh / S", refreshed.rate() / ((s2 + s3) / 2), "", spread(refreshed))
    keys = storm[1]
    show("keys p99 while sign-ins saturate", keys.percentile(0.99), "ms", spread(keys))
    show(
        f"{clients} clients: goodput kept",
        crowd.rate() / signed.rate(),
        "",
        spread(crowd),
    )
    refused = spread(crowd, 503)
    show("  refused with 503", crowd.statuses().get(503, 0), "", refused)


if __name__ == "__main__":
    main()
