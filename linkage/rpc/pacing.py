"""Callers that ask again at once, whatever they are told: they are told late.

A refusal says when to come again, and costs little; but a program that does not wait makes thousands of them a second, which together keep
everybody else waiting for the processor. So a caller's first refusals in a second are told at once, and further ones only after a while: a
program that waits for its answers, if for nothing else, is slowed down by that. A refusal that is kept holds no place and no request.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

from linkage.clock import Clock

TOLD_AT_ONCE: Final = 100
"""Refusals of one caller in a second; that many take the processor a few hundredths of its time. Who waits when told to, needs fewer."""
MOST_KEPT: Final = 1024
"""Refusals kept at once, some 20 KB each; beyond them all are told at once."""
_LONGEST_S: Final = 2.0
"""Seconds; as long as the longest wait that a caller is told to sleep out inside a call."""
_SECOND_S: Final = 1.0


class Pacing:
    """Says how long to keep a refusal. For one event loop.

    Args:
        clock: by which a second passes.
        count: told of every refusal that is kept.
    """

    def __init__(self, clock: Clock, count: Callable[[], None]) -> None:
        self._clock = clock
        self._count = count
        self._refused = Counter[str]()  # of this second, so never more than come in one
        self._until = 0.0
        self.kept = 0

    def wait(self, caller: str, remaining: float | None) -> float:
        """Count a refusal.

        Args:
            caller: who was refused.
            remaining: seconds until the caller wants to hear no more, if it said; half of them are left for telling it why.

        Returns:
            Seconds to keep it; mostly 0.
        """
        now = self._clock.monotonic()
        if now >= self._until:
            self._refused.clear()
            self._until = now + _SECOND_S
        self._refused[caller] += 1
        if self._refused[caller] <= TOLD_AT_ONCE or self.kept >= MOST_KEPT:
            return 0.0
        longest = _LONGEST_S if remaining is None else min(_LONGEST_S, remaining / 2)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 (nothing depends on its being hard to guess)

    async def keep(self, caller: str, remaining: float | None) -> None:
        """Count a refusal, and keep it as long as `wait` says."""
        wait = self.wait(caller, remaining)
        if wait <= 0.0:
            return
        self._count()
        self.kept += 1
        try:
            await asyncio.sleep(wait)
        finally:
            self.kept -= 1
