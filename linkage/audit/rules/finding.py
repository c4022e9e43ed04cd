"""What a rule finds: why it is unusual, in two languages, with the figures and the entries behind it.

A finding is a question for an auditor to ask, never a proof of anything: each rule's docstring says what else may explain it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto
from sys import intern
from typing import Final, Protocol

from linkage.audit.access import Access
from linkage.clock import thai_day

NAMED: Final = 100
"""Entries behind a finding that are named; the rest are counted."""

Officer = tuple[str, str]
"""Issuer and subject."""


class RuleName(StrEnum):
    """The rules, in the order in which findings of one moment are shown."""

    OUTSIDE_HOURS = auto()
    SAME_PERSON_AGAIN = auto()
    FAR_ABOVE_USUAL = auto()
    FAILED_IN_A_ROW = auto()
    CARD_AT_TWO_CENTRES = auto()
    PRESENCE_EXCEPTION = auto()
    OWN_NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Behind:
    """An entry behind a finding: its index in the log, and its id."""

    index: int
    eid: bytes


@dataclass(frozen=True, slots=True)
class Why:
    """One sentence in both languages; both say the same."""

    th: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an auditor should look at.

    ``centres`` and ``counters``: where, each once, in the order of the entries. ``first_ms`` and ``last_ms``: Unix time of the first and
    last entry behind it. ``figure`` is what was counted, ``threshold`` what it reached; further figures stand in ``figures``.
    ``more_entries``: how many entries are not named in ``entries``.
    """

    rule: RuleName
    why: Why
    officer: Officer | None
    counters: tuple[str, ...]
    centres: tuple[str, ...]
    first_ms: int
    last_ms: int
    figure: float
    threshold: float
    entries: tuple[Behind, ...]
    more_entries: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int, str, int]:
        """What findings are ordered by: their first entry, then the rule."""
        first = self.entries[0].index if self.entries else -1
        return first, list(RuleName).index(self.rule), "/".join(self.officer or self.counters), self.last_ms


class Rule(Protocol):
    """Looks at every access once, in the order of the log."""

    def see(self, access: Access) -> Iterable[Finding]:
        """Look at one more access; what is settled by it is given."""
        ...

    def end(self) -> Iterable[Finding]:
        """What is left when there are no more."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule keeps of an access: enough to name it. Small, because rules keep many."""

    index: int
    eid: bytes
    ms: int
    counter: str
    centre: str

    @classmethod
    def of(cls, access: Access) -> "Seen":
        """Keep an access; the few names of counters and centres are kept once."""
        return cls(access.index, access.eid, access.ms, intern(access.text("counter")), intern(access.text("centre")))


@dataclass(slots=True)
class Heap:
    """Accesses that may become one finding. Names the first `NAMED`, counts the rest."""

    entries: list[Behind] = field(default_factory=list)
    more: int = 0
    first_ms: int = 0
    last_ms: int = 0
    counters: dict[str, None] = field(default_factory=dict)
    centres: dict[str, None] = field(default_factory=dict)

    def add(self, seen: Seen) -> None:
        """Put one more access on it."""
        if not self.entries:
            self.first_ms = seen.ms
        self.last_ms = seen.ms
        if len(self.entries) < NAMED:
            self.entries.append(Behind(seen.index, seen.eid))
        else:
            self.more += 1
        for names, name in ((self.counters, seen.counter), (self.centres, seen.centre)):
            if name:
                names[name] = None

    @property
    def count(self) -> int:
        """How many accesses are on it."""
        return len(self.entries) + self.more

    def found(
        self,
        rule: RuleName,
        why: Why,
        officer: Officer | None,
        *,
        figure: float,
        threshold: float,
        figures: Mapping[str, float] | None = None,
    ) -> Finding:
        """The finding that it has become."""
        return Finding(
            rule,
            why,
            officer,
            tuple(self.counters),
            tuple(self.centres),
            self.first_ms,
            self.last_ms,
            figure,
            threshold,
            tuple(self.entries),
            self.more,
            figures or {},
        )


def day_of(access: Access) -> date:
    """The day in Thailand of an access."""
    return thai_day(access.ms)


def no_findings() -> Iterator[Finding]:
    """What a rule gives that has nothing left at the end."""
    return iter(())
