"""The journal keeps its newest checkpoint apart from the log: soon after each batch, never before it."""

from linkage.audit.journal import Journal
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import open_checkpoint
from tests.audit.world import World, one_passage, until
from tests.small_log import SIGNER


def anchored(world: World) -> int:
    return open_checkpoint(world.anchor.read_bytes(), SIGNER.verifier).size if world.anchor.exists() else 0


async def test_the_anchor_follows_the_log_also_when_nothing_more_comes(world: World, journal: Journal) -> None:
    for entries in (2, 4, 6):
        await one_passage(world, journal)
        assert anchored(world) <= entries
    await until(lambda: anchored(world) == 6)


async def test_at_the_end_the_anchor_is_the_logs_own_head(world: World) -> None:
    journal = world.journal()
    for _ in range(5):
        await one_passage(world, journal)
    await journal.close()
    with SqliteReader(world.path) as reader:
        assert world.anchor.read_text() == reader.head().note


async def test_a_head_that_this_process_only_found_is_not_kept(world: World) -> None:
    first = world.journal()
    await one_passage(world, first)
    await first.close()
    world.anchor.unlink()
    again = world.journal()
    await again.with_log(lambda log: log.open_intents(0, 1))
    await again.close()
    assert not world.anchor.exists()


async def test_a_folder_that_takes_no_anchor_shows_in_the_health_and_stops_nothing(world: World, journal: Journal) -> None:
    world.anchor.mkdir()
    await one_passage(world, journal)
    await until(lambda: "anchor" in journal.health().reason)
    assert not journal.health().poisoned
    world.anchor.rmdir()
    await until(lambda: journal.health().ok)
