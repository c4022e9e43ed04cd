"""Builds the gRPC server: our services behind the door, health and reflection beside it, and a role for every RPC or no start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from linkage.rpc.door import Door
from linkage.rpc.roles import check_roles
from linkage.settings import Server
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
_METADATA = 16_384  # bytes of a call's metadata; an officer token may have 8,192
_IDENTITY_ONLY = 1  # bit 0: no compression; a compressed message is refused before it is unpacked


@dataclass(frozen=True, slots=True)
class Built:
    """A server that has a port but does not serve yet."""

    server: grpc.aio.Server
    port: int
    health: health.aio.HealthServicer


def build_server(
    settings: Server, door: Door, servicers: Sequence[object], credentials: grpc.ServerCredentials, count_unknown: Callable[[], None]
) -> Built:
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
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    if settings.reflection:
        reflection.enable_server_reflection([descriptor.full_name for descriptor in descriptors], server)
    server.add_generic_rpc_handlers((_Unknown(count_unknown),))
    port = server.add_secure_port(settings.listen, credentials)
    return Built(server, port, health_servicer)


def _options(settings: Server) -> list[tuple[str, int]]:
    age = round(settings.connection_age * 1000)
    return [
        ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it in silence
        ("grpc.max_receive_message_length", settings.max_message_bytes),
        ("grpc.max_send_message_length", 8 * _MEBI),
        ("grpc.max_metadata_size", _METADATA),
        ("grpc.absolute_max_metadata_size", _METADATA),  # between the two gRPC would refuse at random
        ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ONLY),
        ("grpc.max_concurrent_streams", settings.max_concurrent),
        ("grpc.max_connection_age_ms", age),
        ("grpc.max_connection_age_grace_ms", round(settings.max_deadline * 1000)),
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
