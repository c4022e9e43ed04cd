"""Searches the log: criteria and a person's number lead to hits, newest first, page by page.

The index only says where to look. Every hit is read from the log, compared with its leaf hash, and asked again whether it meets the
criteria; one about a person is asked by its keyed tag. What the index has wrong is not shown, and the index is made anew.

What the index lacks is harder to see. Of a visit or a person every entry that its marks name is read, whatever its posting lists say;
an intent that it holds for open is looked up in the log; and a data key of the person's that it has no entry for is looked for in the
log. Not noticed are missing postings where neither is looked for, and missing marks of some entries of a visit or a data key: against
somebody who changes the file, only an index made anew helps.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn
from uuid import UUID

from linkage.audit.access import Access, access_of, first_at
from linkage.audit.indexing import KEY, OPENED, VISIT, closing_terms, indexed, keep_up, terms_of
from linkage.audit.receipt import Receipt
from linkage.audit.seals import Person, Seals, SealState
from linkage.errors import LogCorrupt, Reason, Refusal
from linkage.ids import id_text
from linkage.store.backend import KeyRow, LogReader
from linkage.store.contract import CLOSING, Kind, StoredEntry
from linkage.store.search_find import Group, Term
from linkage.store.search_index import IndexUnavailable, SearchIndex
from linkage.terms import CitizenNumber
from linkage.tlog.proof import write_proof
from linkage.tlog.tree import inclusion_path, leaf_hash

LARGEST_PAGE: Final = 200
LOOK_AT: Final = 150_000
"""Looks at the index for one page: what bounds its time. A page may be short, or empty, and still not be the last."""
_READ_MOST: Final = 1_000
"""Entries read for one page, those that turn out not to be wanted included."""
_PER_MARK: Final = 10_000
_WAIT_S: Final = 2.0
"""Seconds that a search waits for the index to come up to the log."""
_USED_WITHIN_MS: Final = 120_000
"""A data key's first entry is recorded at most so long after the key was made; clocks that differ included."""
_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, as the log stood at ``size`` entries.

    ``groups``: terms of which a hit must have one each. ``visit``: 16 bytes, or None. ``number``: whom it is about, or None.
    ``since_ms`` (included) and ``until_ms`` (excluded): Unix time in ms, or None. ``end``: where the last page ended, exclusive.
    """

    groups: tuple[Group, ...]
    size: int
    end: int
    at_most: int
    visit: bytes | None = None
    number: CitizenNumber | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """An intent with what closed it, or an entry that stands alone; and what can be done with what is sealed in it."""

    access: Access
    seal: SealState


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, newest first. ``next_end``: the next page's `Query.end`; None where there is nothing older."""

    hits: tuple[Hit, ...]
    next_end: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry, whole, with its proof under the newest checkpoint."""

    access: Access
    seal: SealState
    receipt: Receipt


class Searcher:
    """Answers questions about a log. For one thread.

    Every method raises `IndexUnavailable` where the index cannot be used now, `StoreUnavailable` where log or data keys cannot be
    read, and `LogCorrupt` where the log is not as it was written.
    """

    def __init__(self, reader: LogReader, index: SearchIndex, seals: Seals) -> None:
        """Take over a reader, an index and seals of its own: `close` closes them."""
        self._reader = reader
        self._index = index
        self._seals = seals

    def size(self) -> int:
        """How many entries the log has, once the index has read as many.

        Raises:
            Refusal: SEARCH_UNAVAILABLE; the index is being made, and some of the log is not in it yet.
        """
        size = self._reader.consistent(lambda log: log.head().size)
        missing = keep_up(self._index, self._reader, seconds=_WAIT_S, end=size)
        if missing:
            raise Refusal(Reason.SEARCH_UNAVAILABLE, retry_after=10.0, detail=f"{missing} entries are not in the index yet")
        return size

    def knows(self, term: Term) -> bool:
        """Whether any entry has ever named this: what was never named need not be repeated in the log."""
        return self._index.knows(term)

    def knows_visit(self, visit: bytes) -> bool:
        """Whether the log has anything of a visit of this id, 16 bytes."""
        return bool(self._of_visit(visit))

    def page(self, query: Query) -> Page:
        """One page of hits."""
        first = 0 if query.since_ms is None else first_at(self._reader, query.since_ms)
        end = query.end if query.until_ms is None else min(query.end, first_at(self._reader, query.until_ms))
        person = None if query.number is None else self._seals.person(query.number)
        among = self._among(query, person)
        coarse = [indexed(group) for group in query.groups] if among is None else []
        hits: list[Hit] = []
        left = _READ_MOST
        while True:
            wanted = min(query.at_most + 1 - len(hits), left)
            found = self._index.find(coarse, first, end, among=among, at_most=wanted, look_at=LOOK_AT)
            hits.extend(self._hits(found.indexes, query, person))
            if len(hits) > query.at_most:
                return Page(tuple(hits[: query.at_most]), hits[query.at_most - 1].access.index)
            left -= len(found.indexes)
            if found.next_end is None or len(found.indexes) < wanted or left <= 0:
                return Page(tuple(hits), found.next_end)
            end = found.next_end

    def of_request(self, eid: bytes) -> tuple[Shown, ...]:
        """The entries of the request that this entry is of, in log order, each proved; empty if there is no such entry."""
        return self._reader.consistent(lambda log: self._shown(log, eid))

    def close(self) -> None:
        """Close what was taken over."""
        self._reader.close()
        self._index.close()
        self._seals.close()

    def _among(self, query: Query, person: Person | None) -> Sequence[int] | None:
        """Where to look, where few entries can be hits at all; None: everywhere."""
        if query.visit is not None:
            return self._of_visit(query.visit)
        if person is None:
            return None
        among: set[int] = set()
        openings: set[int] = set()
        for key, row in person.rows.items():
            under = self._index.marked(KEY, key, _PER_MARK)
            if not under and self._is_used(row, query.size):
                self._wrong()
            among.update(under)
            openings.update(self._index.marked(OPENED, key, _PER_MARK))
        for opening in self._read(openings).values():
            among.update(self._index.marked(VISIT, opening.eid, _PER_MARK))
        return list(among)

    def _is_used(self, row: KeyRow, size: int) -> bool:
        """Whether the log has an entry under a data key; a process that ended in between may have left a key without one."""
        at, end = first_at(self._reader, row.made_ms), min(size, first_at(self._reader, row.made_ms + _USED_WITHIN_MS))
        while at < end:
            entries = self._read(range(at, min(at + _AT_ONCE, end)))
            if any(access_of(entry, None).key_id == row.id for entry in entries.values()):
                return True
            at += _AT_ONCE
        return False

    def _of_visit(self, visit: bytes) -> Sequence[int]:
        """A visit's entries: the verification that opened it goes by the visit's own id."""
        opened = self._reader.consistent(lambda log: log.of_request(visit))
        return [*self._index.marked(VISIT, visit, _PER_MARK), *(entry.index for entry in opened[:1])]

    def _hits(self, indexes: Sequence[int], query: Query, person: Person | None) -> Iterator[Hit]:
        """The hits that stand at these indexes; what does not meet the query is left out."""
        closings = {index: self._index.closing(index) for index in indexes}
        entries = self._read({at for at in (*closings, *closings.values()) if at is not None})
        for index, by in closings.items():
            entry, closing = entries[index], None if by is None else entries[by]
            if closing.ref != entry.eid if closing is not None else self._is_closed(entry, query.size):
                self._wrong()
            since = closing is not None and closing.index >= query.size  # the index knows what closed it since
            closing = None if since else closing
            terms = _terms(entry, closing)
            if query.number is None and query.visit is None and any(terms.isdisjoint(indexed(group)) for group in query.groups):
                if not since:
                    self._wrong()
            elif not any(terms.isdisjoint(group) for group in query.groups):
                access = access_of(entry, closing)
                if person is None or self._seals.is_about(access, person, self._verification):
                    yield Hit(access, self._seals.state(access))

    def _wrong(self) -> NoReturn:
        self._index.begin(b"")  # from now on it is of no log, and is made anew at the next look
        raise IndexUnavailable("the index does not agree with the log; it is made anew")

    def _is_closed(self, entry: StoredEntry, size: int) -> bool:
        """Whether the log, as it stood, had closed an intent that the index holds for open."""
        if entry.kind != Kind.INTENT:
            return False
        found = self._reader.consistent(lambda log: log.of_request(entry.eid))
        return any(one.kind in CLOSING and one.index < size for one in found)

    def _read(self, indexes: Collection[int]) -> Mapping[int, StoredEntry]:
        """The entries that the index points to. A number that the log never gave is the index's fault, and none of the log's."""

        def read(log: LogReader) -> Mapping[int, StoredEntry] | None:
            size = log.head().size
            if not all(0 <= at < size for at in indexes):
                return None
            found = {entry.index: entry for entry in log.at(indexes)}
            return {at: _sound(found.get(at), at) for at in indexes}

        entries = self._reader.consistent(read)
        return self._wrong() if entries is None else entries

    def _verification(self, visit: str) -> Access | None:
        try:
            eid = UUID(visit).bytes
        except ValueError:
            return None
        entries = self._reader.consistent(lambda log: log.of_request(eid))
        return access_of(entries[0], entries[1] if len(entries) > 1 else None) if entries else None

    def _shown(self, log: LogReader, eid: bytes) -> tuple[Shown, ...]:
        entries = log.of_request(eid)
        if len(entries) == 1 and entries[0].kind in CLOSING and entries[0].ref is not None:
            entries = log.of_request(entries[0].ref) or entries
        head = log.head()
        return tuple(
            Shown(access, self._seals.state(access), _receipt(log, _sound(entry, entry.index), head.size, head.note))
            for entry in entries
            for access in (access_of(entry, None),)
        )


def _terms(entry: StoredEntry, closing: StoredEntry | None) -> set[Term]:
    terms = terms_of(entry.kind, access_of(entry, None).facts)
    if closing is not None:
        terms |= closing_terms(closing.kind, access_of(closing, None).facts)
    return terms


def _sound(entry: StoredEntry | None, index: int) -> StoredEntry:
    if entry is None or entry.index != index:
        raise LogCorrupt(f"leaf {index}: missing")
    if leaf_hash(entry.leaf) != entry.leaf_hash:
        raise LogCorrupt(f"leaf {index}: its bytes do not have its hash")
    return entry


def _receipt(log: LogReader, entry: StoredEntry, size: int, note: str) -> Receipt:
    return Receipt(id_text(entry.eid), entry.index, entry.leaf, write_proof(entry.index, inclusion_path(entry.index, size, log.node), note))
