"""What a centre shows of itself: visits, records, copies that nobody had to bring, how long it took, and which agency was down.

Counted from the log alone, by centre, service and month in Thailand. No person and no officer is in it, so small numbers stand as they
are. The month is that of the question, also where its answer came after midnight.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from linkage.audit.access import Access, accesses, first_at, size_of
from linkage.audit.asked import UNANSWERED, Asked, Came, Told, asked, came, opened_visit, result_of, silent
from linkage.clock import thai_day, thai_midnight
from linkage.store.backend import LogReader
from linkage.store.contract import Kind
from linkage.terms import Verdict

_EVERY: Final = 512
REFUSED: Final = "refused"
UNFINISHED: Final = "unfinished"
VERDICTS: Final = (*(verdict.value for verdict in Verdict), REFUSED, UNFINISHED)
"""How a verification may end, in the order in which it is shown: a verdict, refused, or not known."""

_ANSWERS: Final = frozenset({Came.FOUND, Came.NOT_FOUND})
_NO_ANSWER: Final = frozenset({"", "cancelled", "failed", "recovered", UNANSWERED, Verdict.UNAVAILABLE.value})


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of the Common Era, in Thailand."""

    year: int
    month: int

    @classmethod
    def of(cls, ms: int) -> "Month":
        """The month of a moment, Unix time in ms."""
        day = thai_day(ms)
        return cls(day.year, day.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def next(self) -> "Month":
        """The month after."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begins_ms(self) -> int:
        """Its first moment, Unix time in ms."""
        return thai_midnight(date(self.year, self.month, 1))


@dataclass(slots=True)
class Figures:
    """What is counted of one centre, service and month, or of several together.

    ``visits``: verifications that opened a visit, exceptions included. ``copies_not_needed`` of ``copies_in_all``: of the documents that
    bundles judged. ``answer_ms`` and ``whole_ms``: how often an answer took so many milliseconds, of the agency alone, and from intent
    to outcome; of verdicts and records that were answered.
    """

    visits: int = 0
    verifications: Counter[str] = field(default_factory=Counter)
    records: Counter[Came] = field(default_factory=Counter)
    bundles: int = 0
    copies_not_needed: int = 0
    copies_in_all: int = 0
    answer_ms: Counter[int] = field(default_factory=Counter)
    whole_ms: Counter[int] = field(default_factory=Counter)

    def __iadd__(self, other: Self) -> Self:
        self.visits += other.visits
        self.bundles += other.bundles
        self.copies_not_needed += other.copies_not_needed
        self.copies_in_all += other.copies_in_all
        self.verifications.update(other.verifications)
        self.records.update(other.records)
        self.answer_ms.update(other.answer_ms)
        self.whole_ms.update(other.whole_ms)
        return self


@dataclass(slots=True)
class Availability:
    """How often a source was asked in a month and did not answer, and its longest stretch of questions in a row without an answer.

    ``asked``: for records, to verify persons, and to let officers log in. A refusal of the agency's own is an answer.
    ``longest_ms``: from the first to the last of them, 0 for a single one; of stretches that began in the month.
    """

    asked: int = 0
    unavailable: int = 0
    longest_ms: int = 0

    @property
    def share(self) -> float:
        """Of the questions, how many were not answered: 0 to 1."""
        return self.unavailable / self.asked if self.asked else 0.0


@dataclass(slots=True)
class Statistics:
    """The figures by month, centre and service (empty where an entry names none), and by month and source."""

    figures: dict[tuple[Month, str, str], Figures] = field(default_factory=dict)
    sources: dict[tuple[Month, str], Availability] = field(default_factory=dict)


def percentile(times: Mapping[int, int], share: float) -> int | None:
    """The least time that this share (above 0, at most 1) of all took at most, the nearest-rank way; None where there is none."""
    wanted = share * sum(times.values())
    reached = 0
    for ms in sorted(times):
        reached += times[ms]
        if reached >= wanted:
            return ms
    return None


def together(figures: Iterable[Figures]) -> Figures:
    """The sum of several."""
    whole = Figures()
    for one in figures:
        whole += one
    return whole


def count(reader: LogReader, shows: Callable[[Access], bool], first: Month, last: Month, *, progress: Told = silent) -> Statistics:
    """Count what was recorded from the beginning of month ``first`` to the end of month ``last``.

    Args:
        reader: the log; it may be in use.
        shows: what is counted.
        first: the first month.
        last: the last month, included.
        progress: told how far it is.

    Raises:
        StoreUnavailable, LogCorrupt: as `linkage.audit.access.accesses`.
    """
    size = size_of(reader)
    begin, end = first_at(reader, first.begins_ms), min(size, first_at(reader, last.next.begins_ms))
    tally = _Tally()
    for access in accesses(reader, begin, end):
        if access.index % _EVERY == 0:
            progress(access.index - begin, end - begin)
        if shows(access):
            tally.see(access)
    progress(end - begin, end - begin)
    return tally.statistics


@dataclass(slots=True)
class _Stretch:
    month: Month
    first_ms: int


class _Tally:
    def __init__(self) -> None:
        self.statistics = Statistics()
        self._stretches: dict[str, _Stretch] = {}

    def see(self, access: Access) -> None:
        what = asked(access)
        if what is Asked.VERIFICATION:
            self._verification(access)
        elif what is Asked.RECORD:
            self._record(access)
        elif what is Asked.LOGIN:
            self._source(access)
        elif access.kind == Kind.BUNDLE:
            figures = self._figures(access)
            figures.bundles += 1
            figures.copies_not_needed += access.number("copies_not_needed") or 0
            figures.copies_in_all += access.number("copies_in_all") or 0

    def _figures(self, access: Access) -> Figures:
        key = (Month.of(access.ms), access.text("centre"), access.text("service"))
        return self.statistics.figures.setdefault(key, Figures())

    def _verification(self, access: Access) -> None:
        figures, result = self._figures(access), result_of(access)
        figures.visits += opened_visit(access)
        result = result if result in VERDICTS else UNFINISHED
        figures.verifications[result] += 1
        answered = result not in (Verdict.UNAVAILABLE, REFUSED, UNFINISHED) and access.number("agency_ms") is not None
        if answered:
            _timed(figures, access)
        self._source(access)

    def _record(self, access: Access) -> None:
        figures, ended = self._figures(access), came(access)
        figures.records[ended] += 1
        if ended in _ANSWERS:
            _timed(figures, access)
        self._source(access)

    def _source(self, access: Access) -> None:
        """Count a question of any sort that the agency answered, be it by a refusal, or could not answer."""
        source, result = access.text("source"), result_of(access)
        unavailable = result == Verdict.UNAVAILABLE
        answered = bool(access.number("attempts")) and result not in _NO_ANSWER
        if not source or access.kind != Kind.INTENT or not (answered or unavailable):
            return
        month = Month.of(access.ms)
        here = self.statistics.sources.setdefault((month, source), Availability())
        here.asked += 1
        if answered:
            self._stretches.pop(source, None)
            return
        here.unavailable += 1
        stretch = self._stretches.setdefault(source, _Stretch(month, access.ms))
        began = self.statistics.sources.setdefault((stretch.month, source), Availability())
        began.longest_ms = max(began.longest_ms, access.ms - stretch.first_ms)


def _timed(figures: Figures, access: Access) -> None:
    answer = access.number("agency_ms")
    if answer is not None:
        figures.answer_ms[answer] += 1
    if access.closing_ms >= 0:
        figures.whole_ms[access.closing_ms - access.ms] += 1
