"""The catalogue over the wire: whoever is registered may read it, nobody is asked, and it is the version in force."""

from collections.abc import Callable

import grpc
import pytest

from linkage.errors import Reason
from linkage.v1 import catalogue_pb2 as pb
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import Desk, World, refused

AUDITOR = "spiffe://linkage.example/auditor/labour"
Open = Callable[..., Desk]


async def services(desk: Desk) -> pb.ListServicesResponse:
    return await desk.catalogue.ListServices(pb.ListServicesRequest(), metadata=desk.metadata, timeout=20)


async def service(desk: Desk, name: str) -> pb.GetServiceResponse:
    return await desk.catalogue.GetService(pb.GetServiceRequest(service=name), metadata=desk.metadata, timeout=20)


async def record_types(desk: Desk) -> pb.ListRecordTypesResponse:
    return await desk.catalogue.ListRecordTypes(pb.ListRecordTypesRequest(), metadata=desk.metadata, timeout=20)


async def test_a_counter_learns_what_a_service_needs_and_what_must_still_be_brought(desk: Desk) -> None:
    listed = await services(desk)
    assert len([one for one in listed.services if not one.invented]) >= 14
    assert [one.service for one in listed.services] == sorted(one.service for one in listed.services)

    told = await service(desk, "driving_licence_renewal")
    documents = {each.document: each for each in told.entry.documents}
    assert documents["id_card"].connected
    assert ["dopa.person"] == [need.record_type for need in documents["id_card"].needs]
    assert not documents["driving_licence"].connected  # this gateway does not ask Land Transport
    assert documents["medical_certificate"].paper.th
    assert told.digest == listed.digest


async def test_record_types_are_those_of_the_connected_sources_with_labels_and_classes(desk: Desk) -> None:
    types = {one.record_type: one for one in (await record_types(desk)).record_types}

    assert {"dopa.person", "dopa.house"} < types.keys()
    assert all(one.source == "dopa" and one.fields for one in types.values())
    card = {field.name: field for field in types["dopa.id_card"].fields}
    assert pb.FIELD_CLASS_SENSITIVE == card["religion"].field_class
    assert pb.FIELD_CLASS_ORDINARY == card["expires_on"].field_class


async def test_reading_needs_no_officer_asks_nobody_and_leaves_no_entry(world: World, desk: Desk) -> None:
    desk.metadata = ()
    before = len(entries(world))

    await services(desk)
    await service(desk, "house_move")
    await record_types(desk)

    assert before == len(entries(world))
    assert [] == world.dopa.received


async def test_an_auditor_may_read_it_and_a_stranger_may_not(world: World, open_desk: Open) -> None:
    assert (await services(open_desk(AUDITOR, token=""))).services

    stranger = open_desk("spiffe://linkage.example/centre/cm-01/counter/77", token="")
    for call in (services(stranger), service(stranger, "house_move"), record_types(stranger)):
        await refusal(world, call, Reason.COUNTER_UNKNOWN)


async def test_a_suspended_counter_may_not_read_it(world: World, open_desk: Open) -> None:
    await refusal(world, services(open_desk("spiffe://linkage.example/centre/cm-01/counter/4", token="")), Reason.COUNTER_SUSPENDED)


async def test_a_service_nobody_knows_and_a_name_that_is_none_are_refused_without_repeating_it(desk: Desk) -> None:
    for name, reason in (("no_such_service", "UNKNOWN_SERVICE"), ("", "MALFORMED_REQUEST"), ("1100000000016 x", "MALFORMED_REQUEST")):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await service(desk, name)
        said = refused(error.value)
        assert (grpc.StatusCode.INVALID_ARGUMENT, reason) == (said.code, said.reason)
        assert ["service"] == list(said.violations)
        assert not name or name not in str(said)


async def test_a_new_version_is_told_by_its_digest(world: World, desk: Desk) -> None:
    before = await services(desk)
    world.change("services/interior.toml", 'name_en = "ID-card renewal"', 'name_en = "Renewal of an identity card"')
    await until(lambda: entries(world, "config"))

    after = await services(desk)
    assert before.digest != after.digest
    assert "Renewal of an identity card" in {one.name.en for one in after.services}
