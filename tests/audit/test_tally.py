"""Refusals that are only counted are counted exactly, and recorded at most once a minute for each caller and reason."""

import asyncio
from typing import Any

import pytest

from linkage.audit.journal import Journal
from linkage.audit.tally import Tally
from linkage.errors import AuditUnavailable, Reason
from linkage.store.contract import SpaceLimits
from tests.audit.world import World, until
from tests.small_log import NO_WATERMARKS

ONE = {"counter": "urn:linkage:counter:c1", "centre": "cm-01", "method": "Lookup", "recipient": "doe"}
TWO = {**ONE, "counter": "urn:linkage:counter:c2"}


def counted(world: World) -> list[tuple[str, str, int]]:
    facts: list[dict[str, Any]] = [leaf["facts"] for leaf in world.leaves() if leaf["kind"] == "refused_many"]
    return [(fact.get("counter", "")[-2:], fact["reason"], fact["count"]) for fact in facts]


async def test_counts_are_kept_apart_by_caller_and_reason(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    for _ in range(7):
        tally.note(ONE, Reason.MALFORMED_REQUEST)
    tally.note({**ONE, "method": "VerifyIdentity"}, Reason.MALFORMED_REQUEST)
    tally.note(ONE, Reason.OVERLOADED)
    world.clock.advance(3)
    tally.note(TWO, Reason.MALFORMED_REQUEST)
    tally.note({}, Reason.CERTIFICATE_NOT_NAMED)
    await tally.record()
    assert sorted(counted(world)) == [
        ("", "CERTIFICATE_NOT_NAMED", 1), ("c1", "MALFORMED_REQUEST", 8), ("c1", "OVERLOADED", 1), ("c2", "MALFORMED_REQUEST", 1)
    ]  # fmt: skip
    first = next(leaf["facts"] for leaf in world.leaves() if leaf["facts"].get("count") == 8)
    assert set(first) == {"counter", "centre", "reason", "count", "since_ms", "until_ms"}


async def test_the_time_of_the_first_and_of_the_last_is_told(world: World, journal: Journal) -> None:
    tally, began = Tally(journal, world.clock), world.clock.now_ms()
    tally.note(ONE, Reason.OVERLOADED)
    world.clock.advance(5)
    tally.note(ONE, Reason.OVERLOADED)
    await tally.record()
    facts = world.leaves()[0]["facts"]
    assert (facts["since_ms"], facts["until_ms"]) == (began, began + 5000)


async def test_one_caller_and_reason_is_recorded_at_most_once_a_minute(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    for _ in range(130):
        tally.note(ONE, Reason.OVERLOADED)
        await tally.record()
        world.clock.advance(1)
    assert [number for _, _, number in counted(world)] == [1, 60, 60]
    tally.note(TWO, Reason.OVERLOADED)
    await tally.record()
    assert counted(world)[-1] == ("c2", "OVERLOADED", 1)
    await tally.record(everything=True)
    assert sum(number for caller, _, number in counted(world) if caller == "c1") == 130


async def test_counts_survive_a_log_that_cannot_be_written(world: World) -> None:
    journal = world.journal(space=SpaceLimits(1000, 10))
    log = world.log_of(journal)
    tally = Tally(journal, world.clock)
    log._free = lambda path: 0
    for _ in range(3):
        tally.note(ONE, Reason.OVERLOADED)
        with pytest.raises(AuditUnavailable):
            await tally.record()
        world.clock.advance(61)
    log._free = lambda path: 10**9
    await tally.record()
    await tally.record(everything=True)
    assert sum(number for _, _, number in counted(world)) == 3
    assert world.verified().clean
    assert NO_WATERMARKS != SpaceLimits(1000, 10)


@pytest.mark.parametrize("moment", ["written", "waiting"])
async def test_a_recording_that_is_cancelled_counts_nothing_twice_and_loses_nothing(moment: str, world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    for _ in range(5):
        tally.note(ONE, Reason.OVERLOADED)
    world.disk.gate.clear()
    running = asyncio.create_task(tally.record())
    if moment == "written":
        await until(lambda: journal._writer._busy_since is not None)
    else:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    world.disk.gate.set()
    tally.note(ONE, Reason.OVERLOADED)
    await tally.record(everything=True)
    await tally.record(everything=True)
    assert sum(number for _, _, number in counted(world)) == 6


async def test_it_records_by_itself_until_it_is_stopped(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    running = asyncio.create_task(tally.run(every=0.001))
    tally.note(ONE, Reason.OVERLOADED)
    await until(lambda: len(counted(world)) == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_callers_without_number_are_counted_by_reason_alone(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    for number in range(10_050):
        tally.note({"counter": f"urn:{number}"}, Reason.MALFORMED_REQUEST)
    assert len(tally._counts) == 10_001
    assert sum(count.number for count in tally._counts.values()) == 10_050


async def test_the_first_refusal_of_each_minute_caller_and_reason_is_worth_an_entry(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    assert [tally.first(ONE, Reason.OFFICER_SUSPENDED) for _ in range(3)] == [True, False, False]
    assert tally.first(TWO, Reason.OFFICER_SUSPENDED)
    assert tally.first(ONE, Reason.OFFICER_TOKEN_EXPIRED)
    assert not tally.first({**ONE, "method": "VerifyIdentity"}, Reason.OFFICER_SUSPENDED)
    world.clock.advance(59)
    world.clock.step_wall(-3600)
    assert not tally.first(ONE, Reason.OFFICER_SUSPENDED)
    world.clock.advance(1)
    assert tally.first(ONE, Reason.OFFICER_SUSPENDED)


async def test_callers_without_number_have_no_first_refusals_without_number(world: World, journal: Journal) -> None:
    tally = Tally(journal, world.clock)
    firsts = [tally.first({"counter": f"urn:{number}"}, Reason.OFFICER_SUSPENDED) for number in range(10_050)]
    assert sum(firsts) == 10_000
    world.clock.advance(60)
    assert tally.first({"counter": "urn:10049"}, Reason.OFFICER_SUSPENDED)
