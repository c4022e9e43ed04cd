"""The log's time: milliseconds that never go back, whatever the wall clock does.

A wall clock slightly behind the log is taken to be the log's last time. A step is recorded, a clock far behind refused: entries
must not carry a time that nobody can explain.
"""

from linkage.clock import Clock
from linkage.store.contract import StoreUnavailable

NOTED_MS = 2_000
"""From this difference on a step is recorded; time servers slew within it."""
REFUSED_MS = 300_000
"""A wall clock further behind the log than this stops it until the clock is right again."""


class LogTime:
    """Turns the clock's time into the log's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: tuple[int, float] | None = None  # wall and monotonic time of the last batch
        self._behind = False  # the clock's being behind stands in the log
        self._next: tuple[tuple[int, float] | None, bool] = (None, False)

    def at(self, last_ms: int) -> tuple[int, int]:
        """The time of a batch, and the step in milliseconds that must be recorded with it (0: none; negative: backwards).

        Raises:
            StoreUnavailable: the wall clock is more than 5 minutes behind ``last_ms``.
        """
        now, monotonic = self._clock.now_ms(), self._clock.monotonic()
        lag = last_ms - now
        if lag > REFUSED_MS:
            raise StoreUnavailable(f"clock: {lag // 1000} s behind the log, at most {REFUSED_MS // 1000} s are accepted")
        step = 0
        if lag > NOTED_MS:
            step = 0 if self._behind else -lag
        elif self._seen is not None:
            ahead = now - self._seen[0] - round((monotonic - self._seen[1]) * 1000)
            step = ahead if abs(ahead) > NOTED_MS else 0
        self._next = ((now, monotonic), lag > NOTED_MS)
        return max(now, last_ms), step

    def passed(self) -> None:
        """The batch of the last `at` is durable: what it recorded need not be recorded again."""
        self._seen, self._behind = self._next
