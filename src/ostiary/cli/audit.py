"""`ostiary audit`: the sign-in and audit log, told to people."""

import asyncio
from pathlib import Path

import click
import msgspec

from ostiary.cli.printing import moment, print_json
from ostiary.cli.running import administer, config_option, json_option
from ostiary.flows.facts import AuditEvent
from ostiary.flows.manage.administration import Administration
from ostiary.flows.manage.explaining import Explained, explain

POLL = 0.5
"""Seconds between two looks at a log that is followed."""
MOST = 1000
"""Records that one look at a followed log fetches."""


@click.group()
def audit() -> None:
    """The sign-in and audit log.

    Example: ostiary audit tail --follow
    """


def plain(number: int, event: AuditEvent) -> dict[str, object]:
    """A record as JSON; empty fields are left out."""
    row: dict[str, object] = {"number": number, "at": moment(event.at)}
    names = ("outcome", "reason", "code", "tenant_id", "client_id", "user_id")
    row.update({name: getattr(event, name) for name in names})
    row.update(username=event.username, grant_type=event.grant_type)
    traces = ("door", "source", "user_agent", "trace_id", "correlation_id")
    row.update({name: getattr(event.trace, name) for name in traces})
    row["detail"] = dict(event.detail)
    return {name: value for name, value in row.items() if value not in ("", {})}


def line(event: AuditEvent) -> str:
    """A record in one line."""
    parts = [
        moment(event.at) or "",
        event.outcome,
        event.reason,
        event.code,
        event.grant_type,
        event.username or event.user_id,
        f"client={event.client_id}" if event.client_id else "",
        f"from={event.trace.source}" if event.trace.source else "",
        f"trace={event.trace.trace_id}",
    ]
    return " ".join(part for part in parts if part)


@audit.command()
@click.option("--follow", is_flag=True, help="Go on with what is written meanwhile.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="How many of the newest records.",
)
@click.option("--tenant", help="Only of this tenant: name, id or domain.")
@config_option
@json_option
def tail(
    follow: bool, lines: int, tenant: str | None, config: Path, as_json: bool
) -> None:
    """Show the newest records, one a line.

    Example: ostiary audit tail --follow -n 5
    """

    def show(number: int, event: AuditEvent) -> None:
        text = msgspec.json.encode(plain(number, event)).decode() if as_json else None
        click.echo(text or line(event))

    async def act(admin: Administration) -> None:
        tenant_id = (await admin.tenant(tenant)).id if tenant else ""
        journal, last = admin.journal, 0
        found = await journal.tail(max(lines, 1), tenant_id=tenant_id)
        for number, event in found:
            last = number
            if lines:
                show(number, event)
        while follow:
            await asyncio.sleep(POLL)
            for number, event in await journal.tail(
                MOST, after=last, tenant_id=tenant_id
            ):
                last = number
                show(number, event)

    try:
        administer(config, act)
    except KeyboardInterrupt:
        click.echo()


@audit.command("explain")
@click.argument("id")
@config_option
@json_option
def explain_(id: str, config: Path, as_json: bool) -> None:
    """Tell a decision whole, by the trace or correlation id that the client saw.

    Example: ostiary audit explain 0f5c1e0a-3f0b-4a57-9c0e-1c3c1f0a7a11
    """
    found = administer(config, lambda admin: explain(admin, id))
    if as_json:
        rows = []
        for each in found:
            names = {"tenant": each.tenant, "client": each.client, "user": each.user}
            words = {"why": each.why, "remedy": each.remedy}
            rows.append(plain(each.number, each.event) | names | words)
        print_json(rows)
        return
    click.echo("\n\n".join(told(each) for each in found))


def told(explained: Explained) -> str:
    """The whole decision in plain words, a fact a line."""
    event, trace = explained.event, explained.event.trace
    facts = {
        "when": moment(event.at),
        "what": _what(event),
        "user": _named(explained.user, event.user_id),
        "client": _named(explained.client, event.client_id),
        "tenant": _named(explained.tenant, event.tenant_id),
        "door": trace.door,
        "from": trace.source,
        "program": trace.user_agent,
        "details": ", ".join(f"{key}: {text}" for key, text in event.detail.items()),
        "why": explained.why,
        "told": _told(event),
        "remedy": explained.remedy,
        "trace": trace.trace_id,
        "correlation": trace.correlation_id,
    }
    return "\n".join(f"{name:<12}{text}" for name, text in facts.items() if text)


def _what(event: AuditEvent) -> str:
    if event.grant_type:
        return f"{event.outcome}: a sign-in by {event.grant_type}"
    return f"{event.outcome}: {event.reason}" if event.reason else event.outcome


def _named(name: str, id: str) -> str:
    if name and id and name != id:
        return f"{name} ({id})"
    return name or id


def _told(event: AuditEvent) -> str:
    if event.outcome == "granted":
        return "the tokens"
    return f"the error {event.code}" if event.code else ""
