"""`ostiary connection test`: asks what a connection asks, and says what comes back.

Beside a running server too: neither its counters nor its breakers notice.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from ostiary.app import House
from ostiary.cli.printing import print_json, print_object
from ostiary.cli.running import (
    config_option,
    in_house,
    json_option,
    operator,
    read,
    stop,
    tenant_option,
)
from ostiary.connections import UPSTREAMS, is_served, registered_of
from ostiary.connections.upstream import SECONDS, Away, Grade, Remark, Upstream
from ostiary.core.connections import channel_of
from ostiary.core.errors import Reason
from ostiary.core.model import ConnectionSettings, Tenant
from ostiary.core.passwords import directory_rules
from ostiary.doctor.means import open_means
from ostiary.doctor.upstreams import examine, open_upstream, remark_of
from ostiary.flows.facts import Candidate, Profile, Rejected, Verified
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.connections import find_connection, open_options
from ostiary.flows.manage.reasons import MEANINGS

LONGEST_LINE: Final = 10_000
KNOWS_PEOPLE: Final = frozenset({"ad"})
"""The strategies that tell of somebody without their password."""


@dataclass(slots=True)
class Trial:
    """What a test found: remarks in order, and who was meant."""

    connection: str
    strategy: str
    remarks: list[Remark] = field(default_factory=list)
    user: dict[str, object] | None = None

    @property
    def failed(self) -> bool:
        """Whether anything did."""
        return any(each.grade is Grade.FAIL for each in self.remarks)

    def say(self, grade: Grade, text: str, mend: str = "") -> None:
        """One more remark."""
        self.remarks.append(Remark(grade, text, mend))


@click.command()
@click.argument("name")
@click.option("--username", help="Somebody to look up, as they would type it.")
@click.option("--password", is_flag=True, help="Ask for their password and check it.")
@click.option("--password-stdin", is_flag=True, help="Read it from the standard input.")
@tenant_option
@config_option
@json_option
def test(
    name: str,
    username: str | None,
    password: bool,
    password_stdin: bool,
    tenant: str | None,
    config: Path,
    as_json: bool,
) -> None:
    """Test a connection: its address, certificate, account and settings.

    With --username somebody is looked up instead, and with a password that is checked
    as well. A wrong one counts at the directory like any other. Exit code 1 if
    anything failed.

    Example: ostiary connection test corp-ad --username alice@corp.test --password
    """
    if (password or password_stdin) and username is None:
        stop("a password is checked for somebody: give --username", 2)
    secret = _password(password_stdin) if password or password_stdin else None

    async def act(house: House) -> Trial:
        admin = house.administration("command line", operator())
        home = await admin.tenant(tenant)
        settings = await find_connection(admin, home, name)
        return await try_out(house, admin, home, settings, username, secret)

    found = in_house(read(config).server, act)
    _show(found, as_json)
    sys.exit(1 if found.failed else 0)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        line = sys.stdin.readline(LONGEST_LINE)
        text = line.removesuffix("\n").removesuffix("\r")
    else:
        text = click.prompt("Password", hide_input=True, err=True)
    if not text or "\0" in text:
        stop("an empty password is never sent to a directory", 2)
    return text


async def try_out(
    house: House,
    admin: Administration,
    tenant: Tenant,
    settings: ConnectionSettings,
    username: str | None,
    password: str | None,
) -> Trial:
    """Ask a connection about itself or about somebody; one bind at most."""
    trial = Trial(settings.name, settings.strategy)
    if not settings.enabled:
        mend = f"ostiary connection change {settings.name} --enable"
        trial.say(Grade.WARNING, "switched off: sign-ins are refused", mend)
    if settings.strategy not in UPSTREAMS:
        trial.remarks += _asking_nobody(settings, username)
        return trial
    async with open_means(house.server, house) as means:
        registered = registered_of(tenant, settings, means)
        if username is None:
            trial.remarks += await examine(settings.strategy, registered, means)
            return trial
        try:
            async with (
                open_upstream(settings.strategy, registered, means) as upstream,
                asyncio.timeout(SECONDS),
            ):
                person = await _look_up(trial, upstream, tenant, username)
                await _tell_account(trial, house, tenant, person)
                if password is not None:
                    await _check(trial, upstream, person, username, password)
        except Away as away:
            trial.remarks.append(remark_of(away))
        except TimeoutError:
            trial.remarks.append(remark_of(Away(Reason.DIRECTORY_TIMEOUT)))
    if password is not None:
        await _record(admin, tenant, trial, username)
    return trial


def _asking_nobody(
    settings: ConnectionSettings, username: str | None
) -> Iterator[Remark]:
    options = open_options(settings)
    if username is not None:
        mend = f"ostiary user show {username}"
        yield Remark(Grade.FAIL, "asks no directory about anybody", mend)
    elif channel := channel_of(settings):
        where = options.get("smtp") or options.get("webhook")
        text = f"sends codes by {channel.value} through {where}; none was sent now"
        yield Remark(Grade.OK, text)
    elif is_served(settings.strategy):
        yield Remark(Grade.OK, "passwords are in the store: nobody else is asked")
    else:
        text = f"no password can be checked by {settings.strategy}"
        yield Remark(Grade.FAIL, text, "sign-ins by a browser only")


async def _look_up(
    trial: Trial, upstream: Upstream, tenant: Tenant, username: str
) -> Candidate:
    candidate = await upstream.find(username)
    profile = await upstream.look_up(username)
    if profile is not None:
        trial.say(Grade.OK, f"{username} is {profile.username}")
        trial.user = _person(profile)
    elif trial.strategy in KNOWS_PEOPLE:
        mend = "compare base_dn and user_filter with their entry"
        trial.say(Grade.FAIL, f"nobody is called {username}, or several are", mend)
    else:
        trial.say(Grade.OK, f"who {username} is, is told with the password only")
    if candidate.limit is not None:
        ours = directory_rules(tenant.lockout, candidate.limit).threshold
        theirs = candidate.limit.threshold
        text = f"{theirs} wrong passwords" if theirs else "nothing that it tells of"
        trial.say(Grade.OK, f"locks there after {text}, here after {ours}")
    return candidate


def _person(profile: Profile) -> dict[str, object]:
    plain: dict[str, Any] = {
        "id": profile.external_id,
        "username": profile.username,
        "email": profile.email,
        "email_verified": profile.email_verified or None,
        "phone_number": profile.phone_number,
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "name": profile.name,
        "nickname": profile.nickname,
        "groups": list(profile.groups) if profile.groups is not None else None,
        "attributes": dict(profile.attributes) or None,
    }
    return {key: value for key, value in plain.items() if value is not None}


async def _tell_account(
    trial: Trial, house: House, tenant: Tenant, candidate: Candidate
) -> None:
    """Which account of ours is theirs."""
    if candidate.external_id is None:
        return
    found = await house.estate.find_people(
        tenant.id, trial.connection, [], [candidate.external_id]
    )
    if found:
        state = "" if found[0].enabled else ", which is disabled here"
        trial.say(Grade.OK, f"their account is {found[0].id}{state}")
    else:
        trial.say(Grade.OK, "no account yet: the first sign-in makes it")


async def _check(
    trial: Trial, upstream: Upstream, person: Candidate, username: str, password: str
) -> None:
    if trial.failed:
        return
    verdict = await upstream.verify(person, username, password)
    if isinstance(verdict, Verified):
        trial.say(Grade.OK, "the password is right")
        if trial.user is None and verdict.profile is not None:
            trial.user = _person(verdict.profile)
        return
    meaning = MEANINGS[verdict.reason]
    mend = meaning.remedy
    if verdict == Rejected():
        mend = "the directory counts it like any other, this server does not"
    trial.say(Grade.FAIL, meaning.why.removesuffix("."), mend)


async def _record(
    admin: Administration, tenant: Tenant, trial: Trial, username: str | None
) -> None:
    event = admin.event(
        "connection.test",
        tenant.id,
        username=username or "",
        connection=trial.connection,
        result="refused" if trial.failed else "right",
    )
    await admin.journal.record(event)


def _show(trial: Trial, as_json: bool) -> None:
    if as_json:
        remarks = [
            {"level": each.grade.value, "text": each.text, "mend": each.mend}
            for each in trial.remarks
        ]
        told = {"connection": trial.connection, "strategy": trial.strategy}
        print_json({**told, "remarks": remarks, "user": trial.user})
        return
    for each in trial.remarks:
        mend = f"; {each.mend}" if each.mend else ""
        click.echo(f"{each.grade:7}  {each.text}{mend}")
    if trial.user is not None:
        print_object({"user": trial.user}, as_json=False)
