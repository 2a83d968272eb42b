"""SAML assertions of wrong shape: wrapped signatures, DTDs, comments, and bulk.

The shapes of wrapping are those of Somorovsky et al., "On Breaking SAML: Be Whoever You
Want to Be" (USENIX Security 2012), §4, as far as an assertion can be the root.
"""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.connections.saml import SamlRefused, read_assertion
from tests.services.saml_issuer import (
    AUDIENCE,
    DS,
    SAML1,
    SAML2,
    WRITERS,
    How,
    Said,
    saml1,
    saml2,
    sign,
    usual_signer,
)

NOW = datetime.now(UTC).timestamp()
SAID = Said(NOW)
EVIL = replace(SAID, id="_evil", upn="admin@corp.test", immutable_id="YWRtaW4=")
GOOD1, GOOD2 = sign(saml1(SAID)), sign(saml2(SAID))


def refusal(document: str | bytes) -> str:
    """Why it is refused; it must be."""
    raw = document if isinstance(document, bytes) else document.encode()
    with pytest.raises(SamlRefused) as refused:
        read_assertion(raw, usual_signer().pem, AUDIENCE, NOW)
    return str(refused.value)


def signature_of(document: str) -> str:
    """The signature element, as text."""
    return document[
        document.index("<ds:Signature ") : document.index("</ds:Signature>") + 15
    ]


def unsigned(document: str) -> str:
    """The document without its signature."""
    return document.replace(signature_of(document), "")


def within(document: str, more: str) -> str:
    """The document with more at its end."""
    end = document.rindex("</")
    return document[:end] + more + document[end:]


def as_object(document: str, inner: str) -> str:
    """The document with something inside its signature's ds:Object."""
    return document.replace(
        "</ds:Signature>", f"<ds:Object>{inner}</ds:Object></ds:Signature>"
    )


WRAPPED = {
    "a forged root around the signed one": within(saml1(EVIL), GOOD1),
    "a forged root with the signature, the signed one beside": within(
        saml1(EVIL), signature_of(GOOD1) + unsigned(GOOD1)
    ),
    "the signed one inside the signature's object": as_object(
        within(saml1(EVIL), signature_of(GOOD1)), unsigned(GOOD1)
    ),
    "the forged one inside the signature's object": as_object(GOOD1, saml1(EVIL)),
    "the forged one in front": GOOD1.replace(
        "<saml:Conditions", saml1(EVIL) + "<saml:Conditions", 1
    ),
    "the forged one in an advice": within(GOOD2, f"<Advice>{saml2(EVIL)}</Advice>"),
    "the forged one in the key info": GOOD1.replace(
        "<ds:KeyInfo>", f"<ds:KeyInfo>{saml1(EVIL)}"
    ),
    "the same id for both": within(
        saml1(replace(EVIL, id=SAID.id)), signature_of(GOOD1) + unsigned(GOOD1)
    ),
    "a response around it": (
        '<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r">'
        f"{GOOD2}</p:Response>"
    ),
    "a list of two": f"<x>{GOOD1}{GOOD1}</x>",
    "SAML 2.0 around SAML 1.1": within(saml2(EVIL), GOOD1),
    "an assertion of no namespace": within(
        saml1(EVIL), signature_of(GOOD1) + unsigned(GOOD1).replace(SAML1, "urn:x")
    ),
    "an encrypted one beside": within(GOOD2, "<EncryptedAssertion/>"),
}


@pytest.mark.parametrize("document", WRAPPED.values(), ids=WRAPPED)
def test_wrapped_signatures_prove_nothing(document: str) -> None:
    """One assertion, at the root, and it is the one that is signed."""
    why = refusal(document)

    assert why in {
        "an id is missing or there twice",
        "more than one assertion",
        "more than one signature, or one elsewhere",
        "a signature of another form",
        "not an assertion",
    }


def moved(reference: str) -> str:
    """A forged assertion, rightly signed over something else, with its reference."""
    return sign(saml1(EVIL), how=How(reference=reference), over=unsigned(GOOD1))


