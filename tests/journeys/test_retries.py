"""The same client request id is the same request: asked once, answered alike; and nobody else's."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import apsw
import grpc
import pytest

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.world import COUNTER_2, Desk, Place, World, build_place, new_request_id, running

Open = Callable[..., Desk]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """With room for a hundred calls of one counter at once."""
    return build_place(tmp_path / "world", more="max_concurrent = 1000")


def _bare(reply: lookup_pb2.LookupResponse) -> bytes:
    """A reply but for its receipt, whose checkpoint may be newer in a repeated one."""
    copy = lookup_pb2.LookupResponse()
    copy.CopyFrom(reply)
    copy.ClearField("receipt")
    return copy.SerializeToString(deterministic=True)


async def test_a_hundred_times_the_same_request_at_once_is_one_question_with_a_hundred_equal_answers(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    asked, intents = len(world.dopa.received), len(entries(world, "intent"))
    world.dopa.knobs.slow = 0.1
    once = new_request_id()

    replies = await asyncio.gather(*(desk.look_up(visit, session, client_request_id=once) for _ in range(100)))

    assert (asked + 1, intents + 1) == (len(world.dopa.received), len(entries(world, "intent")))
    assert 1 == len({_bare(reply) for reply in replies})
    assert 1 == len({proved(world, reply.receipt)["eid"] for reply in replies})


async def test_a_hundred_times_the_same_verification_at_once_asks_once(world: World, desk: Desk) -> None:
    once = new_request_id()
    world.dopa.knobs.slow = 0.05

    replies = await asyncio.gather(*(desk.verify(client_request_id=once) for _ in range(100)))

    assert 2 == len(world.dopa.received)  # the card, and whether its holder is alive
    assert 1 == len({reply.visit.token for reply in replies})
    assert 1 == len(entries(world, "intent"))
    assert 1 == len(world.key_pseudonyms())


async def test_the_same_id_with_other_content_is_refused(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    await desk.look_up(visit, session, "first_name", client_request_id=once)
    asked = len(world.dopa.received)

    said = await refusal(world, desk.look_up(visit, session, "last_name", client_request_id=once), Reason.REQUEST_ID_REUSED)

    assert grpc.StatusCode.INVALID_ARGUMENT == said.code
    assert asked == len(world.dopa.received)


async def test_after_the_agency_was_unavailable_the_same_request_asks_anew(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    world.dopa.knobs.down = True
    await refusal(world, desk.look_up(visit, session, client_request_id=once), Reason.AGENCY_UNAVAILABLE)
    world.dopa.knobs.down = False

    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session, client_request_id=once)).answer


async def test_a_verification_that_nobody_could_answer_asks_anew(world: World, desk: Desk) -> None:
    once = new_request_id()
    world.dopa.knobs.down = True
    assert pb.VERDICT_UNAVAILABLE == (await desk.verify(client_request_id=once)).verdict
    world.dopa.knobs.down = False

    assert pb.VERDICT_MATCH == (await desk.verify(client_request_id=once)).verdict


async def test_a_reply_lost_with_its_gateway_is_repeated_by_the_next_within_two_minutes(place: Place) -> None:
    once = new_request_id()
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        first = await desk.look_up(visit, session, client_request_id=once)
        await desk.close()
    place.clock.advance(110)
    async with running(place) as world:
        desk = world.desk()
        again = await desk.look_up(visit, session, client_request_id=once)

        assert _bare(first) == _bare(again)
        assert proved(world, first.receipt) == proved(world, again.receipt)
        assert [] == world.dopa.received
        await desk.close()


async def test_what_a_reply_is_kept_for_is_forgotten_after_two_minutes(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    first = await desk.look_up(visit, session, client_request_id=once)
    world.clock.advance(121)

    later = await desk.look_up(visit, session, client_request_id=once)

    assert first.request_id != later.request_id


async def test_an_id_is_its_officers_and_counters_own(world: World, desk: Desk, open_desk: Open) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    first = await desk.look_up(visit, session, client_request_id=once)

    for other in (open_desk(subject="officer-0002"), open_desk(COUNTER_2)):
        await refusal(world, other.look_up(visit, session, client_request_id=once), Reason.VISIT_NOT_YOURS)
        own_session, own_visit = await other.login(), (await other.verify("1100000000024")).visit.token
        own = await other.look_up(own_visit, own_session, client_request_id=once)
        assert first.request_id != own.request_id
        assert world.dopa.people["1100000000024"].first == own.record.fields[0].value.text


async def test_an_ended_visit_repeats_no_record(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    await desk.look_up(visit, session, client_request_id=once)
    await desk.verification.EndVisit(pb.EndVisitRequest(visit_token=visit), metadata=desk.metadata, timeout=20)

    await refusal(world, desk.look_up(visit, session, client_request_id=once), Reason.VISIT_ENDED)


async def test_a_request_that_is_still_under_way_at_the_retrys_deadline_is_said_to_be(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = new_request_id()
    world.dopa.knobs.slow = 3.0
    first = asyncio.create_task(desk.look_up(visit, session, client_request_id=once))
    await until(lambda: world.dopa.received[-1].operation == "request")

    said = await refusal(world, desk.look_up(visit, session, client_request_id=once, timeout=1.6), Reason.REQUEST_IN_PROGRESS)

    assert grpc.StatusCode.ABORTED == said.code
    assert lookup_pb2.ANSWER_FOUND == (await first).answer


async def test_an_id_that_is_no_uuid_is_named(world: World, desk: Desk) -> None:
    said = await refusal(world, desk.verify(client_request_id="1"), Reason.MALFORMED_REQUEST)

    assert {"client_request_id"} == set(said.violations)


async def test_a_retry_that_waits_leaves_one_data_key_however_often_it_looks(world: World, desk: Desk) -> None:
    once = new_request_id()
    world.dopa.knobs.slow = 0.6
    first = asyncio.create_task(desk.verify(client_request_id=once))
    await until(lambda: world.dopa.received)

    again = await desk.verify(client_request_id=once)

    assert (await first).request_id == again.request_id
    connection = apsw.Connection(str(world.folder / "data-keys.db"), flags=apsw.SQLITE_OPEN_READONLY)
    assert [(2,)] == list(connection.execute("SELECT count(*) FROM data_key"))
    connection.close()
