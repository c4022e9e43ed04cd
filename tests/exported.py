"""Exported logs for tests: a small true one, and both verifiers' word on any folder."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linkage.audit.export import Exported, export_log
from linkage.audit.exported import ExportVerification
from linkage.audit.report import Report
from linkage.store.contract import Draft, Kind
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from tests.second_export_verifier import check_export
from tests.second_verifier import Rejected
from tests.small_log import SIGNER, draft, intent, opened, outcome

KEY = SIGNER.verifier
SIZE = 600
LAST = "tile/entries/002.p/88"
"""The last bundle of its export."""
ORPHAN, RECOVERED = 301, 302
"""Indexes of an intent that nothing closed, and of the entry that closed another in place of its outcome."""


def fill(log: SqliteLog) -> None:
    """600 entries: two full bundles and 88 more."""
    closed, lost, open_ = intent(), intent(), intent()
    log.append([closed, lost, *(draft() for _ in range(298))])
    log.append([outcome(closed), open_, draft(Kind.RECOVERED, lost.eid), *(draft() for _ in range(297))])


def more(count: int) -> list[Draft]:
    return [draft() for _ in range(count)]


def grow(world: Path, count: int) -> None:
    """Append to the log of a world."""
    log = opened(world / "log.db")
    log.append(more(count))
    log.close()


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def export(log: Path, folder: Path, **options: Any) -> Exported:
    """Export a log as a command does."""
    with SqliteReader(log) as reader:
        steps = export_log(reader, KEY, folder, **options)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                done: Exported = end.value
                return done


def copied(folder: Path, to: Path) -> Path:
    return shutil.copytree(folder, to, symlinks=True)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def looked_through(folder: Path, **options: Any) -> ExportVerification:
    verification = ExportVerification(folder, KEY, **options)
    for _ in verification.steps():
        pass
    return verification


def report_of(folder: Path, **options: Any) -> Report:
    return looked_through(folder, **options).report


def said_by_the_second_verifier(folder: Path) -> str:
    """Empty where it accepts."""
    try:
        check_export(folder, KEY.text)
    except Rejected as why:
        return str(why)
    return ""
