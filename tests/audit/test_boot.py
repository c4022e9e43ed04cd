"""Before anything is served: the right edge holds together, orphans are closed, and the start is recorded."""

import asyncio
from pathlib import Path

import apsw
import pytest

from linkage.audit.boot import EDGE, announce, check_edge, recover_orphans
from linkage.audit.sweeper import Sweeper
from linkage.errors import LogCorrupt
from linkage.store.contract import Once, OpenIntent, StorePoisoned, StoreUnavailable
from linkage.store.sqlite_read import SqliteReader
from tests.audit.test_verify import tamper
from tests.audit.world import FACTS, World, one_passage, until
from tests.small_log import SIGNER, append_one, draft, entries, fresh_log, intent, opened

SIZE = 300


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    log = fresh_log(path)
    log.append([draft() for _ in range(256)])
    log.append([draft() for _ in range(SIZE - 256)])
    log.close()
    return path


def checked(path: Path) -> int:
    with SqliteReader(path) as reader:
        return check_edge(reader, SIGNER.verifier).size


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257])
def test_a_sound_edge_passes_whatever_the_size(size: int, tmp_path: Path) -> None:
    log = fresh_log(tmp_path / "log.db")
    if size:
        log.append([draft() for _ in range(size)])
    log.close()
    assert checked(tmp_path / "log.db") == size


@pytest.mark.parametrize("index", [SIZE - EDGE, SIZE - 1])
def test_a_flipped_leaf_of_the_edge_is_named(index: int, path: Path) -> None:
    assert checked(path) == SIZE
    leaf = entries(path)[index].leaf.replace(b"c1", b"c2")
    tamper(path, "UPDATE leaf SET data = ? WHERE idx = ?", leaf, index)
    with pytest.raises(LogCorrupt, match=f"leaf {index}: "):
        checked(path)


