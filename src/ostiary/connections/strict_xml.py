"""XML that others sent, read without surprises: bounded, UTF-8, elements and text only.

No DTD, entity, comment, CDATA or processing instruction; nothing is fetched. What a
document means is told where it is used.
"""

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element

MOST_BYTES: Final = 256 * 1024
DEEPEST: Final = 32
MOST_TAGS: Final = 20_000
MOST_ATTRIBUTES: Final = 6_000
"""Signs of them in the text; more takes libraries a time that grows with the square."""
_DECLARATION: Final = re.compile(
    r"\ufeff?<\?xml version=[\"']1\.0[\"']"
    r"( encoding=[\"'][uU][tT][fF]-?8[\"'])?( standalone=[\"'](yes|no)[\"'])? ?\?>"
)


class XmlRefused(Exception):
    """The document is not read; the text says why and quotes nothing of it."""


def strict_parser() -> etree.XMLParser:
    """A parser that expands, loads and fetches nothing (lxml, "safe parsing")."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        collect_ids=False,
    )


def parse_document(document: bytes) -> Element:
    """The root of a document of at most 256 KiB; raises XmlRefused.

    Comments and their kin are refused in the text itself, not in the tree: a value cut
    in two by one is the oldest way to be taken for somebody else.
    """
    if len(document) > MOST_BYTES:
        raise XmlRefused("too long")
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError:
        raise XmlRefused("not UTF-8") from None
    # Cut off, so that no declaration can have the parser read other characters.
    text = _DECLARATION.sub("", text, count=1).strip("\ufeff \t\r\n")
    if "<!" in text:
        raise XmlRefused("a document type, a comment or CDATA")
    if "<?" in text:
        raise XmlRefused("a processing instruction")
    if text.count("<") > MOST_TAGS or text.count("=") > MOST_ATTRIBUTES:
        raise XmlRefused("too many elements or attributes")
    try:
        root = etree.fromstring(text.encode(), strict_parser())
    except (etree.XMLSyntaxError, ValueError):
        raise XmlRefused("not well-formed") from None
    _check_tree(root)
    return root


def _check_tree(root: Element) -> None:
    """Nothing but elements, and not too deep (belt and braces)."""
    if root.getroottree().docinfo.doctype:
        raise XmlRefused("a document type")
    for node, depth in _walk(root):
        if not isinstance(node.tag, str):
            raise XmlRefused("something other than elements and text")
        if depth > DEEPEST:
            raise XmlRefused("too deep")


def _walk(root: Element) -> Iterator[tuple[Element, int]]:
    waiting = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node]


def text_of(element: Element) -> str:
    """The whole text of an element without children; raises XmlRefused for others."""
    if len(element):
        raise XmlRefused("elements where text belongs")
    return element.text or ""
