"""Builds the gRPC server: our services behind the door, health and reflection beside it, and a role for every RPC or no start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from linkage.rpc.beside import HealthService, ReflectionService, Streams
from linkage.rpc.door import Door
from linkage.rpc.intake import MOST_METADATA
from linkage.rpc.roles import check_roles
from linkage.settings import Server
from linkage.telemetry import Metrics
from linkage.v1 import agency_session_pb2, audit_pb2, catalogue_pb2, lookup_pb2, receipt_pb2, verification_pb2

SERVICES: Sequence[ServiceDescriptor] = (
    verification_pb2.DESCRIPTOR.services_by_name["VerificationService"],
    lookup_pb2.DESCRIPTOR.services_by_name["LookupService"],
    catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"],
    agency_session_pb2.DESCRIPTOR.services_by_name["AgencySessionService"],
    receipt_pb2.DESCRIPTOR.services_by_name["ReceiptService"],
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"],
)
"""Our services."""

_MEBI = 1 << 20
_METADATA = 4 * MOST_METADATA
_STREAMS = 512  # of one connection; fewer would have gRPC refuse, namelessly, what the door refuses with a reason and a time to wait
_PENDING = 8192  # calls that wait to be taken in; beyond it (by default 1,000) gRPC cuts off anybody's, at random, without a word
_IDENTITY_ONLY = 1  # bit 0: no compression; a compressed message is refused before it is unpacked


@dataclass(frozen=True, slots=True)
class Built:
    """A server that has a port but does not serve yet."""

    server: grpc.aio.Server
    port: int
    health: HealthService


def build_server(settings: Server, door: Door, servicers: Sequence[object], credentials: grpc.ServerCredentials, metrics: Metrics) -> Built:
    """Bind the port and register everything. ``servicers``: one for each of `SERVICES`, in that order.

    Raises:
        RuntimeError: an RPC without a role, or the port is taken.
    """
    descriptors = [
        *SERVICES,
        health_pb2.DESCRIPTOR.services_by_name["Health"],
        *((reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"],) if settings.reflection else ()),
    ]
    check_roles(descriptors)
    server = grpc.aio.server(options=_options(settings), compression=grpc.Compression.NoCompression)
    server.add_generic_rpc_handlers(tuple(door.guard(servicer, service) for service, servicer in zip(SERVICES, servicers, strict=True)))
    streams = Streams(lambda misuse: metrics.misuses.labels(misuse.value).inc())
    health = HealthService(streams)
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    if settings.reflection:
        reflected = ReflectionService([descriptor.full_name for descriptor in descriptors], streams)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(reflected, server)
    server.add_generic_rpc_handlers((_Unknown(metrics.unknown_methods.inc),))
    port = server.add_secure_port(settings.listen, credentials)
    return Built(server, port, health)


def _options(settings: Server) -> list[tuple[str, int]]:
    age = round(settings.connection_age * 1000)
    return [
        ("grpc.so_reuseport", int(settings.workers > 1)),  # else a second server on the port must fail, not share it in silence
        ("grpc.max_receive_message_length", 2 * settings.max_message_bytes),
        ("grpc.server.max_pending_requests", _PENDING),
        ("grpc.server.max_pending_requests_hard_limit", 2 * _PENDING),
        ("grpc.http2.bdp_probe", 0),  # else gRPC lets a fast sender have hundreds of megabytes under way that nobody has read
        ("grpc.max_send_message_length", 8 * _MEBI),
        ("grpc.max_metadata_size", _METADATA),
        ("grpc.absolute_max_metadata_size", _METADATA),  # between the two gRPC would refuse at random
        ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ONLY),
        ("grpc.max_concurrent_streams", max(settings.max_concurrent, _STREAMS)),
        ("grpc.max_connection_age_ms", age),
        ("grpc.max_connection_age_grace_ms", round(settings.max_deadline * 1000)),
        ("grpc.server_handshake_timeout_ms", round(settings.request_seconds * 1000)),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 30_000),
    ]


class _Unknown(grpc.GenericRpcHandler):
    """Stands last: whatever gets here calls a method that does not exist. gRPC answers UNIMPLEMENTED; it is counted."""

    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        del handler_call_details
        self._count()
