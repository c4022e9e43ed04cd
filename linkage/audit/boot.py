"""What happens before a journal is used: the log's right edge is checked, orphans of earlier processes are closed, the start is recorded.

The whole log is checked by `linkage.audit.verify`; here only what is cheap enough for every start, whatever the log's size.
"""

import os
from pathlib import Path

from linkage.audit.journal import Journal
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, Kind, Origin, frame
from linkage.audit.sweeper import sweep
from linkage.clock import Clock
from linkage.errors import LogCorrupt
from linkage.ids import new_id
from linkage.store.backend import LogReader
from linkage.store.contract import Draft, Head, SpaceLimits
from linkage.store.sqlite_head import check_head
from linkage.store.sqlite_log import SqliteLog
from linkage.tlog.note import Signer, VerifierKey
from linkage.tlog.tree import leaf_hash, node_hash, read_frontier

EDGE = 256
"""Newest leaves that are hashed again at every start."""


def new_origin(replica: str) -> Origin:
    """Who writes, with a fresh id for this process's start. ``replica``: this gateway's name in the log."""
    return Origin(replica, os.urandom(16))


def open_log(
    path: Path, *, signer: Signer, clock: Clock, origin: Origin, space: SpaceLimits | None = None, vfs: str | None = None
) -> SqliteLog:
    """Open an existing log for a journal.

    Raises:
        AuditUnavailable: missing, locked, not writable durably, or its head is not sound.
    """

    def stepped(step_ms: int) -> Draft:
        entry = Entry(Kind.CLOCK, new_id(clock), {"step_ms": step_ms})
        return Draft(entry.kind, entry.eid, frame(entry, origin))

    return SqliteLog(path, signer=signer, clock=clock, clock_entry=stepped, space=space, vfs=vfs)


def check_edge(reader: LogReader, key: VerifierKey) -> Head:
    """Check head, newest checkpoint, frontier and the last 256 leaves against each other.

    Raises:
        LogCorrupt: they contradict each other; names where. The log must not be written any more.
        StoreUnavailable: the file cannot be read now.
    """
    return reader.consistent(lambda log: _check_edge(log, key))


def _check_edge(log: LogReader, key: VerifierKey) -> Head:
    head = check_head(log.head(), None, key)
    if tuple(read_frontier(head.size, log.node)) != head.frontier:
        raise LogCorrupt("frontier: differs from the stored nodes")
    first = max(0, head.size - EDGE)
    expected = first
    for entry in log.entries(first, EDGE + 1):
        if entry.index != expected:
            raise LogCorrupt(f"leaf {expected}: missing")
        if leaf_hash(entry.leaf) != entry.leaf_hash:
            raise LogCorrupt(f"leaf {entry.index}: its bytes do not have its hash")
        expected += 1
    if expected != head.size:
        raise LogCorrupt(f"leaf {min(expected, head.size)}: the head's size is {head.size}, the newest leaf's index {expected - 1}")
    _check_edge_nodes(log, first, head.size)
    return head


def _check_edge_nodes(log: LogReader, first: int, size: int) -> None:
    """Hash again every node that stands wholly over the leaves [first, size)."""
    level, low, high = 1, (first + 1) // 2, size // 2
    while low < high:
        for index in range(low, high):
            if node_hash(log.node(level - 1, 2 * index), log.node(level - 1, 2 * index + 1)) != log.node(level, index):
                raise LogCorrupt(f"node {level}/{index}: is not the hash of its children")
        level, low, high = level + 1, (low + 1) // 2, high // 2


async def announce(journal: Journal, clock: Clock, *, version: str, digests: dict[str, JSON]) -> Receipt:
    """Record this process's start: its version, and the digest of each file it was configured with.

    Raises:
        AuditUnavailable: the log cannot record; the process must not serve.
    """
    facts: dict[str, JSON] = {"version": version, "digests": digests, "pid": os.getpid()}
    return await journal.record(Entry(Kind.BOOT, new_id(clock), facts))


async def recover_orphans(journal: Journal, clock: Clock) -> int:
    """Close every open intent, and give their number. Only with the log's lock held and before any worker of ours serves.

    Raises:
        AuditUnavailable: not all could be closed.
    """
    return await sweep(journal, clock.now_ms() + _FAR, why="process ended")


_FAR = 10 * 366 * 86_400_000
"""Milliseconds beyond any time in the log: at a start no open intent is too young to be an orphan."""
