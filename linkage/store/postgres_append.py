"""Appends one batch to the log in PostgreSQL: one transaction, one signature, four round trips.

The head row, locked, is the sequencer: whoever writes reads it again in every transaction. A commit that was sent and not answered
may have been done; whether it was is asked of the log itself, over a new connection and under the same lock, and never guessed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

from linkage.errors import LogCorrupt
from linkage.store.contract import (
    CLOSING,
    Answered,
    Batch,
    Conflicting,
    Draft,
    Head,
    InProgress,
    Kind,
    Placed,
    Result,
    StorePoisoned,
    StoreUnavailable,
)
from linkage.store.head_check import check_head
from linkage.store.log_time import LogTime
from linkage.store.postgres_claims import Failed, Ledger, OwnEntryError
from linkage.store.postgres_commit import CommitUnknownError, begin, commit, stands
from linkage.store.postgres_growth import FreshNodes, Growth, Known, Written, nodes_for
from linkage.store.postgres_open import NOW, Connection, Cursor, Session, server_ms, told
from linkage.store.postgres_schema import head_of, read_head
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tree import root_of


class _ConflictError(Exception):
    """Some draft of the batch was written before, or its intent is closed: settle the batch one by one."""


@dataclass(slots=True)
class _Slot:
    """Where one draft went: its place in the batch, its index, its leaf, and the claim that failed, if one did."""

    slot: int
    eid: bytes
    index: int
    ms: int
    leaf: bytes
    failed: Failed | None = None
    older: bool = False


class Appender:
    """Writes batches through one session. Not for two threads at once."""

    def __init__(
        self, session: Session, signer: LogSigner, log_time: LogTime, clock_entry: Callable[[int], Draft], *, patience_s: float
    ) -> None:
        """Take the session.

        Args:
            session: the writing connection.
            signer: the log's key.
            log_time: gives entries their times.
            clock_entry: makes the draft that records a step of the clock by so many milliseconds.
            patience_s: seconds for which it is tried to learn what became of a commit.
        """
        self._session = session
        self._signer = signer
        self._time = log_time
        self._clock_entry = clock_entry
        self._patience_s = patience_s
        self._head = check_head(read_head(session.connection()), None, signer.verifier)

    @property
    def head(self) -> Head:
        """The head as this process last knew it."""
        return self._head

    def clock_trouble(self) -> str:
        """Why a batch would be refused now because of the clock; empty if it would not. For any thread."""
        return self._time.trouble(self._head.last_ms)

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
            connection, ledger, head = self._begin(drafts)
            known = Known(connection, drafts, head.size) if careful else None
            results, growth, new = self._write(connection, drafts, ledger, head, known)
        except (_ConflictError, OwnEntryError, psycopg.errors.UniqueViolation) as turn:
            self._session.rollback()
            if careful:
                raise StorePoisoned("log: entries and open intents contradict each other") from turn
            raise _ConflictError from turn
        except (psycopg.IntegrityError, psycopg.errors.DataCorrupted, psycopg.errors.IndexCorrupted, LogCorrupt) as cause:
            self._session.rollback()
            raise StorePoisoned(f"log: {cause}" if isinstance(cause, LogCorrupt) else told("log", cause)) from cause
        except psycopg.Error as cause:
            self._session.rollback()
            raise StoreUnavailable(told("append", cause)) from cause
        except BaseException:  # whatever it is: cleaned up after, and raised again
            self._session.rollback()
            raise
        self._commit(connection, growth)
        self._head = new
        self._time.passed()
        return results

    def _commit(self, connection: Connection, growth: Growth) -> None:
        try:
            commit(connection)
        except CommitUnknownError as cause:
            self._session.drop()
            if not stands(self._session, growth.stands, self._head, self._signer.verifier, self._patience_s):
                raise StoreUnavailable("commit: not done") from cause
        except BaseException:  # whatever it is: cleaned up after, and raised again
            self._session.drop()
            raise

    def _begin(self, drafts: Sequence[Draft]) -> tuple[Connection, Ledger, Head]:
        """Lock the head, and read what the claims depend on, and the server's time."""
        ledger = Ledger(drafts)

        def ask(sends: Connection) -> Cursor:
            ledger.ask(sends)
            return sends.execute(NOW)

        connection, locked, now = begin(self._session, ask)
        self._time.heed(server_ms(now))
        head = check_head(head_of(locked.fetchone()), self._head, self._signer.verifier)
        ledger.take_in()
        return connection, ledger, head

    def _write(
        self, connection: Connection, drafts: Sequence[Draft], ledger: Ledger, head: Head, known: Known | None
    ) -> tuple[list[Result], Growth, Head]:
        ms, step = self._time.at(head.last_ms)
        growth = Growth(head.size, list(head.frontier), ms)
        if step:
            entry = self._clock_entry(step)
            growth.add(entry.kind, entry.eid, None, entry.frame)
        slots: list[_Slot] = []
        results: dict[int, Result] = {}
        for slot, draft in enumerate(drafts):
            settled = (_known(slot, draft, growth, known) if known else None) or _place(slot, draft, growth, ledger)
            if isinstance(settled, _Slot):
                slots.append(settled)
            else:
                results[slot] = settled
        new, batch = self._seal(connection, head, growth, ledger, [each.index for each in slots if each.older])
        for each in slots:
            placed = Placed(each.eid, each.index, each.ms, each.leaf, batch)
            results[each.slot] = each.failed.as_denied(placed) if each.failed else placed
        return [results[slot] for slot in range(len(drafts))], growth, new

    def _seal(self, connection: Connection, head: Head, growth: Growth, ledger: Ledger, older: Sequence[int]) -> tuple[Head, Batch]:
        """Sign the new checkpoint, and write what the batch adds, the head last."""
        new = head
        if growth.leaves:
            root = root_of(growth.frontier)
            note = sign_checkpoint(self._signer, growth.size, root)
            new = Head(head.origin, head.log_uuid, growth.size, tuple(growth.frontier), root, growth.ms, note)
            with connection.pipeline():
                ledger.write(connection)
                written = Written(connection, growth, head, new)
            if not written.all_closed():
                raise _ConflictError
            written.check()
        fresh = FreshNodes(head.size, head.frontier, growth.made, {})
        if older:  # rare: an earlier attempt was committed after all
            stored = nodes_for(connection, older, new.size, fresh)
            fresh = FreshNodes(head.size, head.frontier, growth.made, stored)
        return new, Batch(new.size, new.root, new.note, growth.ms, fresh)


