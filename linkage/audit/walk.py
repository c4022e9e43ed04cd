"""Walks a log piece by piece: each entry on its own, the times, the tree, the checkpoints. Knows nothing of where the pieces come from."""

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from linkage.audit.pairing import Pairing
from linkage.audit.pieces import Piece, StoredCheckpoint
from linkage.audit.record import EntryInvalid, parse_leaf
from linkage.audit.regrowth import Hash, Regrowth
from linkage.audit.report import Report, Wrong
from linkage.ids import id_text
from linkage.store.contract import StoredEntry
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier

_MEMBERS: Final = frozenset({"boot", "eid", "facts", "kind", "replica", "t", "v"})
_MORE: Final = _MEMBERS | {"ref", "sealed"}


class Walk:
    """Takes the pieces of a log in their order, without a gap between them, and fills a report."""

    def __init__(self, report: Report, key: LogVerifier, pairing: Pairing, elsewhere: Sequence[Checkpoint], tree: Regrowth) -> None:
        """Begin at the size of ``tree``. ``elsewhere``: checkpoints kept elsewhere of sizes that the walk will pass."""
        self._report = report
        self._key = key
        self._pairing = pairing
        self._elsewhere: dict[int, list[Checkpoint]] = {}
        for checkpoint in elsewhere:
            self._elsewhere.setdefault(checkpoint.size, []).append(checkpoint)
        self._tree = tree
        self._sizes = {tree.size}  # of checkpoints of the newest piece, and that before it
        self._newest_ms = 0
        self._trusted = False  # whether the entry before is what its columns say, so that its time can be compared
        self._times: dict[int, int] = {}  # by size: the time of the newest entry, in the newest piece

    @property
    def last_ms(self) -> int | None:
        """The time of the newest entry; None where it cannot be told."""
        return self._newest_ms if self._trusted or self._tree.size == 0 else None

    @property
    def size(self) -> int:
        """Entries walked so far, from the log's beginning."""
        return self._tree.size

    def frontier(self) -> tuple[Hash, ...]:
        """The frontier that the entries have."""
        return self._tree.frontier()

    def root(self) -> Hash:
        """The root that the entries have; None where it cannot be computed."""
        return self._tree.root(self._tree.size)

    def begin(self, checkpoints: Sequence[StoredCheckpoint]) -> None:
        """Check the stored checkpoint of the size at which the walk begins, if there is one."""
        self._times = {0: 0}
        self._check_checkpoints(checkpoints)
        self._compare_elsewhere(self.size, self.size)
        if not checkpoints and self.size == 0:
            self._report.add(Wrong.CHECKPOINT, 0, "missing for the empty log")

    def take(self, piece: Piece) -> None:
        """Check a piece that begins where the one before ended."""
        sizes = {self.size} & self._sizes | {row[0] for row in piece.checkpoints}
        leaves, stored = self._check_entries(piece, sizes)
        for level, index, there in self._tree.grow(leaves, {0: stored, **piece.nodes}):
            why = "is not the hash of its children" if there else "missing"
            self._report.add(Wrong.NODE, index, f"level {level}: {why} (over entries {index << level} to {(index + 1 << level) - 1})")
        self._sizes = sizes
        self._check_checkpoints(piece.checkpoints)
        self._compare_elsewhere(piece.first + 1, piece.end)

    def skip(self, tree: Regrowth) -> None:
        """Go on behind missing entries, with a tree of the nodes that are stored over them."""
        self._report.add(Wrong.ORDER, self.size, f"entries {self.size} to {tree.size - 1} are missing")
        self._tree, self._trusted, self._sizes = tree, False, {tree.size}

    def is_checkpoint(self, size: int) -> bool:
        """Whether a checkpoint of this size, one of the newest piece's, was seen."""
        return size in self._sizes

    # ---- entries

    def _check_entries(self, piece: Piece, sizes: set[int]) -> tuple[list[Hash], list[Hash]]:
        """Check each entry; gives the leaf hashes of their bytes, and those stored beside them. None where an entry is missing."""
        leaves: list[Hash] = []
        stored: list[Hash] = []
        expected, add, see = piece.first, self._report.add, self._pairing.see
        self._times = {}
        for entry in piece.entries:
            if entry.index != expected:
                leaves += (missing := self._gap(expected, entry.index))
                stored += missing
                expected = entry.index
            digest = sha256(b"\x00" + entry.leaf).digest()
            why = contradiction(entry)
            if digest != entry.leaf_hash:
                add(Wrong.LEAF, expected, "its bytes do not have its hash")
            elif why:
                add(Wrong.LEAF, expected, why)
            self._check_time(entry, sizes, trusted=not why)
            see(entry)
            leaves.append(digest)
            stored.append(entry.leaf_hash)
            expected += 1
        missing = self._gap(expected, piece.end)
        return leaves + missing, stored + missing

    def _gap(self, first: int, end: int) -> list[Hash]:
        if first == end:
            return []
        self._trusted = False
        self._report.add(Wrong.ORDER, first, f"entries {first} to {end - 1} are missing")
        return [None] * (end - first)

    def _check_time(self, entry: StoredEntry, sizes: set[int], *, trusted: bool) -> None:
        ms = entry.ms
        if ms != self._newest_ms:
            if ms < self._newest_ms:
                self._report.add(Wrong.ORDER, entry.index, "its time goes back")
            elif trusted and self._trusted and entry.index not in sizes:
                self._report.add(Wrong.CHECKPOINT, entry.index, "missing: a batch ended here")
            self._newest_ms = ms if trusted else max(self._newest_ms, ms)
        self._trusted = trusted
        if trusted and entry.index + 1 in sizes:
            self._times[entry.index + 1] = ms

    # ---- checkpoints

    def _check_checkpoints(self, rows: Sequence[StoredCheckpoint]) -> None:
        for size, root, note, ms in rows:
            computed = self._tree.root(size)
            why = self._signature(size, root, note)
            if not why and computed is None:
                why = "the root of this size cannot be computed: entries and nodes are missing"
            if not why and computed != root:
                why = f"the first {size} entries have another root"
            if not why and self._times.get(size, ms) != ms:
                why = "its time is not that of its newest entry"
            if why:
                self._report.add(Wrong.CHECKPOINT, size, why)
        self._report.checkpoints += len(rows)

    def _signature(self, size: int, root: bytes, note: str) -> str:
        """What is wrong with a checkpoint's note; empty if nothing."""
        before = time.perf_counter()
        try:
            checkpoint = open_checkpoint(note.encode(), self._key)
        except NoteInvalid as cause:
            return str(cause)
        finally:
            self._report.seconds_signatures += time.perf_counter() - before
        return "" if (checkpoint.size, checkpoint.root) == (size, root) else "its note names another size or root than stands beside it"

    def _compare_elsewhere(self, first: int, last: int) -> None:
        for size in sorted(size for size in self._elsewhere if first <= size <= last):
            kept = self._elsewhere.pop(size)
            if any(checkpoint.root != self._tree.root(size) for checkpoint in kept):
                self._report.add(Wrong.CHECKPOINT, size, "a checkpoint kept elsewhere has another root")
            elif size not in self._sizes:
                self._report.add(Wrong.CHECKPOINT, size, "missing: a checkpoint of this size is kept elsewhere")


def contradiction(entry: StoredEntry) -> str:
    """What is wrong with a leaf's form, or where it and the columns beside it differ; empty if nothing."""
    try:
        members = parse_leaf(entry.leaf)
    except EntryInvalid:
        return "its bytes are not an entry"
    if not _MEMBERS <= members.keys() <= _MORE:
        return "its members are not those of an entry"
    if members["t"] == entry.ms and members["kind"] == entry.kind and members["eid"] == id_text(entry.eid):
        return "" if members.get("ref") == _ref(entry) else "its ref is not that of the column beside it"
    columns = {"t": entry.ms, "kind": entry.kind, "eid": id_text(entry.eid)}
    return f"its {next(name for name in columns if members[name] != columns[name])} is not that of the column beside it"


def _ref(entry: StoredEntry) -> str | None:
    return None if entry.ref is None else id_text(entry.ref)
