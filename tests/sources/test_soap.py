"""SOAP: what goes out, what comes back, and hostile XML."""

import re
import time
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from linkage.sources import soap, soap_replies
from linkage.sources.adapter import Malformed

SECRET = "1100000000016"
QUALIFIED = soap.Operations("urn:test")
BARE = soap.Operations("urn:test", qualified=False)
PARTS = [("b", "2 & 3"), ("a", "1")]

ASMX = (
    '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><askResponse xmlns="urn:test">'
    f"<askResult><a>{SECRET}</a><b/></askResult></askResponse></soap:Body></soap:Envelope>"
)
JAVA = (
    '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><n:askResponse xmlns:n="urn:test">'
    "<reply><row><a>1</a></row><row><a>2</a></row></reply></n:askResponse></S:Body></S:Envelope>"
)


def test_parts_keep_their_order_and_stand_in_the_namespace_of_the_operation() -> None:
    assert (
        QUALIFIED.request("1.2", "ask", PARTS)
        .decode()
        .endswith(
            '<soap12:Envelope xmlns:soap12="http://www.w3.org/2003/05/soap-envelope"><soap12:Body>'
            '<ask xmlns="urn:test"><b>2 &amp; 3</b><a>1</a></ask></soap12:Body></soap12:Envelope>'
        )
    )


def test_unqualified_parts_stand_in_no_namespace() -> None:
    assert (
        BARE.request("1.1", "ask", PARTS)
        .decode()
        .endswith(
            '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<op:ask xmlns:op="urn:test"><b>2 &amp; 3</b><a>1</a></op:ask></soap:Body></soap:Envelope>'
        )
    )


def test_soap_1_1_names_its_action_in_a_header_and_1_2_does_not() -> None:
    assert soap.headers("1.1", "urn:test/ask") == {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:test/ask"'}
    assert soap.headers("1.1", "")["SOAPAction"] == '""'
    assert soap.headers("1.2", "urn:test/ask") == {"Content-Type": "application/soap+xml; charset=utf-8"}


def test_a_result_is_found_by_name_in_both_manners() -> None:
    result = QUALIFIED.result(ASMX.encode(), "ask")
    assert (soap.text_of(result, "a"), soap.text_of(result, "b")) == (SECRET, "")
    rows = soap.children_of(BARE.result(JAVA.encode(), "ask", "reply"), "row")
    assert [soap.text_of(row, "a") for row in rows] == ["1", "2"]


@pytest.mark.parametrize(
    ("operations", "content", "name"),
    [
        (BARE, ASMX, "askResult"),
        (QUALIFIED, JAVA, "reply"),
        (BARE, JAVA, None),
        (soap.Operations("urn:other"), ASMX, None),
        (QUALIFIED, ASMX.replace("askRes", "tellRes"), None),
        (QUALIFIED, re.sub("(<askResult>.*</askResult>)", r"\1\1", ASMX), None),
        (QUALIFIED, re.sub("(<soap:Body>.*</soap:Body>)", r"\1\1", ASMX), None),
    ],
)
def test_a_result_elsewhere_is_malformed(operations: soap.Operations, content: str, name: str | None) -> None:
    with pytest.raises(Malformed, match="expected one"):
        operations.result(content.encode(), "ask", name)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</askResult>", "</askResult><error>1</error>"),
        ("<askResult>", "<error/><askResult>"),
        ("</askResult>", "</askResult>db down"),
        ("<askResult>", "db down<askResult>"),
        ("</askResponse>", "</askResponse><error/>"),
        ("<askResponse", "<error/><askResponse"),
        ("</askResponse>", "</askResponse>db down"),
        ("</soap:Body>", "</soap:Body><soap:Body><error/></soap:Body>"),
        ("</soap:Body>", "</soap:Body><error/>"),
        ("<askResult>", "<soap:Header>db down</soap:Header><askResult>"),
    ],
)
def test_a_result_with_anything_beside_it_is_malformed(old: str, new: str) -> None:
    with pytest.raises(Malformed, match="nothing beside it"):
        QUALIFIED.result(ASMX.replace(old, new).encode(), "ask")


