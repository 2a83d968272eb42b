"""Can a stranger tell a directory's accounts apart by time? AUC should be 0.5.

`python -m benchmarks.directory_timing` sends wrong passwords for four kinds of accounts
of an Active Directory (Samba), mixed, one at a time (security case ROPC-02). Neither it
nor Ostiary locks anybody meanwhile.
"""

import argparse
import contextlib
import random
import sqlite3

import ldap

from benchmarks.directory import passing
from benchmarks.instance import Instance, instance
from benchmarks.timing import attempt, report
from tests.services import active_directory as ad
from tests.services.active_directory import (
    ActiveDirectoryServer,
    active_directory_server,
)

NAMES = (ad.FRESH[0], "nobody", "disabled", "badhours")


def forget(here: Instance) -> None:
    """Take back every count of wrong passwords here."""
    path = here.folder / "data/ostiary.sqlite"
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as store, store:
        store.execute("DELETE FROM failures")


def never_lock(server: ActiveDirectoryServer) -> None:
    """Let the domain lock nobody."""
    handle = ldap.initialize(server.url)
    handle.set_option(ldap.OPT_X_TLS_CACERTFILE, str(server.ca))
    handle.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    handle.simple_bind_s(f"Administrator@{ad.REALM}", ad.ADMINISTRATOR)
    handle.modify_s(ad.BASE, [(ldap.MOD_REPLACE, "lockoutThreshold", [b"0"])])
    handle.unbind_s()


def measure(samples: int) -> dict[str, list[float]]:
    """Seconds of each attempt, by name."""
    seen: dict[str, list[float]] = {name: [] for name in NAMES}
    with active_directory_server() as server:
        never_lock(server)
        options = {**server.options, **server.secrets}

        def change(tenant: dict[str, object]) -> None:
            passing(corp=options)(tenant)
            tenant["domains"][-1]["name"] = ad.REALM  # type: ignore[index]

        with instance(1, change=change) as here:
            for number in range(-20, samples):
                for name in random.sample(NAMES, len(NAMES)):
                    took = attempt(here, f"{name}@{ad.REALM}", number)
                    if number >= 0:  # the first ones warm up
                        seen[name].append(took)
                forget(here)
    return seen


def main() -> None:
    """Measure and print each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=500)
    seen = measure(parser.parse_args().samples)
    report(seen)


if __name__ == "__main__":
    main()
