"""A SQLite file system that fails on command: the n-th write or sync, either not done at all or done and reported as failed."""

import threading
from dataclasses import dataclass
from itertools import count
from typing import Literal

import apsw

Act = Literal["write", "sync"]
_numbers = count()


@dataclass
class Fault:
    """Fail the ``nth`` act of this kind from now on (0: the next). ``persisted``: it is done all the same."""

    act: Act
    nth: int
    persisted: bool
    error: type[apsw.Error] = apsw.IOError


class FailingDisk(apsw.VFS):
    """Pass its ``name`` as ``vfs``."""

    def __init__(self) -> None:
        self.name = f"failing-disk-{next(_numbers)}"
        self.fault: Fault | None = None
        self.fired = 0
        self.seen: list[Act] = []
        self.gate = threading.Event()
        """Cleared: every sync waits until it is set."""
        self.gate.set()
        self.waiting = 0
        """Syncs that found it cleared."""
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # noqa: N802 (apsw's name)
        return _File(self, name, flags)

    def arm(self, fault: Fault | None) -> None:
        self.fault, self.fired, self.seen = fault, 0, []

    def fails(self, act: Act) -> Fault | None:
        """The fault, if this act is the one that fails."""
        number = self.seen.count(act)
        self.seen.append(act)
        if self.fault is None or self.fault.act != act or self.fault.nth != number:
            return None
        self.fired += 1
        return self.fault


class _File(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (apsw's name)
        fault = self._disk.fails("write")
        if fault is None or fault.persisted:
            super().xWrite(data, offset)
        if fault is not None:
            raise fault.error("the disk failed")

    def xSync(self, flags: int) -> None:  # noqa: N802 (apsw's name)
        self._disk.waiting += not self._disk.gate.is_set()
        self._disk.gate.wait(30)
        fault = self._disk.fails("sync")
        if fault is None or fault.persisted:
            super().xSync(flags)
        if fault is not None:
            raise fault.error("the disk failed")
