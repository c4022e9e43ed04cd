"""Who is let in while there is more to do than one worker can: a fixed number of places, and a share of them for each caller.

A caller may take a place while it holds fewer than an eighth of those that are free. So one caller alone comes to a ninth of all, ten to an
eighteenth each, and most are free for whoever asks for little: no caller's storm keeps another out, nor has it wait behind more calls than
such a share. Nobody waits for a place: who gets none is told at once, and when to come again, later the fuller it is and each at a moment of
its own, so that those turned away do not come back together (and those that do not wait are told late: `linkage.rpc.pacing`).
"""

import random
from collections.abc import Callable
from enum import StrEnum, auto
from typing import Final

from linkage.errors import Reason, Refusal

_FREE_FOR_ONE: Final = 8
"""Free places that there must be for each that a caller holds. All that is let in waits for one processor: an eighth has others wait behind
57 calls of a storm where 512 are let in, a half behind 256; and 57 at once are many for the officers of one counter, or of one centre."""
_LEAST_WAIT_S: Final = 0.2
_MOST_WAIT_S: Final = 2.0
"""Seconds; not more than gRPC sleeps out inside a call (`linkage.rpc.status`)."""


class Entered(StrEnum):
    """What came of asking for a place; values of a metric's label."""

    ADMITTED = auto()
    FULL = auto()
    """No place was free."""
    SHARE = auto()
    """Places were free, but the caller held its share."""


class Admission:
    """The places of one worker. For one event loop.

    Args:
        places: how many there are, at least 1.
        count: told of every call what came of it.
    """

    def __init__(self, places: int, count: Callable[[Entered], None]) -> None:
        self._places = places
        self._count = count
        self._held: dict[str, int] = {}  # callers that hold any, so never more than there are places
        self.taken = 0

    @property
    def share(self) -> int:
        """How many places a caller may have while nobody else is there."""
        return (self._places + _FREE_FOR_ONE) // (_FREE_FOR_ONE + 1)

    @property
    def heaviest(self) -> int:
        """How many places a call may need: a caller can always have two at once, where it may have two places at all."""
        return max(1, self.share // 2)

    @property
    def callers(self) -> int:
        """How many callers hold a place."""
        return len(self._held)

    def enter(self, caller: str) -> "Place":
        """Take one place, to be given back by `Place.leave`.

        Raises:
            Refusal: OVERLOADED.
        """
        self.take(caller, 1)
        self._count(Entered.ADMITTED)
        return Place(self, caller)

    def take(self, caller: str, count: int) -> None:
        """Take so many places at once, or none.

        Raises:
            Refusal: OVERLOADED.
        """
        free, held = self._places - self.taken, self._held.get(caller, 0)
        if _FREE_FOR_ONE * (held + count - 1) >= free - count + 1:  # as if each had been taken by itself
            self._count(Entered.SHARE if free >= count else Entered.FULL)
            raise Refusal(Reason.OVERLOADED, retry_after=self._wait())
        self._held[caller] = held + count
        self.taken += count

    def give_back(self, caller: str, count: int) -> None:
        """Give back what was taken."""
        self.taken -= count
        self._held[caller] -= count
        if not self._held[caller]:
            del self._held[caller]

    def _wait(self) -> float:
        """Seconds until asking again may help: at random from the upper half of what fits how full it is."""
        longest = _LEAST_WAIT_S + (_MOST_WAIT_S - _LEAST_WAIT_S) * self.taken / self._places
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 (nothing depends on its being hard to guess)


class Place:
    """What one call holds."""

    __slots__ = ("_admission", "_caller", "_count")

    def __init__(self, admission: Admission, caller: str) -> None:
        self._admission = admission
        self._caller = caller
        self._count = 1

    def weigh(self, questions: int) -> None:
        """Hold as many places as the call asks questions; never more than `Admission.heaviest`.

        Raises:
            Refusal: OVERLOADED; the call still holds what it held.
        """
        more = min(questions, self._admission.heaviest) - self._count
        if more > 0:
            self._admission.take(self._caller, more)
            self._count += more

    def leave(self, _: object = None) -> None:
        """Give everything back. Once. To be called with a task that is done, too."""
        self._admission.give_back(self._caller, self._count)
