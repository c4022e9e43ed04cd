"""How long ago the log was witnessed, and what that means: nothing, a warning, or that nothing new is begun."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from linkage.clock import Clock

LOOK_S = 0.5
"""Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class WitnessLimits:
    """How often, how many, how long. Seconds; ``refuse_after`` 0: never."""

    every: float = 5.0
    quorum: int = 1
    warn_after: float = 900.0
    refuse_after: float = 14_400.0


class Witnesses(Protocol):
    """Is told how the witnesses fare; on the event loop."""

    def tried(self, witness: str, result: str) -> None:
        """A submission is over: ``cosigned``, or a few fixed words why not."""
        ...

    def cosigned(self, witness: str, size: int) -> None:
        """A witness has cosigned the checkpoint of this size."""
        ...

    def ages(self, seconds: Sequence[tuple[str, float]], trouble: str) -> None:
        """Seconds since each witness cosigned last; ``trouble``: why that is too long, empty while it is not."""
        ...


class Freshness:
    """When each witness cosigned last. By the wall clock, so that a new start does not begin to count anew.

    A time that is yet to come, because the clock was stepped back, counts as the time of the first look that finds it so.
    """

    def __init__(self, names: Sequence[str], limits: WitnessLimits, clock: Clock) -> None:
        self._names = names
        self._limits = limits
        self._clock = clock
        self._at_ms: dict[str, int] = {}

    def cosigned(self, witness: str, at_ms: int) -> None:
        """It cosigned then, Unix time in ms."""
        self._at_ms[witness] = at_ms

    def age(self, witness: str) -> float:
        """Seconds since the witness cosigned last; 0 where nobody has said when."""
        now = self._clock.now_ms()
        at = self._at_ms.get(witness, now)
        if at > now:
            self._at_ms[witness] = at = now
        return (now - at) / 1000

    def trouble(self) -> str:
        """Why the log does not count as witnessed, in a few words; empty while it does, or nobody is to witness it."""
        return self._stale(self._limits.warn_after)

    async def watch(self, withhold: Callable[[str], None], told: Witnesses) -> None:
        """Look until cancelled. ``withhold`` is told each time why nothing new may be begun; empty where it may."""
        while True:
            told.ages([(name, self.age(name)) for name in self._names], self.trouble())
            withhold(self._stale(self._limits.refuse_after) if self._limits.refuse_after else "")
            await asyncio.sleep(LOOK_S)

    def _stale(self, limit: float) -> str:
        ages = sorted(map(self.age, self._names))
        if not ages or ages[self._limits.quorum - 1] <= limit:
            return ""
        return f"not cosigned by {self._limits.quorum} of {len(ages)} witnesses for more than {limit:.0f} s"
