"""How the search index finds: the rarest group of terms drives, newest first, and the others are tested at each of its hits."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

import apsw

Term: TypeAlias = tuple[str, str]
"""What an entry names: the sort of thing, and its name."""
Group: TypeAlias = frozenset[Term]
"""Terms of which a hit must have at least one."""


@dataclass(frozen=True, slots=True)
class Found:
    """Indexes of hits, newest first. ``next_end``: where to go on, exclusive; None where nothing older can be found."""

    indexes: tuple[int, ...]
    next_end: int | None


@dataclass(frozen=True, slots=True)
class _Terms:
    """A group's terms as the index numbers them, and how many hits they have together at most."""

    ids: tuple[int, ...]
    count: int


def find(
    connection: apsw.Connection,
    groups: Sequence[Group],
    first: int,
    end: int,
    *,
    among: Sequence[int] | None,
    at_most: int,
    look_at: int,
) -> Found:
    """See `linkage.store.search_index.SearchIndex.find`."""
    resolved = sorted((_resolve(connection, group) for group in groups), key=lambda one: one.count)
    if any(not one.ids for one in resolved):
        return Found((), None)
    if among is not None:
        candidates: Iterable[tuple[int, bool]] = _tested(connection, resolved, sorted({i for i in among if first <= i < end}, reverse=True))
    else:
        candidates = _driven(connection, resolved[0], resolved[1:], first, end)
    seeks = 1 + sum(len(one.ids) for one in (resolved if among is not None else resolved[1:]))
    return _taken(candidates, at_most, max(1, look_at // seeks))


def _resolve(connection: apsw.Connection, group: Group) -> _Terms:
    query = "SELECT id, count FROM term WHERE what = ? AND value = ?"
    rows = [row for term in group for row in connection.execute(query, term)]
    return _Terms(tuple(row[0] for row in rows), sum(row[1] for row in rows))


def _test(terms: _Terms) -> str:
    """SQL that says whether the hit ``hit.idx`` has one of the terms. The ids are our own whole numbers."""
    return f"EXISTS (SELECT 1 FROM posting WHERE term IN ({', '.join(map(str, terms.ids))}) AND posting.idx = hit.idx)"  # noqa: S608 (see above)


def _tests(groups: Iterable[_Terms]) -> str:
    return " AND ".join(map(_test, groups)) or "1"


def _driven(connection: apsw.Connection, driver: _Terms, rest: Sequence[_Terms], first: int, end: int) -> Iterator[tuple[int, bool]]:
    """The driver's hits with whether they pass the other tests: its posting lists, merged as they are read."""
    query = f"SELECT idx, {_tests(rest)} FROM posting AS hit WHERE term = ? AND idx >= ? AND idx < ? ORDER BY idx DESC"  # noqa: S608 (ids are our own numbers)
    lists = [connection.execute(query, (term, first, end)) for term in driver.ids]
    before = end
    for index, fits in heapq.merge(*lists, key=itemgetter(0), reverse=True):
        if index < before:  # a hit may stand under several of the driver's terms
            before = index
            yield index, bool(fits)


def _tested(connection: apsw.Connection, groups: Sequence[_Terms], indexes: Iterable[int]) -> Iterator[tuple[int, bool]]:
    query = f"SELECT {_tests(groups)} FROM (SELECT ? AS idx) AS hit"  # noqa: S608 (ids are our own numbers)
    for index in indexes:
        row = connection.execute(query, (index,)).fetchone()
        yield index, row is not None and bool(row[0])


def _taken(candidates: Iterable[tuple[int, bool]], at_most: int, look_at: int) -> Found:
    taken: list[int] = []
    for looked_at, (index, fits) in enumerate(candidates):
        if len(taken) == at_most or looked_at == look_at:
            return Found(tuple(taken), index + 1)
        if fits:
            taken.append(index)
    return Found(tuple(taken), None)
