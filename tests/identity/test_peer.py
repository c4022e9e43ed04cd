"""Certificates become counters and auditors, or are refused by name."""

import base64
import datetime as dt
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from linkage.errors import Reason, Refusal
from linkage.identity import Auditor, peer_of, recognise
from linkage.terms import Counter

COUNTER = "spiffe://linkage.example/centre/cm-01/counter/1"
SUSPENDED = "spiffe://linkage.example/centre/cm-01/counter/2"
AUDITOR = "spiffe://linkage.example/auditor/labour"


def test_a_certificate_with_one_uri_name_is_a_registered_counter(desk: Any, certificate: Any) -> None:
    pem = certificate(uris=(COUNTER,), dns=("counter-1.cm-01.example",))

    peer = peer_of(pem)
    who = recognise(peer, desk.register)

    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    assert peer.certificate_sha256 == base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert peer.serial == 0x0101
    assert peer.not_after == dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    assert isinstance(who, Counter)
    assert (who.uri, who.centre, who.agency, who.certificate_sha256) == (COUNTER, "cm-01", "doe", peer.certificate_sha256)


def test_an_auditor_is_recognised_with_the_agencies_it_may_read(desk: Any, certificate: Any) -> None:
    who = recognise(peer_of(certificate(uris=(AUDITOR,))), desk.register)

    assert isinstance(who, Auditor)
    assert who.uri == AUDITOR
    assert sorted(who.agencies) == ["dlpw", "doe"]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({"sans": False}, id="no alternative name"),
        pytest.param({"sans": False, "common_name": "counter/1"}, id="common name only"),
        pytest.param({"dns": ("counter-1.cm-01.example",)}, id="DNS only"),
        pytest.param({"uris": (COUNTER, AUDITOR)}, id="two URIs, both registered"),
        pytest.param({"uris": (COUNTER, COUNTER)}, id="the same URI twice"),
    ],
)
def test_a_certificate_without_exactly_one_uri_name_names_nobody(names: dict[str, Any], certificate: Any) -> None:
    with pytest.raises(Refusal) as refused:
        peer_of(certificate(**names))
    assert refused.value.reason is Reason.CERTIFICATE_NOT_NAMED


@pytest.mark.parametrize("pem", [b"", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_bytes_that_are_no_certificate_name_nobody(pem: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        peer_of(pem)
    assert refused.value.reason is Reason.CERTIFICATE_NOT_NAMED


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        pytest.param({"uris": ("spiffe://linkage.example/centre/cm-01/counter/77",)}, Reason.COUNTER_UNKNOWN, id="unknown"),
        pytest.param({"uris": ("spiffe://linkage.example/centre/cm-01/counter/*",)}, Reason.COUNTER_UNKNOWN, id="wildcard"),
        pytest.param({"uris": (COUNTER + "/",)}, Reason.COUNTER_UNKNOWN, id="almost the same"),
        pytest.param({"uris": (COUNTER.upper(),)}, Reason.COUNTER_UNKNOWN, id="other case"),
        pytest.param({"uris": ("spiffe://x.example/a",), "common_name": "doe"}, Reason.COUNTER_UNKNOWN, id="common name of an agency"),
        pytest.param({"uris": (SUSPENDED,)}, Reason.COUNTER_SUSPENDED, id="suspended"),
        pytest.param({"uris": (COUNTER,), "serial": 0x0ABCDE}, Reason.CERTIFICATE_REVOKED, id="revoked"),
        pytest.param({"uris": (AUDITOR,), "serial": 0x0ABCDE}, Reason.CERTIFICATE_REVOKED, id="auditor's, revoked"),
    ],
)
def test_whom_the_register_does_not_admit_is_refused(names: dict[str, Any], reason: Reason, desk: Any, certificate: Any) -> None:
    peer = peer_of(certificate(**names))
    with pytest.raises(Refusal) as refused:
        recognise(peer, desk.register)
    assert refused.value.reason is reason


def test_a_counter_suspended_later_is_refused_on_the_connection_it_has(desk: Any, certificate: Any) -> None:
    peer = peer_of(certificate(uris=(COUNTER,)))
    recognise(peer, desk.register)

    desk.rewrite('counter/1"\ncentre = "cm-01"', 'counter/1"\ncentre = "cm-01"\nsuspended = true')

    with pytest.raises(Refusal) as refused:
        recognise(peer, desk.register)
    assert refused.value.reason is Reason.COUNTER_SUSPENDED


def test_one_certificate_is_parsed_once(certificate: Any) -> None:
    pem = certificate(uris=(COUNTER,))
    assert peer_of(pem) is peer_of(bytes(bytearray(pem)))
