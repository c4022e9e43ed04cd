"""What one batch adds to the log in PostgreSQL: put together in memory, then written at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from linkage.errors import LogCorrupt
from linkage.store.contract import CLOSING, MAX_LEAF, Draft, Head, Kind, LeafFrame, StoreUnavailable
from linkage.store.postgres_open import Connection, Cursor, columns
from linkage.store.postgres_read import STRAY
from linkage.tlog.tree import NewNode, frontier_nodes, inclusion_path, leaf_hash, push

_LEAVES: Final = (
    "INSERT INTO linkage_log.leaf"
    " SELECT * FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[], %b::bytea[], %b::text[], %b::bytea[], %b::bigint[])"
)
_NODES: Final = "INSERT INTO linkage_log.node SELECT * FROM unnest(%b::int[], %b::bigint[], %b::bytea[])"
_CHECKPOINT: Final = "INSERT INTO linkage_log.checkpoint VALUES (%b, %b, %b, %b)"
_OPENED: Final = "INSERT INTO linkage_claims.open_intent SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::bigint[])"
# The table of open intents is only derived: what closes something must rest on the entries.
_CLOSED: Final = (
    "DELETE FROM linkage_claims.open_intent WHERE eid = ANY (%b::bytea[])"
    " AND EXISTS (SELECT 1 FROM linkage_log.leaf WHERE leaf.eid = open_intent.eid AND kind = 'intent')"
)
_OPEN: Final = (
    "SELECT eid FROM linkage_claims.open_intent WHERE eid = ANY (%b::bytea[])"
    " AND EXISTS (SELECT 1 FROM linkage_log.leaf WHERE leaf.eid = open_intent.eid AND kind = 'intent')"
    " AND NOT EXISTS (SELECT 1 FROM linkage_log.leaf WHERE leaf.ref = open_intent.eid AND kind IN ('outcome', 'recovered'))"
)
_HEAD: Final = "UPDATE linkage_log.head SET size = %b, frontier = %b, root = %b, last_ms = %b, note = %b WHERE id = 1 AND size = %b"
_STORED: Final = (
    "SELECT level, idx, hash FROM unnest(%b::int[], %b::bigint[]) AS wanted (level, idx) JOIN linkage_log.node USING (level, idx)"
    " UNION ALL SELECT 0, idx, hash FROM linkage_log.leaf WHERE idx = ANY (%b::bigint[])"
)


class FreshNodes:
    """Reads the nodes that proofs of a batch's leaves need: the frontier before it, what it made, and what was read of the log."""

    __slots__ = ("_frontier", "_made", "_nodes", "_older", "_size")

    def __init__(self, size: int, frontier: Sequence[bytes], made: Sequence[NewNode], older: dict[tuple[int, int], bytes]) -> None:
        """Take the log before the batch, the nodes it made, and nodes of the log that proofs of older leaves need."""
        self._size, self._frontier, self._made, self._older = size, frontier, made, older
        self._nodes: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """The hash of a node."""
        if not self._nodes:
            self._nodes.update(self._older)
            self._nodes.update(zip(frontier_nodes(self._size), self._frontier, strict=True))
            self._nodes.update({(at, place): value for at, place, value in self._made})
        return self._nodes[level, index]


@dataclass(slots=True)
class Growth:
    """What a batch adds to the log, while it is put together."""

    size: int
    frontier: list[bytes]
    ms: int
    made: list[NewNode] = field(default_factory=list)
    leaves: list[tuple[int, bytes, bytes, bytes, str, bytes | None, int]] = field(default_factory=list)
    opened: list[tuple[bytes, int, int]] = field(default_factory=list)
    closed: list[bytes] = field(default_factory=list)
    eids: set[bytes] = field(default_factory=set)

    def add(self, kind: Kind, eid: bytes, ref: bytes | None, frame: LeafFrame) -> tuple[int, bytes]:
        """Add an entry; gives its index and its leaf."""
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
            self.closed.append(ref)
        self.eids.add(eid)
        return index, leaf

    @property
    def stands(self) -> dict[bytes, tuple[int, bytes]]:
        """Where each entry is to stand, and its hash, by id."""
        return {eid: (index, digest) for index, digest, _, eid, *_ in self.leaves}


class Written:
    """The statements that write a batch, sent in one pipeline; what they changed is known when it ends."""

    def __init__(self, connection: Connection, growth: Growth, old: Head, new: Head) -> None:
        """Send them."""
        run = connection.execute
        run(_LEAVES, columns(growth.leaves))
        nodes = [node for node in growth.made if node[0]]
        if nodes:
            run(_NODES, columns(nodes))
        if growth.opened:
            run(_OPENED, columns(growth.opened))
        self._closed = len(growth.closed)
        self._deleted: Cursor | None = run(_CLOSED, (growth.closed,)) if growth.closed else None
        run(_CHECKPOINT, (new.size, new.root, new.note, new.last_ms))
        self._moved = run(_HEAD, (new.size, b"".join(new.frontier), new.root, new.last_ms, new.note, old.size))

    def all_closed(self) -> bool:
        """Whether every intent that the batch closes was open."""
        return self._deleted is None or self._deleted.rowcount == self._closed

    def check(self) -> None:
        """`LogCorrupt` unless the head was moved from where it was found."""
        if self._moved.rowcount != 1:
            raise LogCorrupt("head: moved within our own transaction")


class Known:
    """What the log already says of a batch's drafts: for batches of which an earlier attempt may have been committed."""

    def __init__(self, connection: Connection, drafts: Sequence[Draft], size: int) -> None:
        """Ask for the entries of these ids, and whether the intents that they close are open.

        Raises:
            LogCorrupt: something stands beyond the log's ``size`` entries; no batch can be written there.
        """
        closing = [draft.ref for draft in drafts if draft.kind in CLOSING and draft.ref is not None]
        with connection.pipeline():
            entries = connection.execute(
                "SELECT eid, idx, kind, ms, data FROM linkage_log.leaf WHERE eid = ANY (%b::bytea[])",
                ([draft.eid for draft in drafts],),
                binary=True,
            )
            intents = connection.execute(_OPEN, (closing,), binary=True)
            stray = connection.execute(STRAY, {"size": size})
        if (beyond := stray.fetchone()) is not None:
            raise LogCorrupt(f"{beyond[1]}: stands beyond the head's size, {size}")
        self.entries: dict[bytes, tuple[int, str, int, bytes]] = {row[0]: row[1:] for row in entries}
        self.open = {row[0] for row in intents}


def nodes_for(
    connection: Connection, indexes: Sequence[int], size: int, fresh: Callable[[int, int], bytes]
) -> dict[tuple[int, int], bytes]:
    """The stored nodes that proofs of older leaves need in the log of ``size`` entries; `LogCorrupt` where one is missing."""
    wanted: set[tuple[int, int]] = set()

    def note(level: int, index: int) -> bytes:
        try:
            return fresh(level, index)
        except KeyError:
            wanted.add((level, index))
            return bytes(32)

    for index in indexes:
        inclusion_path(index, size, note)
    above = sorted(each for each in wanted if each[0])
    leaves = [index for level, index in wanted if not level]
    levels, places = columns(above) if above else ([], [])
    found = {(level, index): digest for level, index, digest in connection.execute(_STORED, (levels, places, leaves), binary=True)}
    for level, index in sorted(wanted - found.keys()):
        raise LogCorrupt(f"node {level}/{index}: missing")
    return found
