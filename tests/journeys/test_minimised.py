"""What leaves the gateway: the granted fields and no more, whatever the agency sent; and not found only where the agency says so."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.dopa import Dopa
from linkage.errors import Reason
from linkage.sources.adapter import About, Answer, Found, Link, Query
from linkage.terms import FieldName, PersonName, RecordType
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.on_the_way import rewriting
from tests.journeys.world import Desk, Place, World, running


async def test_a_house_that_is_not_registered_is_not_found_because_the_agency_says_so(world: World, desk: Desk) -> None:
    session = await desk.login()
    visit = (await desk.verify("5100000000027")).visit.token

    reply = await desk.look_up(visit, session, "house_no", record_type="dopa.house")

    assert lookup_pb2.ANSWER_NOT_FOUND == reply.answer
    assert not reply.HasField("record")
    assert "not_found" == proved(world, reply.receipt)["facts"]["result"]


@pytest.mark.parametrize("status", [400, 401, 404, 418, 500, 503])
async def test_a_service_that_fails_inside_the_answer_is_never_not_found(world: World, desk: Desk, status: int) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.service_fails = {1: status}

    said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)

    assert "dopa" == said.metadata["source"]
    assert "Department of Provincial Administration" in said.sentences["en"]
    assert "กรมการปกครอง" in said.sentences["th"]


async def test_a_value_that_the_source_does_not_hold_is_a_field_without_value(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify("1100000000032")).visit.token

    reply = await desk.look_up(visit, session, "middle_name", "first_name")

    assert ["middle_name", "first_name"] == [field.name for field in reply.record.fields]
    assert [False, True] == [field.HasField("value") for field in reply.record.fields]


async def test_a_whole_record_in_the_agencys_other_spellings_is_the_same_record(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    fields = ("house_no", "village_no", "soi", "road", "subdistrict", "district", "province")
    plain = (await desk.look_up(visit, session, *fields, record_type="dopa.house")).record.fields
    world.dopa.knobs.numbers_as_texts = True
    world.dopa.knobs.in_arrays = True

    assert plain == (await desk.look_up(visit, session, *fields, record_type="dopa.house")).record.fields


async def test_what_was_not_granted_is_dropped_and_recorded_by_name(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.adapt(_Generous())

        reply = await desk.look_up(visit, session, "first_name")

        assert ["first_name"] == [field.name for field in reply.record.fields]
        facts = proved(world, reply.receipt)["facts"]
        assert {"(no field name)", "religion", "last_name", "birth_date"} <= set(facts["dropped"])
        assert "ศาสนาสมมติ" not in json.dumps(entries(world), ensure_ascii=False)
        assert f'linkage_excess_fields_total{{source="dopa"}} {len(facts["dropped"])}.0'.encode() in world.metrics()
        await desk.close()


async def test_what_the_agency_itself_sends_unasked_is_recorded_by_name_and_its_values_nowhere(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    house = world.dopa.people["1100000000016"].house
    assert house is not None

    reply = await desk.look_up(visit, session, "province", record_type="dopa.house")

    assert ["province"] == [field.name for field in reply.record.fields]
    facts = proved(world, reply.receipt)["facts"]
    assert {"house_id", "house_no", "district"} <= set(facts["dropped"])
    assert "province" not in facts["dropped"]
    assert house.id not in json.dumps(entries(world))
    assert f'linkage_excess_fields_total{{source="dopa"}} {len(facts["dropped"])}.0'.encode() in world.metrics()


async def test_a_field_that_the_agency_leaves_out_of_its_reply_is_never_a_field_without_value(place: Place) -> None:
    async with running(place, between=rewriting(b'"middleName"', b'"elsewhere"')) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token

        said = await refusal(world, desk.look_up(visit, session, "first_name", "middle_name"), Reason.AGENCY_UNAVAILABLE)

        assert said.receipt is not None
        assert ["middle_name"] == proved(world, said.receipt)["facts"]["missing"]
        assert ["first_name"] == [field.name for field in (await desk.look_up(visit, session, "first_name")).record.fields]
        await desk.close()


async def test_half_a_surrogate_pair_from_the_agency_is_an_answer_that_nobody_can_read(place: Place) -> None:
    async with running(place, between=rewriting("สมมติ".encode(), rb"\ud800")) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify("1100000000024")).visit.token
        fields = ("subdistrict",)
        assert "สมมติใต้" == world.dopa.people["1100000000024"].house.subdistrict  # type: ignore[union-attr]

        await refusal(world, desk.look_up(visit, session, *fields, record_type="dopa.house"), Reason.AGENCY_UNAVAILABLE)

        assert "refused" == entries(world, "outcome")[-1]["facts"]["result"]
        await desk.close()


async def test_half_a_surrogate_pair_from_an_adapter_is_an_answer_that_nobody_can_write(world: World, desk: Desk) -> None:
    class Half(Dopa):
        async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
            answers = await super().fetch(query, link)
            return {
                kind: replace(found, fields={FieldName("first_name"): "\ud800"})
                for kind, found in answers.items()
                if isinstance(found, Found)
            }

    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(Half())

    await refusal(world, desk.look_up(visit, session, "first_name"), Reason.AGENCY_UNAVAILABLE)


async def test_a_granted_field_that_came_by_name_only_is_missing_and_not_without_value(world: World, desk: Desk) -> None:
    class Muddled(Dopa):
        async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
            return {kind: Found({}, NAMED, also_sent=fields) for kind, fields in query.wanted.items()}

    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(Muddled())

    said = await refusal(world, desk.look_up(visit, session, "first_name"), Reason.AGENCY_UNAVAILABLE)

    assert said.receipt is not None
    assert ["first_name"] == proved(world, said.receipt)["facts"]["missing"]


async def test_a_person_s_record_that_names_nobody_is_withheld(world: World, desk: Desk) -> None:
    class Nameless(Dopa):
        async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
            answers = await super().fetch(query, link)
            return {kind: replace(found, about=About()) for kind, found in answers.items() if isinstance(found, Found)}

    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(Nameless())

    said = await refusal(world, desk.look_up(visit, session, "first_name"), Reason.AGENCY_UNAVAILABLE)

    assert said.receipt is not None
    assert proved(world, said.receipt)["facts"]["detail"] == "the answer does not say whom it is about"


NAMED = About(name=PersonName("สมมติ", "ทดสอบระบบ"))


class _Generous(Dopa):
    """An adapter that passes on more than was asked for."""

    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        answers = await super().fetch(query, link)
        more = {FieldName("religion"): "ศาสนาสมมติ ก", FieldName("1100000000024 "): "a value as a key"}
        return {kind: replace(found, fields={**found.fields, **more}) for kind, found in answers.items() if isinstance(found, Found)}
