"""The folder that a log is exported into: every file appears whole, or not at all, and what is full is never written again."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from linkage.errors import AuditUnavailable, LogCorrupt, Problem, SettingsInvalid
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.tiles import ENTRIES, Tile
from linkage.tlog.tree import HASH_SIZE

CHECKPOINT: Final = "checkpoint"
"""The newest checkpoint of the log; everything in the folder up to its size is vouched for by its signature."""
COSIGNED: Final = "checkpoint.cosigned"
"""The newest checkpoint that witnesses have cosigned, where that is an older one."""
VKEY: Final = "log.vkey"
"""The log's current public key."""
VKEYS: Final = "log.vkeys"
"""Every key that the log ever had, and for which sizes; only where there was more than one."""

_PART: Final = ".part"  # what is being written; one name, so that nothing is left over from a run that was killed
_OWN: Final = frozenset({CHECKPOINT, COSIGNED, VKEY, VKEYS, _PART, "tile"})
"""All that an export is made of."""
_PRIVATE: Final = (".key", ".keys", ".sqlite", ".db", ".toml", ".pem", ".secret")
"""What a gateway's own folder holds: it is never made one that is published."""


class ExportFailed(AuditUnavailable):
    """The folder cannot be written now: no space, no permission, another export. What was exported before is as it was."""


class ExportFolder:
    """An export's folder, locked for this run. ``with`` lets it go."""

    def __init__(self, folder: Path) -> None:
        """Make the folder if need be, and keep other exports away from it.

        Raises:
            SettingsInvalid: something else stands in its place.
            ExportFailed: it cannot be made or read, or another export into it is running.
        """
        self.path = folder
        self._touched: set[Path] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileExistsError, NotADirectoryError):
            raise SettingsInvalid((Problem(str(folder), "--to", "a file of that name", "a folder"),)) from None
        except OSError as cause:
            raise self._failed("", cause) from cause
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            os.close(self._lock)
            raise ExportFailed(f"{folder}: another export into it is running") from cause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def begin(self, key: LogVerifier) -> Checkpoint | None:
        """Claim the folder for the log with this key, and give the checkpoint of the export it holds; None if it holds no whole one.

        Raises:
            SettingsInvalid: it belongs to another log, or to something else.
            ExportFailed: it cannot be read or written.
        """
        with self._told(""):
            there = {each.name for each in self.path.iterdir()}
        if VKEY in there:
            self._check_vkey(key)
        elif there - {_PART}:
            raise self._wrong("", "files, but no log.vkey", "an empty or new folder, or an earlier export of this log")
        if there - _OWN and (CHECKPOINT not in there or any(name.endswith(_PRIVATE) for name in there)):
            raise self._wrong("", "files that are no export's", "an empty or new folder, or an earlier export of this log")
        self._replace(VKEY, f"{key.text}\n".encode())
        if len(key.keys) > 1:
            self._replace(VKEYS, key.lines.encode())
        if CHECKPOINT not in there:
            return None
        try:
            return open_checkpoint(self._read(CHECKPOINT), key)
        except NoteInvalid as cause:
            raise self._wrong(CHECKPOINT, f"{cause.what}: {cause.got}", cause.expected) from cause

    def holds(self, tile: Tile) -> bool:
        """Whether the tile is there with a length that it can have."""
        try:
            length = (self.path / tile.path).stat().st_size
        except OSError:
            return False
        return length >= 2 * tile.width if tile.level == ENTRIES else length == tile.width * HASH_SIZE

    def read(self, tile: Tile) -> bytes:
        """The bytes of a tile that is there; `ExportFailed` if they cannot be read."""
        return self._read(tile.path)

    def put(self, tile: Tile, content: bytes) -> bool:
        """Write a tile, or see that it is there with this content. Gives whether it was written.

        Raises:
            LogCorrupt: it is there with another content.
            ExportFailed: it cannot be written.
        """
        with self._told(tile.path):
            try:
                there = (self.path / tile.path).read_bytes()
            except FileNotFoundError:
                self._write(tile.path, content)
                return True
        if there != content:
            raise LogCorrupt(f"{tile.path}: the folder holds other bytes than the log; nothing was overwritten")
        return False

    def finish(self, checkpoint: str, cosigned: str | None) -> None:
        """Make everything written so far durable, then put the new checkpoint in place of the old one.

        Raises:
            ExportFailed: it cannot be written; the old checkpoint stays.
        """
        self._sync_touched()
        if cosigned is not None:
            self._replace(COSIGNED, cosigned.encode())
        self._replace(CHECKPOINT, checkpoint.encode())
        self._sync_touched()

    def drop_partial(self, full: Tile) -> None:
        """Remove what a full tile has grown out of; `ExportFailed` if it cannot be."""
        older = (self.path / full.path).with_name(f"{full.path.rpartition('/')[2]}.p")
        with self._told(full.path):
            if older.is_dir():
                for each in older.iterdir():
                    each.unlink()
                older.rmdir()

    def _check_vkey(self, key: LogVerifier) -> None:
        text = self._read(VKEY)
        try:
            theirs = LogVerifier.parse(text.decode("ascii", "replace"))
        except NoteInvalid as cause:
            raise self._wrong(VKEY, f"{cause.what}: {cause.got}", cause.expected) from None
        if theirs.current not in key.known:
            raise self._wrong(
                VKEY, f"the key of {ascii(theirs.name)[1:-1]}", f"the key {key.text}: another log's export is not overwritten"
            )

    def _replace(self, name: str, content: bytes) -> None:
        with self._told(name):
            target = self.path / name
            if not target.exists() or target.read_bytes() != content:
                self._write(name, content)

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that appears whole: durable once its folder is synced."""
        part, target = self.path / _PART, self.path / name
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor, not a path)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if target.parent not in self._touched:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._touched.update({target.parent, *(each for each in target.parent.parents if each.is_relative_to(self.path))})
        part.replace(target)

    def _sync_touched(self) -> None:
        with self._told(""):
            for folder in self._touched:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def _read(self, name: str) -> bytes:
        with self._told(name):
            return (self.path / name).read_bytes()

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as cause:
            raise self._failed(name, cause) from cause

    def _failed(self, name: str, cause: OSError) -> ExportFailed:
        return ExportFailed(f"{self.path / name}: {cause.strerror}; what was exported before is as it was")

    def _wrong(self, name: str, got: str, expected: str) -> SettingsInvalid:
        return SettingsInvalid((Problem(str(self.path / name), "--to", got, expected),))