DANGLING = {
    "to another id": moved(f"#{SAID.id}"),
    "to the whole document": sign(saml1(SAID), how=How(reference="")),
    "to nothing here": sign(saml1(SAID), how=How(reference="#_elsewhere")),
    "outside": sign(saml1(SAID), how=How(reference="https://evil.test/a.xml")),
    "by XPointer": sign(saml1(SAID), how=How(reference="#xpointer(/)")),
    "by XPointer to an id": sign(
        saml1(SAID), how=How(reference=f"#xpointer(id('{SAID.id}'))")
    ),
}


@pytest.mark.parametrize("document", DANGLING.values(), ids=DANGLING)
def test_references_point_to_the_assertion_itself(document: str) -> None:
    """Not even the whole document will do: one way to say it is enough."""
    assert refusal(document) == "signed is something else"


def test_a_signature_over_another_assertion_does_not_carry_over() -> None:
    """Right digest and signature, of something else: it is this one that counts."""
    assert "changed since" in refusal(sign(saml1(EVIL), over=saml1(SAID)))


@pytest.mark.parametrize("good", [GOOD1, GOOD2], ids=["1.1", "2.0"])
def test_one_signature_in_one_place(good: str) -> None:
    """Twice, deeper down, with two references, or at the root: none of them counts."""
    once = signature_of(good)
    reference = once[once.index("<ds:Reference ") : once.index("</ds:SignedInfo>")]
    twice = within(good, once)
    deeper = good.replace(once, f"<x>{once}</x>")
    two = good.replace(reference, reference + reference)

    assert refusal(twice) == "more than one signature, or one elsewhere"
    assert refusal(deeper) == "more than one signature, or one elsewhere"
    assert refusal(two) == "signed is something else"
    assert refusal(once) == "not an assertion"


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "AssertionID", "xml:id"])
def test_ids_are_there_once(attribute: str) -> None:
    """Whatever the attribute is called: a second one makes the reference ambiguous."""
    again = GOOD1.replace("<ds:KeyInfo>", f'<ds:KeyInfo {attribute}="{SAID.id}">')

    assert refusal(again) == "an id is missing or there twice"
    assert "twice" in refusal(sign(saml1(replace(SAID, id=""))))


# --- XML itself -------------------------------------------------------------------

ENTITY = '<!DOCTYPE x [<!ENTITY a "admin@corp.test">]>'
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE x>" + GOOD1,
        ENTITY + GOOD1.replace("alice@corp.test", "&a;"),
        LAUGHS + GOOD1.replace("alice@corp.test", "&a9;"),
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + GOOD1,
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        + GOOD1.replace("alice@corp.test", "&a;"),
        '<!DOCTYPE x [<!ATTLIST saml:Assertion ID ID "_x">]>' + GOOD1,
    ],
    ids=["bare", "entity", "laughs", "fetched", "file", "attributes"],
)
def test_document_types_are_not_even_parsed(document: str) -> None:
    """Refused at once, whatever they declare, and nothing is expanded or fetched."""
    began = time.monotonic()

    assert refusal(document) == "a document type, a comment or CDATA"
    assert refusal('<?xml version="1.0"?>' + document).startswith("a document type")
    assert time.monotonic() - began < 2


def test_undeclared_entities_are_no_xml() -> None:
    """Without a document type there are none but the five of XML."""
    assert refusal(GOOD1.replace("alice@", "&a;@")) == "not well-formed"


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    "cut", ["<!-- -->", "<!---->", "<?x y?>", "<![CDATA[]]>", "<![CDATA[.evil]]>"]
)
def test_values_cut_in_two_are_refused(write: object, cut: str) -> None:
    """A comment is not under the signature: `admin@corp.test<!-- -->.evil.test` would
    be signed as one name and read as another.
    """
    assert callable(write)
    signed = sign(write(replace(SAID, upn="admin@corp.test.evil.test")))
    spoiled = signed.replace("admin@corp.test", f"admin@corp.test{cut}")
    named = sign(write(replace(SAID, name_id="admin.evil")))

    cut_name = named.replace("admin.", f"admin{cut}.")

    for document in (spoiled, cut_name):
        assert refusal(document) in {
            "a document type, a comment or CDATA",
            "a processing instruction",
        }


