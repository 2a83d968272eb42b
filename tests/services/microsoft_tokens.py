"""What the stand-in for Entra ID and AD FS signs: id_tokens and SAML 1.1 assertions.

Honest unless its lies are told otherwise; who may have one is decided in microsoft.py.
"""

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod
from signxml.signer import XMLSigner

SAML = "urn:oasis:names:tc:SAML:1.0:assertion"
UPN = ("http://schemas.xmlsoap.org/claims", "UPN")
IMMUTABLE_ID = (
    "http://schemas.microsoft.com/LiveID/Federation/2008/05",
    "ImmutableID",
)
IDENTITY = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"


@dataclass(frozen=True)
class Answer:
    """An answer instead of the true one; `delay` in seconds before it.

    drips: its body comes byte by byte, each after `delay`.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/json; charset=utf-8"
    delay: float = 0.0
    drips: bool = False


@dataclass
class Lies:
    """What the stand-in tells wrongly; a fresh one is honest.

    claims, header, discovery: laid over those of id_tokens and of the metadata; None
    takes one away. answers: by the ending of the path. versions: of WS-Trust in the
    MEX document. trust_url: where its endpoints are. relates_to: of WS-Trust answers.
    subject, audience, seconds: of assertions. reworded: replaces in their text before
    it is signed; edited: afterwards.
    """

    claims: dict[str, object] = field(default_factory=dict)
    header: dict[str, object] = field(default_factory=dict)
    signing: Literal["own", "foreign", "none", "hmac", "broken"] = "own"
    discovery: dict[str, object] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    versions: tuple[str, ...] = ("2005", "13")
    trust_url: str | None = None
    relates_to: str | None = None
    assertion: Literal["signed", "foreign", "unsigned", "replayed"] = "signed"
    subject: str | None = None
    audience: str | None = None
    seconds: float = 3600.0
    reworded: tuple[tuple[str, str], ...] = ()
    edited: tuple[tuple[str, str], ...] = ()


def encoded(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def immutable_id(user: str) -> str:
    """The ImmutableID of a user: base64 of the 16 bytes of a GUID."""
    return base64.b64encode(uuid.uuid5(uuid.NAMESPACE_DNS, user.lower()).bytes).decode()


def object_id(user: str) -> str:
    """The `oid` of a user."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, user.lower()))


def pairwise(user: str, client: str) -> str:
    """The `sub` of a user for one application."""
    return encoded(hashlib.sha256(f"{object_id(user)} {client}".encode()).digest())


@dataclass
class SigningKey:
    """An RSA key with its self-signed certificate, good for `days` from now."""

    days: float = 365.0
    key: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(65537, 2048), repr=False
    )

    @cached_property
    def certificate(self) -> bytes:
        """The certificate as PEM; that of no days expired yesterday."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "token-signing")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=self.days or -1))
        )
        made = builder.sign(self.key, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM)

    @cached_property
    def public_pem(self) -> bytes:
        """The public key as PEM."""
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )

    @cached_property
    def kid(self) -> str:
        """The id of the key."""
        return encoded(hashlib.sha256(self.public_pem).digest()[:20])

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 7517), as Entra ID writes it."""
        numbers = self.key.public_key().public_numbers()
        n, e = (
            encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))
            for number in (numbers.n, numbers.e)
        )
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "x5t": self.kid,
            "n": n,
            "e": e,
        }

    def signed(self, text: bytes) -> bytes:
        """RS256 (RFC 7518 §3.3)."""
        return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def over(told: dict[str, object], lies: dict[str, object]) -> dict[str, object]:
    """`told`, with the lies over it; None takes one away."""
    return {name: v for name, v in (told | lies).items() if v is not None}


