"""The HTTP half of the door for agents: enrolment, and a hint for who calls wrongly.

Answers are alike for every code that is not good.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from ostiary.agents.messages import (
    CONNECT_PATH,
    ENROL_PATH,
    EnrolRequest,
    EnrolResponse,
)
from ostiary.core.errors import Reason, Refused
from ostiary.core.request import Trace
from ostiary.flows.agents import DOOR, AgentDoor, enrol
from ostiary.web import Handler, Headers, HttpRequest, HttpResponse, json_response

NOT_STORED: Final = ("cache-control", "no-store")
_ANSWERS: Final = {
    Reason.CODE_WRONG: (403, "This code is not good, or no longer."),
    Reason.PARAMETER_INVALID: (400, "The name or the key cannot be taken."),
    Reason.TOO_MANY_REQUESTS: (429, "Too many wrong codes from this address."),
    Reason.UNAVAILABLE: (503, "The store does not answer."),
}


@dataclass(frozen=True, slots=True)
class AgentFront:
    """A front (`web.Front`) for agents that are not connected yet."""

    door: AgentDoor

    async def find(self, request: HttpRequest) -> Handler | None:
        """Who answers this path."""
        path = "/" + "/".join(request.segments)
        if path == ENROL_PATH:
            return self.enrol if request.method == "POST" else _wrong_method
        return _not_upgraded if path == CONNECT_PATH else None

    async def enrol(self, request: HttpRequest) -> HttpResponse:
        """Take a new agent. Raises Refused."""
        try:
            asked = msgspec.json.decode(request.body, type=EnrolRequest)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Refused(Reason.PARAMETER_INVALID) from None
        client = request.headers.get("user-agent", "")
        trace = Trace(request.id, request.id, request.source, client, DOOR)
        agent = await enrol(self.door, asked.code, asked.name, asked.public_key, trace)
        made = EnrolResponse(
            id=agent.id, tenant=agent.tenant_id, connection=agent.connection
        )
        return json_response(201, made, (NOT_STORED,))

    def refused(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        """Why it was not taken."""
        status, text = _ANSWERS.get(refused.reason, (400, "It was refused."))
        wait = refused.facts.get("retry_after")
        again: Headers = (("retry-after", str(wait)),) if wait else ()
        body = {"error": refused.reason.value, "error_description": text}
        return json_response(status, body, (NOT_STORED, *again))

    def failed(self, request: HttpRequest, error_id: str) -> HttpResponse:
        """A defect of ours."""
        text = f"Error {error_id}."
        return json_response(500, {"error": "server_error", "error_description": text})

    def malformed(self, request: HttpRequest, why: str, status: int) -> HttpResponse:
        """A body that did not arrive whole."""
        return json_response(
            status, {"error": "invalid_request", "error_description": why}
        )


async def _wrong_method(request: HttpRequest) -> HttpResponse:
    text = {"error": "method_not_allowed", "error_description": "POST enrols an agent."}
    return json_response(405, text, (("allow", "POST"),))


async def _not_upgraded(request: HttpRequest) -> HttpResponse:
    """RFC 9110 §15.5.22."""
    text = {"error": "upgrade_required", "error_description": "Speak WebSocket here."}
    upgrade = (("upgrade", "websocket"), ("connection", "upgrade"))
    return json_response(426, text, upgrade)
