"""Searches in a small world: what there is to be found, and how it is looked for."""

import contextlib
import sqlite3
from pathlib import Path

from linkage.audit.journal import Journal
from linkage.audit.record import JSON
from linkage.audit.sealing import Sealing
from linkage.audit.seals import Seals
from linkage.audit.search import Page, Query, Searcher
from linkage.store.search_index import SearchIndex
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_read import SqliteReader
from linkage.terms import CitizenNumber
from tests.audit.world import World

FACTS: dict[str, JSON] = {"recipient": "doe", "source": "dopa", "centre": "cm-01", "officer": {"iss": "https://doe.example", "sub": "o1"}}
EVERYTHING = frozenset({("agency", "doe"), ("agency", "*")})


def searcher_of(world: World, sealing: Sealing) -> Searcher:
    return Searcher(SqliteReader(world.path), SearchIndex(index_of(world)), Seals(sealing, SqliteKeys(world.keys_path)))


def index_of(world: World) -> Path:
    return world.path.with_suffix(".index")


def look(searcher: Searcher, *terms: tuple[str, str], number: CitizenNumber | None = None, visit: bytes | None = None, **more: int) -> Page:
    size = searcher.size()
    groups = (EVERYTHING, *(frozenset({term}) for term in terms))
    query = Query(groups, more.get("size", size), more.get("end", size), more.get("at_most", 50), number=number, visit=visit)
    return searcher.page(query)


def indexes(page: Page) -> list[int]:
    return [hit.access.index for hit in page.hits]


async def verified(world: World, journal: Journal, number: CitizenNumber, **facts: JSON) -> bytes:
    """A verification of somebody; the visit's id."""
    visit, key = world.id(), world.sealing.new_key(number)
    said = {**FACTS, "method": "VerifyIdentity", **facts}
    async with journal.passage(visit, said, key=key, sealed={"subject": number.reveal()}) as passage:
        passage.conclude("match")
    return visit


async def looked_up(world: World, journal: Journal, result: str = "found", **facts: JSON) -> None:
    async with journal.passage(world.id(), {**FACTS, "method": "Lookup", **facts}) as passage:
        passage.conclude(result)


def tamper(path: Path, statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
