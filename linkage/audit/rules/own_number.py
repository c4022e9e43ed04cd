"""An officer's lookups of their own number."""

from collections.abc import Iterator

from linkage.audit.access import Access
from linkage.audit.asked import Asked, asked, is_question, visit_of
from linkage.audit.persons import Person, Persons
from linkage.audit.rules.finding import Finding, Heap, Officer, RuleName, Seen, Why


class OwnNumber:
    """An officer verifies, or looks up, the person that they are themselves: one finding for each visit.

    Whose number is an officer's own is known from their logins at agencies, whose entries seal it; of an officer who never logged in
    in the time looked at it is not known. A visit may come before the login that tells: what officers of unknown number have asked
    is kept until the end. Also explained by: an officer who is a citizen, too, and was served by nobody else; a demonstration.
    """

    def __init__(self, persons: Persons) -> None:
        self._persons = persons
        self._own: dict[Officer, set[Person]] = {}
        self._asked: dict[Officer, dict[Person, list[tuple[str, Seen]]]] = {}

    def see(self, access: Access) -> Iterator[Finding]:
        """See `Rule`."""
        officer, what = access.officer, asked(access)
        if officer is None or not (what is Asked.LOGIN or is_question(access)):
            return iter(())
        person = self._persons.of(access)
        if person is None:
            return iter(())
        if what is Asked.LOGIN:
            self._learn(officer, person)
        elif officer not in self._own or person in self._own[officer]:
            self._asked.setdefault(officer, {}).setdefault(person, []).append((visit_of(access), Seen.of(access)))
        return iter(())

    def end(self) -> Iterator[Finding]:
        """See `Rule`."""
        for officer in self._own:  # of these, only what they asked about themselves is kept
            visits: dict[str, Heap] = {}
            for asked_about in self._asked.get(officer, {}).values():
                for visit, seen in asked_about:
                    visits.setdefault(visit, Heap()).add(seen)
            for heap in visits.values():
                yield _found(officer, heap)
        self._asked = {}

    def _learn(self, officer: Officer, person: Person) -> None:
        """What the officer asked about others need not be kept any more."""
        own = self._own.setdefault(officer, set())
        if person not in own:
            own.add(person)
            self._asked[officer] = {of: visits for of, visits in self._asked.get(officer, {}).items() if of in own}


def _found(officer: Officer, heap: Heap) -> Finding:
    why = Why(
        f"เจ้าหน้าที่สอบถามข้อมูลของตนเองในการรับบริการครั้งหนึ่ง: {heap.count:,} คำถาม",
        f"questions about the officer's own number in one visit: {heap.count:,}",
    )
    return heap.found(RuleName.OWN_NUMBER, why, officer, figure=heap.count, threshold=1)
