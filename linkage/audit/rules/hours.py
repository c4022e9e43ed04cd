"""Questions outside opening hours."""

from collections.abc import Callable, Collection, Iterator
from datetime import date

from linkage.audit.access import Access
from linkage.audit.asked import is_question
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why, day_of
from linkage.buddhist import thai_date
from linkage.clock import thai_time
from linkage.opening_hours import OpeningHours


class OutsideHours:
    """Verifications and lookups outside the opening hours of their centre: one finding for an officer, a centre and a day in Thailand.

    Also explained by: a mobile unit or an evening service that nobody wrote into the register; a queue served beyond closing time; a
    public holiday that a centre did not keep; a gateway whose clock was wrong (`clock` entries, and health, say so).
    """

    def __init__(self, hours_of: Callable[[str], OpeningHours], holidays: Collection[date], *, margin: int, least: int) -> None:
        """Take the opening hours of each centre; ``margin``: minutes around them that are still usual; ``least``: so many questions."""
        self._hours_of = hours_of
        self._holidays = frozenset(holidays)
        self._margin = margin
        self._least = least
        self._day: date | None = None
        self._heaps: dict[tuple[Officer, str], Heap] = {}

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        officer = access.officer
        if officer is None or not is_question(access):
            return
        today = day_of(access)
        if today != self._day:  # times never go back: the day before is over
            yield from self.end()
            self._day = today
        centre = access.text("centre")
        if not self._hours_of(centre).open_at(access.ms, holidays=self._holidays, margin=self._margin):
            self._heaps.setdefault((officer, centre), Heap()).add(Seen.of(access))

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        for (officer, _), heap in self._heaps.items():
            if heap.count >= self._least:
                yield heap.found(RuleName.OUTSIDE_HOURS, self._why(heap), officer, figure=heap.count, threshold=self._least)
        self._heaps = {}

    def _why(self, heap: Heap) -> Why:
        day, at = self._day or date.min, thai_time(heap.first_ms)
        return Why(
            f"คำถามนอกเวลาทำการของศูนย์ วันที่ {thai_date(day)}: {heap.count:,} คำถาม ครั้งแรกเวลา {at} น.",
            f"questions outside the centre's opening hours on {day}: {heap.count:,}, the first at {at}",
        )
