"""WS-Trust of the stand-in for AD FS: its metadata exchange, requests and answers.

Who may sign in is decided in microsoft.py; what is signed is made in
microsoft_tokens.py. The shapes are those that the public client libraries read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from tests.services.microsoft_tokens import SAML, Lies, Signer, stamp

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity"
WSU = f"{OASIS}-utility-1.0.xsd"
WSSE = f"{OASIS}-secext-1.0.xsd"
WSP = "http://schemas.xmlsoap.org/ws/2004/09/policy"
TRUST = {
    "13": "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    "2005": "http://schemas.xmlsoap.org/ws/2005/02/trust",
}
KEY_TYPE = {
    "13": f"{TRUST['13']}/Bearer",
    "2005": "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
}
POLICY = {
    "13": (
        "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
        "SignedEncryptedSupportingTokens",
    ),
    "2005": (
        "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
        "SignedSupportingTokens",
    ),
}
NAME = {
    "13": "UserNameWSTrustBinding_IWSTrust13Async",
    "2005": "UserNameWSTrustBinding_IWSTrustFeb2005Async",
}
FAULT_STATUS = 500

Reply = tuple[int, str]


def mex(url: str, lies: Lies) -> str:
    """The metadata of a server at `url`: a policy, a binding, a port each version."""
    base, versions = lies.trust_url or url, lies.versions
    parts = [
        *map(_policy, versions),
        # One more port, for certificates: nobody may take it for that of passwords.
        _binding("CertificateWSTrustBinding", "#none", f"{TRUST['13']}/RST/Issue"),
        *(
            _binding(NAME[v], f"#{NAME[v]}_policy", f"{TRUST[v]}/RST/Issue")
            for v in versions
        ),
        '<wsdl:service name="SecurityTokenService">',
        _port("CertificateWSTrustBinding", f"{base}/adfs/services/trust/13/cert"),
        *(
            _port(NAME[v], f"{base}/adfs/services/trust/{v}/usernamemixed")
            for v in versions
        ),
        "</wsdl:service></wsdl:definitions>",
    ]
    service = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<wsdl:definitions name="SecurityTokenService" targetNamespace="{service}" '
        f'xmlns:tns="{service}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" '
        'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" '
        f'xmlns:wsa10="{WSA}" xmlns:wsu="{WSU}" xmlns:wsp="{WSP}">' + "".join(parts)
    )


def _policy(version: str) -> str:
    sp, supporting = POLICY[version]
    return (
        f'<wsp:Policy wsu:Id="{NAME[version]}_policy" xmlns:sp="{sp}">'
        "<wsp:ExactlyOne><wsp:All><sp:TransportBinding><wsp:Policy><sp:TransportToken>"
        '<wsp:Policy><sp:HttpsToken RequireClientCertificate="false"/></wsp:Policy>'
        f"</sp:TransportToken></wsp:Policy></sp:TransportBinding><sp:{supporting}>"
        f'<wsp:Policy><sp:UsernameToken sp:IncludeToken="{sp}/IncludeToken/'
        'AlwaysToRecipient"><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy>'
        f"</sp:UsernameToken></wsp:Policy></sp:{supporting}></wsp:All>"
        "</wsp:ExactlyOne></wsp:Policy>"
    )


def _binding(name: str, policy: str, action: str) -> str:
    return (
        f'<wsdl:binding name="{name}" type="tns:{name}"><wsp:PolicyReference '
        f'URI="{policy}"/><soap12:binding '
        'transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'<wsdl:operation name="TrustIssue"><soap12:operation soapAction="{action}" '
        'style="document"/></wsdl:operation></wsdl:binding>'
    )


def _port(name: str, url: str) -> str:
    return (
        f'<wsdl:port name="{name}" binding="tns:{name}"><soap12:address '
        f'location="{url}"/><wsa10:EndpointReference><wsa10:Address>{url}'
        "</wsa10:Address></wsa10:EndpointReference></wsdl:port>"
    )


@dataclass(frozen=True)
class Wanted:
    """What a request asks for."""

    message_id: str
    user: str
    password: str
    audience: str


def answer(
    version: str, raw: bytes, may: Callable[[str, str], bool], signer: Signer, url: str
) -> Reply:
    """The answer to a request: a signed assertion, or a fault."""
    try:
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return 400, ""
    relates = _text(root, f"{{{SOAP}}}Header/{{{WSA}}}MessageID")
    relates = signer.lies.relates_to or relates
    wanted = _read(version, root)
    if wanted is None:
        return fault("InvalidSecurity", relates)
    if not may(wanted.user, wanted.password):
        return fault("FailedAuthentication", relates)
    if not wanted.audience.startswith(("urn:", "https:")) or (
        wanted.audience == "urn:unknown"
    ):
        return fault("RequestFailed", relates, TRUST[version])
    issuer = f"{url.replace('https', 'http')}/adfs/services/trust"
    token = signer.assertion(wanted.user, wanted.audience, issuer)
    return 200, granted(version, token, wanted.audience, relates)


def _text(root: etree._Element, path: str) -> str:
    return root.findtext(path) or ""


def _read(version: str, root: etree._Element) -> Wanted | None:
    """The request; None when it is not one, or is out of its time."""
    trust = TRUST[version]
    header, body = f"{{{SOAP}}}Header/", f"{{{SOAP}}}Body/"
    request = f"{body}{{{trust}}}RequestSecurityToken/"
    security = f"{header}{{{WSSE}}}Security/"
    times = [
        _text(root, f"{security}{{{WSU}}}Timestamp/{{{WSU}}}{end}")[:19]
        for end in ("Created", "Expires")
    ]
    if not times[0][:17] <= stamp()[:19] or not stamp()[:19] < times[1]:
        return None
    if _text(root, f"{request}{{{trust}}}RequestType") != f"{trust}/Issue":
        return None
    if _text(root, f"{header}{{{WSA}}}Action") != f"{trust}/RST/Issue":
        return None
    token = f"{security}{{{WSSE}}}UsernameToken/{{{WSSE}}}"
    applies = f"{{{WSP}}}AppliesTo/{{{WSA}}}EndpointReference/{{{WSA}}}Address"
    return Wanted(
        _text(root, f"{header}{{{WSA}}}MessageID"),
        _text(root, f"{token}Username"),
        _text(root, f"{token}Password"),
        _text(root, f"{request}{applies}"),
    )


def envelope(action: str, body: str, relates: str) -> str:
    """A SOAP 1.2 envelope with the headers of AD FS."""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{WSA}" xmlns:u="{WSU}"><s:Header>'
        f'<a:Action s:mustUnderstand="1">{action}</a:Action>'
        f"<a:RelatesTo>{escape(relates)}</a:RelatesTo>"
        f'<o:Security s:mustUnderstand="1" xmlns:o="{WSSE}"><u:Timestamp u:Id="_0">'
        f"<u:Created>{stamp()}</u:Created><u:Expires>{stamp(300)}</u:Expires>"
        f"</u:Timestamp></o:Security></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def fault(subcode: str, relates: str, namespace: str = WSSE) -> Reply:
    """A refusal, with the status that AD FS gives all of them."""
    body = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value "
        f'xmlns:a="{namespace}">a:{subcode}</s:Value></s:Subcode></s:Code><s:Reason>'
        '<s:Text xml:lang="en-US">MSIS0000: it was refused.</s:Text></s:Reason>'
        "</s:Fault>"
    )
    return FAULT_STATUS, envelope(f"{WSA}/soap/fault", body, relates)


def granted(version: str, token: str, audience: str, relates: str) -> str:
    """The answer that brings a token."""
    trust = TRUST[version]
    rstr = (
        f'<t:RequestSecurityTokenResponse xmlns:t="{trust}"><t:Lifetime>'
        f"<u:Created>{stamp()}</u:Created><u:Expires>{stamp(3600)}</u:Expires>"
        f'</t:Lifetime><wsp:AppliesTo xmlns:wsp="{WSP}"><a:EndpointReference>'
        f"<a:Address>{escape(audience)}</a:Address></a:EndpointReference>"
        f"</wsp:AppliesTo><t:RequestedSecurityToken>{token}"
        f"</t:RequestedSecurityToken><t:TokenType>{SAML}</t:TokenType>"
        f"<t:RequestType>{trust}/Issue</t:RequestType>"
        f"<t:KeyType>{KEY_TYPE[version]}</t:KeyType></t:RequestSecurityTokenResponse>"
    )
    if version == "2005":
        return envelope(f"{trust}/RSTR/Issue", rstr, relates)
    collection = "trust:RequestSecurityTokenResponseCollection"
    body = f'<{collection} xmlns:trust="{trust}">{rstr}</{collection}>'
    return envelope(f"{trust}/RSTRC/IssueFinal", body, relates)
