"""What a search finds, and that nothing is shown that the log itself does not say."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from linkage.audit.indexing import keep_up
from linkage.audit.journal import Journal
from linkage.audit.record import Entry, Kind, frame
from linkage.audit.sealing import Sealing
from linkage.audit.seals import SealState
from linkage.audit.search import Query, Searcher
from linkage.errors import LogCorrupt, Reason, Refusal
from linkage.ids import id_text
from linkage.keyring import KeyRing
from linkage.store.contract import Draft, LeafFrame
from linkage.store.search_index import SearchIndex
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_read import SqliteReader
from linkage.terms import CitizenNumber
from tests.audit.searching import EVERYTHING, FACTS, index_of, indexes, look, looked_up, searcher_of, tamper, verified
from tests.audit.world import NUMBER, OTHER_NUMBER, World, ring
from tests.small_log import ORIGIN, append_one, fresh_log

MONTH_S = 31 * 86_400


async def test_an_intent_is_found_by_what_closed_it_later(world: World, journal: Journal, searcher: Searcher) -> None:
    async with journal.passage(world.id(), FACTS) as passage:
        assert [0] == indexes(look(searcher))
        assert [] == indexes(look(searcher, ("result", "not_found")))
        passage.conclude("not_found")

    (hit,) = look(searcher, ("result", "not_found"), ("kind", "outcome")).hits
    assert (0, 1, "outcome") == (hit.access.index, hit.access.closing_index, hit.access.closed_by)


async def test_a_page_shows_the_log_as_it_was_at_the_first_one(world: World, journal: Journal, searcher: Searcher) -> None:
    async with journal.passage(world.id(), FACTS) as passage:
        size = searcher.size()
        passage.conclude("found")
    await looked_up(world, journal)

    (hit,) = look(searcher, size=size, end=size).hits
    assert (0, "", "") == (hit.access.index, hit.access.closed_by, hit.access.text("result"))
    assert [] == indexes(look(searcher, ("result", "found"), size=size, end=size))


async def test_pages_neither_overlap_nor_leave_anything_out_while_the_log_grows(world: World, journal: Journal, searcher: Searcher) -> None:
    for _ in range(5):
        await looked_up(world, journal)
    size = end = searcher.size()
    seen = []
    while True:
        page = look(searcher, size=size, end=end, at_most=2)
        seen += indexes(page)
        if page.next_end is None:
            break
        end = page.next_end
        await looked_up(world, journal)

    assert [8, 6, 4, 2, 0] == seen


async def test_what_names_no_agency_is_its_centres_or_its_auditors(world: World, journal: Journal, searcher: Searcher) -> None:
    for facts in ({"centre": "cm-01"}, {"centre": "lp-01"}, {"auditor": "urn:a"}, {"auditor": "urn:b"}, {}):
        await journal.deny(world.id(), dict(facts), Refusal(Reason.COUNTER_SUSPENDED))
    size = searcher.size()

    for sight, expected in (
        ({("agency_of_centre", "cm-01")}, [0]),
        ({("agency_of_centre", "lp-01"), ("agency_of_auditor", "urn:b"), ("agency", "doe")}, [3, 1]),
        ({("agency", "*")}, [4]),
        ({("agency", "doe")}, []),
    ):
        page = searcher.page(Query((frozenset(sight),), size, size, 50))
        assert expected == indexes(page)


async def test_a_person_is_found_over_every_epoch_and_nobody_else_is(world: World, journal: Journal) -> None:
    await verified(world, journal, NUMBER)
    await verified(world, journal, OTHER_NUMBER)
    world.clock.advance(MONTH_S)
    await verified(world, journal, NUMBER)
    newer = Sealing("linkage.example/audit", ring(1), KeyRing((*ring(3).keys, *ring(2).keys)), world.clock)
    world.sealing = newer
    another = world.journal()
    await another.record(
        Entry(Kind.READ, world.id(), {"agencies": ["doe"]}), key=newer.new_key(NUMBER), sealed={"subject": NUMBER.reveal()}
    )

    with contextlib.closing(searcher_of(world, newer)) as searcher:
        found = look(searcher, number=NUMBER)
        assert [] == indexes(look(searcher, number=NUMBER, size=0, end=0))
        assert [2] == indexes(look(searcher, number=OTHER_NUMBER))

    leaves = world.leaves()
    assert ["read", "intent", "intent"] == [leaves[i]["kind"] for i in indexes(found)]
    with SqliteKeysOf(world) as keys:
        assert 3 == len(keys.epochs())


async def test_a_refusal_in_a_persons_visit_is_found_and_what_is_about_another_is_not(
    world: World, journal: Journal, searcher: Searcher
) -> None:
    visit, others = await verified(world, journal, NUMBER), await verified(world, journal, OTHER_NUMBER)
    refusal = Refusal(Reason.FIELD_NOT_AGREED)
    for one in (visit, others):
        await journal.deny(world.id(), {**FACTS, "visit": id_text(one)}, refusal)
    (key,) = _keys_of(world, NUMBER)
    juristic = world.sealing.unwrap(key)
    async with journal.passage(
        world.id(), {**FACTS, "visit": id_text(visit), "subject": "juristic"}, key=juristic, sealed={"subject": "0105500000003"}
    ) as passage:
        passage.conclude("found")

    assert [4, 0] == indexes(look(searcher, number=NUMBER))
    assert [6, 4, 0] == indexes(look(searcher, visit=visit))
    assert [5, 2] == indexes(look(searcher, number=OTHER_NUMBER))


async def test_a_person_known_only_by_the_answer_is_found(world: World, journal: Journal, searcher: Searcher) -> None:
    key = world.sealing.new_key(None)
    async with journal.passage(world.id(), {**FACTS, "method": "VerifyIdentity"}, key=key) as passage:
        passage.seal(world.sealing.bind(key, NUMBER), {"subject": NUMBER.reveal()})
        passage.conclude("match")

    assert [0] == indexes(look(searcher, number=NUMBER))


async def test_a_forgotten_person_is_found_no_more_and_the_entry_says_so(world: World, journal: Journal, searcher: Searcher) -> None:
    await verified(world, journal, NUMBER)
    assert [SealState.READABLE] == [hit.seal for hit in look(searcher).hits]
    with SqliteKeysOf(world) as keys:
        keys.forget([row.id for row in _keys_of(world, NUMBER)])

    assert [] == indexes(look(searcher, number=NUMBER))
    assert [SealState.FORGOTTEN] == [hit.seal for hit in look(searcher).hits]
    assert [SealState.FORGOTTEN, SealState.NOTHING] == [one.seal for one in searcher.of_request(look(searcher).hits[0].access.eid)]


async def test_a_data_key_that_does_not_open_is_called_broken_and_one_whose_own_key_is_gone_forgotten(
    world: World, journal: Journal
) -> None:
    await verified(world, journal, NUMBER)
    gone = Sealing("linkage.example/audit", ring(9), ring(2), world.clock)
    other = Sealing("elsewhere.example/audit", ring(1), ring(2), world.clock)

    for sealing, state in ((gone, SealState.FORGOTTEN), (other, SealState.BROKEN)):
        with contextlib.closing(searcher_of(world, sealing)) as searcher:
            assert [state] == [hit.seal for hit in look(searcher).hits]


async def test_a_person_is_not_looked_for_where_the_key_of_a_month_is_missing(world: World, journal: Journal) -> None:
    await verified(world, journal, NUMBER)
    newer = Sealing("linkage.example/audit", ring(1), ring(7), world.clock)

    with contextlib.closing(searcher_of(world, newer)) as searcher:
        with pytest.raises(Refusal, match="SEARCH_UNAVAILABLE"):
            look(searcher, number=NUMBER)
        assert [0] == indexes(look(searcher))


@pytest.mark.parametrize(
    "change", ["UPDATE standing SET log_uuid = x'00'", "UPDATE standing SET size = 100", "UPDATE standing SET last_hash = x'00'"]
)
async def test_an_index_of_another_log_is_made_anew(world: World, journal: Journal, searcher: Searcher, change: str) -> None:
    await looked_up(world, journal)
    searcher.size()
    tamper(index_of(world), change)
    tamper(index_of(world), "DELETE FROM posting")

    assert [0] == indexes(look(searcher))


async def test_a_leaf_that_is_not_as_it_was_written_is_named_and_not_shown(world: World, journal: Journal, searcher: Searcher) -> None:
    await looked_up(world, journal)
    searcher.size()
    triggers = "".join(f"DROP TRIGGER {name};" for name in _triggers(world.path))
    tamper(world.path, triggers + "UPDATE leaf SET data = CAST(replace(CAST(data AS TEXT), 'cm-01', 'cm-02') AS BLOB) WHERE idx = 0")

    with pytest.raises(LogCorrupt, match="leaf 0"):
        look(searcher)


def test_what_other_versions_have_written_is_passed_over(tmp_path: Path) -> None:
    facts = b'{"centre":7,"officer":"o1","types":{"a":1},"also_asked":[1,{"source":2}],"visit":"x","bundle":7,"hue":[null],"recipient":"doe","source":{},"agencies":[[]]}'
    sealed = b'{"key":"zz","fields":[]}'
    with contextlib.closing(fresh_log(tmp_path / "log.db")) as log:
        eid = bytes(16)
        leaf = b'{"boot":"","eid":"%b","facts":%b,"kind":"strange","replica":"a","sealed":%b,"t":' % (id_text(eid).encode(), facts, sealed)
        append_one(log, Draft(Kind.CONFIG, eid, LeafFrame(leaf, b',"v":9}')))
        append_one(log, Draft(Kind.BOOT, bytes(15) + b"1", frame(Entry(Kind.BOOT, bytes(15) + b"1", {"version": "1"}), ORIGIN)))
    with SqliteReader(tmp_path / "log.db") as reader, contextlib.closing(SearchIndex(tmp_path / "index")) as index:
        assert 0 == keep_up(index, reader, seconds=10)
        found = index.find([EVERYTHING], 0, 2, among=None, at_most=5, look_at=5)

    assert (1, 0) == found.indexes


class SqliteKeysOf(contextlib.closing[SqliteKeys]):
    """The world's data keys, through a connection of their own."""

    def __init__(self, world: World) -> None:
        super().__init__(SqliteKeys(world.keys_path))


def _keys_of(world: World, number: CitizenNumber):  # type: ignore[no-untyped-def]  # noqa: ANN202
    with SqliteKeysOf(world) as keys:
        return [row for pseudonym in world.sealing.pseudonyms(number, keys.epochs()) for row in keys.of_pseudonym(pseudonym)]


def _triggers(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")]
