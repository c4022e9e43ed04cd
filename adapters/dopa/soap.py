"""SOAP 1.1 and 1.2 as DOPA's ASMX services speak it, and as hostile XML does not get through.

A document type declaration is refused whole: neither service sends one, and everything that explodes or reads files begins there.
"""

from collections.abc import Sequence
from typing import Literal

from lxml import etree

from linkage.sources.adapter import Malformed

Version = Literal["1.1", "1.2"]

OPERATIONS = "http://tempuri.org/"
"""The namespace of every operation (ASMX's own default, never changed there)."""

ENVELOPES: dict[Version, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_PREFIXES: dict[Version, str] = {"1.1": "soap", "1.2": "soap12"}


def request(version: Version, operation: str, parts: Sequence[tuple[str, str]]) -> bytes:
    """Write the envelope of a request: one element per part, in the order given (the services depend on it)."""
    namespace = ENVELOPES[version]
    envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={_PREFIXES[version]: namespace})
    body = etree.SubElement(envelope, f"{{{namespace}}}Body")
    call = etree.SubElement(body, f"{{{OPERATIONS}}}{operation}", nsmap={None: OPERATIONS})
    for name, text in parts:
        etree.SubElement(call, f"{{{OPERATIONS}}}{name}").text = text
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def headers(version: Version, operation: str) -> dict[str, str]:
    """Give the headers that go with it."""
    if version == "1.2":
        return {"Content-Type": "application/soap+xml; charset=utf-8"}
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{OPERATIONS}{operation}"'}


def result(content: bytes, operation: str) -> etree._Element:
    """Read a reply and give the ``<operation>Result`` element.

    Raises:
        Malformed: not XML, with a document type, no SOAP envelope, a SOAP fault, or another operation's reply.
    """
    root = parse(content)
    if root.tag not in {f"{{{namespace}}}Envelope" for namespace in ENVELOPES.values()}:
        raise Malformed("expected a SOAP envelope")
    namespace = etree.QName(root).namespace
    if root.find(f"{{{namespace}}}Body/{{{namespace}}}Fault") is not None:
        raise Malformed("expected a result, got a SOAP fault")
    found = root.findall(f"{{{namespace}}}Body/{{{OPERATIONS}}}{operation}Response/{{{OPERATIONS}}}{operation}Result")
    if len(found) != 1:
        raise Malformed(f"expected one {operation}Result in the SOAP body")
    return found[0]


def parse(content: bytes) -> etree._Element:
    """Parse XML from a stranger: no entities, no network, no document type, no huge trees.

    Raises:
        Malformed: not XML, or with a document type.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed("expected XML") from None  # the parser's message may quote the reply
    if root.getroottree().docinfo.doctype:
        raise Malformed("expected XML without a document type")
    return root


def child_of(element: etree._Element, name: str) -> etree._Element:
    """Give the one child ``name``: of two that differ nobody knows which one is meant.

    Raises:
        Malformed: no such child, or several.
    """
    children = element.findall(f"{{{OPERATIONS}}}{name}")
    if len(children) != 1:
        raise Malformed(f"expected one element {name}")
    return children[0]


def text_of(element: etree._Element, name: str) -> str:
    """Give the text of the one child ``name``; empty for an empty element.

    Raises:
        Malformed: no such child, several, or one with elements in it, whose text would be cut off at the first of them.
    """
    child = child_of(element, name)
    if len(child):
        raise Malformed(f"expected a text in {name}")
    return child.text or ""