def test_a_header_and_blanks_between_the_elements_are_nothing_beside_it() -> None:
    spaced = ASMX.replace("<soap:Body>", "<soap:Header><id>1</id></soap:Header><soap:Body>").replace("><", ">\n  <")
    assert soap.text_of(QUALIFIED.result(spaced.encode(), "ask"), "a") == SECRET


@pytest.mark.parametrize("wrong", ["<a>1<b/>2</a>", "<a>1</a><a>2</a>", ""])
def test_a_text_that_is_cut_off_doubled_or_missing_is_malformed(wrong: str) -> None:
    result = QUALIFIED.result(re.sub("<a>.*</a>", wrong, ASMX).encode(), "ask")
    with pytest.raises(Malformed):
        soap.text_of(result, "a")


FAULT = f"<soap:Fault><a>{SECRET}</a></soap:Fault><askResponse"


def test_a_fault_is_a_fault_whatever_stands_beside_it_and_its_text_is_not_repeated() -> None:
    with pytest.raises(Malformed, match="fault") as raised:
        QUALIFIED.result(ASMX.replace("<askResponse", FAULT, 1).encode(), "ask")
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_simulated_fault_reads_as_one(version: soap.Version) -> None:
    with pytest.raises(Malformed, match="fault"):
        QUALIFIED.result(soap_replies.fault(version, "no"), "ask")


@pytest.mark.parametrize("other", [("soap:Envelope", "soap:Letter"), ("http://www.w3.org/2003/05/soap-envelope", "urn:other")])
def test_an_envelope_of_another_kind_is_malformed(other: tuple[str, str]) -> None:
    with pytest.raises(Malformed, match="envelope"):
        QUALIFIED.result(ASMX.replace(*other).encode(), "ask")


def test_a_call_is_read_in_its_own_version_only() -> None:
    content = QUALIFIED.request("1.2", "ask", PARTS)
    assert etree.QName(soap_replies.call_in(content, "1.2")).localname == "ask"
    for wrong in (content.replace(b"</soap12:Body>", b"<b/></soap12:Body>"), QUALIFIED.request("1.1", "ask", PARTS), b"<a/>"):
        with pytest.raises(Malformed):
            soap_replies.call_in(wrong, "1.2")


def test_the_version_is_told_by_the_content_type() -> None:
    assert [soap_replies.version_of(soap.MEDIA_TYPES[version]) for version in ("1.1", "1.2")] == ["1.1", "1.2"]
    assert soap_replies.version_of("application/json") is None


def test_what_the_parser_says_of_broken_xml_is_not_repeated() -> None:
    with pytest.raises(Malformed) as raised:
        soap.parse(f"<a{SECRET}></b>".encode())
    assert SECRET not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    "declared", ["<!DOCTYPE a>", '<!DOCTYPE a [<!ENTITY b "c">]>', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>']
)
def test_a_document_type_is_refused_whole(declared: str) -> None:
    with pytest.raises(Malformed, match="document type"):
        soap.parse(f"{declared}<a>{SECRET}</a>".encode())


def test_entities_that_explode_in_an_attribute_are_refused_quickly() -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [{entities}<!ATTLIST a b CDATA "&a9;">]><a c="&a9;"/>'
    began = time.monotonic()
    with pytest.raises(Malformed):
        soap.parse(bomb.encode())
    assert time.monotonic() - began < 20  # expanded it would take gigabytes


def test_a_document_in_another_encoding_is_held_to_the_same() -> None:
    bomb = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(Malformed):
        soap.parse(bomb.encode("utf-16"))


@given(st.binary(max_size=300) | st.text(alphabet="<>&;!?[]ab \"'/=:", max_size=120).map(str.encode))
def test_no_bytes_do_anything_but_be_refused(content: bytes) -> None:
    with pytest.raises(Malformed):
        QUALIFIED.result(content, "ask")
