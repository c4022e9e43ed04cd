"""A caller may vanish at any await: what was begun is closed, and what was never begun leaves nothing."""

import asyncio
from typing import Any

import pytest

from linkage.audit.journal import Journal, JournalLimits
from linkage.errors import Reason, Refusal
from linkage.ids import id_text
from linkage.store.contract import Once, Within, WithinDay
from tests.audit.world import FACTS, World, one_passage, until

CLAIMS = (Once(b"key", b"digest"), Within(b"officer", 1, 60), WithinDay(b"agreement", 1, "agreement"))


def busy(journal: Journal) -> bool:
    return journal._writer._busy_since is not None


def cancel_when_delivered(journal: Journal, task: "asyncio.Task[Any]") -> None:
    """Cancel the task in the very moment between its entry's becoming known to be durable and its own going on."""
    deliver = journal._writer._deliver

    def deliver_and_cancel(answers: Any) -> None:
        deliver(answers)
        task.cancel()
        journal._writer._deliver = deliver  # type: ignore[method-assign]

    journal._writer._deliver = deliver_and_cancel  # type: ignore[method-assign]


async def ended(task: "asyncio.Task[Any]") -> None:
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_caller_that_vanishes_while_its_intent_waits_leaves_nothing(world: World, journal: Journal) -> None:
    world.disk.gate.clear()
    first = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
    await until(lambda: busy(journal))
    task = asyncio.create_task(one_passage(world, journal, *CLAIMS))
    await until(lambda: journal.health().queued == 1)
    task.cancel()
    await ended(task)
    world.disk.gate.set()
    await first
    await one_passage(world, journal, *CLAIMS)
    assert [kind for kind, _ in world.said()] == ["denied", "intent", "outcome"]


async def test_a_caller_that_vanishes_while_its_intent_is_written_leaves_it_abandoned(world: World, journal: Journal) -> None:
    world.disk.gate.clear()
    task = asyncio.create_task(one_passage(world, journal, *CLAIMS))
    await until(lambda: busy(journal))
    task.cancel()
    await ended(task)
    world.disk.gate.set()
    await until(lambda: len(world.leaves()) == 2)
    assert world.said() == [("intent", ""), ("outcome", "abandoned")]
    await one_passage(world, journal, *CLAIMS)  # the request and the attempt are free again


async def test_a_caller_that_vanishes_before_it_learns_that_its_intent_is_durable_leaves_it_abandoned(
    world: World, journal: Journal
) -> None:
    world.disk.gate.clear()
    task = asyncio.create_task(one_passage(world, journal, *CLAIMS))
    await until(lambda: busy(journal))
    cancel_when_delivered(journal, task)
    world.disk.gate.set()
    await ended(task)
    await until(lambda: len(world.leaves()) == 2)
    assert world.said() == [("intent", ""), ("outcome", "abandoned")]


async def test_an_intent_that_becomes_durable_after_its_timeout_is_closed_as_abandoned(world: World) -> None:
    journal = world.journal(limits=JournalLimits(append_timeout=0.2))
    world.disk.gate.clear()
    with pytest.raises(Exception, match="not durable after"):
        await one_passage(world, journal, *CLAIMS)
    world.disk.gate.set()
    await until(lambda: len(world.leaves()) == 2)
    assert world.said() == [("intent", ""), ("outcome", "abandoned")]
    await one_passage(world, journal, *CLAIMS)


async def test_a_caller_that_vanishes_inside_leaves_a_cancelled_outcome_and_keeps_its_attempt(world: World, journal: Journal) -> None:
    inside = asyncio.Event()

    async def ask() -> None:
        async with journal.passage(world.id(), FACTS, claims=CLAIMS) as passage:
            passage.learn(attempts=1)
            passage.conclude("match", give_back=True)
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(ask())
    await inside.wait()
    task.cancel()
    await ended(task)
    assert world.said() == [("intent", ""), ("outcome", "cancelled")]
    assert world.leaves()[1]["facts"] == {"attempts": 1, "result": "cancelled"}
    with pytest.raises(Refusal) as caught:
        await one_passage(world, journal, *CLAIMS)
    assert caught.value.reason is Reason.ATTEMPTS_EXHAUSTED


@pytest.mark.parametrize("moment", ["waits", "is written", "is known to be durable"])
async def test_a_caller_that_vanishes_while_its_outcome_is_recorded_leaves_the_outcome(moment: str, world: World, journal: Journal) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def ask() -> None:
        async with journal.passage(world.id(), FACTS) as passage:
            passage.conclude("found")
            inside.set()
            await leave.wait()

    task = asyncio.create_task(ask())
    await inside.wait()
    world.disk.gate.clear()
    other = None
    if moment == "waits":
        other = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
        await until(lambda: busy(journal))
    leave.set()
    await until(lambda: journal.health().queued == 1 if moment == "waits" else busy(journal))
    if moment == "is known to be durable":
        cancel_when_delivered(journal, task)
        world.disk.gate.set()
    else:
        task.cancel()
    await ended(task)
    world.disk.gate.set()
    if other is not None:
        await other
    await until(lambda: ("outcome", "found") in world.said())
    assert world.verified().orphans == []


