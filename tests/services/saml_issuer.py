"""An issuer of SAML assertions: SAML 1.1 and 2.0 as AD FS writes them, and worse.

Signed by hand (XML Signature, exclusive canonical form), so that what proves the
reader is not the library that it reads with. No test lives here.
"""

import base64
import functools
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

SAML1: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = f"{DS}enveloped-signature"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
AUDIENCE: Final = "urn:federation:MicrosoftOnline"
ISSUER: Final = "http://fs.corp.test/adfs/services/trust"
LIVE: Final = "http://schemas.microsoft.com/LiveID/Federation/2008/05"
CLAIMS: Final = "http://schemas.xmlsoap.org/claims"
UPN2: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """A key and its certificate, as the token-signing certificate of an STS."""

    key: Key
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The certificate, to be pinned."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def make_signer(
    key: Key | None = None, *, starts: datetime | None = None, days: int = 3650
) -> Signer:
    """A new signer; its certificate is valid from yesterday unless told otherwise."""
    made = key or rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ADFS Signing")])
    start = starts or datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(made, hashes.SHA256())
    )
    return Signer(made, certificate)


@functools.cache
def usual_signer() -> Signer:
    """One signer for a whole run: RSA keys are slow to make."""
    return make_signer()


@functools.cache
def other_signer() -> Signer:
    """Somebody else's."""
    return make_signer()


def stamp(at: float) -> str:
    """A time as SAML writes it, with milliseconds as AD FS does."""
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Said:
    """What an assertion shall say; times in epoch seconds."""

    now: float
    id: str = "_0f8fad5b-d9cb-469f-a165-70867728950e"
    upn: str | None = "alice@corp.test"
    name_id: str = "VGhlIGltbXV0YWJsZSBpZA=="
    immutable_id: str | None = "VGhlIGltbXV0YWJsZSBpZA=="
    audience: str | None = AUDIENCE
    starts: float = 0.0
    ends: float = 3600.0
    confirmation: str = "bearer"
    confirmed_until: float | None = 300.0
    more: Mapping[str, str] = field(default_factory=dict)
    """Further attributes, by whole name."""


def saml1(said: Said) -> str:
    """An unsigned SAML 1.1 assertion, as AD FS issues it over WS-Trust."""
    subject = (
        "<saml:Subject><saml:NameIdentifier Format="
        '"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">'
        f"{escape(said.name_id)}</saml:NameIdentifier><saml:SubjectConfirmation>"
        "<saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:"
        f"{said.confirmation}</saml:ConfirmationMethod></saml:SubjectConfirmation>"
        "</saml:Subject>"
    )
    claims = {f"{CLAIMS}/UPN": said.upn, f"{LIVE}/ImmutableID": said.immutable_id}
    attributes = "".join(
        f'<saml:Attribute AttributeName="{name.rpartition("/")[2]}" '
        f'AttributeNamespace="{name.rpartition("/")[0]}"><saml:AttributeValue>'
        f"{escape(value)}</saml:AttributeValue></saml:Attribute>"
        for name, value in (claims | dict(said.more)).items()
        if value is not None
    )
    audience = (
        "<saml:AudienceRestrictionCondition><saml:Audience>"
        f"{escape(said.audience)}</saml:Audience></saml:AudienceRestrictionCondition>"
        if said.audience is not None
        else ""
    )
    return (
        f'<saml:Assertion xmlns:saml="{SAML1}" MajorVersion="1" MinorVersion="1" '
        f'AssertionID="{said.id}" Issuer="{ISSUER}" IssueInstant="{stamp(said.now)}">'
        f'<saml:Conditions NotBefore="{stamp(said.now + said.starts)}" '
        f'NotOnOrAfter="{stamp(said.now + said.ends)}">{audience}</saml:Conditions>'
        f"<saml:AttributeStatement>{subject}{attributes}</saml:AttributeStatement>"
        "<saml:AuthenticationStatement AuthenticationMethod="
        '"urn:oasis:names:tc:SAML:1.0:am:password" '
        f'AuthenticationInstant="{stamp(said.now)}">{subject}'
        "</saml:AuthenticationStatement></saml:Assertion>"
    )


