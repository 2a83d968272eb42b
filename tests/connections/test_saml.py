"""SAML assertions: what a proven one says, and everything that proves nothing."""

import base64
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ostiary.connections.saml import SamlAssertion, SamlRefused, read_assertion
from tests.services.saml_issuer import (
    AUDIENCE,
    ISSUER,
    LIVE,
    MORE,
    SHA256,
    UPN2,
    WRITERS,
    How,
    Said,
    Signer,
    make_signer,
    other_signer,
    saml1,
    saml2,
    sign,
    usual_signer,
)

NOW = datetime.now(UTC).timestamp()
SAID = Said(NOW)
VERSIONS = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)

Write = Callable[[Said], str]


def read(document: str | bytes, now: float = NOW, pem: str = "") -> SamlAssertion:
    """Read with the usual certificate and audience."""
    raw = document.encode() if isinstance(document, str) else document
    return read_assertion(raw, pem or usual_signer().pem, AUDIENCE, now)


def refusal(document: str | bytes, now: float = NOW, pem: str = "") -> str:
    """Why it is refused; it must be."""
    with pytest.raises(SamlRefused) as refused:
        read(document, now, pem)
    return str(refused.value)


@VERSIONS
def test_a_proven_assertion_tells_whom_it_means(write: Write) -> None:
    """Id, issuer, names, claims and times come as the issuer wrote them."""
    said = replace(SAID, more={"http://schemas.test/claims/role": "clerk & <co>"})

    found = read(sign(write(said)))

    assert found.id == SAID.id
    assert found.issuer == ISSUER
    assert found.upn == "alice@corp.test"
    assert found.immutable_id == found.name_id == "VGhlIGltbXV0YWJsZSBpZA=="
    assert found.attributes["http://schemas.test/claims/role"] == ("clerk & <co>",)
    assert found.attributes[f"{LIVE}/ImmutableID"] == ("VGhlIGltbXV0YWJsZSBpZA==",)
    assert found.not_on_or_after == pytest.approx(NOW + 3600, abs=0.001)
    assert found.instant == pytest.approx(NOW, abs=0.001)
    assert "alice" not in repr(found)


