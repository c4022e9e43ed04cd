"""What happens before a journal is used: the log's right edge is checked, orphans of earlier processes are closed, the start is recorded.

The whole log is checked by `linkage.audit.verify`; here only what is cheap enough for every start, whatever the log's size.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from linkage.audit.journal import Journal
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, EntryInvalid, Kind, Origin, frame, parse_leaf
from linkage.audit.sweeper import sweep
from linkage.clock import Clock
from linkage.errors import LogCorrupt
from linkage.ids import new_id
from linkage.store.backend import LogReader, LogStore
from linkage.store.contract import Draft, Head, SpaceLimits, StoredEntry
from linkage.store.head_check import check_head
from linkage.store.sqlite_log import SqliteLog
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogSigner, LogVerifier
from linkage.tlog.tree import NodeReader, leaf_hash, node_hash, read_frontier, root_of

EDGE = 256
"""Newest leaves that are hashed again at every start."""


def new_origin(replica: str) -> Origin:
    """Who writes, with a fresh id for this process's start. ``replica``: this gateway's name in the log."""
    return Origin(replica, os.urandom(16))


def clock_steps(clock: Clock, origin: Origin) -> Callable[[int], Draft]:
    """Makes the entry that records a step of the wall clock, given in milliseconds."""

    def stepped(step_ms: int) -> Draft:
        entry = Entry(Kind.CLOCK, new_id(clock), {"step_ms": step_ms})
        return Draft(entry.kind, entry.eid, frame(entry, origin))

    return stepped


def open_log(
    path: Path, *, signer: LogSigner, clock: Clock, origin: Origin, space: SpaceLimits | None = None, vfs: str | None = None
) -> SqliteLog:
    """Open an existing log for a journal.

    Raises:
        AuditUnavailable: missing, locked, not writable durably, or its head is not sound.
    """
    return SqliteLog(path, signer=signer, clock=clock, clock_entry=clock_steps(clock, origin), space=space, vfs=vfs)


def check_edge(reader: LogReader, key: LogVerifier) -> Head:
    """Check the log's right edge: head, frontier, and what was written with the last 256 leaves, against each other.

    Nothing may stand beyond them, and what is held to be open must be open intents.

    What it costs does not grow with the log.

    Raises:
        LogCorrupt: they contradict each other; names where. The log must not be written any more.
        StoreUnavailable: the file cannot be read now.
    """
    return reader.consistent(lambda log: _check_edge(log, key))


def _check_edge(log: LogReader, key: LogVerifier) -> Head:
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
    read = _edge(log, first)
    _check_edge_nodes(read, first, head.size)
    _check_edge_notes(log, read, first, head, key)
    if stray := log.stray(head.size):
        raise LogCorrupt(f"{stray}: stands beyond the head's size, {head.size}")
    if held := log.unfounded():
        raise LogCorrupt(f"open {held.index}: held to be open, but the log holds no such intent that is open")
    return head


def _edge(log: LogReader, first: int) -> NodeReader:
    """Reads nodes, those over the leaves from ``first`` on a level at a time: a database may be a network away."""
    known = {(0, entry.index): entry.leaf_hash for entry in log.entries(first, EDGE)}
    for level in range(1, EDGE.bit_length() + 1):
        known.update({(level, index): digest for index, digest in log.nodes(level, first >> level, (EDGE >> level) + 1)})

    def read(level: int, index: int) -> bytes:
        if (level, index) not in known:
            known[level, index] = log.node(level, index)
        return known[level, index]

    return read


def _check_edge_nodes(read: NodeReader, first: int, size: int) -> None:
    """Hash again every node that stands wholly over the leaves [first, size)."""
    level, low, high = 1, (first + 1) // 2, size // 2
    while low < high:
        for index in range(low, high):
            if node_hash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1)) != read(level, index):
                raise LogCorrupt(f"node {level}/{index}: is not the hash of its children")
        level, low, high = level + 1, (low + 1) // 2, high // 2


def _check_edge_notes(log: LogReader, read: NodeReader, first: int, head: Head, key: LogVerifier) -> None:
    """Check the checkpoints of the edge: signed by the log's key, with the roots that the nodes have; the newest is the head's own."""
    newest = ""
    for size, root, note, _ in log.checkpoints(first, EDGE + 1):
        if size > head.size:
            break
        try:
            signed = open_checkpoint(note.encode(), key)
        except NoteInvalid as cause:
            raise LogCorrupt(f"checkpoint {size}: {cause}") from cause
        if (signed.size, signed.root) != (size, root) or root != root_of(read_frontier(size, read)):
            raise LogCorrupt(f"checkpoint {size}: names another size or root than the entries have")
        newest = note
    if newest != head.note:
        raise LogCorrupt(f"checkpoint {head.size}: missing, or not the head's")


async def announce(journal: Journal, clock: Clock, *, version: str, digests: dict[str, JSON]) -> Receipt:
    """Record this process's start: its version, and the digest of each file it was configured with.

    Raises:
        AuditUnavailable: the log cannot record; the process must not serve.
    """
    facts: dict[str, JSON] = {"version": version, "digests": digests, "pid": os.getpid()}
    return await journal.record(Entry(Kind.BOOT, new_id(clock), facts))


async def recover_orphans(journal: Journal, clock: Clock, *, only_of: str | None = None, boots: frozenset[str] | None = None) -> int:
    """Close the open intents of processes that have ended, and give their number. Without ``boots``, before any worker of ours serves.

    Args:
        journal: closes them.
        clock: for the time of looking.
        only_of: the replica whose intents they are, where others write the same log; nobody else may be running under that name. None:
            every open intent is an orphan, as the log's lock is held.
        boots: the processes, by the ids of their starts, where others of this gateway run. None: all have ended.

    Raises:
        AuditUnavailable: not all could be closed.
    """
    long_after = clock.now_ms() + _FAR
    if only_of is None and boots is None:
        return await sweep(journal, long_after, why="process ended")
    own = await journal.with_log(lambda log: _open_intents_of(log, only_of, boots, long_after))
    done = 0
    for first in range(0, len(own), _AT_ONCE):
        closed = await asyncio.gather(*(journal.recover(eid, "process ended") for eid in own[first : first + _AT_ONCE]))
        done += sum(closed)
    return done


def _open_intents_of(log: LogStore, replica: str | None, boots: frozenset[str] | None, before_ms: int) -> list[bytes]:
    def is_of(entry: StoredEntry) -> bool:
        try:
            leaf = parse_leaf(entry.leaf)
        except EntryInvalid:
            return False
        return (replica is None or leaf.get("replica") == replica) and (boots is None or leaf.get("boot") in boots)

    with log.reader() as reader:
        open_now = log.open_intents(before_ms, _MOST_OPEN)
        return reader.consistent(lambda see: [one.eid for one in open_now if any(map(is_of, see.entries(one.index, 1)))])


_FAR = 10 * 366 * 86_400_000
"""Milliseconds beyond any time in the log: at a start no open intent is too young to be an orphan."""
_AT_ONCE = 128
_MOST_OPEN = 10_000
"""Open intents that are looked through at a start; should there be more, the sweeper closes the rest when they are old enough."""
