"""SAML assertions, proven: signature by a pinned certificate, times and audience.

What a proven one says is read in `saml_claims`; whom it means is decided in `flows`.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from ostiary.connections.saml_claims import (
    FORMS,
    SKEW,
    Form,
    SamlAssertion,
    SamlRefused,
    claims_of,
    user_name_of,
)
from ostiary.connections.strict_xml import (
    Element,
    XmlRefused,
    parse_document,
    strict_parser,
)

__all__ = ["SKEW", "SamlAssertion", "SamlRefused", "read_assertion", "unproven_name"]

MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS: Final = [f"{_DS[1:-1]}enveloped-signature", _EXCLUSIVE]
_PARTS: Final = [f"{_DS}SignedInfo", f"{_DS}SignatureValue"]
_ID_NAMES: Final = ("id", "assertionid")
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_DIGESTS: Final = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512}
)

# At level debug it would write whole assertions into the log (security promise 7).
logging.getLogger("signxml").setLevel(logging.WARNING)


def read_assertion(
    document: bytes, certificate_pem: str, audience: str, now: float
) -> SamlAssertion:
    """What a SAML 1.1 or 2.0 assertion says, proven; `now` in epoch seconds.

    certificate_pem: one or several certificates, any of which may have signed; what the
    document says of keys is thrown away. Raises SamlRefused, and ValueError when
    certificate_pem holds no certificate. Contract entra §3.5.
    """
    certificates = x509.load_pem_x509_certificates(certificate_pem.encode())
    try:
        root = parse_document(document)
        form = FORMS.get(str(root.tag))
        if form is None:
            raise SamlRefused("not an assertion")
        _check_shape(root, form)
        signed = _signed(root, form, certificates, now)
        return claims_of(signed, form, audience, now)
    except XmlRefused as refused:
        raise SamlRefused(str(refused)) from None


def unproven_name(document: bytes) -> str | None:
    """The user name in an assertion, before anything of it is proven.

    Only good for finding whose keys to prove it with. Raises SamlRefused.
    """
    try:
        root = parse_document(document)
        return user_name_of(root) if str(root.tag) in FORMS else None
    except XmlRefused as refused:
        raise SamlRefused(str(refused)) from None


def _check_shape(root: Element, form: Form) -> None:
    """One assertion, one signature right within it, over it, and each id once.

    This leaves nowhere for a second assertion to hide (signature wrapping).
    """
    own = root.get(form.id_attribute)
    ids = list(_ids(root))
    if not own or len(ids) != len(set(ids)):
        raise SamlRefused("an id is missing or there twice")
    names = [etree.QName(node).localname for node in root.iter()]
    if names.count("Assertion") != 1 or "EncryptedAssertion" in names:
        raise SamlRefused("more than one assertion")
    if names.count("Signature") == 0:
        raise SamlRefused("not signed")
    signatures = root.findall(f"{_DS}Signature")
    if names.count("Signature") != 1 or len(signatures) != 1:
        raise SamlRefused("more than one signature, or one elsewhere")
    _check_signature_shape(signatures[0], own)


def _ids(root: Element) -> Iterator[str]:
    for node in root.iter():
        for name, value in node.attrib.items():
            if etree.QName(name).localname.lower() in _ID_NAMES:
                yield str(value)


def _check_signature_shape(signature: Element, own: str) -> None:
    """Enveloped, exclusively canonical, one reference to the assertion's own id."""
    for said in signature.findall(f"{_DS}KeyInfo"):
        signature.remove(said)  # never trusted, so never read
    parts = [part.tag for part in signature]
    info = signature.find(f"{_DS}SignedInfo")
    if parts != _PARTS or info is None:
        raise SamlRefused("a signature of another form")
    references = info.findall(f"{_DS}Reference")
    if len(references) != 1 or references[0].get("URI") != f"#{own}":
        raise SamlRefused("signed is something else")
    canonical = info.find(f"{_DS}CanonicalizationMethod")
    transforms = references[0].findall(f"{_DS}Transforms/{_DS}Transform")
    if (
        canonical is None
        or canonical.get("Algorithm") != _EXCLUSIVE
        or [each.get("Algorithm") for each in transforms] != _TRANSFORMS
    ):
        raise SamlRefused("transforms that are not allowed")


def _signed(
    root: Element, form: Form, certificates: list[x509.Certificate], now: float
) -> Element:
    """The element as it was signed; only from this one anything is read."""
    document = etree.tostring(root)
    why = SamlRefused("no certificate of ours is valid now")
    for certificate in certificates:
        if not _is_usable(certificate, now):
            continue
        why = SamlRefused("not signed by a certificate of ours, or changed since")
        signed = _verified(document, form, certificate, now)
        if signed is None:
            continue
        same = signed.get(form.id_attribute) == root.get(form.id_attribute)
        if signed.tag != root.tag or not same:
            raise SamlRefused("signed is something else")
        return signed
    raise why


def _is_usable(certificate: x509.Certificate, now: float) -> bool:
    moment = datetime.fromtimestamp(now, UTC)
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    strong = (isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, EllipticCurvePublicKey) and key.key_size >= MIN_EC_BITS
    )
    if not strong:
        return False
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _verified(
    document: bytes, form: Form, certificate: x509.Certificate, now: float
) -> Element | None:
    rules = SignatureConfiguration(
        location="./",
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=datetime.fromtimestamp(now, UTC),
    )
    try:
        result = XMLVerifier().verify(
            document,
            x509_cert=certificate,
            parser=strict_parser(),
            id_attribute=form.id_attribute,
            expect_config=rules,
        )
    except Exception:  # whatever the library trips over is no signature
        return None
    signed: Element | None = None if isinstance(result, list) else result.signed_xml
    return signed
