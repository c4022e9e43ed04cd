"""What the index has wrong or lacks is never an answer, and never a fault of the log's."""

import contextlib

import pytest

from linkage.audit.journal import Journal
from linkage.audit.search import Query, Searcher
from linkage.audit.search_room import SearchRoom
from linkage.errors import LogCorrupt, Reason, Refusal
from linkage.ids import id_text
from linkage.store.search_index import IndexUnavailable
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_read import SqliteReader
from tests.audit.searching import EVERYTHING, FACTS, index_of, indexes, look, looked_up, tamper, verified
from tests.audit.world import NUMBER, OTHER_NUMBER, World


async def test_what_the_index_has_wrong_is_never_shown_and_mends_itself(world: World, journal: Journal, searcher: Searcher) -> None:
    await looked_up(world, journal)
    await looked_up(world, journal, centre="cm-02")
    assert [2] == indexes(look(searcher, ("centre", "cm-02")))
    tamper(index_of(world), "INSERT INTO posting SELECT id, 0 FROM term WHERE value = 'cm-02'")

    with pytest.raises(IndexUnavailable):
        look(searcher, ("centre", "cm-02"))

    assert [2] == indexes(look(searcher, ("centre", "cm-02")))


async def test_what_the_index_has_closed_by_another_is_never_shown(world: World, journal: Journal, searcher: Searcher) -> None:
    await looked_up(world, journal)
    await looked_up(world, journal)
    searcher.size()
    tamper(index_of(world), "UPDATE closing SET by = 3 WHERE idx = 0")

    with pytest.raises(IndexUnavailable):
        look(searcher)

    assert [3, 1] == [hit.access.closing_index for hit in look(searcher).hits]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE closing SET by = -7",
        "UPDATE closing SET by = 1000000",
        "INSERT INTO mark SELECT what, value, 1000000 FROM mark WHERE what = 'opened'",
        "INSERT INTO mark SELECT what, value, -7 FROM mark WHERE what = 'opened'",
    ],
    ids=["closed before the log", "closed after the log", "opened after the log", "opened before the log"],
)
async def test_an_index_that_points_outside_the_log_is_at_fault_and_the_log_is_not(world: World, journal: Journal, change: str) -> None:
    await verified(world, journal, NUMBER)
    corrupt: list[LogCorrupt] = []
    room = SearchRoom(lambda: SqliteReader(world.path), lambda: SqliteKeys(world.keys_path), index_of(world), world.sealing, corrupt.append)
    size = await room.size()
    tamper(index_of(world), change)
    query = Query((EVERYTHING,), size, size, 10, number=NUMBER)

    with pytest.raises(Refusal, match="SEARCH_UNAVAILABLE"):
        await room.page(query)

    assert [] == corrupt
    await room.size()
    assert [(0, 1)] == [(hit.access.index, hit.access.closing_index) for hit in (await room.page(query)).hits]
    await room.close()


async def test_a_person_whose_accesses_the_index_lacks_is_not_told_that_there_are_none(
    world: World, journal: Journal, searcher: Searcher
) -> None:
    await verified(world, journal, OTHER_NUMBER)
    world.clock.advance(3600)
    for _ in range(3):
        await verified(world, journal, NUMBER)
        world.clock.advance(3600)
    searcher.size()
    tamper(index_of(world), "DELETE FROM mark")

    with pytest.raises(IndexUnavailable):
        look(searcher, number=NUMBER)

    assert [6, 4, 2] == indexes(look(searcher, number=NUMBER))


async def test_a_data_key_that_no_entry_was_written_under_does_not_stop_a_search(
    world: World, journal: Journal, searcher: Searcher
) -> None:
    await verified(world, journal, NUMBER)
    with contextlib.closing(SqliteKeys(world.keys_path)) as keys:
        keys.put([world.sealing.new_key(NUMBER).row])

    assert [0] == indexes(look(searcher, number=NUMBER))
    assert [0] == indexes(look(searcher, number=NUMBER))


async def test_postings_that_are_gone_hide_nothing_of_a_person_or_a_visit(world: World, journal: Journal, searcher: Searcher) -> None:
    visit = await verified(world, journal, NUMBER)
    await journal.deny(world.id(), {**FACTS, "visit": id_text(visit)}, Refusal(Reason.FIELD_NOT_AGREED))
    searcher.size()
    tamper(index_of(world), "DELETE FROM posting; DELETE FROM term")

    assert [2, 0] == indexes(look(searcher, number=NUMBER))
    assert [2, 0] == indexes(look(searcher, visit=visit))
    assert [2] == indexes(look(searcher, ("kind", "denied"), visit=visit))


async def test_an_access_that_was_closed_is_never_told_as_open(world: World, journal: Journal, searcher: Searcher) -> None:
    await looked_up(world, journal)
    searcher.size()
    tamper(index_of(world), "DELETE FROM closing")

    with pytest.raises(IndexUnavailable):
        look(searcher)

    assert [1] == [hit.access.closing_index for hit in look(searcher).hits]


async def test_what_could_not_be_answered_is_not_found_among_the_refusals(world: World, journal: Journal, searcher: Searcher) -> None:
    for reason in (Reason.AGENCY_UNAVAILABLE, Reason.OVERLOADED, Reason.NO_AGREEMENT):
        with contextlib.suppress(Refusal):
            async with journal.passage(world.id(), {**FACTS, "method": "Lookup"}):
                raise Refusal(reason)

    for result, expected in (("unavailable", [0]), ("unanswered", [2]), ("refused", [4])):
        assert expected == indexes(look(searcher, ("result", result)))