def saml2(said: Said) -> str:
    """An unsigned SAML 2.0 assertion."""
    claims = {UPN2: said.upn, f"{LIVE}/ImmutableID": said.immutable_id}
    attributes = "".join(
        f'<Attribute Name="{name}"><AttributeValue>{escape(value)}</AttributeValue>'
        "</Attribute>"
        for name, value in (claims | dict(said.more)).items()
        if value is not None
    )
    audience = (
        f"<AudienceRestriction><Audience>{escape(said.audience)}</Audience>"
        "</AudienceRestriction>"
        if said.audience is not None
        else ""
    )
    until = (
        f' NotOnOrAfter="{stamp(said.now + said.confirmed_until)}"'
        if said.confirmed_until is not None
        else ""
    )
    return (
        f'<Assertion xmlns="{SAML2}" Version="2.0" ID="{said.id}" '
        f'IssueInstant="{stamp(said.now)}"><Issuer>{ISSUER}</Issuer>'
        f"<Subject><NameID>{escape(said.name_id)}</NameID><SubjectConfirmation "
        f'Method="urn:oasis:names:tc:SAML:2.0:cm:{said.confirmation}">'
        f"<SubjectConfirmationData{until}/></SubjectConfirmation></Subject>"
        f'<Conditions NotBefore="{stamp(said.now + said.starts)}" '
        f'NotOnOrAfter="{stamp(said.now + said.ends)}">{audience}</Conditions>'
        f"<AttributeStatement>{attributes}</AttributeStatement>"
        f'<AuthnStatement AuthnInstant="{stamp(said.now)}"><AuthnContext>'
        "<AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:"
        "PasswordProtectedTransport</AuthnContextClassRef></AuthnContext>"
        "</AuthnStatement></Assertion>"
    )


WRITERS: Final[Mapping[str, Callable[[Said], str]]] = {"1.1": saml1, "2.0": saml2}


@dataclass(frozen=True)
class How:
    """How a signature is made; the defaults are those of AD FS."""

    method: str = f"{MORE}rsa-sha256"
    digest: str = SHA256
    canonical: str = EXCLUSIVE
    transforms: tuple[str, ...] = (ENVELOPED, EXCLUSIVE)
    reference: str | None = None
    """The URI of the reference; None: the assertion's own id."""
    key_info: str | None = None
    """XML instead of the signer's own certificate."""


def canonical(element: etree._Element) -> bytes:
    """Exclusive canonical form without comments, alone."""
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    form: bytes = etree.tostring(copy, method="c14n", exclusive=True)
    return form


def sign(
    assertion: str,
    signer: Signer | None = None,
    how: How | None = None,
    *,
    over: str | None = None,
) -> str:
    """The assertion with an enveloped signature at its end (SAML 1.1) or in place.

    over: what the digest is made of, if not of the assertion.
    """
    chosen, rules = signer or usual_signer(), how or How()
    root = etree.fromstring(assertion)
    own = root.get("AssertionID") or root.get("ID")
    digest = _digest(rules.digest, canonical(etree.fromstring(over or assertion)))
    uri = f"#{own}" if rules.reference is None else rules.reference
    transforms = "".join(
        f'<ds:Transform Algorithm="{each}"/>' for each in rules.transforms
    )
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{rules.canonical}"/>'
        f'<ds:SignatureMethod Algorithm="{rules.method}"/>'
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{rules.digest}"/><ds:DigestValue>{digest}'
        "</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    value = _signed(rules.method, chosen, canonical(etree.fromstring(info)))
    body = chosen.pem.replace("-----BEGIN CERTIFICATE-----", "")
    body = body.replace("-----END CERTIFICATE-----", "").replace("\n", "")
    said = rules.key_info or (
        f"<ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate></ds:X509Data>"
    )
    signature = (
        f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{value}'
        f"</ds:SignatureValue><ds:KeyInfo>{said}</ds:KeyInfo></ds:Signature>"
    )
    place = "</Issuer>" if "</Issuer>" in assertion else ""
    if place:  # SAML 2.0 core §2.3.3: the signature follows the issuer
        return assertion.replace(place, place + signature, 1)
    end = assertion.rindex("</")
    return assertion[:end] + signature + assertion[end:]


def _digest(name: str, data: bytes) -> str:
    return base64.b64encode(
        hashlib.new(name.rpartition("#")[2], data, usedforsecurity=False).digest()
    ).decode()


def _signed(method: str, signer: Signer, data: bytes) -> str:
    kind, _, digest = method.rpartition("#")[2].partition("-")
    made = {
        "sha1": hashes.SHA1(),  # noqa: S303 - to be refused
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }[digest]
    if kind == "hmac":  # keyed with what everybody knows: the certificate
        key = signer.certificate.public_bytes(Encoding.PEM)
        return base64.b64encode(hmac.digest(key, data, digest)).decode()
    if isinstance(signer.key, rsa.RSAPrivateKey):
        value = signer.key.sign(data, padding.PKCS1v15(), made)
    else:  # RFC 6931 §2.3.6: the two numbers side by side
        numbers = decode_dss_signature(signer.key.sign(data, ec.ECDSA(made)))
        size = (signer.key.curve.key_size + 7) // 8
        value = b"".join(number.to_bytes(size, "big") for number in numbers)
    return base64.b64encode(value).decode()