@VERSIONS
def test_the_name_stands_in_for_an_absent_immutable_id(write: Write) -> None:
    """Without that claim the subject's name is the id; an absent user name is None."""
    found = read(sign(write(replace(SAID, upn=None, immutable_id=None, name_id="x7"))))

    assert (found.upn, found.immutable_id, found.name_id) == (None, "x7", "x7")


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_stronger_algorithms_are_taken(kind: str, digest: str) -> None:
    """RSA and ECDSA over SHA-384 and SHA-512 (RFC 6931 §2.3)."""
    signer = usual_signer() if kind == "rsa" else elliptic()
    names = {
        "sha384": f"{MORE}sha384",
        "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    }
    how = How(method=f"{MORE}{kind}-{digest}", digest=names[digest])

    assert read(sign(saml2(SAID), signer, how), pem=signer.pem).upn == SAID.upn


def test_elliptic_keys_sign_as_well() -> None:
    """ECDSA with SHA-256; the certificate of another kind of key does not fit it."""
    signer = elliptic()
    document = sign(saml1(SAID), signer, How(method=f"{MORE}ecdsa-sha256"))

    assert read(document, pem=signer.pem).id == SAID.id
    assert "not signed by a certificate of ours" in refusal(document)


def elliptic() -> Signer:
    """A signer with a P-256 key."""
    return make_signer(ec.generate_private_key(ec.SECP256R1()))


def test_any_pinned_certificate_may_have_signed() -> None:
    """During a roll-over the file holds the old certificate and the new one."""
    both = other_signer().pem + usual_signer().pem

    for signer in (other_signer(), usual_signer()):
        assert read(sign(saml1(SAID), signer), pem=both).issuer == ISSUER


def test_a_file_without_certificates_is_a_configuration_error() -> None:
    """ValueError: the fault is not the document's."""
    with pytest.raises(ValueError, match="PEM"):
        read_assertion(sign(saml1(SAID)).encode(), "nothing", AUDIENCE, NOW)


# --- who signed -------------------------------------------------------------------


@VERSIONS
def test_another_key_proves_nothing(write: Write) -> None:
    """The certificate inside the document is never trusted, only the pinned one."""
    why = refusal(sign(write(SAID), other_signer()))

    assert why == "not signed by a certificate of ours, or changed since"


def test_a_bare_key_in_the_document_is_not_trusted() -> None:
    """KeyInfo may hold anything, even nonsense or another's key: it is not read."""
    numbers = other_signer().key.public_key().public_numbers()
    assert isinstance(numbers, rsa.RSAPublicNumbers)
    modulus = base64.b64encode(numbers.n.to_bytes(256, "big")).decode()
    theirs = (
        f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
        "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )

    assert "not signed" in refusal(
        sign(saml1(SAID), other_signer(), How(key_info=theirs))
    )
    assert read(sign(saml1(SAID), how=How(key_info=theirs))).upn == SAID.upn
    assert read(sign(saml1(SAID), how=How(key_info="<x>?</x>"))).upn == SAID.upn


@VERSIONS
def test_unsigned_assertions_are_refused(write: Write) -> None:
    """And so is one whose signature was taken out again."""
    signed = sign(write(SAID))
    start, end = signed.index("<ds:Signature "), signed.index("</ds:Signature>")

    assert refusal(write(SAID)) == "not signed"
    assert refusal(signed[:start] + signed[end + 15 :]) == "not signed"


@VERSIONS
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alice@corp.test", "admin@corp.test"),
        ("VGhlIGltbXV0YWJsZSBpZA==", "b3RoZXI="),
        (ISSUER, "http://fs.evil.test/adfs/services/trust"),
        (AUDIENCE, "urn:ostiary:other"),
    ],
)
def test_changed_assertions_are_refused(write: Write, old: str, new: str) -> None:
    """Every value that counts is under the signature."""
    signed = sign(write(SAID))
    assert old in signed

    assert "changed since" in refusal(signed.replace(old, new))


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", SHA256),
        (f"{MORE}rsa-sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", SHA256),
        (f"{MORE}hmac-sha256", SHA256),
    ],
)
def test_weak_and_symmetric_algorithms_are_refused(method: str, digest: str) -> None:
    """No SHA-1 anywhere; a certificate is no key of an HMAC, as all the world has it.

    RFC 6931 §2.2; the signatures are right in themselves.
    """
    why = refusal(sign(saml1(SAID), how=How(method=method, digest=digest)))

    assert "not signed by a certificate of ours" in why


def test_short_keys_and_dead_certificates_are_of_no_use() -> None:
    """RSA below 2048 bits, curves below 256, expired, not yet valid: however right the
    signature is.
    """
    yesterday = datetime.fromtimestamp(NOW, UTC) - timedelta(days=30)
    tomorrow = datetime.fromtimestamp(NOW, UTC) + timedelta(days=1)
    key = usual_signer().key
    short = make_signer(rsa.generate_private_key(65537, 1024))  # noqa: S505 - refused
    for signer in (
        short,
        make_signer(ec.generate_private_key(ec.SECP224R1())),
        make_signer(key, starts=yesterday, days=10),
        make_signer(key, starts=tomorrow),
    ):
        kind = "ecdsa" if isinstance(signer.key, ec.EllipticCurvePrivateKey) else "rsa"
        how = How(method=f"{MORE}{kind}-sha256")
        why = refusal(sign(saml1(SAID), signer, how), pem=signer.pem)
        assert why == "no certificate of ours is valid now"


