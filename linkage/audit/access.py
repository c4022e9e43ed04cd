"""Accesses: what the log says, with each intent and what closed it read as one, in the order of the log.

Reads a log in use: a few hundred entries at a time, each time in a look of its own. Entries never change, so what is read stays true.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import CLOSING, Kind, StoredEntry

_CHUNK: Final = 512
WAITING: Final = 8192
"""Accesses that are held back until their outcome is read; beyond that many it is looked up by the intent's id instead."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one entry keeps sealed, with the kind and id that opening it needs."""

    kind: str
    eid: bytes
    members: Mapping[str, Any] = field(repr=False)

    @property
    def key_id(self) -> bytes | None:
        """The id of the data key; None where the members name none."""
        try:
            return bytes.fromhex(self.members["key"])
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Access:
    """An entry that stands alone, or an intent with what closed it.

    ``kind`` and ``ms`` (Unix time) are those of the entry itself, ``facts`` those of both, what closed it having the last word. Of an
    intent ``closed_by`` is ``outcome`` or ``recovered``, with its index and time; empty, -1 and -1 while nothing has closed it, and
    for what stands alone.
    """

    index: int
    eid: bytes
    kind: str
    ms: int
    facts: Mapping[str, Any]
    sealed: tuple[Sealed, ...] = ()
    closed_by: str = ""
    closing_index: int = -1
    closing_ms: int = -1

    @property
    def key_id(self) -> bytes | None:
        """The id of the data key that what is personal is sealed under; None where nothing is."""
        return next((key for one in self.sealed if (key := one.key_id) is not None), None)

    def text(self, name: str) -> str:
        """A fact that is a text; empty where it is not there."""
        value = self.facts.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A fact that is a whole number; None where it is not there."""
        value = self.facts.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def officer(self) -> tuple[str, str] | None:
        """The officer's issuer and subject; None where the entry names none."""
        return officer_of(self.facts.get("officer"))


def officer_of(value: object) -> tuple[str, str] | None:
    """Issuer and subject of a fact that names an officer; None where it does not."""
    if not isinstance(value, Mapping):
        return None
    issuer, subject = value.get("iss"), value.get("sub")
    return (issuer, subject) if isinstance(issuer, str) and isinstance(subject, str) else None


@dataclass(slots=True)
class _Waiting:
    access: Access
    complete: bool


def size_of(reader: LogReader) -> int:
    """How many entries the log has now.

    Raises:
        StoreUnavailable, LogCorrupt: as `LogReader.consistent`.
    """
    return reader.consistent(lambda log: log.head().size)


def first_at(reader: LogReader, ms: int) -> int:
    """The index of the first entry recorded at ``ms`` (Unix time) or later; the log's size where there is none.

    A binary search: the times of a log never go back.

    Raises:
        StoreUnavailable, LogCorrupt: as `LogReader.consistent`; the latter also for an entry that is not there.
    """
    low, high = 0, size_of(reader)
    while low < high:
        middle = (low + high) // 2
        if _entry_at(reader, middle).ms < ms:
            low = middle + 1
        else:
            high = middle
    return low


def accesses(reader: LogReader, first: int, end: int, *, waiting: int = WAITING) -> Iterator[Access]:
    """What the entries [``first``, ``end``) say, in the order of the log.

    What closed an intent is read with it, even where it stands beyond ``end``; a closing entry whose intent stands before ``first``
    belongs there and is left out. At most ``waiting`` accesses are held at once, whatever the log's length.

    Raises:
        StoreUnavailable: the log cannot be read now.
        LogCorrupt: an entry of the range is not there, or cannot be read; names it.
    """
    queue: deque[_Waiting] = deque()
    open_intents: dict[bytes, _Waiting] = {}
    for entry in _entries(reader, first, end):
        if entry.kind in CLOSING:
            closed = open_intents.pop(entry.ref, None) if entry.ref is not None else None
            if closed is not None:
                closed.access, closed.complete = _closed(closed.access, entry), True
        else:
            begun = _Waiting(_access(entry), entry.kind != Kind.INTENT)
            queue.append(begun)
            if not begun.complete:
                open_intents[entry.eid] = begun
        while queue and (queue[0].complete or len(queue) > waiting):
            yield _settled(reader, queue.popleft(), open_intents)
    while queue:
        yield _settled(reader, queue.popleft(), open_intents)


def _settled(reader: LogReader, waiting: _Waiting, open_intents: dict[bytes, _Waiting]) -> Access:
    """The access as it is to be given; what closed it is looked up where the walk has not come to it."""
    if waiting.complete:
        return waiting.access
    access = waiting.access
    open_intents.pop(access.eid, None)
    for entry in reader.consistent(lambda log: log.of_request(access.eid)):
        if entry.kind in CLOSING:
            return _closed(access, entry)
    return access


def _entries(reader: LogReader, first: int, end: int) -> Iterator[StoredEntry]:
    at = first
    while at < end:
        for entry in _chunk(reader, at, min(_CHUNK, end - at)):
            if entry.index != at:
                break
            yield entry
            at += 1
        else:
            continue
        raise LogCorrupt(f"leaf {at}: missing")


def _chunk(reader: LogReader, first: int, count: int) -> list[StoredEntry]:
    chunk = reader.consistent(lambda log: list(log.entries(first, count)))
    if not chunk:
        raise LogCorrupt(f"leaf {first}: missing")
    return chunk


def _entry_at(reader: LogReader, index: int) -> StoredEntry:
    entry = _chunk(reader, index, 1)[0]
    if entry.index != index:
        raise LogCorrupt(f"leaf {index}: missing")
    return entry


def _access(entry: StoredEntry) -> Access:
    facts, sealed = _said(entry)
    return Access(entry.index, entry.eid, entry.kind, entry.ms, facts, sealed)


def _closed(access: Access, entry: StoredEntry) -> Access:
    facts, sealed = _said(entry)
    return Access(
        access.index,
        access.eid,
        access.kind,
        access.ms,
        {**access.facts, **facts},
        access.sealed + sealed,
        closed_by=entry.kind,
        closing_index=entry.index,
        closing_ms=entry.ms,
    )


def _said(entry: StoredEntry) -> tuple[Mapping[str, Any], tuple[Sealed, ...]]:
    """Facts and sealed fields, whatever keys a newer or older gateway has written among them."""
    try:
        members = orjson.loads(entry.leaf)
    except orjson.JSONDecodeError:
        raise LogCorrupt(f"leaf {entry.index}: not an entry") from None
    facts = members.get("facts") if isinstance(members, dict) else None
    if not isinstance(facts, dict):
        raise LogCorrupt(f"leaf {entry.index}: not an entry")
    sealed = members.get("sealed")
    return facts, (Sealed(entry.kind, entry.eid, sealed),) if isinstance(sealed, dict) else ()


def access_of(entry: StoredEntry, closing: StoredEntry | None) -> Access:
    """An entry, and what closed it where something has, read as one.

    Raises:
        LogCorrupt: one of them cannot be read; names it.
    """
    access = _access(entry)
    return access if closing is None else _closed(access, closing)
