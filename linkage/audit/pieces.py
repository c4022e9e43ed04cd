"""Reads a log a piece at a time, each in a short look of its own: entries, nodes and checkpoints are never changed once written.

What the database cannot give back (a damaged page, a text that is none) is found out entry by entry, so that a finding names it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from linkage.audit.report import Report, Wrong
from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import StoredEntry

_T = TypeVar("_T")

StoredCheckpoint = tuple[int, bytes, str, int]
"""Size, root, note, time in ms."""

_TOP = 64
"""Levels that a tree of at most 2**63-1 leaves can have."""
_CHECKPOINTS = 256


@dataclass(slots=True)
class Piece:
    """What stands between two sizes of a log: entries [first, end), the nodes they complete, the checkpoints of (first, end].

    ``nodes`` holds, for each level, the hashes of the nodes that are complete at ``end`` and were not at ``first``; None: missing.
    """

    first: int
    end: int
    entries: Sequence[StoredEntry] = ()
    nodes: dict[int, Sequence[bytes | None]] = field(default_factory=dict)
    checkpoints: list[StoredCheckpoint] = field(default_factory=list)


def read_piece(log: LogReader, first: int, end: int) -> Piece:
    """Read a piece. Ask within `LogReader.consistent`.

    Raises:
        LogCorrupt: something of it cannot be read.
    """
    piece = Piece(first, end, [entry for entry in log.entries(first, end - first) if entry.index < end])
    piece.nodes = {level: _nodes(log, level, first >> level, end >> level) for level in levels(first, end)}
    piece.checkpoints = checkpoints(log, first + 1, end)
    return piece


def levels(first: int, end: int) -> range:
    """The levels at which nodes become complete between two sizes."""
    top = next(level for level in range(1, _TOP + 1) if end >> level == first >> level)
    return range(1, top)


def checkpoints(log: LogReader, first: int, last: int) -> list[StoredCheckpoint]:
    """The checkpoints of these sizes, both included."""
    found: list[StoredCheckpoint] = []
    while first <= last:
        count = min(_CHECKPOINTS, last - first + 1)
        rows = log.checkpoints(first, count)
        found += [row for row in rows if row[0] <= last]
        if len(rows) < count:
            break
        first = rows[-1][0] + 1
    return found


def read_damaged(reader: LogReader, first: int, end: int, report: Report) -> Piece:
    """Read what can be read of a piece, one thing at a time; what cannot is a finding, and taken to be missing."""
    piece = Piece(first, end)
    entries = _halved(reader, first, end, lambda log, low, high: [one for one in log.entries(low, high - low) if one.index < high])
    for at, found in entries:
        if found is None:
            report.add(Wrong.LEAF, at, "cannot be read")
    piece.entries = [entry for _, found in entries for entry in found or ()]
    for level in levels(first, end):
        low, high = first >> level, end >> level

        def of_level(log: LogReader, at: int, to: int, level: int = level) -> Sequence[bytes | None]:
            return _nodes(log, level, at, to)

        row: list[bytes | None] = []
        for at, hashes in _halved(reader, low, high, of_level):
            if hashes is None:
                report.add(Wrong.NODE, at, f"level {level}: cannot be read")
            row += (None,) if hashes is None else hashes
        piece.nodes[level] = row
    piece.checkpoints = read_damaged_checkpoints(reader, first + 1, end, report)
    return piece


def read_damaged_checkpoints(reader: LogReader, first: int, last: int, report: Report) -> list[StoredCheckpoint]:
    """Read what can be read of the checkpoints of these sizes, both included; what cannot is a finding."""
    parts = _halved(reader, first, last + 1, lambda log, low, high: checkpoints(log, low, high - 1))
    bad = {size for size, found in parts if found is None}
    for size in sorted(bad):
        if size + 1 not in bad:  # one that cannot be read makes every size unreadable after the checkpoint before it
            report.add(Wrong.CHECKPOINT, size, "cannot be read")
    return [row for _, found in parts for row in found or ()]


def _nodes(log: LogReader, level: int, first: int, end: int) -> Sequence[bytes | None]:
    rows = log.nodes(level, first, end - first)
    if len(rows) == end - first and rows[-1][0] == end - 1:
        return [row[1] for row in rows]
    found = dict(rows)
    return [found.get(index) for index in range(first, end)]


def _halved(reader: LogReader, first: int, end: int, read: Callable[[LogReader, int, int], _T]) -> list[tuple[int, _T | None]]:
    """Read [first, end) in the largest parts that can be read; None stands for a single place that cannot."""
    try:
        return [(first, reader.consistent(lambda log: read(log, first, end)))]
    except LogCorrupt:
        if end - first <= 1:
            return [(first, None)]
        middle = (first + end) // 2
        return _halved(reader, first, middle, read) + _halved(reader, middle, end, read)
