"""`/mfa/*`: second factors asked for, listed, enrolled and removed.

Contract auth0 §3.5; bringing one is a grant at `/oauth/token`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ostiary.core.addresses import FINDERS
from ostiary.core.connections import Channel
from ostiary.core.errors import Reason, Refused
from ostiary.core.factors import Factor, FactorKind, barcode_uri
from ostiary.core.names import MFA_CHALLENGE, MFA_ENROLMENT
from ostiary.core.request import ClientCredential, ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.requests import parse_client, tenant_ref, trace_of
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.scopes import ENROL, READ_FACTORS, REMOVE_FACTORS
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows import enrolment
from ostiary.flows.attempt import reading
from ostiary.flows.challenge import Challenge, Wish, challenge
from ostiary.flows.enrolment import Begun
from ostiary.flows.facts import Registry
from ostiary.flows.ports import Ports
from ostiary.web import HttpRequest, HttpResponse, json_response

PROMPT: Final = {"binding_method": "prompt"}
"""The user types the code where they sign in; there is nothing to wait for."""
SHOWN: Final = 4
"""Digits of a telephone number that are told."""
KINDS: Final = (FactorKind.OTP.value, FactorKind.OOB.value)
DEVICE: Final = "dev_"
"""Before our own id of a factor, in the one that clients know: `totp|dev_…`."""
ADDRESSES: Final = {Channel.SMS: "phone_number", Channel.EMAIL: "email"}
"""The parameter that tells whereto codes go."""


@dataclass(frozen=True, slots=True)
class SecondFactors:
    """The endpoints behind `/mfa/`."""

    ports: Ports

    async def challenge(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Which factor to bring; a code is sent for one of kind `oob`."""
        wire = Auth0Wire(Surface.TOKEN, registry.tenant)
        async with reading(
            lambda: trace_of(request, "mfa challenge"), wire, self.ports
        ):
            fields = parse_body(request)
            asked, wish = parse_challenge(request, registry, fields)
        made = await challenge(asked, wish, wire, self.ports)
        return json_response(200, render_challenge(made), NOT_STORED)

    async def authenticators(
        self, request: HttpRequest, registry: Registry
    ) -> HttpResponse:
        """The user's factors, as a plain array."""
        wire = Auth0Wire(Surface.TOKEN, registry.tenant)
        asked = _asked(request, registry, READ_FACTORS)
        found = await enrolment.list_factors(asked, wire, self.ports)
        return json_response(200, [render_factor(each) for each in found], NOT_STORED)

    async def remove(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Forget the factor that the address names."""
        wire = Auth0Wire(Surface.TOKEN, registry.tenant)
        asked = _asked(request, registry, REMOVE_FACTORS)
        factor_id = parse_factor_id(request.segments[-1])
        await enrolment.remove_factor(asked, factor_id, wire, self.ports)
        return HttpResponse(204, NOT_STORED, b"")

    async def associate(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Begin an enrolment; the first right code completes it."""
        wire = Auth0Wire(Surface.TOKEN, registry.tenant)
        asked = _asked(request, registry, ENROL)
        channel = address = None
        try:
            channel, address = parse_association(parse_body(request))
        except Refused as fault:
            asked = replace(asked, fault=fault)
        if channel is None:
            begun = await enrolment.begin_computed(asked, wire, self.ports)
        else:
            begun = await enrolment.begin_sent(
                asked, channel, address, wire, self.ports
            )
        body = render_begun(begun, registry.tenant.name)
        return json_response(200, body, NOT_STORED)


def _asked(request: HttpRequest, registry: Registry, scope: str) -> TokenRequest:
    """A request by whoever holds the bearer token (RFC 6750 §2.1)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or "authorization" in request.repeated:
        token = ""
    return TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=MFA_ENROLMENT,
        client=ClientCredential(""),
        scope=ScopeRequest(names=(scope,)),
        trace=trace_of(request, "mfa"),
        mfa_token=token.strip(),
    )


def parse_challenge(
    request: HttpRequest, registry: Registry, fields: Fields
) -> tuple[TokenRequest, Wish]:
    """What `/mfa/challenge` is asked; what is wrong behind the client is its fault."""
    asked = TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type=MFA_CHALLENGE,
        client=parse_client(request, fields),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, "mfa challenge"),
    )
    try:
        kinds = tuple((text(fields, "challenge_type") or "").split())
        id = text(fields, "authenticator_id")
        wish = Wish(
            kinds,
            channel=text(fields, "oob_channel"),
            factor_id=parse_factor_id(id) if id else None,
        )
        return replace(asked, mfa_token=required(fields, "mfa_token")), wish
    except Refused as fault:
        return replace(asked, fault=fault), Wish()


def parse_association(fields: Fields) -> tuple[str | None, str | None]:
    """By which channel to send codes, and whereto; None: they are computed.

    The first of the kinds and channels counts that exist here.
    """
    kind = _first(fields, "authenticator_types", KINDS)
    if kind == FactorKind.OTP:
        return None, None
    channel = Channel(_first(fields, "oob_channels", tuple(Channel)))
    name = ADDRESSES[channel]
    sent = text(fields, name)
    if sent is None and channel is Channel.SMS:
        raise Refused(Reason.PARAMETER_MISSING, name=name)
    address = FINDERS[channel](sent) if sent is not None else None
    if sent is not None and address is None:
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="is malformed")
    return channel.value, address


def _first(fields: Fields, name: str, known: Sequence[str]) -> str:
    """The first of a list of words that is known here."""
    sent = fields.get(name)
    words = [sent] if isinstance(sent, str) else sent
    if not words:
        raise Refused(Reason.PARAMETER_MISSING, name=name)
    if not isinstance(words, list) or not all(isinstance(each, str) for each in words):
        raise Refused(Reason.PARAMETER_INVALID, name=name, why="must list words")
    for each in words:
        if each in known:
            return str(each)
    raise Refused(Reason.MFA_CHALLENGE_UNSUPPORTED)


def parse_factor_id(text: str) -> str:
    """Our own id of a factor from the one that clients know."""
    return text.rpartition(DEVICE)[2]


def render_factor(factor: Factor) -> dict[str, object]:
    """An entry of the list; addresses are told in part only."""
    kinds = {FactorKind.OTP: "totp", FactorKind.OOB: factor.channel}
    body: dict[str, object] = {
        "id": f"{kinds.get(factor.kind, factor.kind.value)}|{DEVICE}{factor.id}",
        "authenticator_type": factor.kind.value,
        "active": factor.active,
    }
    if factor.kind is FactorKind.OOB:
        body |= {"oob_channel": factor.channel, "name": masked_address(factor.name)}
    return body


def masked_address(name: str) -> str:
    """The end of a telephone number, or the beginning of a mail address."""
    local, at, domain = name.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain[:1]}***"
    return "X" * max(0, len(name) - SHOWN) + name[-SHOWN:]


def render_challenge(made: Challenge) -> dict[str, object]:
    """The answer of `/mfa/challenge`."""
    body: dict[str, object] = {"challenge_type": made.factor.kind.value}
    if made.oob_code is None:
        return body
    return {**body, "oob_code": made.oob_code, **PROMPT}


def render_begun(begun: Begun, issuer: str) -> dict[str, object]:
    """The answer of `/mfa/associate`: what the user sees only now."""
    body: dict[str, object] = {"authenticator_type": begun.factor.kind.value}
    if begun.seed is not None:
        account = begun.user.email or begun.user.username
        barcode = barcode_uri(begun.seed, issuer, account)
        body |= {"secret": begun.seed, "barcode_uri": barcode}
    if begun.oob_code is not None:
        channel = {"oob_channel": begun.factor.channel, "oob_code": begun.oob_code}
        body |= {**PROMPT, **channel}
    if begun.recovery_code is not None:
        body["recovery_codes"] = [begun.recovery_code]
    return body
