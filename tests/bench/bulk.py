"""Loads a large log that verifies: entries, nodes, checkpoints of batches of 16 on average, head, and the rows of its data keys.

What a gateway writes in hours is written in minutes: many batches in one transaction, no sync between them. Nothing of the gateway
uses this; what it has made, the gateway's own code then opens, verifies and appends to.
"""

import sys
from pathlib import Path

import apsw
from rich.progress import track

from linkage.store.backend import KeyRow
from linkage.store.sqlite_keys import create_keys
from linkage.store.sqlite_log import create_log
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.tree import NewNode, leaf_hash, push, root_of
from tests.bench.invented import Invented, entries
from tests.small_log import SIGNER

_AT_ONCE = 20_000


class _Loader:
    def __init__(self, log: Path, keys: Path) -> None:
        create_log(log, SIGNER)
        create_keys(keys)
        self._log, self._keys = _fast(log), _fast(keys)
        self._ms = 0
        self._frontier: list[bytes] = []
        self._size = 0
        self._leaves: list[tuple[object, ...]] = []
        self._nodes: list[NewNode] = []
        self._checkpoints: list[tuple[int, bytes, str, int]] = []
        self._rows: list[tuple[object, ...]] = []

    def take(self, entry: Invented, key: KeyRow | None) -> None:
        if entry.ms != self._ms and self._size:
            self._checkpoint()
        self._ms = entry.ms
        made: list[NewNode] = []
        digest = leaf_hash(entry.leaf)
        push(self._frontier, self._size, digest, made)
        self._leaves.append((self._size, digest, entry.leaf, entry.eid, entry.kind, entry.ref, entry.ms))
        self._nodes += [node for node in made if node[0]]
        self._size += 1
        if key is not None:
            self._rows.append((key.id, key.wrapped, "k1", key.pseudonym, key.epoch, key.made_ms, key.expires_ms))

    def flush(self, *, end: bool = False) -> None:
        """Write what has gathered; at the end with the newest checkpoint and the head."""
        if end:
            self._checkpoint()
        with self._log:
            self._log.executemany("INSERT INTO leaf VALUES (?, ?, ?, ?, ?, ?, ?)", self._leaves)
            self._log.executemany("INSERT INTO node VALUES (?, ?, ?)", self._nodes)
            self._log.executemany("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", self._checkpoints)
            if end:
                size, root, note, ms = self._checkpoints[-1]
                self._log.execute(
                    "UPDATE head SET size = ?, frontier = ?, root = ?, last_ms = ?, note = ?",
                    (size, b"".join(self._frontier), root, ms, note),
                )
        with self._keys:
            self._keys.executemany("INSERT INTO data_key VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows)
        for gathered in (self._leaves, self._nodes, self._checkpoints, self._rows):
            gathered.clear()

    def close(self) -> None:
        for connection in (self._log, self._keys):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            connection.pragma("synchronous", "full")
            connection.close(True)

    def _checkpoint(self) -> None:
        root = root_of(self._frontier)
        self._checkpoints.append((self._size, root, sign_checkpoint(SIGNER, self._size, root), self._ms))


def _fast(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.pragma("synchronous", "off")
    connection.pragma("cache_size", -500_000)
    return connection


def load(log: Path, keys: Path, count: int, *, quiet: bool = not sys.stderr.isatty()) -> None:
    """Make a log of ``count`` entries, an even number, and its data keys, where nothing is yet."""
    loader = _Loader(log, keys)
    for number, (entry, key) in enumerate(track(entries(count), "loading", total=count, disable=quiet), start=1):
        loader.take(entry, key)
        if number % _AT_ONCE == 0:
            loader.flush()
    loader.flush(end=True)
    loader.close()
