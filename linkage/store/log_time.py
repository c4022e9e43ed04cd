"""The log's time: milliseconds that never go back, whatever the wall clock does.

A wall clock slightly behind the log is taken to be the log's last time. A step is recorded; a clock far behind, or one that jumped far
ahead while this process ran, is refused: entries must not carry a time that nobody can explain. Deadlines know nothing of this: they
run on the monotonic clock.

Several machines' clocks write to a log in a database, and the log's time never goes back: one that is ahead would keep all the others
out. So each is held against the database server's own. A log in a file is one machine's, which has but one clock: there is nothing to
compare it with, and a process that starts takes it as it is.
"""

from typing import Final

from linkage.clock import Clock, utc
from linkage.store.contract import StoreUnavailable

NOTED_MS: Final = 2_000
"""From this difference on a step is recorded; time servers slew within it."""
REFUSED_MS: Final = 300_000
"""A wall clock further behind the log than this stops it until the clock is right again."""
CLOCK_JUMP_S: Final = 3600.0
"""A wall clock that goes further ahead of the monotonic clock than this, by default, between two batches stops the log as well."""
APART_S: Final = 60.0
"""A wall clock further from the database server's, ahead or behind, stops the log as well."""
EARLIEST_MS: Final = 1_735_689_600_000
"""2025-01-01: before it there was no log. A machine without a clock of its own begins in 1970."""


class LogTime:
    """Turns the clock's time into the log's. `trouble` may be asked by any thread."""

    def __init__(self, clock: Clock, jump_s: float = CLOCK_JUMP_S, apart_s: float = APART_S) -> None:
        """Take the clock.

        Args:
            clock: this machine's.
            jump_s: how many seconds it may step ahead while this process runs.
            apart_s: how many seconds it may be from the database server's, where one is told of (`heed`).
        """
        self._clock = clock
        self._jump_ms = round(jump_s * 1000)
        self._apart_ms = round(apart_s * 1000)
        self._server: tuple[int, float] | None = None  # the database server's time, and the monotonic time it was told at
        self._seen: tuple[int, float] | None = None  # wall and monotonic time of the last batch
        self._behind = False  # the clock's being behind stands in the log
        self._next: tuple[tuple[int, float] | None, bool] = (None, False)

    def heed(self, server_ms: int) -> None:
        """Take note of the database server's time, Unix ms, as it was a moment ago: from now on this clock is held against it."""
        self._server = server_ms, self._clock.monotonic()

    def at(self, last_ms: int) -> tuple[int, int]:
        """The time of a batch, and the step in milliseconds that must be recorded with it (0: none; negative: backwards).

        Raises:
            StoreUnavailable: the wall clock is more than 5 minutes behind ``last_ms``, jumped ahead since the last batch, or is too
                far from the database server's.
        """
        now, monotonic = self._clock.now_ms(), self._clock.monotonic()
        ahead = self._ahead(now, monotonic)
        if why := self._wrong(now, ahead, last_ms):
            raise StoreUnavailable(why)
        lag = last_ms - now
        step = 0
        if lag > NOTED_MS:
            step = 0 if self._behind else -lag
        elif abs(ahead) > NOTED_MS:
            step = ahead
        self._next = ((now, monotonic), lag > NOTED_MS)
        return max(now, last_ms), step

    def trouble(self, last_ms: int) -> str:
        """Why a batch would be refused now because of the clock; empty if it would not."""
        now, monotonic = self._clock.now_ms(), self._clock.monotonic()
        return self._wrong(now, self._ahead(now, monotonic), last_ms)

    def passed(self) -> None:
        """The batch of the last `at` is durable: what it recorded need not be recorded again."""
        self._seen, self._behind = self._next

    def _ahead(self, now: int, monotonic: float) -> int:
        """Milliseconds that the wall clock has gained on the monotonic one since the last batch."""
        seen = self._seen
        return 0 if seen is None else now - seen[0] - round((monotonic - seen[1]) * 1000)

    def _wrong(self, now: int, ahead: int, last_ms: int) -> str:
        if now < EARLIEST_MS:
            return "clock: before 2025; set it"
        if why := self._far_apart(now):
            return why
        if last_ms - now > REFUSED_MS:
            return f"clock: {(last_ms - now) // 1000} s behind the log, at most {REFUSED_MS // 1000} s are accepted; set it"
        if ahead > self._jump_ms:
            return (
                f"clock: stepped {ahead // 1000} s ahead while running, at most {self._jump_ms // 1000} s are accepted; "
                "set it back, or start the gateway anew if it is right now"
            )
        return ""

    def _far_apart(self, now: int) -> str:
        told = self._server
        if told is None:
            return ""
        server = told[0] + round((self._clock.monotonic() - told[1]) * 1000)
        if abs(now - server) <= self._apart_ms:
            return ""
        return (
            f"clock: {_shown(now)} on this machine, {_shown(server)} on the database server, "
            f"at most {self._apart_ms // 1000} s apart are accepted; set the one that is wrong"
        )


def _shown(ms: int) -> str:
    return f"{utc(ms):%Y-%m-%dT%H:%M:%SZ}"
