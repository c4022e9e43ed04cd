"""What a check is, and what comes of one. Nothing in a result is a value: it may be shown to anybody."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TYPE_CHECKING

from linkage.errors import LinkageError

if TYPE_CHECKING:
    from linkage.sources.conformance.place import Place


class CannotBeTold(LinkageError):
    """A check has nothing to look at here. Says why."""


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = auto()
    FAILED = auto()
    DOES_NOT_APPLY = auto()


Finds = Callable[["Place"], AsyncIterator[str]]
"""Looks at one thing; yields what is wrong, one sentence each, never with a value. Nothing: it is right.

May raise `CannotBeTold`.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that an adapter keeps to. ``because``: why it matters, one sentence; ``remedy``: what to do where it fails."""

    name: str
    because: str
    remedy: str
    finds: Finds


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check on one adapter. ``seen``: what is wrong, or why it does not apply; empty where it passed."""

    name: str
    because: str
    remedy: str
    outcome: Outcome
    seen: tuple[str, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}: {'; '.join(self.seen)}. Because: {self.because} What to do: {self.remedy}"


CHECKS: dict[str, Check] = {}
"""Every check, by name, in the order in which they are shown. Filled as the modules of this package are imported."""


def check(name: str, *, because: str, remedy: str) -> Callable[[Finds], Finds]:
    """Make a function a check of this name."""

    def enter(finds: Finds) -> Finds:
        CHECKS[name] = Check(name, because, remedy, finds)
        return finds

    return enter
