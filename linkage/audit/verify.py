"""Verifies a whole log: everything is computed again from the entries' bytes and compared with what is stored beside them.

It believes nothing but the log's public key. An older checkpoint or a receipt kept elsewhere shows what no log can show of itself:
that it was not replaced as a whole (`against`).
"""

from collections.abc import Generator, Iterator

from linkage.audit.findings import Progress, Report, Wrong
from linkage.audit.pairing import Pairing
from linkage.audit.record import EntryInvalid, parse_leaf
from linkage.errors import LogCorrupt
from linkage.ids import id_text
from linkage.store.backend import LogReader
from linkage.store.contract import Head, StoredEntry
from linkage.store.sqlite_head import check_head
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import VerifierKey
from linkage.tlog.tree import EMPTY_ROOT, NewNode, leaf_hash, push, read_frontier, root_of

_CHUNK = 512


def verify_log(reader: LogReader, key: VerifierKey, *, against: tuple[Checkpoint, ...] = ()) -> Generator[Progress, None, Report]:
    """Verify the log, and yield progress on the way. The reader sees one state of the log throughout.

    Args:
        reader: the log, within `LogReader.consistent`.
        key: the log's public key.
        against: checkpoints kept elsewhere, already opened: the log must be a continuation of each.

    Raises:
        LogCorrupt: there is not even a head to compare with.
        apsw errors: never; ask within `LogReader.consistent`.
    """
    head = reader.head()
    report = Report(head.origin, head.size, head.root)
    walk = _Walk(reader, key, report, against)
    pairing = Pairing(report)
    entries = _entries(reader)
    for entry in entries:
        if entry.index % _CHUNK == 0:
            yield Progress(entry.index, head.size)
        walk.entry(entry)
        pairing.see(entry)
    walk.end(head)
    pairing.end(reader)
    yield Progress(head.size, head.size)
    return report


def verify_all(reader: LogReader, key: VerifierKey, *, against: tuple[Checkpoint, ...] = ()) -> Report:
    """Verify the log without looking at the progress.

    Raises:
        StoreUnavailable: the file cannot be read now.
        LogCorrupt: it is no sound database, or has no head.
    """

    def run(log: LogReader) -> Report:
        steps = verify_log(log, key, against=against)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                report: Report = end.value
                return report

    return reader.consistent(run)


def _entries(reader: LogReader) -> Iterator[StoredEntry]:
    """All entries by index, a chunk at a time."""
    first = 0
    while chunk := list(reader.entries(first, _CHUNK)):
        yield from chunk
        first = chunk[-1].index + 1


class _Walk:
    """Computes the tree again, leaf by leaf."""

    def __init__(self, reader: LogReader, key: VerifierKey, report: Report, against: tuple[Checkpoint, ...]) -> None:
        self._reader = reader
        self._key = key
        self._report = report
        self._against: dict[int, list[Checkpoint]] = {}
        for checkpoint in against:
            self._against.setdefault(checkpoint.size, []).append(checkpoint)
        self._frontier: list[bytes] = []
        self._size = 0
        self._ms = 0
        self._lost = False
        self._nodes = 0
        self._newest = -1
        self._checkpoints = iter(reader.checkpoints(0, 2**31))
        self._next = next(self._checkpoints, None)
        self._at_size(0)

    def entry(self, entry: StoredEntry) -> None:
        """Check one leaf and what follows from it."""
        add = self._report.add
        if entry.index != self._size:
            add(Wrong.ORDER, self._size, f"leaves missing before {entry.index}")
            self._resume(entry.index)
        digest = leaf_hash(entry.leaf)
        if digest != entry.leaf_hash:
            add(Wrong.LEAF, entry.index, "its bytes do not have its hash")
        why = _contradiction(entry)
        if why:
            add(Wrong.LEAF, entry.index, why)
        if entry.ms < self._ms:
            add(Wrong.ORDER, entry.index, "its time goes back")
        self._ms = max(self._ms, entry.ms)
        if not self._lost:
            made: list[NewNode] = []
            push(self._frontier, self._size, digest, made)
            self._compare(made[1:])
        self._size += 1
        self._at_size(self._size)

    def end(self, head: Head) -> None:
        """Check what only the whole shows."""
        add = self._report.add
        while self._next is not None:
            add(Wrong.CHECKPOINT, self._next[0], "beyond the entries")
            self._next = next(self._checkpoints, None)
        if (beyond := self._reader.stray(self._size)).startswith("node"):
            add(Wrong.NODE, self._size, f"beyond the entries: {beyond}")
        if self._newest != self._size:
            add(Wrong.CHECKPOINT, self._size, "missing for the newest size")
        if head.size != self._size:
            add(Wrong.HEAD, head.size, f"there are {self._size} entries")
        if head.frontier != tuple(self._frontier) or head.root != root_of(self._frontier):
            add(Wrong.HEAD, head.size, "its frontier or root is not that of the entries")
        try:
            check_head(head, None, self._key)
        except LogCorrupt as cause:
            add(Wrong.HEAD, head.size, str(cause))
        for size in sorted(self._against):
            add(Wrong.CHECKPOINT, size, "a checkpoint kept elsewhere is beyond the log")

    def _resume(self, index: int) -> None:
        """Go on behind missing leaves, with the nodes that the store holds over them."""
        self._size = index
        try:
            self._frontier = read_frontier(index, self._reader.node)
        except LogCorrupt:
            self._lost = True  # nothing to compute with: every later checkpoint is a finding

    def _compare(self, made: list[NewNode]) -> None:
        for level, index, digest in made:
            try:
                stored = self._reader.node(level, index)
            except LogCorrupt:
                self._report.add(Wrong.NODE, index, f"level {level}: missing")
                continue
            self._nodes += 1
            if stored != digest:
                self._report.add(Wrong.NODE, index, f"level {level}: is not the hash of its children")

    def _at_size(self, size: int) -> None:
        """Check the checkpoints of this size, stored and kept elsewhere."""
        kept = self._against.pop(size, [])
        if not kept and (self._next is None or self._next[0] != size):
            return
        root = root_of(self._frontier) if self._frontier else EMPTY_ROOT
        if any(checkpoint.root != root for checkpoint in kept):
            self._report.add(Wrong.CHECKPOINT, size, "a checkpoint kept elsewhere has another root")
        while self._next is not None and self._next[0] == size:
            _, stored_root, note, _ = self._next
            self._report.checkpoints += 1
            self._newest = size
            self._check_checkpoint(size, root, stored_root, note)
            self._next = next(self._checkpoints, None)

    def _check_checkpoint(self, size: int, root: bytes, stored_root: bytes, note: str) -> None:
        try:
            checkpoint = open_checkpoint(note.encode(), self._key)
        except NoteInvalid as cause:
            self._report.add(Wrong.CHECKPOINT, size, str(cause))
            return
        if (checkpoint.size, checkpoint.root) != (size, root) or stored_root != root:
            self._report.add(Wrong.CHECKPOINT, size, "names another size or root than the entries have")


def _contradiction(entry: StoredEntry) -> str:
    """Where a leaf and the columns beside it differ; empty if nowhere."""
    try:
        members = parse_leaf(entry.leaf)
    except EntryInvalid:
        return "its bytes are not an entry"
    columns = {
        "eid": id_text(entry.eid),
        "kind": entry.kind,
        "ref": None if entry.ref is None else id_text(entry.ref),
        "t": entry.ms,
    }
    for name, stored in columns.items():
        if members.get(name) != stored:
            return f"its {name} is not that of the column beside it"
    return ""
