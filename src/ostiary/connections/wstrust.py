"""WS-Trust messages: a request with a user name and password, and what answers say.

Versions 1.3 and February 2005 over SOAP 1.2; assertions are proven in `saml`, and what
faults mean for a sign-in is told in `adfs_trust`.
"""

import string
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from ostiary.connections.strict_xml import Element, XmlRefused, parse_document, text_of

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSP: Final = "http://schemas.xmlsoap.org/ws/2004/09/policy"
_OASIS: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity"
WSU: Final = f"{_OASIS}-utility-1.0.xsd"
WSSE: Final = f"{_OASIS}-secext-1.0.xsd"
LIFE_SECONDS: Final = 600
"""How long a request says that it is good for."""
_ESCAPED: Final = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


class Version(StrEnum):
    """The versions of WS-Trust that AD FS speaks, by namespace; best first."""

    V13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
    V2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust"

    @property
    def called(self) -> str:
        """As people call it."""
        return "WS-Trust 1.3" if self is Version.V13 else "WS-Trust of February 2005"

    @property
    def action(self) -> str:
        """The SOAP action of a request."""
        return f"{self.value}/RST/Issue"

    @property
    def key_type(self) -> str:
        """The word for an assertion that needs no key: its bearer is its subject."""
        if self is Version.V13:
            return f"{self.value}/Bearer"
        return "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: an assertion for `audience`, at the endpoint `to`.

    at: epoch seconds. message_id: what the answer has to relate to.
    """

    version: Version
    to: str
    audience: str
    message_id: str
    at: float
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal: local names of its code and sub-code (SOAP 1.2 part 1 §5.4)."""

    code: str
    subcode: str = ""


_REQUEST: Final = string.Template(
    '<s:Envelope xmlns:s="$soap" xmlns:a="$wsa" xmlns:u="$wsu"><s:Header>'
    '<a:Action s:mustUnderstand="1">$action</a:Action>'
    "<a:MessageID>$message_id</a:MessageID>"
    "<a:ReplyTo><a:Address>$wsa/anonymous</a:Address></a:ReplyTo>"
    '<a:To s:mustUnderstand="1">$to</a:To>'
    '<o:Security s:mustUnderstand="1" xmlns:o="$wsse"><u:Timestamp u:Id="_0">'
    "<u:Created>$created</u:Created><u:Expires>$expires</u:Expires></u:Timestamp>"
    '<o:UsernameToken u:Id="_1"><o:Username>$username</o:Username>'
    '<o:Password Type="http://docs.oasis-open.org/wss/2004/01/'
    'oasis-200401-wss-username-token-profile-1.0#PasswordText">$password</o:Password>'
    "</o:UsernameToken></o:Security></s:Header><s:Body>"
    '<t:RequestSecurityToken xmlns:t="$trust">'
    '<p:AppliesTo xmlns:p="$wsp"><a:EndpointReference><a:Address>$audience'
    "</a:Address></a:EndpointReference></p:AppliesTo>"
    "<t:KeyType>$key_type</t:KeyType><t:RequestType>$trust/Issue</t:RequestType>"
    "</t:RequestSecurityToken></s:Body></s:Envelope>"
)


def is_sendable(text: str) -> bool:
    """Whether XML can carry a text at all (XML 1.0 §2.2)."""
    return all(
        char in "\t\n\r"
        or " " <= char <= "\ud7ff"
        or "\ue000" <= char <= "\ufffd"
        or char > "\uffff"
        for char in text
    )


def render_request(question: Question) -> bytes:
    """The request, as it is posted. WS-Trust 1.3 §4, WSS UsernameToken 1.0 §3.1.

    Every text in it must be sendable.
    """
    told = {
        "soap": SOAP,
        "wsa": WSA,
        "wsu": WSU,
        "wsse": WSSE,
        "wsp": WSP,
        "trust": question.version.value,
        "action": question.version.action,
        "key_type": question.version.key_type,
        "created": _moment(question.at),
        "expires": _moment(question.at + LIFE_SECONDS),
        "to": question.to,
        "audience": question.audience,
        "message_id": question.message_id,
        "username": question.username,
        "password": question.password,
    }
    escaped = {name: escape(text, _ESCAPED) for name, text in told.items()}
    return _REQUEST.substitute(escaped).encode()


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_answer(document: bytes, question: Question) -> bytes | Fault:
    """The assertion in an answer to the question, not yet proven, or the fault.

    Raises XmlRefused for anything else, and for the answer to another question. The
    assertion stands alone: nothing around it speaks for it.
    """
    root = parse_document(document)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise XmlRefused("not a SOAP envelope")
    body = _only(root, f"{{{SOAP}}}Body")
    fault = body.find(f"{{{SOAP}}}Fault")
    relates = [
        text_of(each) for each in root.iterfind(f"{{*}}Header/{{{WSA}}}RelatesTo")
    ]
    if relates != [question.message_id] and not (fault is not None and not relates):
        raise XmlRefused("the answer to another question")
    if fault is not None:
        return _fault(fault)
    trust = f"{{{question.version.value}}}"
    if question.version is Version.V13:
        body = _only(body, f"{trust}RequestSecurityTokenResponseCollection")
    response = _only(body, f"{trust}RequestSecurityTokenResponse")
    requested = _only(response, f"{trust}RequestedSecurityToken")
    if len(requested) != 1:
        raise XmlRefused("no token, or several")
    assertion: bytes = etree.tostring(requested[0], with_tail=False)
    return assertion


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise XmlRefused("an element is missing, or there twice")
    return found[0]


def _fault(fault: Element) -> Fault:
    value = f"{{{SOAP}}}Value"
    code = fault.findtext(f"{{{SOAP}}}Code/{value}") or ""
    subcode = fault.findtext(f"{{{SOAP}}}Code/{{{SOAP}}}Subcode/{value}") or ""
    return Fault(_local(code), _local(subcode))


def _local(name: str) -> str:
    return name.strip().rpartition(":")[2]
