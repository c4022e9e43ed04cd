"""SOAP 1.1 and 1.2 as agencies speak it, and as hostile XML does not get through.

A document type declaration is refused whole: no agency sends one, and everything that explodes or reads files begins there.
Only document style is spoken: one element for the operation, in the service's own namespace, and one element for each of its parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from linkage.sources.adapter import Malformed

Version = Literal["1.1", "1.2"]

ENVELOPES: Mapping[Version, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
MEDIA_TYPES: Mapping[Version, str] = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
_PREFIXES: Mapping[Version, str] = {"1.1": "soap", "1.2": "soap12"}

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
"""The attribute by which an element says that it has no value at all, which is not the same as an empty one."""


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of one service.

    ``namespace`` is theirs. ``qualified``: parts and results stand in it, too, as ASMX writes them; else in none, as Java's services
    write them unless told otherwise.
    """

    namespace: str
    qualified: bool = True

    def part(self, name: str) -> str:
        """The tag of a part, in lxml's notation."""
        return f"{{{self.namespace}}}{name}" if self.qualified else name

    def request(self, version: Version, operation: str, parts: Sequence[tuple[str, str]]) -> bytes:
        """Write the envelope of a request: one element per part, in the order given (services depend on it)."""
        envelope_namespace = ENVELOPES[version]
        envelope = etree.Element(f"{{{envelope_namespace}}}Envelope", nsmap={_PREFIXES[version]: envelope_namespace})
        body = etree.SubElement(envelope, f"{{{envelope_namespace}}}Body")
        call = etree.SubElement(body, f"{{{self.namespace}}}{operation}", nsmap={None if self.qualified else "op": self.namespace})
        for name, text in parts:
            etree.SubElement(call, self.part(name)).text = text
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")

    def result(self, content: bytes, operation: str, name: str | None = None) -> etree._Element:
        """Read a reply and give its result element: ``name``, or ``<operation>Result`` as ASMX calls it.

        Raises:
            Malformed: not XML, with a document type, no SOAP envelope, a SOAP fault, another operation's reply, or anything beside the
                result: it may say that the result is none.
        """
        wanted = name or f"{operation}Result"
        root = parse(content)
        if root.tag not in {f"{{{namespace}}}Envelope" for namespace in ENVELOPES.values()}:
            raise Malformed("expected a SOAP envelope")
        envelope = f"{{{etree.QName(root).namespace}}}"
        if root.find(f"{envelope}Body/{envelope}Fault") is not None:
            raise Malformed("expected a result, got a SOAP fault")
        found, around = root, root.findall(f"{envelope}Header")
        for tag in (f"{envelope}Body", f"{{{self.namespace}}}{operation}Response", self.part(wanted)):
            parts = [part for part in found if part not in around]
            if [part.tag for part in parts] != [tag] or has_loose_text(found):
                raise Malformed(f"expected one {wanted} in the SOAP body and nothing beside it")
            found = parts[0]
        return found


def headers(version: Version, action: str) -> dict[str, str]:
    """Give the headers of a request; only SOAP 1.1 names its action there."""
    content_type = {"Content-Type": MEDIA_TYPES[version]}
    return content_type | {"SOAPAction": f'"{action}"'} if version == "1.1" else content_type


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


def has_loose_text(element: etree._Element) -> bool:
    """Whether a text stands between the element's children, or before or after them."""
    return any(text.strip() for text in (element.text, *(child.tail for child in element)) if text)


def children_of(element: etree._Element, name: str) -> list[etree._Element]:
    """Give the children ``name`` that stand in the element's own namespace, in order."""
    namespace = etree.QName(element).namespace
    return element.findall(name if namespace is None else f"{{{namespace}}}{name}")


def child_of(element: etree._Element, name: str) -> etree._Element:
    """Give the one child ``name``: of two that differ nobody knows which one is meant.

    Raises:
        Malformed: no such child, or several.
    """
    children = children_of(element, name)
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
