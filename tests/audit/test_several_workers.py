"""What one worker of several closes of another's, and what a journal waits for before it is closed."""

import asyncio
from pathlib import Path

import pytest

from linkage.audit.boot import recover_orphans
from linkage.audit.freshness import WitnessLimits
from linkage.audit.record import Origin
from linkage.audit.witness_reading import WitnessReading
from linkage.clock import FakeClock
from linkage.errors import AuditUnavailable
from linkage.store.cosignatures import Cosignatures, last_cosigned
from tests.audit.world import FACTS, World, until


async def test_a_successor_closes_the_intents_of_the_worker_that_ended_and_no_other(world: World) -> None:
    alive, dead = (world.journal(origin=Origin("a", number.to_bytes(16, "big"))) for number in (1, 2))
    of_the_living, of_the_dead = world.id(), world.id()
    async with alive.passage(of_the_living, FACTS) as passage:
        await dead.passage(of_the_dead, FACTS).__aenter__()
        successor = world.journal(origin=Origin("a", (3).to_bytes(16, "big")))
        boots = frozenset({(2).to_bytes(16, "big").hex()})
        assert await recover_orphans(successor, world.clock, boots=boots) == 1
        assert await recover_orphans(successor, world.clock, boots=boots) == 0
        passage.conclude("found")
    closed = {leaf["ref"]: leaf["kind"] for leaf in world.leaves() if leaf.get("ref")}
    assert set(closed.values()) == {"outcome", "recovered"}
    assert world.verified().orphans == []


async def test_a_journal_that_is_closed_waits_until_calls_that_were_just_cancelled_have_said_so(world: World) -> None:
    journal, begun, slowly = world.journal(), asyncio.Event(), asyncio.Event()

    async def call() -> None:
        async with journal.passage(world.id(), FACTS):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                await slowly.wait()  # as a connection to an agency is closed

    task = asyncio.create_task(call())
    await begun.wait()
    task.cancel()
    closing = asyncio.create_task(journal.close())
    await until(lambda: journal._recorder._closing)
    slowly.set()
    await closing
    await asyncio.gather(task, return_exceptions=True)
    assert world.said() == [("intent", ""), ("outcome", "cancelled")]


class _Named:
    """A witness that nobody asks."""

    name = "w"

    class key:  # noqa: N801 (all that is read of it)
        text = "w+key"

    async def aclose(self) -> None:
        pass


class _Told:
    def ages(self, seconds: object, trouble: str) -> None:
        self.trouble = trouble


def _reading(state: Path, clock: FakeClock, limits: WitnessLimits) -> WitnessReading:
    return WitnessReading([_Named()], state=state, clock=clock, limits=limits, told=_Told())  # type: ignore[arg-type,list-item]


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("damaged", [b"", b"not a database at all" * 100], ids=["empty", "no database"])
async def test_a_worker_that_asks_no_witness_leaves_a_damaged_file_to_the_one_that_keeps_it(damaged: bytes, tmp_path: Path) -> None:
    state = tmp_path / "witnesses"
    state.write_bytes(damaged)
    reading = _reading(state, FakeClock(), WitnessLimits())
    with pytest.raises(AuditUnavailable):
        await reading.check(within=0)
    with pytest.raises(AuditUnavailable):
        await reading.newest_cosigned()
    await reading.aclose()
    assert _files(tmp_path) == {"witnesses": damaged}


async def test_a_worker_that_asks_no_witness_makes_no_file_and_writes_into_none(tmp_path: Path) -> None:
    state, clock = tmp_path / "witnesses", FakeClock()
    reading = _reading(state, clock, WitnessLimits(warn_after=5))
    await reading.check(within=0)
    assert (await reading.newest_cosigned(), _files(tmp_path)) == (None, {})
    clock.advance(6)
    await reading.check(within=0)
    assert reading.trouble(), "whom nobody has heard of counts from this worker's start"

    book = Cosignatures(state)
    book.follow("another+key", clock.now_ms())
    await reading.check(within=0)
    await reading.aclose()
    assert set(last_cosigned(state)) == {"another+key"}
    book.close()


async def test_a_worker_that_asks_no_witness_withholds_and_begins_again_by_what_another_one_keeps(tmp_path: Path) -> None:
    state, clock, said = tmp_path / "witnesses", FakeClock(), list[str]()
    book = Cosignatures(state)
    book.follow("w+key", clock.now_ms())
    limits = WitnessLimits(every=0.01, warn_after=5, refuse_after=10)
    reading = _reading(state, clock, limits)
    await reading.check(within=0)
    tasks = [asyncio.create_task(work) for work in reading.work(said.append, lambda _: None)]
    try:
        clock.advance(11)
        await until(lambda: bool(said) and "not cosigned" in said[-1])
        book.keep("w+key", 7, "note\n", "line\n", clock.now_ms())
        await until(lambda: said[-1] == "")
        assert not reading.trouble()
        assert "note" in (await reading.newest_cosigned() or "")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        book.close()
        await reading.aclose()
