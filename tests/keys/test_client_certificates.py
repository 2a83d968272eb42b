"""Registered certificates: which one an assertion names, and whether it proves it."""

import hashlib
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ostiary.keys.assertions import (
    Assertion,
    ClientCertificate,
    InvalidCertificate,
    find_certificate,
    read_assertion,
    verify_signature,
)
from tests.keys.forms import (
    NOT_AFTER,
    WHO,
    bare,
    certificate_for,
    compact,
    pem_of,
    standard,
    url,
)


def test_a_certificate_knows_itself(
    certificate: ClientCertificate, x509_certificate: x509.Certificate
) -> None:
    """Thumbprints are digests of the DER bytes; the end is in Unix seconds."""
    der = x509_certificate.public_bytes(Encoding.DER)
    assert certificate.der == der
    assert certificate.sha1 == hashlib.sha1(der, usedforsecurity=False).digest()
    assert certificate.sha256 == hashlib.sha256(der).digest()
    assert certificate.not_after == NOT_AFTER.timestamp()
    assert ClientCertificate.from_der(der) == certificate


def test_pem_may_bring_a_private_key_along(
    rsa_key: rsa.RSAPrivateKey,
    x509_certificate: x509.Certificate,
    certificate: ClientCertificate,
) -> None:
    """People register the combined file; only its certificate is taken."""
    key_pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert ClientCertificate.from_pem(key_pem + pem_of(x509_certificate)) == certificate


@pytest.mark.parametrize("pem", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_what_is_no_certificate_is_refused(pem: bytes) -> None:
    """A registration without a readable certificate fails with one clear error."""
    with pytest.raises(InvalidCertificate, match="no certificate"):
        ClientCertificate.from_pem(pem)
    with pytest.raises(InvalidCertificate, match="not a certificate"):
        ClientCertificate.from_der(pem)


def test_weak_and_foreign_keys_are_refused() -> None:
    """Only RSA of at least 2048 bits can be registered."""
    weak = certificate_for(rsa.generate_private_key(65537, 1024))  # noqa: S505
    with pytest.raises(InvalidCertificate, match="2048"):
        ClientCertificate.from_pem(pem_of(weak))
    curve = certificate_for(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(InvalidCertificate, match="not RSA"):
        ClientCertificate.from_pem(pem_of(curve))


def test_weak_keys_prove_nothing(certificate: ClientCertificate) -> None:
    """A short key that got into the register some other way does not verify."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505
    der = certificate_for(key).public_bytes(Encoding.DER)
    assertion = read_assertion(compact(key, {"alg": "RS256"}, WHO))
    assert not verify_signature(assertion, replace(certificate, der=der))
    assert not verify_signature(assertion, replace(certificate, der=b"?"))


@pytest.mark.parametrize(
    "alg", ["none", "None", "HS256", "RS384", "RS512", "PS512", "ES256", "rs256", "", 1]
)
def test_other_algorithms_prove_nothing(
    alg: object, rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate
) -> None:
    """CLI-09: only RS256 and PS256, even when the octets are a true signature."""
    text = compact(rsa_key, {"alg": alg}, WHO)
    assert not verify_signature(read_assertion(text), certificate)


@pytest.mark.parametrize("alg", [None, [], {}])
def test_alg_that_is_no_text_proves_nothing(
    alg: object, rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate
) -> None:
    """A header without a textual `alg` is judged false, not an error."""
    text = compact(rsa_key, {"alg": alg}, WHO)
    assert not verify_signature(read_assertion(text), certificate)


def test_one_padding_scheme_does_not_pass_for_the_other(
    rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate
) -> None:
    """A PKCS #1 signature named PS256 is refused, and the other way round."""
    for named, used in (("PS256", "RS256"), ("RS256", "PS256")):
        signed = read_assertion(compact(rsa_key, {"alg": used}, WHO))
        renamed = replace(signed, header={"alg": named})
        assert verify_signature(signed, certificate)
        assert not verify_signature(renamed, certificate)


def test_empty_signature_and_public_key_hmac_prove_nothing(
    rsa_key: rsa.RSAPrivateKey, certificate: ClientCertificate
) -> None:
    """CLI-09: no signature, and an HMAC by the public key, are refused."""
    public = rsa_key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    for alg in ("RS256", "PS256", "HS256", "none"):
        whole = compact(rsa_key, {"alg": alg}, WHO)
        head = whole.rsplit(".", 1)[0]
        mac = hashlib.sha256(public + head.encode()).digest()
        for end in ("", bare(mac)):
            assert not verify_signature(read_assertion(f"{head}.{end}"), certificate)


def assertion_named(**header: object) -> Assertion:
    """An assertion of which only the header matters."""
    text = {name.replace("__", "#"): value for name, value in header.items()}
    return Assertion(text, {}, b"", b"")


def test_x5c_is_never_trusted(
    other_rsa_key: rsa.RSAPrivateKey,
    certificate: ClientCertificate,
    stranger: ClientCertificate,
) -> None:
    """An attacker's own chain neither finds a certificate nor proves anything."""
    header = {"alg": "RS256", "x5c": [standard(stranger.der)]}
    assertion = read_assertion(compact(other_rsa_key, header, WHO))
    assert find_certificate(assertion, [certificate]) is None
    named = {**header, "x5t": url(certificate.sha1)}
    assertion = read_assertion(compact(other_rsa_key, named, WHO))
    assert find_certificate(assertion, [certificate]) is certificate
    assert not verify_signature(assertion, certificate)


def test_kid_that_is_a_thumbprint_finds(
    certificate: ClientCertificate, stranger: ClientCertificate
) -> None:
    """A `kid` names a certificate by either digest: hex of any case, or base64."""
    for digest in (certificate.sha1, certificate.sha256):
        for kid in (
            digest.hex(),
            digest.hex().upper(),
            url(digest),
            bare(digest),
            standard(digest),
        ):
            found = find_certificate(assertion_named(kid=kid), [stranger, certificate])
            assert found is certificate


def test_both_thumbprints_must_agree(
    certificate: ClientCertificate, stranger: ClientCertificate
) -> None:
    """SHA-1 alone may not overrule SHA-256; `kid` does not overrule either."""
    both = [stranger, certificate]
    sha1, sha256 = url(certificate.sha1), bare(certificate.sha256)
    agreed = assertion_named(x5t=sha1, x5t__S256=sha256, kid="anything")
    assert find_certificate(agreed, both) is certificate
    split = assertion_named(x5t=sha1, x5t__S256=url(stranger.sha256))
    assert find_certificate(split, both) is None
    misnamed = assertion_named(x5t=url(b"?" * 20), kid=certificate.sha1.hex())
    assert find_certificate(misnamed, both) is None


@pytest.mark.parametrize("value", [None, 1, True, [], {}, "", "=", "é", "a" * 5000])
@pytest.mark.parametrize("name", ["x5t", "x5t__S256", "kid"])
def test_odd_thumbprints_find_nothing(
    name: str, value: object, certificate: ClientCertificate
) -> None:
    """Whatever stands in a thumbprint's place, it finds nothing, harms nothing."""
    assert find_certificate(assertion_named(**{name: value}), [certificate]) is None


def test_a_thumbprint_counts_only_under_its_name(
    certificate: ClientCertificate,
) -> None:
    """SHA-1 under `x5t#S256`, SHA-256 under `x5t`, and no name at all, find nothing."""
    for header in (
        {"x5t": bare(certificate.sha256)},
        {"x5t__S256": bare(certificate.sha1)},
        {},
    ):
        assert find_certificate(assertion_named(**header), [certificate]) is None
