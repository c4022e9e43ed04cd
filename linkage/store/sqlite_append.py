"""Appends one batch to the log in SQLite: one transaction, one signature, one sync.

The head row is read again in every transaction, since other processes append, too. What a batch is answered with comes from memory:
the proofs of new leaves need only the old frontier and the nodes just made.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import apsw

from linkage.errors import LogCorrupt
from linkage.store import sqlite_claims as claims
from linkage.store.contract import (
    CLOSING,
    MAX_LEAF,
    Answered,
    Batch,
    Conflicting,
    Draft,
    Head,
    InProgress,
    Kind,
    LeafFrame,
    Placed,
    Result,
    StorePoisoned,
    StoreUnavailable,
)
from linkage.store.head_check import check_head
from linkage.store.log_time import LogTime
from linkage.store.moving import refuse_moving
from linkage.store.sqlite_open import is_transient
from linkage.store.sqlite_read import node_hash_at, stray_beyond
from linkage.store.sqlite_rows import run_rows
from linkage.store.sqlite_schema import read_head
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tree import NewNode, frontier_nodes, inclusion_path, leaf_hash, push, root_of

# The table of open intents is only derived: what closes something must rest on the entries.
_CLOSED: Final = (
    "DELETE FROM open_intent WHERE EXISTS (SELECT 1 FROM leaf WHERE leaf.eid = open_intent.eid AND kind = 'intent') AND eid IN (VALUES "
)
_OPEN: Final = (
    "SELECT 1 FROM open_intent WHERE eid = ? AND EXISTS (SELECT 1 FROM leaf WHERE leaf.eid = open_intent.eid AND kind = 'intent')"
    " AND NOT EXISTS (SELECT 1 FROM leaf WHERE ref = open_intent.eid AND kind IN ('outcome', 'recovered'))"
)


class _ConflictError(Exception):
    """Some draft of the batch was written before, or its intent is closed: settle the batch one by one."""


@dataclass(slots=True)
class _Written:
    """Where one draft went: its slot in the batch, its index, its leaf, and the claim that failed, if one did."""

    slot: int
    eid: bytes
    index: int
    ms: int
    leaf: bytes
    failed: claims.Failed | None = None
    older: bool = False


@dataclass(slots=True)
class _Growth:
    """What a batch adds to the log, while it is put together."""

    size: int
    frontier: list[bytes]
    ms: int
    ended: set[bytes]
    """Visits, of those that drafts of the batch claim, that have ended."""
    made: list[NewNode] = field(default_factory=list)
    leaves: list[tuple[int, bytes, bytes, bytes, str, bytes | None, int]] = field(default_factory=list)
    opened: list[tuple[bytes, int, int]] = field(default_factory=list)
    closed: list[tuple[bytes]] = field(default_factory=list)
    eids: set[bytes] = field(default_factory=set)

    def add(self, kind: Kind, eid: bytes, ref: bytes | None, frame: LeafFrame) -> tuple[int, bytes]:
        leaf = frame.at(self.ms)
        if len(leaf) > MAX_LEAF:
            raise StoreUnavailable(f"leaf: got {len(leaf)} bytes, expected at most {MAX_LEAF}")
        index, digest = self.size, leaf_hash(leaf)
        push(self.frontier, index, digest, self.made)
        self.size += 1
        self.leaves.append((index, digest, leaf, eid, str(kind), ref, self.ms))
        if kind is Kind.INTENT:
            self.opened.append((eid, index, self.ms))
        elif kind in CLOSING and ref is not None:
            self.closed.append((ref,))
        self.eids.add(eid)
        return index, leaf


class Appender:
    """Writes batches through one connection. Not for two threads at once."""

    def __init__(self, connection: apsw.Connection, signer: LogSigner, log_time: LogTime, clock_entry: Callable[[int], Draft]) -> None:
        """Take the writing connection; ``log_time`` gives entries their times, ``clock_entry`` makes the draft that records a step of the clock by so many milliseconds."""
        self._connection = connection
        self._signer = signer
        self._time = log_time
        self._clock_entry = clock_entry
        self._head: Head | None = None

    @property
    def head(self) -> Head:
        """The head as this process last knew it; read and checked now if it never was."""
        if self._head is None:
            self._head = check_head(read_head(self._connection), None, self._signer.verifier)
        return self._head

    def clock_trouble(self) -> str:
        """Why a batch would be refused now because of the clock; empty if it would not. For any thread."""
        return "" if self._head is None else self._time.trouble(self._head.last_ms)

    def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Write the drafts as one batch, durable on return, and say for each what became of it.

        Raises:
            StoreUnavailable: certainly nothing was written; a later batch may succeed.
            StorePoisoned: it is unknown what was written, or the log is not as it was left.
        """
        try:
            return self._transaction(drafts, careful=False)
        except _ConflictError:
            return self._transaction(drafts, careful=True)

    def _transaction(self, drafts: Sequence[Draft], *, careful: bool) -> list[Result]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            results, head = self._write(drafts, careful=careful)
        except (_ConflictError, claims.OwnEntryError) as turn:
            self._rollback()
            if careful:
                refuse_moving(self._connection)
                raise StorePoisoned("log: entries and open intents contradict each other") from turn
            raise _ConflictError from turn
        except (apsw.CorruptError, apsw.NotADBError, apsw.ConstraintError, LogCorrupt) as cause:
            self._rollback()
            raise StorePoisoned(f"log: {cause if isinstance(cause, LogCorrupt) else type(cause).__name__}") from cause
        except apsw.Error as cause:
            self._rollback()
            raise StoreUnavailable(f"append: {type(cause).__name__}") from cause
        except BaseException:  # whatever it is: cleaned up after, and raised again
            self._rollback()
            raise
        self._commit()
        self._head = head
        self._time.passed()
        return results

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except apsw.Error as cause:
            self._rollback()
            if is_transient(cause):
                raise StoreUnavailable(f"commit: {type(cause).__name__}") from cause
            raise StorePoisoned(f"commit: {type(cause).__name__}, so it is unknown whether the batch is durable") from cause

    def _rollback(self) -> None:
        if self._connection.in_transaction:  # an error may have rolled back already
            try:
                self._connection.execute("ROLLBACK")
            except apsw.Error as cause:
                raise StorePoisoned(f"rollback: {type(cause).__name__}") from cause

    def _write(self, drafts: Sequence[Draft], *, careful: bool) -> tuple[list[Result], Head]:
        head = check_head(read_head(self._connection), self._head, self._signer.verifier)
        if careful and (stray := stray_beyond(self._connection, head.size)):
            raise LogCorrupt(f"{stray}: stands beyond the head's size, {head.size}")
        ms, step = self._time.at(head.last_ms)
        growth = _Growth(head.size, list(head.frontier), ms, claims.ended_visits(self._connection, drafts))
        if step:
            entry = self._clock_entry(step)
            growth.add(entry.kind, entry.eid, None, entry.frame)
        written: list[_Written] = []
        results: dict[int, Result] = {}
        for slot, draft in enumerate(drafts):
            settled = (self._known(slot, draft, growth) if careful else None) or self._place(slot, draft, growth)
            if isinstance(settled, _Written):
                written.append(settled)
            else:
                results[slot] = settled
        head, batch = self._seal(head, growth, [each.index for each in written if each.older])
        for each in written:
            placed = Placed(each.eid, each.index, each.ms, each.leaf, batch)
            results[each.slot] = each.failed.as_denied(placed) if each.failed else placed
        return [results[slot] for slot in range(len(drafts))], head

    def _place(self, slot: int, draft: Draft, growth: _Growth) -> _Written | InProgress | Answered:
        kind, frame, failed = draft.kind, draft.frame, None
        if draft.claims:
            hindrance = claims.settle(self._connection, draft, growth.ms, growth.ended)
            if isinstance(hindrance, InProgress | Answered):
                return hindrance
            if hindrance is not None and draft.denied is not None:
                kind, frame, failed = Kind.DENIED, draft.denied(hindrance.reason, hindrance.detail), hindrance
        if draft.visit_end is not None:
            claims.end_visit(self._connection, draft.visit_end)
            growth.ended.add(draft.visit_end.visit)
        if draft.ref is not None and draft.conclusion is not None:
            claims.conclude(self._connection, draft.ref, draft.conclusion)
        index, leaf = growth.add(kind, draft.eid, draft.ref, frame)
        return _Written(slot, draft.eid, index, growth.ms, leaf, failed)

    def _known(self, slot: int, draft: Draft, growth: _Growth) -> _Written | Conflicting | None:
        """What the log already says of this draft; None if nothing."""
        row = self._connection.execute("SELECT idx, kind, ms, data FROM leaf WHERE eid = ?", (draft.eid,)).fetchone()
        if row is not None:
            index, kind, ms, leaf = row
            same = kind == draft.kind and leaf == draft.frame.at(ms)
            return _Written(slot, draft.eid, index, ms, leaf, older=True) if same else Conflicting(draft.eid)
        if draft.eid in growth.eids:
            return Conflicting(draft.eid)
        if draft.kind in CLOSING and not self._is_open(draft.ref, growth):
            return Conflicting(draft.eid)
        return None

    def _is_open(self, intent: bytes | None, growth: _Growth) -> bool:
        if (intent,) in growth.closed:
            return False
        return self._connection.execute(_OPEN, (intent,)).fetchone() is not None

    def _seal(self, head: Head, growth: _Growth, older: Sequence[int]) -> tuple[Head, Batch]:
        """Write what the batch adds, sign the new checkpoint, and move the head."""
        nodes = dict(zip(frontier_nodes(head.size), head.frontier, strict=True)) | {
            (level, place): value for level, place, value in growth.made
        }
        if growth.leaves:
            root = root_of(growth.frontier)
            note = sign_checkpoint(self._signer, growth.size, root)
            self._insert(growth)
            new = Head(head.origin, head.log_uuid, growth.size, tuple(growth.frontier), root, growth.ms, note)
            self._move(head, new)
            head = new

        def read(level: int, index: int) -> bytes:
            if (level, index) not in nodes:
                nodes[level, index] = node_hash_at(self._connection, level, index)
            return nodes[level, index]

        for index in older:  # rare: an earlier attempt was committed after all
            inclusion_path(index, head.size, read)
        return head, Batch(head.size, head.root, head.note, growth.ms, lambda level, index: nodes[level, index])

    def _insert(self, growth: _Growth) -> None:
        try:
            run_rows(self._connection, "INSERT INTO leaf VALUES ", growth.leaves)
        except apsw.ConstraintError as cause:
            raise _ConflictError from cause
        run_rows(self._connection, "INSERT INTO node VALUES ", [node for node in growth.made if node[0]])
        run_rows(self._connection, "INSERT INTO open_intent VALUES ", growth.opened)
        before = self._connection.total_changes()
        run_rows(self._connection, _CLOSED, growth.closed, ")")
        if self._connection.total_changes() - before != len(growth.closed):
            raise _ConflictError

    def _move(self, old: Head, new: Head) -> None:
        self._connection.execute("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", (new.size, new.root, new.note, new.last_ms))
        self._connection.execute(
            "UPDATE head SET size = ?, frontier = ?, root = ?, last_ms = ?, note = ? WHERE id = 1 AND size = ?",
            (new.size, b"".join(new.frontier), new.root, new.last_ms, new.note, old.size),
        )
        if self._connection.changes() != 1:
            raise LogCorrupt("head: moved within our own transaction")
