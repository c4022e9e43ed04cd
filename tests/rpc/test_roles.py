"""Every RPC has a role, or nothing is served."""

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from linkage.rpc.roles import ROLES, Role, check_roles
from linkage.rpc.server import SERVICES

BESIDE = (health_pb2.DESCRIPTOR.services_by_name["Health"], reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"])


def test_health_and_reflection_have_roles_like_any_other_service() -> None:
    check_roles((*SERVICES, *BESIDE))

    assert set(ROLES) == {f"{service.full_name}/{method.name}" for service in (*SERVICES, *BESIDE) for method in service.methods}


def test_a_method_without_a_role_stops_the_start() -> None:
    file = descriptor_pb2.FileDescriptorProto(name="more.proto", package="linkage.v1", syntax="proto3")
    file.message_type.add(name="Nothing")
    service = file.service.add(name="LookupService")
    for name in ("Lookup", "LookupEverything"):
        service.method.add(name=name, input_type=".linkage.v1.Nothing", output_type=".linkage.v1.Nothing")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)

    with pytest.raises(RuntimeError, match="LookupEverything") as error:
        check_roles([pool.FindServiceByName("linkage.v1.LookupService")])

    assert "LookupService/Lookup," not in str(error.value)


def test_whatever_asks_an_agency_needs_an_officer() -> None:
    asking = {"VerificationService", "LookupService", "AgencySessionService"}

    officers = {name for name, role in ROLES.items() if role is Role.OFFICER}

    assert {name for name in ROLES if name.split("/")[0].rpartition(".")[2] in asking} == officers
