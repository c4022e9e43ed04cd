"""The main job, end to end: a counter verifies a citizen and fetches DOPA's records."""

import json

import pytest
from grpc.aio import AioRpcError

from linkage.v1 import lookup_pb2, verification_pb2
from tests.journeys.world import Desk, World, refused


async def test_a_verified_citizens_record_comes_with_only_the_granted_fields_and_a_receipt(world: World, desk: Desk) -> None:
    session = await desk.login()
    verified = await desk.verify()
    assert verification_pb2.VERDICT_MATCH == verified.verdict

    reply = await desk.look_up(verified.visit.token, session, "first_name", "birth_date")

    assert lookup_pb2.ANSWER_FOUND == reply.answer
    assert ["first_name", "birth_date"] == [field.name for field in reply.record.fields]
    assert "สมมติ" == reply.record.fields[0].value.text
    assert (1987, 1, 15) == (
        reply.record.fields[1].value.date.year,
        reply.record.fields[1].value.date.month,
        reply.record.fields[1].value.date.day,
    )
    assert lookup_pb2.PERSON_CHECK_NAME_AND_BIRTH_DATE == reply.person_check
    facts = json.loads(reply.receipt.leaf)["facts"]
    assert "found" == facts["result"]


async def test_a_field_outside_the_agreement_is_refused_before_anybody_is_asked(world: World, desk: Desk) -> None:
    session = await desk.login()
    verified = await desk.verify()
    asked_before = len(world.dopa.received)

    with pytest.raises(AioRpcError) as error:
        await desk.look_up(verified.visit.token, session, "first_name", "father_number")

    assert "FIELD_NOT_AGREED" == refused(error.value).reason
    assert asked_before == len(world.dopa.received)
