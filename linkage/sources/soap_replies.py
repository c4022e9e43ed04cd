"""SOAP from the other side: how a simulated service reads a call, and writes its reply or its fault."""

from lxml import etree

from linkage.sources.adapter import Malformed
from linkage.sources.soap import ENVELOPES, MEDIA_TYPES, Version, parse

_VERSIONS: dict[str, Version] = {kind.partition(";")[0]: version for version, kind in MEDIA_TYPES.items()}


def version_of(content_type: str) -> Version | None:
    """The version that a request's content type speaks; None for any other."""
    return _VERSIONS.get(content_type.split(";", maxsplit=1)[0].strip().lower())


def call_in(content: bytes, version: Version) -> etree._Element:
    """Give the one element in the body of a request.

    Raises:
        Malformed: not XML, no envelope of this version, or none or several elements in its body.
    """
    body = parse(content).find(f"{{{ENVELOPES[version]}}}Body")
    if body is None or len(body) != 1:
        raise Malformed("expected an operation")
    return body[0]


def reply(version: Version) -> tuple[etree._Element, etree._Element]:
    """Give an envelope and its body, empty yet, with the prefixes that services usually declare."""
    namespace = ENVELOPES[version]
    names = {
        "soap": namespace,
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsd": "http://www.w3.org/2001/XMLSchema",
    }
    envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap=names)
    return envelope, etree.SubElement(envelope, f"{{{namespace}}}Body")


def fault(version: Version, text: str) -> bytes:
    """Write a fault of the caller's making, as the versions' specifications lay it out. It goes with HTTP status 500."""
    envelope, body = reply(version)
    namespace = ENVELOPES[version]
    element = etree.SubElement(body, f"{{{namespace}}}Fault")
    if version == "1.2":
        code = etree.SubElement(element, f"{{{namespace}}}Code")
        etree.SubElement(code, f"{{{namespace}}}Value").text = "soap:Sender"
        reason = etree.SubElement(element, f"{{{namespace}}}Reason")
        etree.SubElement(reason, f"{{{namespace}}}Text").text = text
    else:
        etree.SubElement(element, "faultcode").text = "soap:Client"
        etree.SubElement(element, "faultstring").text = text
    return written(envelope)


def written(envelope: etree._Element) -> bytes:
    """Write an envelope with its XML declaration, UTF-8."""
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
