"""How fast a log of a million entries, at a mean batch of 16, is computed again: on one processor, signatures apart."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.progress import track

from linkage.audit.report import Report
from linkage.audit.verify import CHUNK, Verification
from linkage.store.backend import LogReader
from linkage.store.sqlite_read import SqliteReader
from tests.bench.bulk import load
from tests.small_log import SIGNER

ENTRIES = 1_000_000
AIM = 30_000


def measure(count: int = ENTRIES) -> list[dict[str, Any]]:
    """Load such a log, verify it, and give the rows of the figures.

    Raises:
        RuntimeError: it does not verify; then no figure means anything.
    """
    with tempfile.TemporaryDirectory(prefix="linkage-large-") as folder:
        log = Path(folder) / "log.db"
        load(log, Path(folder) / "keys.db", count)
        with SqliteReader(log) as reader:
            return rows_of(verified(reader))


def verified(reader: LogReader) -> Report:
    """The report on a log, made on one processor.

    Raises:
        RuntimeError: it does not verify.
    """
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        verification = Verification(reader, SIGNER.verifier)
        steps = max(1, verification.report.size // CHUNK)
        for _ in track(verification.steps(), "verifying", total=steps, disable=not sys.stderr.isatty()):
            continue
    finally:
        os.sched_setaffinity(0, allowed)
    if not verification.report.clean:
        raise RuntimeError(f"the log does not verify: {verification.report.findings[:3]}")
    return verification.report


def rows_of(report: Report) -> list[dict[str, Any]]:
    """The figures of a report."""
    entries = report.size / report.seconds
    return [
        {"name": f"verification of {report.size:,} entries, entries a second on one core", "value": round(entries), "aim": AIM},
        {"name": "checkpoints among them (signatures, not in the figure above)", "value": report.checkpoints, "aim": None},
        {"name": "their signatures, a second", "value": round(report.checkpoints / report.seconds_signatures), "aim": None},
    ]
