"""How long the journal lets entries gather before it writes the next batch.

A commit costs much the same for one entry and for thirty: signature, head row, sync. Where the processor is what everybody waits for, few
large batches leave more of it to the calls; everywhere else, waiting makes calls slower and nothing faster.
"""

import threading
import time
from typing import Final

EACH_S: Final = 0.002
MOST_S: Final = 0.020
"""Seconds that a batch gathers at most: for each entry beyond the first of the batch before, and in all. A lonely request never waits."""
_LOOK_S: Final = 0.0005
"""Seconds after which one looks whether the event loop still computes; where it does not, nothing more is on its way."""
_WINDOW_S: Final = 0.1
"""Seconds over which one sees how busy the event loop is."""
_BUSY: Final = 0.35
"""Its share of one processor from which on entries gather; it cannot have much more than seven tenths where the gateway has only one."""


class Gathering:
    """Lets entries gather. Made in the thread whose work brings them, the event loop's; `wait` is for the writing thread."""

    def __init__(self) -> None:
        clock_of = getattr(time, "pthread_getcpuclockid", None)  # not everywhere; the whole process's time is nearly as good
        self._clock = time.CLOCK_PROCESS_CPUTIME_ID if clock_of is None else clock_of(threading.get_ident())
        self._since, self._computed = time.monotonic(), time.clock_gettime(self._clock)
        self._busy = False

    def wait(self, written: int) -> None:
        """After a batch of so many entries: wait while the event loop computes, if it has been busy."""
        now, computed = time.monotonic(), self._computed_by_now()
        if now - self._since >= _WINDOW_S:
            self._busy = computed - self._computed > _BUSY * (now - self._since)
            self._since, self._computed = now, computed
        until = now + min((written - 1) * EACH_S, MOST_S) if self._busy else now
        while now < until:
            time.sleep(_LOOK_S)
            before, then = computed, now
            now, computed = time.monotonic(), self._computed_by_now()
            if computed - before < (now - then) / 2:
                return

    def _computed_by_now(self) -> float:
        """Seconds of processor time that the event loop's thread has had."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # the thread is gone: it brings nothing more
            return 0.0
