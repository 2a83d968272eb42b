"""What a proven SAML assertion says, and whether it says it to us and now.

SAML 1.1 and 2.0 in one form; signatures are proven in `saml`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lxml import etree

from ostiary.connections.strict_xml import Element, text_of

SKEW: Final = 300.0
"""Seconds by which the clocks of two servers may differ (contract entra §3.5)."""
USER_NAMES: Final = (
    "http://schemas.xmlsoap.org/claims/UPN",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
)
IMMUTABLE_ID: Final = (
    "http://schemas.microsoft.com/LiveID/Federation/2008/05/ImmutableID"
)
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z"
)


class SamlRefused(Exception):
    """The assertion proves nothing here; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Form:
    """Where one version of SAML keeps what both say."""

    id_attribute: str
    version: Mapping[str, str]
    conditions: frozenset[str]
    restriction: str
    name: str
    method: str
    bearer: str
    statements: frozenset[str]


_SAML1: Final = "{urn:oasis:names:tc:SAML:1.0:assertion}"
_SAML2: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
FORMS: Final[Mapping[str, Form]] = {
    f"{_SAML1}Assertion": Form(
        id_attribute="AssertionID",
        version={"MajorVersion": "1", "MinorVersion": "1"},
        conditions=frozenset({"AudienceRestrictionCondition", "DoNotCacheCondition"}),
        restriction="AudienceRestrictionCondition",
        name="NameIdentifier",
        method="ConfirmationMethod",
        bearer="urn:oasis:names:tc:SAML:1.0:cm:bearer",
        statements=frozenset({"AttributeStatement", "AuthenticationStatement"}),
    ),
    f"{_SAML2}Assertion": Form(
        id_attribute="ID",
        version={"Version": "2.0"},
        conditions=frozenset({"AudienceRestriction", "OneTimeUse", "ProxyRestriction"}),
        restriction="AudienceRestriction",
        name="NameID",
        method="Method",
        bearer="urn:oasis:names:tc:SAML:2.0:cm:bearer",
        statements=frozenset({"AttributeStatement", "AuthnStatement"}),
    ),
}


@dataclass(frozen=True, slots=True)
class SamlAssertion:
    """A proven assertion; times in epoch seconds, absent names None.

    immutable_id: the claim of that name, else the name id. attributes: by whole claim
    name. instant: when it was issued. Good until not_on_or_after + SKEW.
    """

    id: str
    issuer: str
    name_id: str | None = field(repr=False)
    upn: str | None = field(repr=False)
    immutable_id: str | None = field(repr=False)
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    not_on_or_after: float
    instant: float


def claims_of(root: Element, form: Form, audience: str, now: float) -> SamlAssertion:
    """What the signed assertion says; raises SamlRefused or XmlRefused.

    SAML 1.1 core §2.3, SAML 2.0 core §2.3 to §2.5.
    """
    if any(root.get(name) != value for name, value in form.version.items()):
        raise SamlRefused("another version of SAML")
    ends = _check_conditions(root, form, audience, now)
    name_id = _name_id(root, form, now)
    attributes = _attributes(root)
    return SamlAssertion(
        id=root.get(form.id_attribute, ""),
        issuer=_issuer(root),
        name_id=name_id,
        upn=_single(attributes, *USER_NAMES),
        immutable_id=_single(attributes, IMMUTABLE_ID) or name_id,
        attributes=attributes,
        not_on_or_after=ends,
        instant=_moment(root.get("IssueInstant")),
    )


def user_name_of(root: Element) -> str | None:
    """The user name that an assertion claims; raises SamlRefused or XmlRefused."""
    return _single(_attributes(root), *USER_NAMES)


def _named(parent: Element, *names: str) -> list[Element]:
    """The children in the assertion's own namespace that have one of the names."""
    own = etree.QName(parent).namespace
    return [child for child in parent if child.tag in {f"{{{own}}}{n}" for n in names}]


def _moment(text: str | None) -> float:
    """Epoch seconds of a time in UTC, as SAML writes it (SAML 2.0 core §1.3.3)."""
    try:
        if text is None or not _MOMENT.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise SamlRefused("a time is missing or malformed") from None


