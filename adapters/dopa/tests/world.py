"""A small true world for the tests: a simulated DOPA, the adapter, and a client that keeps to what the gateway's clients keep to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from adapters.dopa import Dopa
from adapters.dopa.people import Person
from adapters.dopa.records import SHAPES
from adapters.dopa.settings import DopaSettings
from adapters.dopa.simulator import DopaSimulator
from linkage.buddhist import from_buddhist
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, LoginBegin, LoginConfirm, Query, Refused, Session, Unavailable, Verified
from linkage.terms import CardChip, CardLaser, CitizenNumber, FieldName, PersonName, RecordType, Secret, ServiceId, Value, VisitPerson
from linkage.transport import in_process_client

URL = "https://dopa.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
OFFICER = CitizenNumber("3100000000063")
OFFICE = 99901


class World:
    """DOPA as ``app`` plays it (the simulator, unless a test puts something else in its place)."""

    def __init__(self, app: Callable[..., Any] | None = None, **settings: object) -> None:
        self.clock = FakeClock()
        self.simulator = DopaSimulator(clock=self.clock)
        self.adapter = Dopa()
        self.settings = DopaSettings.model_validate(self.simulator.settings_for(URL) | settings)
        self.client = in_process_client(app or self.simulator.app, self.adapter.base_urls(self.settings))

    def link(self, client: httpx.AsyncClient | None = None) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(client or self.client, self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    def person(self, number: str) -> Person:
        return self.simulator.people[number]

    async def verify(self, evidence: CardLaser | CardChip) -> Verified | Refused:
        return await self.adapter.verify(evidence, self.link())

    async def log_in(self) -> Session:
        """Log the officer in by ThaID."""
        begun = LoginBegin(OFFICER, None)
        session = await self.adapter.confirm(LoginConfirm(begun, "", OFFICE, None, Secret("thaid-token")), self.link())
        assert isinstance(session, Session)
        return session

    async def fetch(
        self, number: str, wanted: Mapping[RecordType, Sequence[str]], session: Secret | None = None
    ) -> Mapping[RecordType, Answer]:
        """Fetch with a session (a new one unless given)."""
        token = session or (await self.log_in()).token
        fields = {one: tuple(FieldName(name) for name in names) for one, names in wanted.items()}
        query = Query(VisitPerson(CitizenNumber(number)), ServiceId("jobseeker_registration"), fields, token)
        return await self.adapter.fetch(query, self.link())

    async def record(self, number: str, record_type: RecordType, *names: str) -> Found:
        """One record that is there, all its fields unless some are named."""
        answers = await self.fetch(number, {record_type: names or tuple(SHAPES[record_type].fields)})
        answer = answers[record_type]
        assert isinstance(answer, Found), answer
        return answer

    def operations(self) -> list[str]:
        """What DOPA was asked, in order."""
        return [one.operation for one in self.simulator.received]


def laser_of(person: Person, **other: object) -> CardLaser:
    """The card as shown; ``other`` puts something else in its place."""
    shown: dict[str, Any] = {
        "number": CitizenNumber(person.number),
        "name": PersonName(person.first, person.last, person.middle),
        "birth_date": from_buddhist(person.born),
        "laser_code": Secret(person.laser),
    }
    return CardLaser(**(shown | other))


def chip_of(person: Person, **other: object) -> CardChip:
    """The chip as read; ``other`` puts something else in its place."""
    read: dict[str, Any] = {
        "number": CitizenNumber(person.number),
        "chip_number": Secret(person.chip),
        "card_number": Secret(person.card_number),
        "birth_date": from_buddhist(person.born),
    }
    return CardChip(**(read | other))


def values(found: Found) -> dict[str, Value | None]:
    """The fields by plain names."""
    return {str(name): value for name, value in found.fields.items()}


def why(answer: Answer) -> str:
    """Why nobody can tell."""
    assert isinstance(answer, Unavailable), answer
    return answer.why
