"""One officer far above what is usual at their centre."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final

from linkage.audit.access import Access
from linkage.audit.asked import opened_visit
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why, day_of
from linkage.buddhist import thai_date

_NORMAL: Final = 1.4826
"""Makes a median absolute deviation comparable with a standard deviation."""


@dataclass(frozen=True, slots=True)
class _Day:
    centre: str
    officer: Officer
    day: date
    heap: Heap


class FarAboveUsual:
    """An officer opens far more visits on a day than the other officers of the centre do on theirs.

    Usual is the median of the days of the centre's other officers, days without a visit left out, and the spread is 1.4826 times
    their median absolute deviation, one visit at least: neither is moved by the days that are looked for. Visits are counted, not
    records: a service that needs six records is no reason. Also explained by: a rush on one counter (a season, a campaign, a mobile
    unit); the only full-time officer among part-timers; officers who share a token, which is a finding of its own kind.
    """

    def __init__(self, *, spreads: float, least: int, days: int) -> None:
        """Take how many spreads above the median, the least number of visits on a day, and of other officers' days to compare with."""
        self._spreads = spreads
        self._least = least
        self._least_days = days
        self._day: date | None = None
        self._today: dict[tuple[str, Officer], Heap] = {}
        self._days_of: dict[str, list[tuple[Officer, int]]] = {}
        self._many: list[_Day] = []

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        officer = access.officer
        if officer is not None and opened_visit(access):
            today = day_of(access)
            if today != self._day:
                self._day_is_over()
                self._day = today
            self._today.setdefault((access.text("centre"), officer), Heap()).add(Seen.of(access))
        return iter(())

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        self._day_is_over()
        for one in self._many:
            others = [count for officer, count in self._days_of[one.centre] if officer != one.officer]
            if len(others) >= self._least_days:
                usual, threshold = _usual(others, self._spreads)
                if one.heap.count > threshold:
                    yield self._found(one.officer, one.day, one.heap, (usual, threshold, len(others)))
        self._many = []

    def _day_is_over(self) -> None:
        """Of most days only the count is kept: the entries of those that may be far above are."""
        for (centre, officer), heap in self._today.items():
            self._days_of.setdefault(centre, []).append((officer, heap.count))
            if heap.count >= self._least and self._day is not None:
                self._many.append(_Day(centre, officer, self._day, heap))
        self._today = {}

    def _found(self, officer: Officer, day: date, heap: Heap, compared: tuple[float, float, int]) -> Finding:
        usual, threshold, others = compared
        why = Why(
            f"เปิดการรับบริการ {heap.count:,} ครั้งในวันที่ {thai_date(day)} เจ้าหน้าที่อื่นของศูนย์มีค่ากลาง {usual:g} ครั้งต่อวัน (เกณฑ์ {threshold:.1f})",
            f"{heap.count:,} visits on {day}; the median of the centre's other officers is {usual:g} a day (the threshold: {threshold:.1f})",
        )
        figures = {"median": usual, "days_compared": others}
        return heap.found(RuleName.FAR_ABOVE_USUAL, why, officer, figure=heap.count, threshold=round(threshold, 1), figures=figures)


def _usual(days: Sequence[int], spreads: float) -> tuple[float, float]:
    """The median of these days, and what lies so many spreads above it."""
    usual = median(days)
    spread = max(1.0, _NORMAL * median(abs(day - usual) for day in days))
    return usual, usual + spreads * spread
