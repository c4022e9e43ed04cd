"""Verifies a log, or a part of it: everything is computed again from the entries' bytes and compared with what is stored beside them.

It believes nothing but the log's public keys, and may run beside a gateway that writes: what is written is never changed, so it is read
a piece at a time, and only what changes is looked at in one short look at the end.

Every checkpoint ever signed must hold the root that the entries have at its size; so all of them are consistent with each other. A
batch leaves a checkpoint and one time for all its entries, so a size at which the time changes must have one, as must the empty log,
the newest size, and each size of which a checkpoint is kept elsewhere. That a checkpoint is missing between two batches of the same
millisecond, of which nobody kept anything, cannot be told. Nor can the log's random id in its head: nothing signs it.

An older checkpoint or a receipt kept elsewhere shows what no log can show of itself: that it was not replaced as a whole (`against`).
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from linkage.audit.pairing import Pairing
from linkage.audit.pieces import checkpoints, read_damaged, read_damaged_checkpoints, read_piece
from linkage.audit.regrowth import Hash, Regrowth
from linkage.audit.report import Progress, Report, Wrong
from linkage.audit.walk import Walk
from linkage.errors import LinkageError, LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import Head, OpenIntent
from linkage.store.head_check import check_head
from linkage.tlog.checkpoint import Checkpoint
from linkage.tlog.errors import ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tree import consistency_path, frontier_nodes, verify_consistency

CHUNK: Final = 1024
"""Entries that are read in one look: at most 64 MiB, if every leaf is of the largest size."""
RECOVER_AFTER_MS: Final = 90_000
_EVERYTHING: Final = 2**63 - 1
_LARGEST: Final = 2**62
"""Entries that no log has; what stands beside a size up to here can still be asked for in 63 bits."""
_AT_MOST: Final = 1000


class OutOfRange(LinkageError):
    """A part of a log that the log does not have; says what was asked for and what there is."""


@dataclass(frozen=True, slots=True)
class Span:
    """The entries [first, last) of a log; ``last`` None: up to the newest when the verification ends."""

    first: int = 0
    last: int | None = None


@dataclass(frozen=True, slots=True)
class _Changing:
    """One look at everything that changes while a log is in use."""

    head: Head
    stray: str
    beyond: Sequence[int]
    held: Sequence[OpenIntent]


class Verification:
    """One verification. Go through `steps`; ``report`` says at any time what was found so far."""

    def __init__(
        self,
        reader: LogReader,
        key: LogVerifier,
        *,
        against: tuple[Checkpoint, ...] = (),
        span: Span | None = None,
        now_ms: int | None = None,
        recover_after_ms: int = RECOVER_AFTER_MS,
        chunk: int = CHUNK,
    ) -> None:
        """Look at the head and at where to begin.

        Args:
            reader: the log, outside of `LogReader.consistent`; nobody else uses this reader meanwhile.
            key: the log's public keys.
            against: checkpoints kept elsewhere, already opened: the log must be a continuation of each.
            span: which entries; None for all.
            now_ms: the time now, to tell intents that are under way from orphans; None where nobody closes intents any more.
            recover_after_ms: milliseconds after which the log's gateways close an intent as recovered.
            chunk: entries that are read, and worked on, without a pause.

        Raises:
            OutOfRange: the log has no such entries, or they are none.
            StoreUnavailable: the log cannot be read now.
            LogCorrupt: there is not even a head to compare with, or it has a size that no log can have.
        """
        self._reader, self._key, self._against, self._chunk, self._now_ms = reader, key, against, chunk, now_ms
        self._span = span or Span()
        head = reader.consistent(_head)
        self._limit = head.size if self._span.last is None else self._span.last
        if not 0 <= self._span.first <= self._limit <= head.size:
            raise OutOfRange(f"entries: got {self._span.first} to {self._limit}, the log has {head.size}")
        if self._span != Span() and self._span.first == self._limit:
            raise OutOfRange(f"entries: got {self._span.first} to {self._limit}, which are none")
        self.report = Report(head.origin, head.size, head.root, self._span.first)
        self._pairing = Pairing(self.report, recover_after_ms)
        tree = Regrowth(self._span.first, self._stored_frontier(self._span.first))
        self._first_root = tree.root(self._span.first)
        inside = [each for each in against if self._passes(each.size)]
        self._walk = Walk(self.report, key, self._pairing, inside, tree)

    def steps(self) -> Iterator[Progress]:
        """Do it, a chunk at a time.

        Raises:
            StoreUnavailable: the log cannot be read now.
            LogCorrupt: head or open intents cannot be read at all.
        """
        first = self._span.first
        yield Progress(0, self._limit - first)
        self._timed(self._begin)
        while self._limit - self._walk.size >= self._chunk:
            self._timed(self._go_on)
            yield Progress(self._walk.size - first, self._limit - first)
        end = self._reader.consistent(self._look)
        if self._span.last is None:
            self._limit = max(end.head.size, self._walk.size)
        while self._walk.size < self._limit:
            self._timed(self._go_on)
            yield Progress(self._walk.size - first, self._limit - first)
        self._timed(lambda: self._finish(end))
        yield Progress(self._limit - first, self._limit - first)

    def _passes(self, size: int) -> bool:
        return self._span.first <= size and (self._span.last is None or size <= self._span.last)

    def _timed(self, run: Callable[[], None]) -> None:
        before, signatures = time.perf_counter(), self.report.seconds_signatures
        run()
        self.report.seconds += time.perf_counter() - before - (self.report.seconds_signatures - signatures)

    def _begin(self) -> None:
        first = self._span.first
        try:
            found = self._reader.consistent(lambda log: checkpoints(log, first, first))
        except LogCorrupt:
            found = read_damaged_checkpoints(self._reader, first, first, self.report)
        self._walk.begin(found)

    def _go_on(self) -> None:
        first, end = self._walk.size, min(self._walk.size + self._chunk, self._limit)
        try:
            piece = self._reader.consistent(lambda log: read_piece(log, first, end))
        except LogCorrupt:
            piece = read_damaged(self._reader, first, end, self.report)
        if piece.entries:
            self._walk.take(piece)
        else:
            self._skip(first)

    def _skip(self, first: int) -> None:
        """Find the next entry behind a chunk that has none; there may be none at all, however large the head says that the log is."""
        following = self._reader.consistent(lambda log: [entry.index for entry in log.entries(first, 1)])
        to = min(following[0] if following else self._limit, self._limit)
        self._walk.skip(Regrowth(to, self._stored_frontier(to)))

    def _stored_frontier(self, size: int) -> dict[int, Hash]:
        return {level: self._stored(level, index) for level, index in frontier_nodes(size)}

    def _stored(self, level: int, index: int) -> Hash:
        try:
            return self._reader.consistent(lambda log: log.node(level, index))
        except LogCorrupt:
            return None

    def _look(self, log: LogReader) -> _Changing:
        head = _head(log)
        beyond = [row[0] for row in log.checkpoints(head.size + 1, _AT_MOST)]
        # No more intents than entries are open, so no true one is left out, however many were begun since this verification was.
        return _Changing(head, log.stray(head.size), beyond, log.open_intents(_EVERYTHING, head.size + _AT_MOST))

    def _finish(self, end: _Changing) -> None:
        """Check what only the whole shows."""
        report, head = self.report, end.head
        report.size, report.root, report.last = head.size, head.root, self._walk.size
        try:
            check_head(head, None, self._key)
        except LogCorrupt as cause:
            report.add(Wrong.HEAD, head.size, str(cause))
        if end.stray:
            self._tell_stray(end)
        if report.last == head.size:
            self._compare_head(head, fits=not end.stray.startswith("leaf"))
        self._pairing.end(end.held, self._now_ms)
        if report.first:
            self._prove(report.first, self._first_root, head, "the nodes stored for where the part begins are not those of the newest root")
        if report.last < head.size:
            self._prove(report.last, self._walk.root(), head, "the entries of the part are not those of the newest root")
        self._compare_elsewhere(head)

    def _tell_stray(self, end: _Changing) -> None:
        for size in end.beyond:
            self.report.add(Wrong.CHECKPOINT, size, "beyond the entries")
        what, at = (Wrong.HEAD, end.head.size) if end.stray.startswith("leaf") else (Wrong.NODE, end.head.size)
        if not end.stray.startswith("checkpoint"):
            self.report.add(what, at, f"beyond the log's size: {end.stray}")

    def _compare_head(self, head: Head, *, fits: bool) -> None:
        report, walk = self.report, self._walk
        if head.frontier != walk.frontier() or head.root != walk.root():
            report.add(Wrong.HEAD, head.size, "its frontier or root is not that of the entries")
        if walk.last_ms not in (None, head.last_ms) and report.last > report.first:
            report.add(Wrong.HEAD, head.size, "its time is not that of the newest entry")
        if fits and not walk.is_checkpoint(head.size):
            report.add(Wrong.CHECKPOINT, head.size, "missing for the newest size")

    def _compare_elsewhere(self, head: Head) -> None:
        for kept in self._against:
            if kept.size > head.size:
                self.report.add(Wrong.CHECKPOINT, kept.size, "a checkpoint kept elsewhere is beyond the log")
            elif not self._passes(kept.size):
                self._prove(kept.size, kept.root, head, "a checkpoint kept elsewhere has another root")

    def _prove(self, size: int, root: Hash, head: Head, otherwise: str) -> None:
        """Check that the log of ``size`` entries with this root is a prefix of the newest one, by the stored nodes."""
        try:
            path = self._reader.consistent(lambda log: consistency_path(size, head.size, log.node))
            verify_consistency(size, head.size, root or b"", head.root, path)
        except (ProofInvalid, LogCorrupt):
            self.report.add(Wrong.CHECKPOINT, size, otherwise)


def _head(log: LogReader) -> Head:
    head = log.head()
    if not 0 <= head.size <= _LARGEST:
        raise LogCorrupt(f"head: got a size of {head.size}, expected 0 to {_LARGEST}")
    return head


def verify_log(
    reader: LogReader,
    key: LogVerifier,
    *,
    against: tuple[Checkpoint, ...] = (),
    span: Span | None = None,
    now_ms: int | None = None,
    recover_after_ms: int = RECOVER_AFTER_MS,
) -> Generator[Progress, None, Report]:
    """A `Verification` as a generator: yields progress, and gives the report."""
    verification = Verification(reader, key, against=against, span=span, now_ms=now_ms, recover_after_ms=recover_after_ms)
    yield from verification.steps()
    return verification.report


def verify_all(
    reader: LogReader, key: LogVerifier, *, against: tuple[Checkpoint, ...] = (), span: Span | None = None, now_ms: int | None = None
) -> Report:
    """Verify the log without looking at the progress.

    Raises:
        As `Verification`, and its `Verification.steps`.
    """
    verification = Verification(reader, key, against=against, span=span, now_ms=now_ms)
    for _ in verification.steps():
        pass
    return verification.report
