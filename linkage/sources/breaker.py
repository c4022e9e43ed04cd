"""Leaves an agency alone for a while after it failed several times in a row.

Closed: requests pass. Open: none does, for some seconds. Half open: one probe at a time passes, and what it meets closes the breaker
or opens it again. State is per source and per worker: each worker finds out for itself.
"""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import NamedTuple

from linkage.clock import Clock


class BreakerState(StrEnum):
    """Whether an agency is asked."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Pass(NamedTuple):
    """Leave to ask once. ``period`` counts the breaker's openings and closings: what an older pass reports no longer counts."""

    period: int
    probe: bool


_NO_PERIOD = -1


class Breaker:
    """One source's breaker. Not for several threads."""

    def __init__(self, failures: int, open_seconds: float, clock: Clock, on_change: Callable[[BreakerState], None]) -> None:
        self._most = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._on_change = on_change
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._probing = False
        self._period = 0
        on_change(BreakerState.CLOSED)

    @property
    def state(self) -> BreakerState:
        """The state now; reading it changes nothing."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.opens_in() > 0 else BreakerState.HALF_OPEN

    def opens_in(self) -> float:
        """Seconds until a probe is let through; 0 where nothing stands in its way."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self._open_seconds - self._clock.monotonic())

    def admit(self) -> Pass | None:
        """Leave to ask, or None. Each pass is handed back once: `worked`, `failed` or `undecided`."""
        if self._opened_at is None:
            return Pass(self._period, probe=False)
        if self._probing or self.opens_in() > 0:
            return None
        self._probing = True
        self._on_change(BreakerState.HALF_OPEN)
        return Pass(self._period, probe=True)

    def aside(self) -> Pass | None:
        """Leave to ask apart from every question, or None while it is open. What is reported of this pass counts for nothing."""
        return None if self.state is BreakerState.OPEN else Pass(_NO_PERIOD, probe=False)

    def worked(self, leave: Pass) -> None:
        """The agency answered, whatever it said."""
        if leave.period != self._period:
            return
        self._in_a_row = 0
        if leave.probe:
            self._probing = False
            self._opened_at = None
            self._period += 1
            self._on_change(BreakerState.CLOSED)

    def failed(self, leave: Pass) -> None:
        """The agency could not be reached, broke off, or sent what nobody can read."""
        if leave.period != self._period:
            return
        self._in_a_row += 1
        if leave.probe or self._in_a_row >= self._most:
            self._probing = False
            self._in_a_row = 0
            self._opened_at = self._clock.monotonic()
            self._period += 1
            self._on_change(BreakerState.OPEN)

    def undecided(self, leave: Pass) -> None:
        """Nothing was learned: the caller went away, or a defect of ours came first. The next may probe."""
        if leave.probe and leave.period == self._period:
            self._probing = False
