"""What a directory costs: `python -m benchmarks.directory`.

Sign-ins through OpenLDAP beside bare binds of the same library over as many
connections, and sign-ins of database users while another directory hangs.
"""

import argparse
import asyncio
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ldap
import uvloop

from benchmarks.instance import PUBLIC, TENANT, Instance, instance
from benchmarks.load import Tally, drive, post
from benchmarks.table import show, spread
from ostiary.connections.ldap.pool import MOST_LINKS
from tests.services import openldap_people as people
from tests.services.faulty_directory import Manner, faulty_directory
from tests.services.openldap import OpenLdapServer, openldap_server

TOKEN = f"/{TENANT}/oauth2/v2.0/token"
HAMMERING = 20
"""Clients that ask for users of the directory that hangs."""
OTHERS = 8
"""Clients that sign in users of the database meanwhile."""
PAUSE = 0.1
"""Seconds after which a client that was refused tries again, unless it hammers."""
SUBTREE = ldap.SCOPE_SUBTREE
SCOPE = "User.Read openid profile offline_access"


Handle = Any
"""python-ldap's handle; it has no types."""


def sign_in(username: str, password: str) -> bytes:
    """A password sign-in that gets two tokens and a refresh token."""
    form = {
        "client_id": PUBLIC,
        "grant_type": "password",
        "username": username,
        "password": password,
        "scope": SCOPE,
    }
    return post(TOKEN, urllib.parse.urlencode(form))


def passing(**connections: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    """A change to the tenant: the domain `<name>.test` passes through to each."""

    def change(tenant: dict[str, Any]) -> None:
        tenant["connections"] = [
            {"name": "Username-Password-Authentication", "strategy": "auth0"},
            *(
                {"name": name, "strategy": "ad", "options": dict(options)}
                for name, options in connections.items()
            ),
        ]
        tenant["domains"] += [
            {
                "name": f"{name}.test",
                "authentication": "pass-through",
                "connection": name,
            }
            for name in connections
        ]

    return change


# --- OpenLDAP -----------------------------------------------------------------------


def binds_per_second(server: OpenLdapServer, seconds: float) -> float:
    """Bare binds with python-ldap."""

    def ask(uid: str, _: Handle, binding: Handle) -> None:
        binding.simple_bind_s(f"uid={uid},{people.PEOPLE}", people.PASSWORD)

    return _rate(server, seconds, ask)


def _open(server: OpenLdapServer) -> Handle:
    # libldap takes localhost for the name of the machine, which has no certificate.
    handle = ldap.initialize(server.url.replace("localhost", "127.0.0.1"))
    handle.set_option(ldap.OPT_X_TLS_CACERTFILE, str(server.ca))
    handle.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    handle.set_option(ldap.OPT_REFERRALS, 0)
    handle.simple_bind_s(people.BIND_DN, people.BIND_PASSWORD)
    return handle


def _rate(
    server: OpenLdapServer, seconds: float, ask: Callable[[str, Handle, Handle], None]
) -> float:
    """Over LDAPS, in as many threads as there are links; each asks of its own user."""
    rates: list[float] = []

    def repeat(uid: str) -> None:
        searching, binding = _open(server), _open(server)
        done, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            ask(uid, searching, binding)
            done += 1
        rates.append(done / passed)
        searching.unbind_s()
        binding.unbind_s()

    crew = [threading.Thread(target=repeat, args=(uid,)) for uid in _users()]
    for member in crew:
        member.start()
    for member in crew:
        member.join()
    return sum(rates)


def questions_per_second(server: OpenLdapServer, seconds: float) -> float:
    """What a sign-in asks, bare: a search, a bind, a read, a search for groups."""

    def ask(uid: str, searching: Handle, binding: Handle) -> None:
        found = searching.search_s(people.PEOPLE, SUBTREE, f"(uid={uid})")
        (dn,) = (dn for dn, _ in found if dn is not None)  # others are references
        binding.simple_bind_s(dn, people.PASSWORD)
        searching.search_s(dn, ldap.SCOPE_BASE)
        member = f"(|(member={dn})(uniqueMember={dn})(memberUid={uid}))"
        searching.search_s(people.BASE, SUBTREE, member, ["cn"])

    return _rate(server, seconds, ask)


def _users() -> list[str]:
    """One for each connection, so that nobody waits for their turn."""
    return [people.FRESH[n % len(people.FRESH)] for n in range(MOST_LINKS)]


BARE = (binds_per_second, questions_per_second)


def through_openldap(seconds: float) -> None:
    """Sign-ins per second as a share of bare binds, before and after."""
    with openldap_server() as server:
        options = {**server.options, **server.secrets, "user_filter": "(uid={1})"}
        with instance(1, change=passing(corp=options)) as here:
            users = [sign_in(f"{uid}@corp.test", people.PASSWORD) for uid in _users()]
            run(here, 1.0, Load(len(users), lambda n, _: users[n]))
            bare = [rate(server, seconds) for rate in BARE]
            (signed,) = run(here, seconds, Load(len(users), lambda n, _: users[n]))
            again = [rate(server, seconds) for rate in BARE]
    binds, questions = ((b + a) / 2 for b, a in zip(bare, again, strict=True))
    show("B: bare binds", binds, "1/s", f"{bare[0]:.0f} and {again[0]:.0f}")
    show("Q: what a sign-in asks, bare", questions, "1/s")
    show("sign-ins through OpenLDAP / B", signed.rate() / binds, "", spread(signed))
    show("sign-ins through OpenLDAP / Q", signed.rate() / questions)


# --- a directory that hangs ---------------------------------------------------------


def beside_one_that_hangs(seconds: float) -> None:
    """Sign-ins of database users, without and with clients of a silent directory."""
    right = sign_in("user0@bench.test", "Ostiary-Test-1")
    theirs = sign_in("jdoe@silent.test", "Any-Passw0rd!")
    ours = Load(OTHERS, lambda _, __: right)
    patient = Load(HAMMERING, lambda _, __: theirs, PAUSE)
    impatient = Load(HAMMERING, lambda _, __: theirs)
    with (
        faulty_directory() as directory,
        instance(1, change=passing(silent=directory.options)) as here,
    ):
        (alone,) = run(here, seconds, ours)
        directory.manner = Manner.SILENT
        runs = {
            "until the breaker opens": run(here, seconds, ours, patient),
            "while it is open": run(here, seconds, ours, patient),
            "and they ask without a pause": run(here, seconds, ours, impatient),
        }
        directory.manner = Manner.HONEST
        (after,) = run(here, seconds, ours)
    usual = (alone.rate() + after.rate()) / 2
    show("database sign-ins, nothing hangs", usual, "1/s", spread(alone))
    for name, (signed, refused) in runs.items():
        show(f"  kept {name}", signed.rate() / usual, "", spread(signed))
        show("    503 for the others", refused.rate(503), "1/s", spread(refused, 503))


# --- both ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """So many clients, what each asks next, and how long it waits before."""

    clients: int
    following: Callable[[int, bytes], bytes]
    pause: float = 0.0


def run(here: Instance, seconds: float, *loads: Load) -> list[Tally]:
    """Drive the instance by several loads at once."""

    async def all_of_them() -> list[Tally]:
        return await asyncio.gather(
            *(
                drive(here.port, load.clients, seconds, load.following, load.pause)
                for load in loads
            )
        )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_of_them())


def measure(seconds: float) -> None:
    """Measure and print. Raises Missing without slapd."""
    through_openldap(seconds)
    beside_one_that_hangs(seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    measure(parser.parse_args().seconds)


if __name__ == "__main__":
    main()
