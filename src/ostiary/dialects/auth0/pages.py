"""The pages that mails lead to: a new password, and the end of a lock.

Which ticket is good for what is told in `flows.tickets`; how pages look, in `html`.
"""

from dataclasses import dataclass
from typing import Final

from ostiary.core.errors import Reason, Refused
from ostiary.core.model import Tenant
from ostiary.core.password_policy import SHORTEST, Weakness
from ostiary.core.passwords import LONGEST_PASSWORD
from ostiary.dialects.auth0.domain import (
    RESET_PATH,
    UNBLOCK_PATH,
    domain_of,
    issuer,
)
from ostiary.dialects.auth0.html import render_form, render_page, render_password
from ostiary.dialects.auth0.requests import trace_of
from ostiary.dialects.auth0.wire import LEAKS
from ostiary.dialects.forms import FORM_TYPE, Form, media_type, parse_pairs, query_of
from ostiary.flows.facts import Overloaded, Registry
from ostiary.flows.lock_notices import find_unblock, unblock
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Ports
from ostiary.flows.recovery import NewPassword, find_reset, reset_password
from ostiary.web import HttpRequest, HttpResponse

RESET: Final = "Set a new password"
UNBLOCK: Final = "Unblock your account"
DEAD: Final = (
    "This link is not good any longer: it was used, is too old, or a newer mail "
    "replaced it.",
    "Ask for a new mail where you wanted to sign in.",
)
WEAK: Final = {
    Weakness.SHORT: f"Choose a password of at least {SHORTEST} characters.",
    Weakness.COMMON: "This password is one that many people use. Choose another.",
    Weakness.PERSONAL: "The password must not hold your name or mail address.",
    Weakness.LEAKED: "Others know this password since a leak. Choose another.",
}
DIFFERENT: Final = "The two passwords are not the same."


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one tenant's domain."""

    ports: Ports
    desk: Desk

    async def reset(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """A form for a new password; what it posts sets it, once."""
        try:
            if request.method != "POST":
                ticket = query_of(request).get("ticket", "")
                await find_reset(self.ports, registry, ticket)
                return _reset_form(registry.tenant, ticket)
            form = parse_form(request, registry.tenant)
            await find_reset(self.ports, registry, form.get("ticket", ""))
            return await self._reset(request, registry, form)
        except Refused as refused:
            return _refused_page(refused, RESET)

    async def _reset(
        self, request: HttpRequest, registry: Registry, form: Form
    ) -> HttpResponse:
        tenant, ticket = registry.tenant, form.get("ticket", "")
        password = form.get("password", "")
        if password != form.get("confirm", ""):
            return _reset_form(tenant, ticket, DIFFERENT)
        if len(password.encode()) > LONGEST_PASSWORD:
            return _reset_form(tenant, ticket, "The password is too long.")
        trace = trace_of(request, "reset")
        new = NewPassword(password, LEAKS, trace)
        admin = self.desk(trace.door, "the user")
        try:
            await reset_password(self.ports, registry, ticket, new, admin)
        except Overloaded as full:
            busy = Refused(Reason.OVERLOADED, retry_after=full.retry_after)
            raise busy from None
        except Refused as refused:
            if refused.reason is not Reason.PASSWORD_WEAK:
                raise
            why = WEAK[Weakness(str(refused.facts["weakness"]))]
            return _reset_form(tenant, ticket, why)
        return render_page(200, "Your password was changed", "You can sign in with it.")

    async def unblock(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """A button that ends a lock, as programs that follow links must not."""
        try:
            if request.method != "POST":
                ticket = query_of(request).get("ticket", "")
                await find_unblock(self.ports, registry, ticket)
                return _unblock_form(registry.tenant, ticket)
            form = parse_form(request, registry.tenant)
            trace = trace_of(request, "unblock")
            admin = self.desk(trace.door, "the user")
            ticket = form.get("ticket", "")
            await unblock(self.ports, registry, ticket, trace, admin)
        except Refused as refused:
            return _refused_page(refused, UNBLOCK)
        return render_page(200, "Your account is unblocked", "You can sign in again.")


def parse_form(request: HttpRequest, tenant: Tenant) -> Form:
    """The fields of a form of ours. Raises Refused(TICKET_DEAD) for anybody else's.

    A browser says from where a form was posted (Fetch Metadata; Fetch §3.2), and a
    page of ours tells no origin to anybody but itself.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = f"https://{domain_of(tenant).partition('/')[0]}"
    foreign = site != "same-origin" if site is not None else origin not in (None, ours)
    if foreign or media_type(request) != FORM_TYPE:
        raise Refused(Reason.TICKET_DEAD)
    return parse_pairs(request.body)


def _refused_page(refused: Refused, title: str) -> HttpResponse:
    """A dead link as a page; what else goes wrong is told as everywhere."""
    if refused.reason is Reason.TICKET_DEAD:
        return render_page(403, title, *DEAD)
    raise refused


def _address(tenant: Tenant, path: tuple[str, ...]) -> str:
    return issuer(tenant) + "/".join(path)


def _reset_form(tenant: Tenant, ticket: str, wrong: str = "") -> HttpResponse:
    form = render_form(
        _address(tenant, RESET_PATH),
        ticket,
        "Change password",
        render_password("password", "New password"),
        render_password("confirm", "The same again"),
    )
    told = (wrong,) if wrong else ()
    return render_page(400 if wrong else 200, RESET, *told, form=form)


def _unblock_form(tenant: Tenant, ticket: str) -> HttpResponse:
    form = render_form(_address(tenant, UNBLOCK_PATH), ticket, "Unblock")
    why = "Too many wrong passwords were tried for your account."
    return render_page(200, UNBLOCK, why, form=form)
