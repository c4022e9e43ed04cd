"""An agency that hangs fills its own line and nothing else; a bundle counts for as many as it asks."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from linkage.errors import Reason
from linkage.terms import SourceName
from linkage.v1 import lookup_pb2
from tests.journeys.joint import SERVICE, Joint, joint_counter
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import COUNTER_2, Desk, Place, World, running

LICENCE = {"record_type": "dlt.driving_licence", "service": SERVICE}
EMPLOYMENT = {"record_type": "sso.employment", "service": SERVICE}


def _with(settings: str, table: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        file = folder / "linkage.toml"
        file.write_text(file.read_text(encoding="utf-8").replace(table, f"{table}\n{settings}"), encoding="utf-8")

    return prepare


async def test_an_agency_that_hangs_leaves_lookups_at_others_untouched_from_the_same_counter_and_from_another(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "joint", prepare=_with("concurrency = 3", "[sources.sso]")) as joint:
        visit, other = await joint.visit(), joint.world.desk(COUNTER_2)
        others_visit = (await other.verify(service=SERVICE)).visit.token
        joint.simulators["sso"].knobs.slow = 1.0
        source = joint.world.gateway.equipment.sources.sources[SourceName("sso")]
        hanging = [asyncio.create_task(joint.desk.look_up(visit, "", "employments", **EMPLOYMENT)) for _ in range(6)]
        await until(lambda: (3, 3) == (source.health().under_way, source.health().waiting))

        turned_away = await refusal(joint.world, joint.desk.look_up(visit, "", "employments", **EMPLOYMENT), Reason.AGENCY_UNAVAILABLE)
        own = await joint.desk.look_up(visit, "", "licences", **LICENCE)
        others = await other.look_up(others_visit, "", "licences", **LICENCE)

        assert not any(task.done() for task in hanging)
        assert [lookup_pb2.ANSWER_FOUND] * 2 == [own.answer, others.answer]
        assert turned_away.retry_seconds is not None
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        await other.close()


async def _bundled(joint: Joint, visit: str) -> int:
    records, _ = await joint.bundle(visit)
    return len(records)


async def test_a_bundle_takes_a_place_for_each_record_before_anything_is_asked_and_gives_all_back(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "joint", prepare=_with("max_concurrent = 360", "[server]")) as joint:
        visit = await joint.visit()
        whole = await _bundled(joint, visit)
        joint.simulators["sso"].knobs.slow = 0.3

        bundle = asyncio.create_task(_bundled(joint, visit))

        await until(lambda: f"linkage_places_taken {float(whole)}".encode() in joint.world.metrics())
        assert whole == await bundle
        assert 1 < whole < 20
        await until(lambda: b"linkage_places_taken 0.0" in joint.world.metrics())


async def test_a_bundle_for_which_there_is_too_little_room_is_refused_whole_and_asks_nobody(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "joint", prepare=_with("max_concurrent = 45", "[server]")) as joint:
        visit = await joint.visit()
        joint.simulators["sso"].knobs.slow = 0.5
        held = [asyncio.create_task(joint.desk.look_up(visit, "", "employments", **EMPLOYMENT)) for _ in range(4)]
        await until(lambda: 4 == joint.asked("sso"))
        intents = len(entries(joint.world, "intent"))

        await refusal(joint.world, _bundled(joint, visit), Reason.OVERLOADED)

        assert intents == len(entries(joint.world, "intent"))
        await asyncio.gather(*held)
        joint.simulators["sso"].knobs.slow = 0.0
        assert await _bundled(joint, visit)


async def test_after_its_time_a_failing_agency_is_tried_by_one_of_many_and_then_by_all(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.down = True
        for _ in range(5):
            await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)
        world.dopa.knobs.down = False
        world.dopa.knobs.slow = 0.3
        world.clock.advance(11)
        asked = len(world.dopa.received)

        probe = asyncio.create_task(desk.look_up(visit, session))
        await until(lambda: asked + 1 == len(world.dopa.received))
        await asyncio.gather(*(_turned_away(world, desk, visit, session) for _ in range(5)))

        assert asked + 1 == len(world.dopa.received)
        assert lookup_pb2.ANSWER_FOUND == (await probe).answer
        world.dopa.knobs.slow = 0.0
        replies = await asyncio.gather(*(desk.look_up(visit, session) for _ in range(5)))
        assert {lookup_pb2.ANSWER_FOUND} == {reply.answer for reply in replies}
        await desk.close()


async def _turned_away(world: World, desk: Desk, visit: str, session: str) -> None:
    await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)
