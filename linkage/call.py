"""One call on its way through a corridor: who asks, until when, and what the log will say of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from linkage.clock import Clock, thai_day
from linkage.errors import Reason, Refusal
from linkage.terms import Caller


@dataclass(slots=True)
class Call:
    """A call whose caller is recognised.

    ``facts`` collects, as the corridor learns them, the clear and never personal facts that the log records should the call be
    refused before its intent. ``deadline`` is on the clock's monotonic scale. ``weigh`` is told how many questions the call is before the
    first is asked, and raises a `Refusal`, OVERLOADED, where there is no room for so many.
    """

    id: bytes
    caller: Caller
    deadline: float
    clock: Clock
    reserve: float
    least: float
    weigh: Callable[[int], None]
    facts: dict[str, Any] = field(default_factory=dict)

    def about(self, **facts: Any) -> None:
        """Learn facts for the log: known names only, never what the request merely claims."""
        self.facts.update(facts)

    def today(self) -> date:
        """The day in Thailand, by which agreements are in force."""
        return thai_day(self.clock.now_ms())

    def remaining(self) -> float:
        """Seconds left, the reserve for recording the outcome included."""
        return self.deadline - self.clock.monotonic()

    def budget(self) -> float:
        """Seconds the agency may take.

        Raises:
            Refusal: DEADLINE_TOO_SHORT, before anybody is asked.
        """
        left = self.remaining() - self.reserve
        if left < self.least:
            raise Refusal(Reason.DEADLINE_TOO_SHORT)
        return left


def caller_facts(caller: Caller) -> Mapping[str, Any]:
    """What every entry says of who asked."""
    counter, officer = caller.counter, caller.officer
    return {
        "counter": counter.uri,
        "cert": counter.certificate_sha256,
        "centre": counter.centre,
        "acting": counter.agency,
        "officer": {"iss": officer.issuer, "sub": officer.subject},
    }