async def test_a_caller_cancelled_twice_still_leaves_its_outcome(world: World, journal: Journal) -> None:
    inside = asyncio.Event()

    async def ask() -> None:
        async with journal.passage(world.id(), FACTS):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(ask())
    await inside.wait()
    world.disk.gate.clear()
    task.cancel()
    await until(lambda: busy(journal))
    task.cancel()
    await ended(task)
    world.disk.gate.set()
    await until(lambda: len(world.leaves()) == 2)
    assert world.said()[1] == ("outcome", "cancelled")


async def test_an_outcome_that_waits_keeps_its_place_when_its_caller_is_cancelled(world: World, journal: Journal) -> None:
    ids, inside, leave = [world.id() for _ in range(3)], set[bytes](), {0: asyncio.Event(), 1: asyncio.Event(), 2: asyncio.Event()}

    async def ask(number: int) -> None:
        async with journal.passage(ids[number], FACTS) as passage:
            passage.conclude("found")
            inside.add(ids[number])
            await leave[number].wait()

    tasks = [asyncio.create_task(ask(number)) for number in leave]
    await until(lambda: len(inside) == 3)
    world.disk.gate.clear()
    other = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
    await until(lambda: busy(journal))
    for number, event in leave.items():
        event.set()
        await until(lambda number=number: journal.health().queued > number)  # type: ignore[misc]  # bound now, not later
    tasks[0].cancel()
    await ended(tasks[0])
    world.disk.gate.set()
    await asyncio.gather(other, *tasks[1:])
    await until(lambda: not journal._recorder._under_way)
    assert [leaf["ref"] for leaf in world.leaves() if leaf["kind"] == "outcome"] == [id_text(one) for one in ids]
    assert world.verified().orphans == []


async def test_a_cancelled_caller_is_told_so_even_where_its_outcome_cannot_be_recorded(world: World) -> None:
    journal = world.journal(limits=JournalLimits(append_timeout=0.2))
    inside = asyncio.Event()

    async def ask() -> None:
        async with journal.passage(world.id(), FACTS):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(ask())
    await inside.wait()
    world.disk.gate.clear()
    task.cancel()
    await ended(task)


async def test_at_whatever_moment_callers_vanish_no_intent_stays_open(world: World, journal: Journal) -> None:
    released = 0
    for turns in range(60):
        task = asyncio.create_task(one_passage(world, journal))
        for _ in range(turns):
            await asyncio.sleep(0.0002 if turns % 2 else 0)
        task.cancel()
        try:
            await task
            released += 1
        except asyncio.CancelledError:
            continue
    await journal.close()
    report = world.verified()
    assert (report.findings, report.orphans) == ([], [])
    assert world.said().count(("outcome", "found")) >= released


@pytest.mark.parametrize("moment", ["waits", "is written"])
async def test_a_caller_that_vanishes_while_its_refusal_is_recorded_leaves_the_refusal(moment: str, world: World, journal: Journal) -> None:
    world.disk.gate.clear()
    other = asyncio.create_task(one_passage(world, journal)) if moment == "waits" else None
    if other is not None:
        await until(lambda: busy(journal))
    task = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.OFFICER_SUSPENDED)))
    await until(lambda: journal.health().queued == 1 if moment == "waits" else busy(journal))
    task.cancel()
    await ended(task)
    world.disk.gate.set()
    if other is not None:
        await other
    await until(lambda: ("denied", "OFFICER_SUSPENDED") in world.said())


async def test_a_refusal_whose_caller_is_gone_is_written_before_the_journal_closes(world: World, journal: Journal) -> None:
    task = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.OFFICER_SUSPENDED)))
    await asyncio.sleep(0)
    task.cancel()
    await ended(task)
    await journal.close()
    assert world.said() == [("denied", "OFFICER_SUSPENDED")]


async def test_an_outcome_that_its_caller_waits_for_is_waited_for_by_the_end(world: World, journal: Journal) -> None:
    passage = journal.passage(world.id(), FACTS)
    await passage.__aenter__()
    passage.conclude("found")
    world.disk.gate.clear()
    leaving = asyncio.create_task(passage.__aexit__(None, None, None))
    await until(lambda: busy(journal))
    assert not await journal._recorder.drain(0.05)
    draining = asyncio.create_task(journal._recorder.drain(5))
    await asyncio.sleep(0.05)
    assert not draining.done()
    world.disk.gate.set()
    assert await draining
    await leaving
    assert world.said() == [("intent", ""), ("outcome", "found")]
