"""The same person, looked up by one officer again and again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from linkage.audit.access import Access
from linkage.audit.asked import is_question, visit_of
from linkage.audit.persons import Person, Persons
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why
from linkage.clock import DAY_MS, thai_day_number


class SamePersonAgain:
    """One officer has one person before them in so many visits within so many days.

    A visit counts once, whatever is asked in it, and also where its verification failed: a number tried on three days is what is
    looked for. Also explained by: a matter that takes several visits, or a person with several matters; a card that would not read; an
    officer in a small place who serves everybody; a test person. Where the keys of an older epoch are gone a person counts anew in
    each epoch; who is forgotten is not seen at all.
    """

    def __init__(self, persons: Persons, *, visits: int, days: int) -> None:
        """Take the least number of visits, and the days in which they lie."""
        self._persons = persons
        self._least = visits
        self._days = days
        self._window_ms = days * DAY_MS
        self._visits: dict[tuple[Officer, Person], _Visits] = {}
        self._day = -1

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        officer, visit = access.officer, visit_of(access)
        if officer is None or not visit or not is_question(access):
            return
        person = self._persons.of(access)
        if person is None:
            return
        day = thai_day_number(access.ms)
        if day != self._day:
            self._day = day
            yield from self._pruned(access.ms)
        visits = self._visits.setdefault((officer, person), _Visits())
        run = visits.take(visit, Seen.of(access), self._least, self._window_ms)
        if run is not None:
            yield self._found(officer, run)

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        for (officer, _), visits in self._visits.items():
            if visits.run is not None:
                yield self._found(officer, visits.run)
        self._visits = {}

    def _pruned(self, ms: int) -> Iterator[Finding]:
        """Let go, once a day, of those whose last visit lies before the window."""
        for (officer, person), visits in list(self._visits.items()):
            if visits.last_ms < ms - self._window_ms:
                if visits.run is not None:
                    yield self._found(officer, visits.run)
                del self._visits[officer, person]

    def _found(self, officer: Officer, run: Heap) -> Finding:
        why = Why(
            f"เจ้าหน้าที่คนเดียวสอบถามข้อมูลของบุคคลเดียวกันในการรับบริการ {run.count:,} ครั้ง (เกณฑ์ {self._least} ครั้งใน {self._days} วัน)",
            f"one officer asked about one person in {run.count:,} visits (the threshold: {self._least} in {self._days} days)",
        )
        figures = {"days": self._days}
        return run.found(RuleName.SAME_PERSON_AGAIN, why, officer, figure=run.count, threshold=self._least, figures=figures)


@dataclass(slots=True)
class _Visits:
    """The visits of one person with one officer: those in the window with their ids, and the run they have become."""

    window: list[tuple[str, Seen]] = field(default_factory=list)
    run: Heap | None = None

    @property
    def last_ms(self) -> int:
        return self.window[-1][1].ms

    def take(self, visit: str, seen: Seen, least: int, window_ms: int) -> Heap | None:
        """Take one more question; gives the run before, where the gap to it has ended that."""
        if any(visit == other for other, _ in self.window):
            return None
        self.window = [other for other in self.window if other[1].ms >= seen.ms - window_ms]
        ended = None
        if self.run is not None and len(self.window) < least - 1:
            ended, self.run = self.run, None
        self.window.append((visit, seen))
        if self.run is not None:
            self.run.add(seen)
        elif len(self.window) >= least:
            self.run = Heap()
            for _, one in self.window:
                self.run.add(one)
        return ended
