"""The anchor: the newest checkpoint beside the data keys, apart from the log, so that an older copy of the log is noticed.

A log that is put back from a backup would go on under the same name, and its key would sign two histories. The anchor may lag behind
the log by a moment; it never leads: only checkpoints of durable batches are offered to it. Several workers of one gateway keep one
anchor: they write in turns, and none puts an older checkpoint in the place of a newer one.
"""

import fcntl
import os
import time
from pathlib import Path

from linkage.errors import LogCorrupt
from linkage.store.backend import LogReader
from linkage.store.contract import StoreUnavailable
from linkage.store.sqlite_create import sync_folder
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid, ProofInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tree import consistency_path, verify_consistency

EVERY_S = 0.25
"""Seconds between two writings: its two syncs must not cost every batch its speed."""
_TURN_S = 0.05
"""Seconds for which a worker waits for another one's writing; then it is tried again at the next one."""


def anchor_beside(data_keys: Path) -> Path:
    """Where the anchor of the log is whose data keys are in this file."""
    return data_keys.with_name(f"{data_keys.name}.anchor")


class Anchor:
    """Keeps the newest checkpoint in a file of its own. For one thread; only `trouble` is read by others."""

    def __init__(self, path: Path) -> None:
        """Take the file's name; the file appears whole with the first checkpoint."""
        self.path = path
        self.trouble = ""
        """Why the file could not be written; empty if it could."""
        self._newest = self._kept = ""
        self._not_before = 0.0

    def offer(self, note: str) -> None:
        """Take a checkpoint of a durable batch. It is written now, or soon, as `due_in` says."""
        self._newest = note
        if self.due_in() == 0:
            self.keep()

    def due_in(self) -> float | None:
        """Seconds until `keep` is to be called; None where nothing waits to be written."""
        return None if self._newest == self._kept else max(0.0, self._not_before - time.monotonic())

    def keep(self) -> None:
        """Write what waits, durable on return. Never raises: the log is the record, and `trouble` says what is wrong."""
        if self._newest == self._kept:
            return
        try:
            self._write(self._newest.encode())
        except BlockingIOError:  # another worker is at it: what waits is written soon
            pass
        except OSError as cause:
            self.trouble = f"{self.path.name}: {cause.strerror}"
        else:
            self.trouble, self._kept = "", self._newest
        self._not_before = time.monotonic() + EVERY_S

    def _write(self, note: bytes) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _take_turn(folder)
            if _size(self._read()) <= _size(note):
                self._replace(note)
        finally:
            os.close(folder)  # with it the turn is over

    def _read(self) -> bytes:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return b""

    def _replace(self, note: bytes) -> None:
        unfinished = self.path.with_name(f"{self.path.name}.unfinished")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123 (a Path opens with no mode)
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)
        sync_folder(self.path.parent)


def _take_turn(folder: int) -> None:
    """Keep the other workers away until the folder is closed; `BlockingIOError` where one of them takes too long."""
    until = time.monotonic() + _TURN_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.001)
        else:
            return


def _size(note: bytes) -> int:
    """The number of entries that a checkpoint names; -1 where it is none, so that any other may take its place."""
    lines = note.split(b"\n", 2)
    return int(lines[1]) if len(lines) == 3 and lines[1].isdigit() else -1


def check_anchor(path: Path, reader: LogReader, key: LogVerifier) -> None:
    """Check that the log holds everything that the anchor has seen. Without an anchor there is nothing to check.

    Raises:
        LogCorrupt: the log ends before the anchor, or is another one, or the anchor is none of this key's.
        StoreUnavailable: one of them cannot be read now.
    """
    try:
        note = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as cause:
        raise StoreUnavailable(f"{path.name}: {cause.strerror}") from cause
    try:
        anchored = open_checkpoint(note, key)
    except NoteInvalid as cause:
        raise LogCorrupt(f"{path}: {cause}") from cause
    reader.consistent(lambda log: _check_after(log, anchored, path))


def _check_after(log: LogReader, anchored: Checkpoint, path: Path) -> None:
    head = log.head()
    if head.size < anchored.size:
        raise LogCorrupt(f"log: got {head.size} entries, {path} has seen {anchored.size}: an older copy; put the newest one back")
    proof = consistency_path(anchored.size, head.size, log.node, largest=head.size)
    try:
        verify_consistency(anchored.size, head.size, anchored.root, head.root, proof)
    except ProofInvalid as cause:
        raise LogCorrupt(f"log: its first {anchored.size} entries are not those that {path} has seen") from cause
