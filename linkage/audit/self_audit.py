"""The gateway re-reads its whole log in the background, over and over: what the disk changes is found by us, and soon.

It is `linkage.audit.verify` in a thread and with a reader of its own, a few entries at a time so that it is in nobody's way. The first
thing it finds wrong ends the writing: a log that does not verify must not grow.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from linkage.audit.verify import Verification
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LogCorrupt
from linkage.store.backend import LogReader
from linkage.telemetry import Metrics
from linkage.tlog.log_keys import LogVerifier

_log = structlog.get_logger()

CHUNK: Final = 64
"""Entries that are worked on without a pause: about two milliseconds in which other threads may have to wait."""
RETRY_S: Final = 10.0
"""Seconds after which a round that could not be finished is begun anew."""


class SelfAudit:
    """Re-reads a log round after round, in a thread that lives as long as `run`, or until something is wrong."""

    def __init__(
        self,
        open_reader: Callable[[], LogReader],
        key: LogVerifier,
        *,
        corrupt: Callable[[LogCorrupt], None],
        metrics: Metrics,
        clock: Clock,
        every_s: float,
        rate: int,
    ) -> None:
        """Prepare it.

        Args:
            open_reader: opens the log for reading, in the thread of the self-audit.
            key: the log's public keys.
            corrupt: told, in that thread, what is wrong; never twice.
            metrics: progress, the last round's end, findings.
            clock: for the time of a round's end.
            every_s: seconds from the beginning of one round to that of the next.
            rate: entries a second, at most.
        """
        self._open_reader, self._key, self._corrupt = open_reader, key, corrupt
        self._metrics, self._clock, self._every_s, self._rate = metrics, clock, every_s, rate
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="self-audit", daemon=True)

    async def run(self) -> None:
        """Begin the first round; cancelled, end at the next chunk and return when the thread has ended."""
        self._thread.start()
        try:
            await asyncio.Event().wait()
        finally:
            self._over.set()
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                finished = self._round()
            except LogCorrupt as cause:
                self._metrics.self_audit_findings.inc()
                self._corrupt(LogCorrupt(f"self-audit: {cause}"))
                return
            except AuditUnavailable as cause:
                _log.warning("the log could not be re-read; it is tried again", why=str(cause))
                finished = False
            pause = self._every_s - (time.monotonic() - begun) if finished else RETRY_S
            self._over.wait(max(0.0, pause))

    def _round(self) -> bool:
        """Re-read the whole log; whether it was not ended before.

        Raises:
            LogCorrupt: something is wrong; names the first thing.
            AuditUnavailable: the log cannot be read now.
        """
        with self._open_reader() as reader:
            work = Verification(reader, self._key, chunk=CHUNK)
            begun, before = time.monotonic(), 0
            for at in work.steps():
                self._metrics.self_audit_entries.inc(max(0, at.done - before))
                self._metrics.self_audit_progress.set(at.done / at.total if at.total else 1.0)
                if not work.report.clean:
                    raise LogCorrupt(str(work.report.findings[0]))
                before = at.done
                if self._over.wait(max(0.0, begun + at.done / self._rate - time.monotonic())):
                    return False
        self._metrics.self_audit_finished.set(self._clock.now_ms() / 1000)
        return True
