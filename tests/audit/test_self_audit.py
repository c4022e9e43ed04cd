"""The gateway reads its whole log again and again: what changed behind its back is found, named, and ends the writing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from linkage.audit.self_audit import SelfAudit
from linkage.clock import FakeClock
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from linkage.telemetry import Metrics
from tests.audit.test_verify import tamper
from tests.audit.world import FACTS, World, until
from tests.small_log import SIGNER, draft, entries, fresh_log, opened

SIZE = 320


class Watched:
    """A self-audit of a log, what it told, and what it measured."""

    def __init__(self, open_reader: Callable[[], LogReader], *, every_s: float = 3600.0, rate: int = 10**6) -> None:
        self.told: list[str] = []
        self.metrics = Metrics()
        self.clock = FakeClock()
        self.audit = SelfAudit(
            open_reader,
            SIGNER.verifier,
            corrupt=lambda cause: self.told.append(str(cause)),
            metrics=self.metrics,
            clock=self.clock,
            every_s=every_s,
            rate=rate,
        )

    def value(self, name: str) -> float:
        return self.metrics.registry.get_sample_value(f"linkage_self_audit_{name}") or 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.audit.run())
        try:
            yield
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    log = fresh_log(path)
    for _ in range(5):
        log.append([draft() for _ in range(SIZE // 5)])
    log.close()
    return path


async def test_a_sound_log_is_read_to_its_end_and_its_progress_is_measured(path: Path) -> None:
    watched = Watched(lambda: SqliteReader(path))
    async with watched.running():
        await until(lambda: watched.value("finished_seconds") > 0)
        assert (watched.value("progress"), watched.value("entries_total"), watched.value("findings_total")) == (1, SIZE, 0)
    assert watched.value("finished_seconds") == watched.clock.now_ms() / 1000
    assert watched.told == []


DAMAGE = {
    "leaf 17": "UPDATE leaf SET data = CAST(replace(CAST(data AS TEXT), 'counter:c1', 'counter:c2') AS BLOB) WHERE idx = 17",
    "node 8": "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 8",
    "checkpoint 64": "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 64",
}


@pytest.mark.parametrize("named", DAMAGE)
async def test_one_bit_long_written_is_found_and_told_once(named: str, path: Path) -> None:
    tamper(path, DAMAGE[named])
    watched = Watched(lambda: SqliteReader(path), every_s=0.001)
    async with watched.running():
        await until(lambda: bool(watched.told))
        await asyncio.to_thread(watched.audit._thread.join)
    assert [told.startswith(f"self-audit: {named}: ") for told in watched.told] == [True]
    assert watched.value("findings_total") == 1
    assert watched.value("finished_seconds") == 0


async def test_what_changes_later_is_found_in_a_later_round(path: Path) -> None:
    watched = Watched(lambda: SqliteReader(path), every_s=0.001)
    async with watched.running():
        await until(lambda: watched.value("entries_total") >= 2 * SIZE)
        tamper(path, DAMAGE["leaf 17"])
        await until(lambda: bool(watched.told))
    assert watched.told[0].startswith("self-audit: leaf 17: ")


async def test_it_reads_no_faster_than_it_may_and_ends_at_once_when_told(path: Path) -> None:
    watched = Watched(lambda: SqliteReader(path), rate=1)
    async with watched.running():
        await until(lambda: watched.value("entries_total") > 0)
        await asyncio.sleep(0.05)
        assert watched.value("entries_total") == 64, "the next chunk would come a minute later"


async def test_a_log_that_cannot_be_read_now_is_no_finding(path: Path) -> None:
    asked = 0

    def unavailable() -> LogReader:
        nonlocal asked
        asked += 1
        raise StoreUnavailable("log.db: CantOpenError")

    watched = Watched(unavailable)
    async with watched.running():
        await until(lambda: asked > 0)
    assert (watched.told, watched.value("findings_total")) == ([], 0)


async def test_a_finding_ends_the_journals_writing(world: World) -> None:
    journal = world.journal()
    log = world.log_of(journal)
    assert isinstance(log, SqliteLog)
    for _ in range(3):
        async with journal.passage(world.id(), FACTS) as passage:
            passage.conclude("found")
    size = len(entries(world.path))
    tamper(world.path, DAMAGE["leaf 17"].replace("17", "2"))

    def corrupt(cause: LogCorrupt) -> None:
        journal.poison(f"log: {cause}")

    watched = Watched(lambda: SqliteReader(world.path))
    watched.audit._corrupt = corrupt
    async with watched.running():
        await until(lambda: journal.health().poisoned)
    assert journal.health().reason.startswith("log: self-audit: leaf 2: ")
    with pytest.raises(StorePoisoned):
        async with journal.passage(world.id(), FACTS):
            pass
    assert len(entries(world.path)) == size


async def test_entries_are_written_while_it_reads(path: Path) -> None:
    watched = Watched(lambda: SqliteReader(path), every_s=0.001)
    log = opened(path)
    async with watched.running():
        for _ in range(30):
            await asyncio.to_thread(log.append, [draft() for _ in range(5)])
        await until(lambda: watched.value("entries_total") > 3 * SIZE)
    log.close()
    assert watched.told == []