@dataclass
class Signer:
    """Makes tokens with its key, or as the lies say."""

    folder: Path
    lies: Lies = field(default_factory=Lies)
    own: SigningKey = field(default_factory=SigningKey)
    foreign: SigningKey = field(default_factory=SigningKey)
    last: str = ""

    @cached_property
    def certificate_path(self) -> Path:
        """The PEM file that option `signing_certificate` takes."""
        path = self.folder / "token-signing.pem"
        path.write_bytes(self.own.certificate)
        return path

    def jwt(self, claims: dict[str, object]) -> str:
        """A JWS of the claims, as the lies have them."""
        lies = self.lies
        algorithm = {"none": "none", "hmac": "HS256"}.get(lies.signing, "RS256")
        header: dict[str, object] = {"typ": "JWT", "alg": algorithm}
        header |= {"kid": self.own.kid, "x5t": self.own.kid}
        parts = over(header, lies.header), over(claims, lies.claims)
        text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{text}.{encoded(self._signature(text.encode()))}"

    def _signature(self, text: bytes) -> bytes:
        match self.lies.signing:
            case "none":
                return b""
            case "hmac":  # the public key, taken for a shared secret
                return hmac.digest(self.own.public_pem, text, "sha256")
            case "foreign":
                return self.foreign.signed(text)
            case "broken":
                return bytes(256)
        return self.own.signed(text)

    def assertion(self, user: str, audience: str, issuer: str) -> str:
        """A SAML 1.1 assertion about the user, as AD FS writes it."""
        lies = self.lies
        if lies.assertion == "replayed" and self.last:
            return self.last
        text = _assertion(
            lies.subject or user, lies.audience or audience, issuer, lies.seconds
        )
        for old, new in lies.reworded:
            text = text.replace(old, new)
        root = etree.fromstring(text.encode())
        if lies.assertion != "unsigned":
            key = self.foreign if lies.assertion == "foreign" else self.own
            root = XMLSigner(
                method=SignatureConstructionMethod.enveloped,
                signature_algorithm="rsa-sha256",
                digest_algorithm="sha256",
                c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
            ).sign(
                root,
                key=key.key,
                cert=key.certificate.decode(),
                reference_uri=root.get("AssertionID"),
                id_attribute="AssertionID",
            )
        self.last = etree.tostring(root).decode()
        for old, new in lies.edited:
            self.last = self.last.replace(old, new)
        return self.last


def stamp(seconds: float = 0.0) -> str:
    """A moment from now, as XML writes it."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S.123Z}"


def epoch() -> int:
    """Now, as JSON Web Tokens write it."""
    return int(time.time())


def _attribute(name: tuple[str, str], value: str) -> str:
    return (
        f'<saml:Attribute AttributeName="{name[1]}" AttributeNamespace="{name[0]}">'
        f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue></saml:Attribute>"
    )


def _assertion(user: str, audience: str, issuer: str, seconds: float) -> str:
    given = user.split("@")[0].title()
    subject = (
        '<saml:Subject><saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:'
        f'nameid-format:unspecified">{immutable_id(user)}</saml:NameIdentifier>'
        "<saml:SubjectConfirmation><saml:ConfirmationMethod>"
        "urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>"
        "</saml:SubjectConfirmation></saml:Subject>"
    )
    attributes = (
        _attribute(UPN, user)
        + _attribute(IMMUTABLE_ID, immutable_id(user))
        + _attribute((IDENTITY, "emailaddress"), user)
        + _attribute((IDENTITY, "givenname"), given)
        + _attribute((IDENTITY, "surname"), "Liddell")
    )
    return (
        f'<saml:Assertion xmlns:saml="{SAML}" MajorVersion="1" MinorVersion="1" '
        f'AssertionID="_{uuid.uuid4()}" Issuer="{escape(issuer)}" '
        f'IssueInstant="{stamp()}"><saml:Conditions NotBefore="{stamp(-1)}" '
        f'NotOnOrAfter="{stamp(seconds)}"><saml:AudienceRestrictionCondition>'
        f"<saml:Audience>{escape(audience)}</saml:Audience>"
        "</saml:AudienceRestrictionCondition></saml:Conditions>"
        f"<saml:AttributeStatement>{subject}{attributes}</saml:AttributeStatement>"
        '<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:'
        f'1.0:am:password" AuthenticationInstant="{stamp()}">{subject}'
        "</saml:AuthenticationStatement></saml:Assertion>"
    )
