"""`/dbconnections/signup` and `/dbconnections/change_password` (contract auth0 §6).

What a person sends and what they are told; making accounts is told in the flows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.core.accounts import external_id
from ostiary.core.addresses import find_email
from ostiary.core.errors import Reason, Refused
from ostiary.core.password_policy import SHORTEST, Weakness
from ostiary.core.request import ClientCredential, ScopeRequest, TokenRequest
from ostiary.dialects.auth0.body import Fields, parse_body, required, text
from ostiary.dialects.auth0.requests import parse_password, tenant_ref, trace_of
from ostiary.dialects.auth0.responses import NOT_STORED
from ostiary.dialects.auth0.surface import Surface
from ostiary.dialects.auth0.wire import Auth0Wire
from ostiary.flows.attempt import reading
from ostiary.flows.facts import Registry
from ostiary.flows.manage.administration import Desk
from ostiary.flows.ports import Ports
from ostiary.flows.recovery import ask_reset
from ostiary.flows.signup import NewPerson, sign_up
from ostiary.web import HttpRequest, HttpResponse, json_response

HTML_TYPE: Final = ("content-type", "text/html; charset=utf-8")
SENT: Final = "We've just sent you an email to reset your password."
"""Clients hand this sentence through as it is."""
LOGIN: Final = re.compile(r"[A-Za-z0-9_+.-]{1,128}", re.ASCII)
"""A short name: without an `@`, so that it is nobody's mail address."""
LONGEST_NAME: Final = 300
MOST_METADATA: Final = 10
LONGEST_KEY: Final = 100
LONGEST_VALUE: Final = 500
"""Of `user_metadata`: properties, characters of their names and of their texts."""
LARGEST: Final = 2**53
"""RFC 8259 §6: beyond it numbers are not the same everywhere."""

_STRENGTH: Final = {
    "name": "PasswordStrengthError",
    "message": "Password is too weak",
    "policy": f"* At least {SHORTEST} characters in length",
    "description": {
        "rules": [
            {
                "message": "At least %d characters in length",
                "format": [SHORTEST],
                "code": "lengthAtLeast",
                "verified": False,
            }
        ],
        "verified": False,
    },
}


def _weak(name: str, message: str, code: str = "invalid_password") -> dict[str, object]:
    return {"name": name, "message": message, "description": message, "code": code}


WEAK: Final[Mapping[Weakness, Mapping[str, object]]] = {
    Weakness.SHORT: {**_STRENGTH, "code": "invalid_password"},
    Weakness.COMMON: _weak("PasswordDictionaryError", "Password is too common"),
    Weakness.PERSONAL: _weak(
        "PasswordNoUserInfoError", "Password contains user information"
    ),
    Weakness.LEAKED: _weak(
        "PasswordLeakedError", "Password is known from a leak", "password_leaked"
    ),
}
"""How each weakness is told; Lock looks at `code`, then at `name`."""
TAKEN: Final = {
    "name": "BadRequestError",
    "code": "invalid_signup",
    "description": "Invalid sign up",
    "statusCode": 400,
}


@dataclass(frozen=True, slots=True)
class DatabaseConnections:
    """The two endpoints."""

    ports: Ports
    desk: Desk

    async def signup(self, request: HttpRequest, registry: Registry) -> HttpResponse:
        """Make an account, where the tenant allows it."""
        wire = Auth0Wire(Surface.RO, registry.tenant)
        async with reading(lambda: trace_of(request, "signup"), wire, self.ports):
            fields = parse_body(request)
            if registry.tenant.options.get("signup") is not True:
                raise Refused(Reason.SIGNUP_CLOSED)
            asked = parse_asked(request, registry, fields, "signup")
            person = parse_person(fields)
        admin = self.desk(asked.trace.door, asked.client.client_id)
        try:
            user = await sign_up(asked, person, wire, self.ports, admin)
        except Refused as refused:
            raise _worded(refused) from None
        body = {"_id": external_id(user), "email": user.email, "email_verified": False}
        named = {"username": user.login} if user.login else {}
        return json_response(200, {**body, **named}, NOT_STORED)

    async def change_password(
        self, request: HttpRequest, registry: Registry
    ) -> HttpResponse:
        """Mail a link; the answer is always the same sentence.

        A `password` is ignored: the person always confirms by mail.
        """
        wire, door = Auth0Wire(Surface.RO, registry.tenant), "change_password"
        async with reading(lambda: trace_of(request, door), wire, self.ports):
            fields = parse_body(request)
            asked = parse_asked(request, registry, fields, door)
            email = required(fields, "email")
        await ask_reset(asked, email, wire, self.ports)
        return HttpResponse(200, (HTML_TYPE, *NOT_STORED), SENT.encode())


def parse_asked(
    request: HttpRequest, registry: Registry, fields: Fields, door: str
) -> TokenRequest:
    """By which client, and about which connection. Raises Refused."""
    return TokenRequest(
        tenant=tenant_ref(registry.tenant),
        grant_type="",
        client=ClientCredential(required(fields, "client_id")),
        scope=ScopeRequest(given=False),
        trace=trace_of(request, door),
        connection=required(fields, "connection"),
    )


def parse_person(fields: Fields) -> NewPerson:
    """Who signs up. Raises Refused(PARAMETER_MISSING or PARAMETER_INVALID)."""
    email = find_email(required(fields, "email"))
    if email is None:
        raise _invalid("email", "is not a mail address")
    login = text(fields, "username")
    if login is not None and LOGIN.fullmatch(login) is None:
        raise _invalid("username", "may hold letters, digits, and _ + . - only")
    metadata = parse_metadata(fields.get("user_metadata"))
    return NewPerson(
        email=email,
        password=parse_password(fields),
        login=login,
        given_name=_name(fields, "given_name"),
        family_name=_name(fields, "family_name"),
        name=_name(fields, "name"),
        nickname=_name(fields, "nickname"),
        picture=_name(fields, "picture"),
        attributes={"user_metadata": metadata} if metadata else {},
    )


def _name(fields: Fields, name: str) -> str | None:
    value = text(fields, name)
    if value is not None and (len(value) > LONGEST_NAME or not value.isprintable()):
        raise _invalid(name, f"must be one line of {LONGEST_NAME} characters at most")
    return value


def parse_metadata(value: object) -> Mapping[str, object]:
    """`user_metadata` of a sign-up, within its limits. Raises Refused."""
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise _invalid("user_metadata", "must be an object")
    fits = len(value) <= MOST_METADATA and all(
        len(str(key)) <= LONGEST_KEY and _is_plain(each) for key, each in value.items()
    )
    if not fits:
        why = f"has more than {MOST_METADATA} properties, or too long ones"
        raise _invalid("user_metadata", why)
    return value


def _is_plain(value: object) -> bool:
    """A short text, true or false, or a number that every reader of JSON can hold."""
    if isinstance(value, str):
        return len(value) <= LONGEST_VALUE
    return isinstance(value, (bool, int, float)) and abs(value) <= LARGEST


def _invalid(name: str, why: str) -> Refused:
    return Refused(Reason.PARAMETER_INVALID, name=name, why=why)


def _worded(refused: Refused) -> Refused:
    """The refusal with what clients of a sign-up read beside `error`."""
    if refused.reason is Reason.SIGNUP_TAKEN:
        return Refused(refused.reason, body=TAKEN)
    if refused.reason is not Reason.PASSWORD_WEAK:
        return refused
    weak = WEAK[Weakness(str(refused.facts["weakness"]))]
    told = {"error": weak["code"], "error_description": weak["message"]}
    body = {**told, **weak, "statusCode": 400}
    return Refused(refused.reason, body=body)
