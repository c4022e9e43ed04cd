"""The search index finds what it was given, page by page, and is made anew wherever it cannot be trusted."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.store.search_find import Term
from linkage.store.search_index import Chunk, IndexUnavailable, SearchIndex

LOG = bytes(16)
OFTEN, SELDOM, EVER = ("centre", "cm-01"), ("reason", "NO_AGREEMENT"), ("kind", "intent")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.index"


@pytest.fixture
def index(path: Path) -> Iterator[SearchIndex]:
    index = SearchIndex(path)
    index.begin(LOG)
    yield index
    index.close()


def chunk(first: int, end: int, postings: dict[Term, set[int]]) -> Chunk:
    return Chunk(first, end, bytes(32), {term: sorted(of) for term, of in postings.items()})


def pages(index: SearchIndex, *groups: frozenset[Term], first: int = 0, end: int = 1000, look_at: int = 10_000) -> list[tuple[int, ...]]:
    """Every page of three hits, to the last."""
    found = []
    at: int | None = end
    while at is not None:
        one = index.find(groups, first, at, among=None, at_most=3, look_at=look_at)
        found.append(one.indexes)
        at = one.next_end
    return found


def one(term: Term) -> frozenset[Term]:
    return frozenset({term})


def test_every_hit_has_a_term_of_every_group_and_comes_once_newest_first(index: SearchIndex) -> None:
    chance = random.Random(7)
    terms: list[Term] = [("centre", str(n)) for n in range(4)] + [("result", str(n)) for n in range(3)]
    has = {term: {i for i in range(300) if chance.random() < 0.3} for term in terms}
    for first in range(0, 300, 50):
        assert index.add(chunk(first, first + 50, {term: {i for i in of if first <= i < first + 50} for term, of in has.items()}))

    for _ in range(40):
        groups = [frozenset(chance.sample(terms, chance.randint(1, 3))) for _ in range(chance.randint(1, 3))]
        low, high = sorted((chance.randrange(300), chance.randrange(301)))
        expected = [i for i in range(high - 1, low - 1, -1) if all(any(i in has[term] for term in group) for group in groups)]
        found = [i for page in pages(index, *groups, first=low, end=high) for i in page]
        assert expected == found


def test_a_page_that_looked_at_enough_is_short_and_says_where_to_go_on(index: SearchIndex) -> None:
    index.add(chunk(0, 100, {OFTEN: set(range(0, 100, 2)), EVER: {0, *range(1, 100, 2)}}))

    looked = pages(index, one(OFTEN), one(EVER), look_at=8)

    assert [*[()] * 12, (0,)] == looked


def test_a_term_that_nobody_ever_named_finds_nothing(index: SearchIndex) -> None:
    index.add(chunk(0, 10, {OFTEN: {1, 2}}))

    assert index.knows(OFTEN)
    assert not index.knows(SELDOM)
    assert [()] == pages(index, one(OFTEN), one(SELDOM))


def test_where_to_look_may_be_given(index: SearchIndex) -> None:
    index.add(chunk(0, 10, {OFTEN: {1, 2, 5}, EVER: {2, 5}}))

    assert (5, 2) == index.find([one(EVER)], 0, 10, among=[2, 1, 5, 7], at_most=9, look_at=9).indexes
    assert (2,) == index.find([one(EVER)], 0, 5, among=[2, 1, 5, 7], at_most=9, look_at=9).indexes


def test_a_chunk_that_another_process_has_added_is_not_added_again(index: SearchIndex, path: Path) -> None:
    other = SearchIndex(path)
    added = [each.add(chunk(0, 10, {OFTEN: {3}})) for each in (index, other)]
    standing = other.standing()
    other.close()

    assert [True, False] == added
    assert standing is not None
    assert 10 == standing.size


def test_an_intent_is_open_until_a_chunk_says_what_closed_it(index: SearchIndex) -> None:
    index.add(Chunk(0, 1, bytes(32), opened={b"e" * 16: 0}))
    before = index.intents([b"e" * 16, b"f" * 16])
    index.add(Chunk(1, 2, bytes(32), closings={0: 1}, ended={b"e" * 16}))

    assert ({b"e" * 16: 0}, {}) == (before, index.intents([b"e" * 16]))
    assert (1, None) == (index.closing(0), index.closing(1))


def test_an_index_of_a_newer_schema_or_none_of_ours_is_of_nothing(index: SearchIndex, path: Path) -> None:
    index.add(chunk(0, 10, {OFTEN: {3}}))
    index.close()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE standing SET schema = schema + 1")
    other.close()

    assert index.standing() is None
    index.begin(LOG)
    assert not index.knows(OFTEN)


def test_a_file_that_is_no_database_is_made_anew_at_the_next_attempt(path: Path) -> None:
    path.write_bytes(b"not a database, whoever wrote it here" * 200)
    index = SearchIndex(path)

    with pytest.raises(IndexUnavailable):
        index.standing()

    assert index.standing() is None
    index.begin(LOG)
    assert index.add(chunk(0, 10, {OFTEN: {3}}))
    index.close()


def test_an_index_that_is_deleted_while_it_is_open_is_made_anew(index: SearchIndex, path: Path) -> None:
    index.add(chunk(0, 10, {OFTEN: {3}}))
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)

    assert index.standing() is None
    assert path.exists()


def test_what_an_index_left_beside_itself_is_not_read_into_a_new_one(index: SearchIndex, path: Path) -> None:
    index.add(chunk(0, 10, {OFTEN: {3}}))
    index.close()
    assert Path(f"{path}-wal").stat().st_size > 0
    path.unlink()

    assert index.standing() is None


def test_only_its_owner_may_read_the_index(index: SearchIndex, path: Path) -> None:
    index.add(chunk(0, 10, {OFTEN: {3}}))

    assert [0o600] * 3 == [Path(f"{path}{suffix}").stat().st_mode & 0o777 for suffix in ("", "-wal", "-shm")]


def test_a_folder_that_is_not_there_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="FileNotFoundError"):
        SearchIndex(tmp_path / "nowhere" / "log.index").standing()
