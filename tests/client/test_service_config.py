"""The service config that counters in every language may copy: what it tries again, and what it never does."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from linkage.client import Counter, Refused
from linkage.client.channel import SERVICE_CONFIG
from linkage.clock import SystemClock
from linkage.runtime.pki import load_authority, make_authority, make_counter, make_server
from linkage.v1 import agency_session_pb2, catalogue_pb2, lookup_pb2, receipt_pb2, verification_pb2

CONFIG = json.loads(SERVICE_CONFIG)

SERVICES = [
    service
    for module in (agency_session_pb2, catalogue_pb2, lookup_pb2, receipt_pb2, verification_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]

HARMLESS = {"EndVisit", "GetCheckpoint", "GetReceipt", "GetConsistencyProof", "ListServices", "GetService", "ListRecordTypes"}
"""Calls that mean the same however often they are made."""


class Busy(grpc.GenericRpcHandler):
    """A gateway that refuses its first calls with a pushback and then answers with nothing in particular."""

    def __init__(self) -> None:
        self.refusals: list[tuple[grpc.StatusCode, str]] = []
        self.requests: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        method = str(handler_call_details.method)

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            with self._lock:
                self.requests.append((method, request))
                refusal = self.refusals.pop(0) if self.refusals else None
            if refusal is not None:
                context.set_trailing_metadata((("grpc-retry-pushback-ms", refusal[1]),))
                context.abort(refusal[0], "busy")
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Busy, Counter]]:
    clock = SystemClock()
    make_authority(tmp_path / "ca.pem", tmp_path / "ca-key.pem", name="Test CA", clock=clock)
    authority = load_authority(tmp_path / "ca.pem", tmp_path / "ca-key.pem")
    make_server(authority, tmp_path / "server.pem", tmp_path / "server-key.pem", names=["127.0.0.1"], clock=clock)
    make_counter(authority, tmp_path / "cert.pem", tmp_path / "key.pem", uri="spiffe://linkage.example/centre/a/counter/1", clock=clock)
    gateway = Busy()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((gateway,))
    pair = ((tmp_path / "server-key.pem").read_bytes(), (tmp_path / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], (tmp_path / "ca.pem").read_bytes(), require_client_auth=True)
    target = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
    server.start()
    with Counter.connect(target, tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem", "token", deadline_s=10) as counter:
        yield gateway, counter
    server.stop(0).wait()


def retried() -> set[str]:
    return {name["service"] for method in CONFIG["methodConfig"] if "retryPolicy" in method for name in method["name"]}


def test_every_service_of_ours_is_named_once() -> None:
    named = [name["service"] for method in CONFIG["methodConfig"] for name in method["name"]]

    assert sorted(service.full_name for service in SERVICES) == sorted(named)


def test_only_what_carries_a_client_request_id_or_changes_nothing_is_tried_again() -> None:
    for service in SERVICES:
        if service.full_name in retried():
            for method in service.methods:
                assert method.name in HARMLESS or "client_request_id" in method.input_type.fields_by_name, method.full_name


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_gateway_that_is_busy_for_a_moment_is_asked_again_with_the_same_id(busy: tuple[Busy, Counter], code: grpc.StatusCode) -> None:
    gateway, counter = busy
    gateway.refusals = [(code, "50"), (code, "50")]

    counter.lookup("visit", "service", "dopa.person", ["first_name"])

    asked = {lookup_pb2.LookupRequest.FromString(request).client_request_id for _, request in gateway.requests}
    assert 3 == len(gateway.requests)
    assert 1 == len(asked)
    assert asked != {""}


def test_two_requests_have_two_ids(busy: tuple[Busy, Counter]) -> None:
    gateway, counter = busy

    for _ in range(2):
        counter.verify(recipient="doe", service="service", evidence=verification_pb2.ThaidCode(code="c", redirect_uri="u"))

    assert 2 == len({verification_pb2.VerifyIdentityRequest.FromString(request).client_request_id for _, request in gateway.requests})


def test_a_pushback_that_says_no_is_heeded(busy: tuple[Busy, Counter]) -> None:
    gateway, counter = busy
    gateway.refusals = [(grpc.StatusCode.UNAVAILABLE, "-1")]

    with pytest.raises(Refused):
        counter.end_visit("visit")

    assert 1 == len(gateway.requests)


@pytest.mark.parametrize(
    "call",
    [
        lambda counter: counter.begin_login(recipient="doe", source="dopa", officer_number="1"),
        lambda counter: counter.confirm_login("token", 1, "envelope"),
    ],
)
def test_a_login_is_never_sent_twice(busy: tuple[Busy, Counter], call: Callable[[Counter], object]) -> None:
    gateway, counter = busy
    gateway.refusals = [(grpc.StatusCode.UNAVAILABLE, "10")]

    with pytest.raises(Refused):
        call(counter)

    assert 1 == len(gateway.requests)


def test_a_status_that_is_not_a_gateways_is_still_one_refusal(busy: tuple[Busy, Counter]) -> None:
    gateway, counter = busy
    gateway.refusals = [(grpc.StatusCode.PERMISSION_DENIED, "-1")]

    with pytest.raises(Refused) as refused:
        counter.end_visit("visit")

    assert ("UNEXPECTED_STATUS", "PERMISSION_DENIED") == (refused.value.reason, refused.value.code)
    assert refused.value.sentence_th


def test_a_session_given_by_hand_goes_with_lookups_at_its_own_agency_alone(busy: tuple[Busy, Counter]) -> None:
    gateway, counter = busy
    counter.use_session(agency_session_pb2.AgencySession(token="sealed", source="dopa"))

    for record_type in ("dopa.person", "other.record"):
        counter.lookup("visit", "service", record_type, ["field"])

    sent = [lookup_pb2.LookupRequest.FromString(request).agency_session_token for _, request in gateway.requests]
    assert ["sealed", ""] == sent