def _place(slot: int, draft: Draft, growth: Growth, ledger: Ledger) -> _Slot | InProgress | Answered:
    kind, frame, failed = draft.kind, draft.frame, None
    if draft.claims:
        hindrance = ledger.settle(draft, growth.ms)
        if isinstance(hindrance, InProgress | Answered):
            return hindrance
        if hindrance is not None and draft.denied is not None:
            kind, frame, failed = Kind.DENIED, draft.denied(hindrance.reason, hindrance.detail), hindrance
    if draft.visit_end is not None:
        ledger.end_visit(draft.visit_end)
    if draft.ref is not None and draft.conclusion is not None:
        ledger.conclude(draft.ref, draft.conclusion)
    index, leaf = growth.add(kind, draft.eid, draft.ref, frame)
    return _Slot(slot, draft.eid, index, growth.ms, leaf, failed)


def _known(slot: int, draft: Draft, growth: Growth, known: Known) -> _Slot | Conflicting | None:
    """What the log already says of this draft; None if nothing."""
    if draft.eid in known.entries:
        index, kind, ms, leaf = known.entries[draft.eid]
        same = kind == draft.kind and leaf == draft.frame.at(ms)
        return _Slot(slot, draft.eid, index, ms, leaf, older=True) if same else Conflicting(draft.eid)
    if draft.eid in growth.eids:
        return Conflicting(draft.eid)
    if draft.kind in CLOSING and (draft.ref not in known.open or draft.ref in growth.closed):
        return Conflicting(draft.eid)
    return None