@pytest.mark.parametrize(
    "how",
    [
        How(canonical="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        How(transforms=("http://www.w3.org/2001/10/xml-exc-c14n#",)),
        How(
            transforms=(
                "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                "http://www.w3.org/TR/1999/REC-xslt-19991116",
                "http://www.w3.org/2001/10/xml-exc-c14n#",
            )
        ),
        How(
            transforms=(
                "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                "http://www.w3.org/TR/1999/REC-xpath-19991116",
            )
        ),
        How(
            transforms=(
                "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            )
        ),
    ],
)
def test_only_two_transforms_are_known(how: How) -> None:
    """Nothing that filters, rewrites or computes what is signed."""
    assert refusal(sign(saml1(SAID), how=how)) == "transforms that are not allowed"


# --- when, and for whom -----------------------------------------------------------


@VERSIONS
def test_clocks_may_differ_by_five_minutes(write: Write) -> None:
    """Valid from 5 minutes before to 5 minutes after (contract entra §3.5)."""
    document = sign(write(replace(SAID, ends=600.0, confirmed_until=None)))

    assert read(document, NOW - 299).id == SAID.id
    assert read(document, NOW + 899).id == SAID.id
    assert refusal(document, NOW - 301) == "not yet valid"
    assert refusal(document, NOW + 901) == "expired"


def test_the_confirmation_may_end_earlier() -> None:
    """SubjectConfirmationData NotOnOrAfter holds beside the conditions."""
    document = sign(saml2(replace(SAID, confirmed_until=60.0)))

    assert read(document, NOW + 359).id == SAID.id
    assert refusal(document, NOW + 361) == "expired"


@VERSIONS
@pytest.mark.parametrize("bound", ["NotBefore", "NotOnOrAfter"])
@pytest.mark.parametrize("value", [None, "tomorrow", "2026-13-01T00:00:00Z", ""])
def test_both_bounds_are_required(write: Write, bound: str, value: str | None) -> None:
    """An assertion without an end would be good for ever."""
    text = write(replace(SAID, confirmed_until=None))
    before, _, after = text.partition(f'{bound}="')
    rest = after.partition('"')[2]
    changed = before + (f'{bound}="{value}"' if value is not None else "") + rest

    assert refusal(sign(changed)) == "a time is missing or malformed"


@VERSIONS
@pytest.mark.parametrize(
    "audience",
    [None, "", "urn:federation:microsoftonline", f"{AUDIENCE}.evil.test", "x"],
)
def test_only_our_audience_is_ours(write: Write, audience: str | None) -> None:
    """Named exactly; no audience at all is nobody's."""
    why = refusal(sign(write(replace(SAID, audience=audience))))

    assert why == "meant for somebody else"


def test_every_restriction_must_name_us() -> None:
    """Several restrictions are all of them to be met (SAML 2.0 core §2.5.1.4)."""
    ours = f"<Audience>{AUDIENCE}</Audience>"
    restriction = "<AudienceRestriction>{}</AudienceRestriction>"
    text = saml2(SAID)
    beside = text.replace(ours, f"<Audience>urn:a:b</Audience>{ours}")
    apart = text.replace(
        restriction.format(ours),
        restriction.format(ours) + restriction.format("<Audience>urn:a:b</Audience>"),
    )

    assert read(sign(beside)).id == SAID.id
    assert refusal(sign(apart)) == "meant for somebody else"


@VERSIONS
@pytest.mark.parametrize("confirmation", ["holder-of-key", "sender-vouches", ""])
def test_only_bearers_may_bring_it(write: Write, confirmation: str) -> None:
    """Who must show a key has shown none here (SAML 2.0 profiles §3)."""
    why = refusal(sign(write(replace(SAID, confirmation=confirmation))))

    assert why == "not a bearer's"


@VERSIONS
def test_unknown_conditions_are_not_met(write: Write) -> None:
    """A condition that is not understood makes it invalid (SAML 2.0 core §2.5.1)."""
    text = write(SAID)
    place = text.rindex("</", 0, text.index("Conditions>"))
    strange = text[:place] + '<x:Moon xmlns:x="urn:x" full="1"/>' + text[place:]

    assert refusal(sign(strange)) == "a condition that is not known here"


@pytest.mark.parametrize(
    ("write", "old", "new"),
    [
        (saml1, 'MinorVersion="1"', 'MinorVersion="0"'),
        (saml2, 'Version="2.0"', 'Version="2.1"'),
    ],
)
def test_other_versions_are_refused(write: Write, old: str, new: str) -> None:
    """SAML 1.1 and 2.0 are read, and nothing that calls itself otherwise."""
    assert refusal(sign(write(SAID).replace(old, new))) == "another version of SAML"


def test_two_user_names_are_none() -> None:
    """Both claims may tell the name, in any case, but not two names."""
    same = sign(saml1(replace(SAID, more={UPN2: "ALICE@corp.test"})))
    other = sign(saml1(replace(SAID, more={UPN2: "admin@corp.test"})))

    assert read(same).upn == "alice@corp.test"
    assert refusal(other) == "a name with several values"


def test_nothing_of_an_assertion_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the level at which the library writes down what it reads."""
    caplog.set_level(logging.DEBUG)

    assert read(sign(saml1(SAID))).upn == SAID.upn
    assert "alice" not in caplog.text
    assert not caplog.records