def _check_times(
    starts: str | None, ends: str | None, now: float, *, required: bool
) -> float:
    """The end of the time in which `now` must lie, give or take SKEW."""
    if (starts is not None or required) and now < _moment(starts) - SKEW:
        raise SamlRefused("not yet valid")
    if ends is None and not required:
        return now
    until = _moment(ends)
    if now >= until + SKEW:
        raise SamlRefused("expired")
    return until


def _check_conditions(root: Element, form: Form, audience: str, now: float) -> float:
    """The only conditions are ones we know, and they hold; the end of their time."""
    found = _named(root, "Conditions")
    if len(found) != 1:
        raise SamlRefused("no conditions, or several")
    conditions = found[0]
    if len(_named(conditions, *form.conditions)) != len(conditions):
        raise SamlRefused("a condition that is not known here")
    starts, ends = conditions.get("NotBefore"), conditions.get("NotOnOrAfter")
    until = _check_times(starts, ends, now, required=True)
    restrictions = _named(conditions, form.restriction)
    meant = [
        [text_of(each) for each in _named(one, "Audience")] for one in restrictions
    ]
    if not meant or any(audience not in each for each in meant):
        raise SamlRefused("meant for somebody else")
    return until


def _subjects(root: Element, form: Form) -> Iterator[Element]:
    """Every subject: of the assertion (SAML 2.0) and of its statements (SAML 1.1)."""
    yield from _named(root, "Subject")
    for statement in _named(root, *form.statements):
        yield from _named(statement, "Subject")


def _name_id(root: Element, form: Form, now: float) -> str | None:
    """The one name of all subjects, each confirmed as the bearer's; None: nameless."""
    found: set[str] = set()
    subjects = list(_subjects(root, form))
    for subject in subjects:
        names = _named(subject, form.name)
        if len(names) > 1:
            raise SamlRefused("a subject with several names")
        found.add(text_of(names[0]) if names else "")
        _check_confirmed(subject, form, now)
    if len(found) != 1:
        raise SamlRefused("no subject, or several")
    return found.pop() or None


def _check_confirmed(subject: Element, form: Form, now: float) -> None:
    """Whoever brings the assertion is its subject (SAML 2.0 profiles §3.3)."""
    confirmations = _named(subject, "SubjectConfirmation")
    if not any(form.bearer in _methods(each, form) for each in confirmations):
        raise SamlRefused("not a bearer's")
    for data in (
        data
        for confirmation in confirmations
        for data in _named(confirmation, "SubjectConfirmationData")
    ):
        starts, ends = data.get("NotBefore"), data.get("NotOnOrAfter")
        _check_times(starts, ends, now, required=False)


def _methods(confirmation: Element, form: Form) -> list[str]:
    inner = [text_of(each) for each in _named(confirmation, form.method)]
    return [*inner, confirmation.get(form.method, "")]


def _issuer(root: Element) -> str:
    """Who issued it: an attribute (SAML 1.1) or an element (SAML 2.0)."""
    found = [text_of(each) for each in _named(root, "Issuer")]
    found += [root.get("Issuer", "")] if "Issuer" in root.attrib else []
    if len(found) != 1 or not found[0]:
        raise SamlRefused("no issuer, or several")
    return found[0]


def _attributes(root: Element) -> dict[str, tuple[str, ...]]:
    """Attributes by whole name: in SAML 1.1 the namespace, a slash and the name."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in _named(root, "AttributeStatement"):
        for attribute in _named(statement, "Attribute"):
            name = attribute.get("Name")
            if name is None:
                space = attribute.get("AttributeNamespace", "")
                name = f"{space}/{attribute.get('AttributeName', '')}"
            values = [text_of(value) for value in _named(attribute, "AttributeValue")]
            found[name] = (*found.get(name, ()), *values)
    return found


def _single(attributes: Mapping[str, tuple[str, ...]], *names: str) -> str | None:
    """The one value that all of these have, whatever its case; None: no value."""
    values = [value for name in names for value in attributes.get(name, ()) if value]
    if len({value.casefold() for value in values}) > 1:
        raise SamlRefused("a name with several values")
    return values[0] if values else None
