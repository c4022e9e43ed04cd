"""Static card data must not be guessed at: attempts without a match are limited, for a person and for an officer."""

from collections.abc import Callable

import grpc
import pytest

from linkage.errors import Reason
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import refusal
from tests.journeys.world import COUNTER_2, Desk, Place, World, build_place, new_request_id, running

WRONG = "ZZ0000000000"
PERSON, OTHER = "1100000000016", "1100000000024"

Open = Callable[..., Desk]


async def test_after_five_wrong_codes_a_person_cannot_be_tried_at_any_counter_by_any_officer(
    world: World, desk: Desk, open_desk: Open
) -> None:
    for _ in range(5):
        assert pb.VERDICT_NO_MATCH == (await desk.verify(laser=WRONG)).verdict
    asked = len(world.dopa.received)

    said = await refusal(world, desk.verify(), Reason.ATTEMPTS_EXHAUSTED)
    await refusal(world, open_desk(COUNTER_2, subject="officer-0002").verify(), Reason.ATTEMPTS_EXHAUSTED)

    assert asked == len(world.dopa.received)
    assert grpc.StatusCode.RESOURCE_EXHAUSTED == said.code
    assert said.retry_seconds is not None
    assert 890 < said.retry_seconds <= 900
    assert pb.VERDICT_MATCH == (await desk.verify(OTHER)).verdict


async def test_the_wait_that_was_told_is_the_wait_that_helps(world: World, desk: Desk) -> None:
    for _ in range(5):
        await desk.verify(laser=WRONG)
        world.clock.advance(10)
    said = await refusal(world, desk.verify(), Reason.ATTEMPTS_EXHAUSTED)
    assert said.retry_seconds is not None

    world.clock.advance(said.retry_seconds - 1)
    await refusal(world, desk.verify(), Reason.ATTEMPTS_EXHAUSTED)
    world.clock.advance(1.5)

    assert pb.VERDICT_MATCH == (await desk.verify()).verdict


async def test_a_match_and_an_agency_that_cannot_tell_cost_no_attempt(world: World, desk: Desk) -> None:
    for _ in range(7):
        assert pb.VERDICT_MATCH == (await desk.verify()).verdict
    world.dopa.knobs.down = True
    for _ in range(7):
        assert pb.VERDICT_UNAVAILABLE == (await desk.verify()).verdict
    world.dopa.knobs.down = False
    world.clock.advance(20)

    assert pb.VERDICT_MATCH == (await desk.verify()).verdict


@pytest.fixture
def strict(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = build_place(tmp_path_factory.mktemp("strict"))
    with place.settings_file.open("a") as settings:
        settings.write("\n[attempts]\nper_person = 1\nper_officer = 3\n")
    return place


async def test_an_officers_attempts_are_limited_over_all_persons_and_are_no_other_officers(strict: Place) -> None:
    async with running(strict) as world:
        desk, colleague = world.desk(), world.desk(subject="officer-0002")
        for number in ("1100000000016", "1100000000024", "1100000000032"):
            await desk.verify(number, laser=WRONG)

        await refusal(world, desk.verify("1100000000041"), Reason.ATTEMPTS_EXHAUSTED)

        assert pb.VERDICT_MATCH == (await colleague.verify("1100000000041")).verdict
        await desk.close()
        await colleague.close()


async def test_the_last_attempt_may_be_sent_again_and_gets_its_own_answer(strict: Place) -> None:
    async with running(strict) as world:
        desk = world.desk()
        once = new_request_id()
        first = await desk.verify(laser=WRONG, client_request_id=once)

        again = await desk.verify(laser=WRONG, client_request_id=once)

        assert (first.verdict, first.request_id) == (again.verdict, again.request_id)
        await refusal(world, desk.verify(laser=WRONG), Reason.ATTEMPTS_EXHAUSTED)
        await desk.close()
