"""The metadata of an STS: which of its endpoints takes user names and passwords.

WSDL 1.1 with WS-Policy; where they are fetched and what is posted is told elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ostiary.connections.strict_xml import Element, XmlRefused, parse_document, text_of
from ostiary.connections.wstrust import WSA, WSP, WSU, Version

_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP12: Final = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
_HTTP: Final = "http://schemas.xmlsoap.org/soap/http"
_WSP: Final = f"{{{WSP}}}"
_POLICY_SPACES: Final = (
    "{http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702}",
    "{http://schemas.xmlsoap.org/ws/2005/07/securitypolicy}",
)
_SUPPORTING: Final = (
    "SignedEncryptedSupportingTokens",
    "SignedSupportingTokens",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where passwords are taken, and in which version of WS-Trust."""

    version: Version
    url: str


def find_endpoint(document: bytes) -> Endpoint | None:
    """The endpoint for user names and passwords over TLS, of the best version.

    None: there is none, or AD FS has it switched off. Raises XmlRefused for what
    are no metadata. WS-SecurityPolicy 1.2 §5.4.1 and §8.
    """
    root = parse_document(document)
    if root.tag != f"{_WSDL}definitions":
        raise XmlRefused("not WSDL")
    policies = {
        f"#{policy.get(f'{{{WSU}}}Id')}"
        for policy in root.iterfind(f"{_WSP}Policy")
        if _takes_passwords(policy)
    }
    found = dict(_bindings(root, policies))
    endpoints = [
        Endpoint(version, url)
        for name, url in _ports(root)
        if (version := found.get(name)) is not None
    ]
    best = list(Version)
    return min(endpoints, key=lambda each: best.index(each.version), default=None)


def _takes_passwords(policy: Element) -> bool:
    """Whether it asks for TLS and a user name, and offers no other way beside it."""
    ways = policy.findall(f"{_WSP}ExactlyOne/{_WSP}All")
    return len(ways) == 1 and any(
        ways[0].find(f"{space}TransportBinding") is not None
        and any(
            ways[0].find(
                f"{space}{supporting}/{_WSP}Policy/{space}UsernameToken"
                f"/{_WSP}Policy/{space}WssUsernameToken10"
            )
            is not None
            for supporting in _SUPPORTING
        )
        for space in _POLICY_SPACES
    )


def _bindings(root: Element, policies: set[str]) -> Iterator[tuple[str, Version]]:
    """Bindings by name that have one of the policies, with their version."""
    for binding in root.iterfind(f"{_WSDL}binding"):
        soap = binding.find(f"{_SOAP12}binding")
        operation = binding.find(f"{_WSDL}operation/{_SOAP12}operation")
        used = {each.get("URI") for each in binding.iterfind(f"{_WSP}PolicyReference")}
        if soap is None or operation is None or soap.get("transport") != _HTTP:
            continue
        action = operation.get("soapAction")
        for version in Version:
            if used & policies and action == version.action:
                yield binding.get("name", ""), version


def _ports(root: Element) -> Iterator[tuple[str, str]]:
    """The name of each port's binding, and its address."""
    for port in root.iterfind(f"{_WSDL}service/{_WSDL}port"):
        address = port.find(f"{{{WSA}}}EndpointReference/{{{WSA}}}Address")
        if address is not None:
            yield port.get("binding", "").rpartition(":")[2], text_of(address).strip()