def test_values_with_elements_are_refused() -> None:
    """Even rightly signed: which part of it would be the name?"""
    for old in ("alice@corp.test", SAID.name_id, AUDIENCE):
        text = saml2(replace(SAID, immutable_id=None))
        nested = text.replace(old, f"{old}<b>.evil.test</b>", 1)
        assert refusal(sign(nested)) == "elements where text belongs"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"", "not well-formed"),
        (b"\x00\xff", "not UTF-8"),
        (GOOD1.encode("utf-16"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="utf-7"?>' + GOOD1.encode(), "processing"),
        (b"<?xml-stylesheet href='x'?>" + GOOD1.encode(), "processing"),
        (GOOD1.encode()[:-5], "not well-formed"),
        (GOOD1.encode() + b"<x/>", "not well-formed"),
        (b"eyJhbGciOiJub25lIn0.e30.", "not well-formed"),
        (b"<a>" * 200 + b"</a>" * 200, "too deep"),
        (b"<a>" * 15000, "not well-formed"),
        (b"<a/>", "not an assertion"),
        (b"<Assertion/>", "not an assertion"),
        (f'<Assertion xmlns="{SAML2}"/>'.encode(), "an id is missing"),
        (f'<Assertion xmlns="{SAML2}" ID="_1"/>'.encode(), "not signed"),
        (
            f'<Assertion xmlns="{SAML2}" ID="_1"><Signature xmlns="{DS}"/>'
            "</Assertion>".encode(),
            "another form",
        ),
    ],
)
def test_what_is_no_assertion_is_refused(document: bytes, why: str) -> None:
    """Told apart for the operator; never anything but SamlRefused."""
    assert why in refusal(document)


def test_a_declaration_in_front_is_taken() -> None:
    """XML may say that it is XML, in UTF-8; a byte order mark is no part of it."""
    for front in (
        '<?xml version="1.0"?>',
        "<?xml version='1.0' encoding='UTF-8' standalone=\"yes\"?>\r\n",
        '\ufeff<?xml version="1.0" encoding="utf-8"?>',
    ):
        raw = (front + GOOD1).encode()
        found = read_assertion(raw, usual_signer().pem, AUDIENCE, NOW)
        assert found.upn == "alice@corp.test"


def test_bulk_costs_little() -> None:
    """More than 256 KiB are not read; as much, of whatever shape, takes no time."""
    spaces = " ".join(f'xmlns:n{n}="u{n}"' for n in range(5000))
    some = " ".join(f'b{n}="{n}"' for n in range(5000))
    many = " ".join(f"b{n} = '{n}'" for n in range(15000))
    began = time.monotonic()

    assert refusal(GOOD1 + " " * 2**18) == "too long"
    assert refusal(b"<" * 2**19) == "too long"
    assert "too many" in refusal(within(GOOD1, "<a/>" * 45000))
    assert "too many" in refusal(within(GOOD1, f"<a {many}/>"))
    assert "changed" in refusal(within(GOOD1, "<a/>" * 19000))
    assert "changed" in refusal(within(GOOD1, f"<a {some}/>"))
    assert "changed" in refusal(GOOD1.replace(" Issuer=", f" {spaces} Issuer=", 1))
    assert "changed" in refusal(within(GOOD1, f"<a>{'x' * 190_000}</a>"))
    assert time.monotonic() - began < 10


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.integers(0, len(GOOD2.encode()) - 1),
    length=st.integers(0, 40),
    put=st.binary(max_size=12) | st.sampled_from([b"<a>", b"&", b'"', b"<a/>", b"]]>"]),
)
def test_no_change_by_chance_is_taken(place: int, length: int, put: bytes) -> None:
    """Any splice either leaves what was signed as it is, or is refused; no defect."""
    raw = GOOD2.encode()
    changed = raw[:place] + put + raw[place + length :]
    try:
        found = read_assertion(changed, usual_signer().pem, AUDIENCE, NOW)
    except SamlRefused:
        return

    assert (found.id, found.upn, found.name_id) == (SAID.id, SAID.upn, SAID.name_id)
    assert found.not_on_or_after == pytest.approx(NOW + 3600, abs=0.001)
