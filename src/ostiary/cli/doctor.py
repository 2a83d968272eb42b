"""`ostiary doctor`: what is wrong with an instance, and how it is mended.

Looks and never changes anything; the checks are in `ostiary.doctor`.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from ostiary.configuration.reading import declare
from ostiary.doctor.connections import check_connections
from ostiary.doctor.finding import Finding, Level, fail, ok
from ostiary.doctor.ports import check_ports
from ostiary.doctor.safety import check_files, check_settings
from ostiary.doctor.store import check_store
from ostiary.doctor.tls import check_tls
from ostiary.settings import Server, Settings, SettingsError, load


@click.command()
@click.argument(
    "file",
    type=click.Path(path_type=Path),
    default=Path("ostiary.yaml"),
    metavar="[FILE]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(file: Path, as_json: bool) -> None:
    """Check configuration, TLS, ports, store, keys and clock of FILE's instance.

    FILE is ./ostiary.yaml unless given. Exit code 1 if anything fails.

    Example: ostiary doctor /etc/ostiary/ostiary.yaml
    """
    findings = []
    for finding in examine(file):
        findings.append(finding)
        if not as_json:
            print(finding, flush=True)
    if as_json:
        print(msgspec.json.encode(findings).decode())
    sys.exit(any(finding.level is Level.FAIL for finding in findings))


def examine(file: Path) -> Iterator[Finding]:
    """All checks, in the order in which one would mend things."""
    try:
        settings = load(file)
        declared = declare(settings)
    except SettingsError as wrong:
        for problem in wrong.problems:
            yield fail("configuration", str(problem))
        return
    yield ok("configuration", f"{file}: {_size(settings)}")
    server = settings.server
    yield from check_settings(settings)
    yield from check_files(settings, file)
    yield from check_tls(server, time.time())
    yield from check_ports(server)
    yield from asyncio.run(_all_of_store(server))
    yield from check_connections(server, declared)


async def _all_of_store(server: Server) -> list[Finding]:
    return [finding async for finding in check_store(server)]


def _size(settings: Settings) -> str:
    clients = sum(len(tenant.applications) for tenant in settings.tenants)
    users = sum(len(tenant.users) for tenant in settings.tenants)
    return f"{len(settings.tenants)} tenant(s), {clients} client(s), {users} user(s)"