@pytest.mark.parametrize(("level", "index"), [(1, (SIZE - EDGE) // 2), (2, 74), (8, 0), (3, 30), (5, 8)])
def test_a_flipped_node_of_the_edge_is_found(level: int, index: int, path: Path) -> None:
    tamper(path, "UPDATE node SET hash = zeroblob(32) WHERE level = ? AND idx = ?", level, index)
    with pytest.raises(LogCorrupt, match=r"node|frontier"):
        checked(path)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM leaf WHERE idx = 299",
        "DELETE FROM leaf WHERE idx = 100",
        "DELETE FROM node WHERE level = 5 AND idx = 8",
        "INSERT INTO leaf SELECT 300, hash, data, randomblob(16), kind, NULL, ms FROM leaf WHERE idx = 299",
        "INSERT INTO node VALUES (1, 150, zeroblob(32))",
        "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 256",
        "UPDATE checkpoint SET note = replace(note, '256', '257') WHERE size = 256",
        "UPDATE checkpoint SET (root, note) = (SELECT root, note FROM checkpoint WHERE size = 300) WHERE size = 256",
        "DELETE FROM checkpoint WHERE size = 300",
        "INSERT INTO checkpoint SELECT 301, root, note, ms FROM checkpoint WHERE size = 300",
        "UPDATE head SET frontier = zeroblob(128)",
        "UPDATE head SET size = 299",
        "UPDATE head SET note = replace(note, '300', '301')",
        "DELETE FROM head",
    ],
)
def test_an_edge_that_contradicts_itself_is_refused(change: str, path: Path) -> None:
    tamper(path, change)
    with pytest.raises(LogCorrupt):
        checked(path)


def test_what_lies_behind_the_edge_is_left_to_the_whole_verification(path: Path) -> None:
    tamper(path, "UPDATE leaf SET data = CAST('{}' AS BLOB) WHERE idx = 3")
    assert checked(path) == SIZE


@pytest.mark.parametrize("column", ["schema", "colour"])
def test_a_log_of_a_newer_release_is_refused_with_what_to_do_whatever_its_columns_are(column: str, path: Path) -> None:
    if column == "colour":
        tamper(path, "UPDATE head SET schema = 2")
        connection = apsw.Connection(str(path))
        connection.execute("ALTER TABLE head RENAME COLUMN note TO colour")
        connection.close()
    else:
        tamper(path, "UPDATE head SET schema = 2")
    with pytest.raises(LogCorrupt, match="got schema version 2, expected 1: install the release of linkage that wrote it, or newer"):
        checked(path)
    with pytest.raises(StorePoisoned, match="install the release"):
        opened(path)


async def test_a_flipped_frontier_stops_the_appends_of_a_running_process_at_once(world: World) -> None:
    journal = world.journal()
    await one_passage(world, journal)
    tamper(world.path, "UPDATE head SET frontier = zeroblob(length(frontier))")
    with pytest.raises(StorePoisoned, match="changed under an unchanged checkpoint"):
        await one_passage(world, journal)
    assert journal.health().poisoned
    assert len(entries(world.path)) == 2


async def test_the_start_is_recorded_with_version_and_digests(world: World) -> None:
    journal = world.journal()
    await announce(journal, world.clock, version="0.1.0", digests={"register": "ab", "agreements": "cd"})
    leaf = world.leaves()[0]
    assert leaf["kind"] == "boot"
    assert leaf["facts"]["version"] == "0.1.0"
    assert leaf["facts"]["digests"] == {"register": "ab", "agreements": "cd"}
    assert len(leaf["boot"]) == 32


async def test_at_a_start_every_open_intent_is_an_orphan_and_is_closed_once(world: World) -> None:
    log = opened(world.path, world.clock)
    begun = [intent(Once(b"key-%d" % number, b"digest")) for number in range(300)]
    log.append(begun[:256])
    log.append(begun[256:])
    log.close()
    journal = world.journal()
    assert await recover_orphans(journal, world.clock) == 300
    assert await recover_orphans(journal, world.clock) == 0
    report = world.verified()
    assert (report.clean, report.orphans, len(report.recovered)) == (True, [], 300)
    assert {leaf["facts"]["why"] for leaf in world.leaves()[300:]} == {"process ended"}
    await one_passage(world, journal, Once(b"key-7", b"digest"))  # what was cut off may be asked anew


async def test_the_sweeper_closes_what_is_older_than_the_longest_deadline_and_nothing_younger(world: World) -> None:
    journal = world.journal()
    sweeper = Sweeper(journal, world.clock, after=90)
    log = opened(world.path, world.clock)
    append_one(log, intent())
    world.clock.advance(60)
    append_one(log, intent())
    log.close()
    assert await sweeper.sweep() == 0
    world.clock.advance(31)
    async with journal.passage(world.id(), FACTS) as passage:
        assert await sweeper.sweep() == 1
        passage.conclude("found")
    report = world.verified()
    assert (report.orphans, report.recovered, report.clean) == ([1], [3], True)


async def test_the_sweeper_lets_go_of_claims_whose_time_is_over(world: World) -> None:
    journal = world.journal()
    await one_passage(world, journal, *(Once(b"key-%d" % number, b"digest", keep_s=10) for number in range(5)))
    world.clock.advance(11)
    await Sweeper(journal, world.clock, after=90).sweep()
    connection = apsw.Connection(str(world.path))
    assert connection.execute("SELECT count(*) FROM request").get == 0
    connection.close()


async def test_two_sweepers_close_an_intent_once(world: World) -> None:
    one, two = world.journal(), world.journal()
    log = opened(world.path, world.clock)
    log.append([intent() for _ in range(50)])
    log.close()
    world.clock.advance(100)
    closed = await asyncio.gather(*(Sweeper(journal, world.clock, after=90).sweep() for journal in (one, two)))
    assert sum(closed) == 50
    assert len(world.verified().recovered) == 50


async def test_the_sweeper_goes_on_after_a_round_that_the_log_could_not_take(world: World) -> None:
    journal = world.journal()
    log = opened(world.path, world.clock)
    append_one(log, intent())
    log.close()
    world.clock.advance(100)
    own, failed = world.log_of(journal), 0
    look = own.open_intents

    def unavailable_twice(before_ms: int, at_most: int) -> tuple[OpenIntent, ...]:
        nonlocal failed
        failed += 1
        if failed <= 2:
            raise StoreUnavailable("log.db: BusyError")
        return look(before_ms, at_most)

    own.open_intents = unavailable_twice  # type: ignore[method-assign]
    running = asyncio.create_task(Sweeper(journal, world.clock, after=90, every=0.001).run())
    await until(lambda: len(world.leaves()) == 2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert world.verified().recovered == [1]
