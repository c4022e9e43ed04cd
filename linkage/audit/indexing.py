"""What of the log the search index holds, and how it keeps up with the log.

From an entry it takes names alone: of register, catalogue, agreements, officers by their ids, and ids of visits and data keys. What an
older or a newer gateway has written beside them is passed over.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from linkage.audit.access import officer_of
from linkage.audit.asked import result_word
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import CLOSING, Kind, StoredEntry
from linkage.store.search_find import Group, Term
from linkage.store.search_index import Chunk, SearchIndex

CHUNK: Final = 2_000
"""Entries read at once, in one look at the log."""
_PAUSE_S: Final = 0.02

_TEXTS: Final = (
    *("counter", "centre", "recipient", "acting", "source", "service", "agreement", "method", "result", "reason"),
    *("assurance", "auditor", "exception"),
)
"""Facts that are found by their text."""
_CLOSING_TEXTS: Final = ("result", "reason")
"""Facts of a closing entry that its intent is found by."""

VISIT, BUNDLE, KEY, OPENED = "visit", "bundle", "key", "opened"
"""Sorts of marks: what belongs to a visit or a bundle, what is sealed under a data key, and which verification opened a visit under one."""

OFFICER, OFFICER_ID, RECORD_TYPE, KIND = "officer", "officer_id", "type", "kind"
AGENCY, AGENCY_OF_CENTRE, AGENCY_OF_AUDITOR = "agency", "agency_of_centre", "agency_of_auditor"
NOBODYS: Final = "*"
"""The agency of entries about the log itself: no agency's, and every auditor's."""
UNNAMED: Final = "?"
"""The agency of entries that name a centre or an auditor, and no agency: its, or theirs."""
_BY_NAME: Final = frozenset({AGENCY_OF_CENTRE, AGENCY_OF_AUDITOR})


def terms_of(kind: str, facts: Mapping[str, Any]) -> set[Term]:
    """What a hit is found by: an intent, or an entry that stands alone."""
    terms = {(KIND, kind)} | _texts(facts, _TEXTS)
    for who in ("officer", "second_officer"):
        if who in facts and (officer := officer_of(facts[who])) is not None:
            terms.add((OFFICER, " ".join(officer)))
            terms.add((OFFICER_ID, officer[1]))
    for name in _list(facts.get("types")):
        if type(name) is str:
            terms.add((RECORD_TYPE, name))
    agencies = agencies_of(facts)
    terms |= {(AGENCY, agency) for agency in agencies} or _without_agency(facts)
    if "also_asked" in facts:
        terms |= {("source", source) for source in _also_asked(facts)}
    return terms


def closing_terms(kind: str, facts: Mapping[str, Any]) -> set[Term]:
    """What an intent is found by besides, once this entry has closed it."""
    return {(KIND, kind)} | _texts(facts, _CLOSING_TEXTS)


def _texts(facts: Mapping[str, Any], names: tuple[str, ...]) -> set[Term]:
    """Facts by their text; a result as it is told (`result_word`)."""
    said = {name: value for name in names if type(value := facts.get(name)) is str and value}
    if "result" in said:
        said["result"] = result_word(said["result"], said.get("reason", ""))
    return set(said.items())


def agencies_of(facts: Mapping[str, Any]) -> set[str]:
    """The agencies that an entry concerns: in whose name, by whose counter, at which sources; of a reading, those it was for."""
    named = [facts.get("recipient"), facts.get("acting"), facts.get("source"), *_list(facts.get("agencies")), *_also_asked(facts)]
    return {name for name in named if type(name) is str}


def _without_agency(facts: Mapping[str, Any]) -> set[Term]:
    for name, term in (("centre", AGENCY_OF_CENTRE), ("auditor", AGENCY_OF_AUDITOR)):
        value = facts.get(name)
        if isinstance(value, str):
            return {(term, value), (AGENCY, UNNAMED)}
    return {(AGENCY, NOBODYS)}


def indexed(group: Group) -> Group:
    """What the index is asked for in a group's place: whose an entry is that names no agency is asked of the entry itself.

    There are hundreds of centres, and an auditor may read for all of them: the index must not look for each at every hit.
    """
    known = frozenset(term for term in group if term[0] not in _BY_NAME)
    return group if len(known) == len(group) else known | {(AGENCY, UNNAMED)}


def _also_asked(facts: Mapping[str, Any]) -> set[str]:
    asked = (one for one in _list(facts.get("also_asked")) if isinstance(one, Mapping))
    return {source for one in asked if isinstance(source := one.get("source"), str)}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def keep_up(index: SearchIndex, reader: LogReader, *, seconds: float, end: int | None = None) -> int:
    """Read into the index what the log has and it has not, in small steps, and make it anew where it is another log's.

    Args:
        index: the index; another process may be at it, too.
        reader: the log.
        seconds: how long to go on at most.
        end: how many entries of the log are enough; None for all it has now.

    Returns:
        How many entries are still missing; 0 where none are.

    Raises:
        IndexUnavailable: the index cannot be used now.
        StoreUnavailable, LogCorrupt: the log cannot be read.
    """
    until = time.monotonic() + seconds
    size = _checked(index, reader)
    wanted = reader.consistent(lambda log: log.head().size) if end is None else end
    while size < wanted:
        if time.monotonic() >= until:
            return wanted - size
        chunk = _read(index, reader, size, min(CHUNK, wanted - size))
        if not index.add(chunk):
            time.sleep(_PAUSE_S)  # another process is at it
        standing = index.standing()
        size = 0 if standing is None else standing.size
    return 0


def _checked(index: SearchIndex, reader: LogReader) -> int:
    """How many entries the index has read; 0 where it had to begin anew."""
    standing = index.standing()

    def fits(log: LogReader) -> tuple[bytes, bool]:
        head = log.head()
        if standing is None or standing.log_uuid != head.log_uuid or standing.size > head.size:
            return head.log_uuid, False
        return head.log_uuid, standing.size == 0 or log.node(0, standing.size - 1) == standing.last_hash

    log_uuid, same = reader.consistent(fits)
    if standing is not None and same:
        return standing.size
    index.begin(log_uuid)
    return 0


def _read(index: SearchIndex, reader: LogReader, first: int, count: int) -> Chunk:
    entries = reader.consistent(lambda log: list(log.entries(first, count)))
    if len(entries) != count or entries[-1].index != first + count - 1:
        raise LogCorrupt(f"leaf {first}: an entry after it is missing")
    chunk = Chunk(first, first + count, entries[-1].leaf_hash)
    earlier = index.intents(_refs_before(entries))
    for entry in entries:
        _take(chunk, entry, earlier)
    return chunk


def _refs_before(entries: list[StoredEntry]) -> Iterator[bytes]:
    """Intents that these entries close and that are not among them."""
    here = {entry.eid for entry in entries}
    return (entry.ref for entry in entries if entry.kind in CLOSING and entry.ref is not None and entry.ref not in here)


def _take(chunk: Chunk, entry: StoredEntry, earlier: Mapping[bytes, int]) -> None:
    members = _members(entry)
    facts = members["facts"]
    intent = _closed(chunk, entry, earlier) if entry.kind in CLOSING else None
    if intent is None:
        hit, terms = entry.index, terms_of(entry.kind, facts)
    else:
        hit, terms = intent, closing_terms(entry.kind, facts)
        chunk.closings[intent] = entry.index
    if entry.kind == Kind.INTENT:
        chunk.opened[entry.eid] = entry.index
    for term in terms:
        chunk.postings[term].append(hit)
    for what, value in marks_of(entry.kind, facts, members.get("sealed")):
        chunk.marks.append((what, value, hit))


def _closed(chunk: Chunk, entry: StoredEntry, earlier: Mapping[bytes, int]) -> int | None:
    """The index of the intent that an entry closes. Where there is none, the entry is found by itself: a log must not hide one."""
    ref = entry.ref or b""
    intent = chunk.opened.pop(ref, None)
    if intent is None and (intent := earlier.get(ref)) is not None:
        chunk.ended.add(ref)
    return intent


def marks_of(kind: str, facts: Mapping[str, Any], sealed: object) -> set[tuple[str, bytes]]:
    """What few entries share with this one: the visit, the bundle, the data key."""
    marks = {(what, value) for what in (VISIT, BUNDLE) if what in facts and (value := _id_in(facts[what])) is not None}
    key = _id_in(sealed.get("key")) if isinstance(sealed, Mapping) else None
    if key is not None:
        marks.add((KEY, key))
        # A verification, or what came of one: its id is that of the visit that it opens.
        if facts.get("method") == "VerifyIdentity" or kind in CLOSING:
            marks.add((OPENED, key))
    return marks


def _id_in(text: object) -> bytes | None:
    """The 16 bytes of an id, with or without the dashes of a UUID; None where it is none."""
    digits = text.replace("-", "") if isinstance(text, str) else ""
    try:
        return bytes.fromhex(digits) if len(digits) == 32 else None
    except ValueError:
        return None


def _members(entry: StoredEntry) -> dict[str, Any]:
    try:
        members = orjson.loads(entry.leaf)
    except orjson.JSONDecodeError:
        raise LogCorrupt(f"leaf {entry.index}: not an entry") from None
    if not isinstance(members, dict) or not isinstance(members.get("facts"), dict):
        raise LogCorrupt(f"leaf {entry.index}: not an entry")
    return members
