"""WS-Trust messages: what is written arrives, and only what answers it is read.

The exchange with a server is tested in test_adfs_trust.py.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from ostiary.connections.strict_xml import XmlRefused
from ostiary.connections.wstrust import (
    Fault,
    Question,
    Version,
    is_sendable,
    parse_answer,
    render_request,
)
from ostiary.connections.wstrust_metadata import Endpoint, find_endpoint
from tests.services import microsoft_trust
from tests.services.microsoft_tokens import Lies
from tests.services.microsoft_trust import SOAP, TRUST, WSA, WSP, WSSE, WSU

AT = 1_790_000_000.0
"""2026-09-21T14:13:20Z (date -u -d @1790000000)."""
URL = "https://fs.test"
SENDABLE = st.text().filter(is_sendable)


def question(
    username: str = "alice@fed.test",
    password: str = "x",
    version: Version = Version.V13,
    audience: str = "urn:a",
) -> Question:
    """One question."""
    to = f"{URL}/adfs/services/trust/13/usernamemixed"
    return Question(version, to, audience, "urn:uuid:1", AT, username, password)


def read(root: etree._Element, path: str) -> str:
    """The text of the one element there."""
    (found,) = root.findall(path)
    return found.text or ""


@given(SENDABLE, SENDABLE, SENDABLE)
def test_names_and_passwords_arrive_as_they_were_typed(
    username: str, password: str, audience: str
) -> None:
    """Markup in them is text, line ends stay (XML 1.0 §2.4, §2.11)."""
    root = etree.fromstring(
        render_request(question(username, password, audience=audience))
    )
    token = f"{{{SOAP}}}Header/{{{WSSE}}}Security/{{{WSSE}}}UsernameToken/{{{WSSE}}}"
    applies = f"{{{WSP}}}AppliesTo/{{{WSA}}}EndpointReference/{{{WSA}}}Address"
    request = f"{{{SOAP}}}Body/{{{TRUST['13']}}}RequestSecurityToken"

    assert read(root, f"{token}Username") == username
    assert read(root, f"{token}Password") == password
    assert read(root, f"{request}/{applies}") == audience
    plain = etree.fromstring(render_request(question()))
    assert [each.tag for each in root.iter()] == [each.tag for each in plain.iter()]


@pytest.mark.parametrize(
    ("version", "name"), [(Version.V13, "13"), (Version.V2005, "2005")]
)
def test_a_request(version: Version, name: str) -> None:
    """Actions, times and words of both versions (WS-Trust 1.3 §4; ten minutes)."""
    root = etree.fromstring(render_request(question(version=version)))
    trust = TRUST[name]
    header, body = f"{{{SOAP}}}Header/", f"{{{SOAP}}}Body/{{{trust}}}"
    times = f"{header}{{{WSSE}}}Security/{{{WSU}}}Timestamp/{{{WSU}}}"

    assert read(root, f"{header}{{{WSA}}}Action") == f"{trust}/RST/Issue"
    assert read(root, f"{header}{{{WSA}}}To") == question().to
    assert read(root, f"{header}{{{WSA}}}MessageID") == "urn:uuid:1"
    assert read(root, f"{times}Created") == "2026-09-21T14:13:20Z"
    assert read(root, f"{times}Expires") == "2026-09-21T14:23:20Z"
    request = f"{body}RequestSecurityToken/{{{trust}}}"
    assert read(root, f"{request}RequestType") == f"{trust}/Issue"
    assert read(root, f"{request}KeyType") == microsoft_trust.KEY_TYPE[name]


@pytest.mark.parametrize("text", ["\0", "a\x1b", "\ufffe", "\ud800", "\x0b", "\uffff"])
def test_what_xml_cannot_carry(text: str) -> None:
    """XML 1.0 §2.2."""
    assert not is_sendable(text)
    assert is_sendable("a\t\r\n ä\u2028😀")


def test_a_password_is_not_shown() -> None:
    """A question may end up in a log."""
    assert "hunter2" not in repr(question(password="hunter2"))


def granted(token: str = '<x:A xmlns:x="urn:x"/>', relates: str = "urn:uuid:1") -> str:
    """An honest answer of version 1.3."""
    return microsoft_trust.granted("13", token, "urn:a", relates)


def test_an_answer_holds_an_assertion() -> None:
    """It is taken out alone, with the namespaces it needs."""
    found = parse_answer(granted().encode(), question())

    assert isinstance(found, bytes)
    root = etree.fromstring(found)
    assert (root.tag, root.getparent(), root.tail) == ("{urn:x}A", None, None)


def test_an_answer_of_2005_has_no_collection() -> None:
    """Each version has its own form."""
    old = microsoft_trust.granted("2005", "<A/>", "urn:a", "urn:uuid:1").encode()

    assert isinstance(parse_answer(old, question(version=Version.V2005)), bytes)
    with pytest.raises(XmlRefused):
        parse_answer(old, question(version=Version.V13))
    with pytest.raises(XmlRefused):
        parse_answer(granted().encode(), question(version=Version.V2005))


TOKEN = "<t:RequestedSecurityToken>"
RELATES = "<a:RelatesTo>urn:uuid:1</a:RelatesTo>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (RELATES, ""),
        (RELATES, "<a:RelatesTo>urn:uuid:2</a:RelatesTo>"),
        (RELATES, RELATES + RELATES),
        (RELATES, "<a:RelatesTo>urn:uuid:1<b/></a:RelatesTo>"),
        (RELATES, "<RelatesTo>urn:uuid:1</RelatesTo>"),
        (TOKEN, f"{TOKEN}<B/>"),
        (TOKEN, f"{TOKEN}</t:RequestedSecurityToken>{TOKEN}"),
        ('<x:A xmlns:x="urn:x"/>', ""),
        ("t:RequestSecurityTokenResponse", "t:Other"),
        ("s:Body", "s:Other"),
        (SOAP, "http://schemas.xmlsoap.org/soap/envelope/"),
        ("<s:Header>", "<!-- a comment --><s:Header>"),
        ("<s:Envelope", "<!DOCTYPE a><s:Envelope"),
        ("<s:Envelope", '<!DOCTYPE a [<!ENTITY b "c">]><s:Envelope'),
        ("<s:Header>", "<?a b?><s:Header>"),
        ("</s:Envelope>", ""),
        ("<s:Header>", "<s:Header>" + "<b>" * 40 + "</b>" * 40),
        ("<s:Header>", "<s:Header>" + " " * 300_000),
    ],
)
def test_other_answers_are_refused(old: str, new: str) -> None:
    """One body, one response, one token, and it answers this very question."""
    document = granted()
    changed = document.replace(old, new)
    assert changed != document

    with pytest.raises(XmlRefused):
        parse_answer(changed.encode(), question())


def test_a_fault_is_read() -> None:
    """Whatever prefixes it uses (SOAP 1.2 part 1 §5.4)."""
    _, document = microsoft_trust.fault("FailedAuthentication", "urn:uuid:1")

    told = parse_answer(document.encode(), question())

    assert told == Fault("Sender", "FailedAuthentication")


def test_a_fault_may_relate_to_nothing_but_not_to_another() -> None:
    """An STS that could not read the request does not know its id."""
    _, document = microsoft_trust.fault("InvalidSecurity", "urn:uuid:2")
    without = document.replace("<a:RelatesTo>urn:uuid:2</a:RelatesTo>", "")

    assert parse_answer(without.encode(), question()) == Fault(
        "Sender", "InvalidSecurity"
    )
    with pytest.raises(XmlRefused):
        parse_answer(document.encode(), question())


@given(st.binary())
def test_noise_is_refused(document: bytes) -> None:
    """Never anything but the one exception."""
    with pytest.raises(XmlRefused):
        parse_answer(document, question())
    with pytest.raises(XmlRefused):
        find_endpoint(document)


# --- metadata -----------------------------------------------------------------------


def metadata(*versions: str) -> str:
    """Metadata of an honest server."""
    return microsoft_trust.mex(URL, Lies(versions=versions))


@pytest.mark.parametrize(
    ("versions", "best"),
    [
        (("2005", "13"), Version.V13),
        (("13", "2005"), Version.V13),
        (("13",), Version.V13),
        (("2005",), Version.V2005),
    ],
)
def test_the_best_version_for_passwords(
    versions: tuple[str, ...], best: Version
) -> None:
    """1.3 where there is a choice; never the endpoint for certificates."""
    number = "13" if best is Version.V13 else "2005"
    url = f"{URL}/adfs/services/trust/{number}/usernamemixed"

    assert find_endpoint(metadata(*versions).encode()) == Endpoint(best, url)


def test_there_may_be_none() -> None:
    """AD FS lets an administrator switch them off."""
    assert find_endpoint(metadata().encode()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sp:TransportBinding", "sp:SymmetricBinding"),
        ("<sp:WssUsernameToken10/>", ""),
        ("sp:UsernameToken", "sp:X509Token"),
        ("http://schemas.xmlsoap.org/soap/http", "http://schemas.xmlsoap.org/smtp"),
        ("/RST/Issue", "/RST/Cancel"),
        ("#UserNameWSTrustBinding", "#Another"),
        ('binding="tns:UserName', 'binding="tns:Other'),
        ("wsa10:Address", "wsa10:Other"),
        ("</wsp:All>", "</wsp:All><wsp:All/>"),
        ("wsp:ExactlyOne", "wsp:All"),
    ],
)
def test_endpoints_that_want_something_else(old: str, new: str) -> None:
    """A password goes where TLS and a user name are asked for, nowhere else."""
    document = metadata("13")
    assert old in document

    assert find_endpoint(document.replace(old, new).encode()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("wsdl:definitions", "wsdl:other"),
        ("<wsdl:definitions", "<!DOCTYPE a><wsdl:definitions"),
        ("<wsdl:service", "<!-- --><wsdl:service"),
        ("</wsdl:definitions>", ""),
    ],
)
def test_what_are_no_metadata(old: str, new: str) -> None:
    """Are refused, rather than taken for a server without endpoints."""
    document = metadata("13")
    assert old in document

    with pytest.raises(XmlRefused):
        find_endpoint(document.replace(old, new).encode())
