"""What is held to be open beside the entries: believed only where the entries say the same."""

import asyncio
from pathlib import Path

import apsw
import pytest

from linkage.audit.boot import check_edge
from linkage.audit.report import Wrong
from linkage.audit.sweeper import Sweeper, sweep
from linkage.audit.verify import Verification
from linkage.errors import LogCorrupt
from linkage.store.contract import Kind
from linkage.store.sqlite_read import SqliteReader
from tests.audit.test_verify import tamper
from tests.audit.world import World
from tests.small_log import SIGNER, append_one, draft, fresh_log, intent, opened, outcome, verified


def test_intents_that_are_begun_in_a_burst_while_a_log_is_verified_are_no_finding(tmp_path: Path) -> None:
    log = fresh_log(tmp_path / "log.db")
    log.append([draft() for _ in range(3)])
    with SqliteReader(tmp_path / "log.db") as reader:
        work = Verification(reader, SIGNER.verifier, chunk=1)
        steps = work.steps()
        next(steps)
        log.append([intent() for _ in range(1_100)])
        for _ in steps:
            pass
    assert work.report.clean, work.report.findings[:3]
    assert len(work.report.orphans) == 1_100
    log.close()


HELD = {
    "far beyond the log": (5_000, 5),
    "at the log's size": (4, 5),
    "before its beginning": (-1, 5),
    "of a time beyond any": (2, 2**63 - 1),
    "of an entry that is no intent": (0, 5),
}


@pytest.mark.parametrize("held", list(HELD))
def test_what_is_held_to_be_open_and_is_no_intent_of_the_log_is_named_by_verification_and_at_the_start(held: str, tmp_path: Path) -> None:
    path, begun = tmp_path / "log.db", intent()
    log = fresh_log(path)
    log.append([draft(), begun, intent()])
    log.append([outcome(begun)])
    log.close()
    with SqliteReader(path) as reader:
        check_edge(reader, SIGNER.verifier)
    index, ms = HELD[held]
    tamper(path, "INSERT INTO open_intent VALUES (zeroblob(16), ?, ?)", index, ms)
    assert [(found.what, found.index) for found in verified(path).findings] == [(Wrong.OPEN, index)]
    with SqliteReader(path) as reader, pytest.raises(LogCorrupt, match=f"open {index}: "):
        check_edge(reader, SIGNER.verifier)


def hold_a_stranger_open(world: World) -> None:
    connection = apsw.Connection(str(world.path))
    connection.execute("INSERT INTO open_intent VALUES (zeroblob(16), 5000, 5)")
    connection.close()


async def test_the_sweeper_closes_the_true_orphans_and_names_what_the_log_does_not_hold_without_an_entry_for_it(world: World) -> None:
    journal = world.journal()
    log = opened(world.path, world.clock)
    append_one(log, intent())
    log.close()
    hold_a_stranger_open(world)
    with pytest.raises(LogCorrupt, match="open 5000: "):
        await sweep(journal, world.clock.now_ms(), why="no outcome in time")
    assert [kind for kind, _ in world.said()] == [Kind.INTENT, Kind.RECOVERED]
    tamper(world.path, "DELETE FROM open_intent")
    assert world.verified().clean, "nothing was written that no verification would accept"


async def test_a_gateway_whose_sweeper_finds_that_writes_no_more(world: World) -> None:
    journal = world.journal()
    hold_a_stranger_open(world)
    world.clock.advance(100)
    await asyncio.wait_for(Sweeper(journal, world.clock, after=90, every=0.001).run(), 60)
    assert "open 5000: " in journal.health().reason
    assert world.leaves() == []
