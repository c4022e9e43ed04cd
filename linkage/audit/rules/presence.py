"""How persons were shown to be present: one card at two centres, and visits on the word of two officers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from linkage.audit.access import Access, officer_of
from linkage.audit.asked import by_static_card, opened_visit
from linkage.audit.persons import Person, Persons
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why, no_findings
from linkage.clock import thai_day_number
from linkage.terms import Assurance


class CardAtTwoCentres:
    """One person, verified by what a card shows (laser code or chip), at two centres within minutes.

    What a card shows can be copied and sent on; the card and its owner cannot be in two places. Only verifications that matched count:
    a wrong number is no evidence of anything. Also explained by: two centres under one roof, or one counter registered at two; a
    citizen who was sent across the street; clocks of two gateways that differ, where they write to logs of their own.
    """

    def __init__(self, persons: Persons, *, minutes: int) -> None:
        self._persons = persons
        self._minutes = minutes
        self._window_ms = minutes * 60_000
        self._shown: dict[Person, _Shown] = {}
        self._day = -1

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        if not (by_static_card(access) and opened_visit(access)):
            return
        person = self._persons.of(access)
        if person is None:
            return
        day = thai_day_number(access.ms)
        if day != self._day:
            self._day = day
            yield from self._pruned(access.ms)
        shown = self._shown.get(person)
        if shown is not None and shown.heap.last_ms < access.ms - self._window_ms:
            yield from self._found(shown)
            shown = None
        if shown is None:
            shown = self._shown[person] = _Shown()
        shown.heap.add(Seen.of(access))
        shown.officers.add(access.officer)

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        for shown in self._shown.values():
            yield from self._found(shown)
        self._shown = {}

    def _pruned(self, ms: int) -> Iterator[Finding]:
        """Let go, once a day, of cards last shown before the window."""
        for person, shown in list(self._shown.items()):
            if shown.heap.last_ms < ms - self._window_ms:
                yield from self._found(shown)
                del self._shown[person]

    def _found(self, shown: "_Shown") -> Iterator[Finding]:
        heap = shown.heap
        if len(heap.centres) < 2:
            return
        apart = (heap.last_ms - heap.first_ms) // 60_000
        why = Why(
            f"บัตรของบุคคลเดียวกันถูกใช้ยืนยันตัวบุคคลที่ศูนย์ {len(heap.centres)} แห่งภายใน {apart:,} นาที (เกณฑ์ {self._minutes} นาที)",
            f"one person's card was shown at {len(heap.centres)} centres within {apart:,} minutes (the threshold: {self._minutes})",
        )
        officer = next(iter(shown.officers)) if len(shown.officers) == 1 else None
        figures = {"minutes": apart, "within_minutes": self._minutes}
        yield heap.found(RuleName.CARD_AT_TWO_CENTRES, why, officer, figure=len(heap.centres), threshold=2, figures=figures)


@dataclass(slots=True)
class _Shown:
    """One person's card, shown again and again with no gap longer than the window."""

    heap: Heap = field(default_factory=Heap)
    officers: set[Officer | None] = field(default_factory=set)


class PresenceExceptions:
    """Every visit that was opened by an agreement's named exception, on the word of two officers. Each one is a finding.

    An exception is lawful where the agreement names it; it is listed because nobody but the two officers knows whether the person was
    there. The officers' own reason is sealed in the entry.
    """

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        if not opened_visit(access) or access.text("assurance") != Assurance.EXCEPTION.name:
            return
        heap = Heap()
        heap.add(Seen.of(access))
        second = officer_of(access.facts.get("second_officer"))
        name = access.text("exception")
        by_th, by_en = (f" พร้อมเจ้าหน้าที่คนที่สอง {second[1]}", f", with {second[1]} as second officer") if second else ("", "")
        why = Why(f"เปิดการรับบริการโดยข้อยกเว้น {name}{by_th}", f"a visit opened by the exception {name}{by_en}")
        yield heap.found(RuleName.PRESENCE_EXCEPTION, why, access.officer, figure=1, threshold=1)

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        return no_findings()
