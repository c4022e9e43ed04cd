"""A small true world for the tests: the example's Security Server, the adapter, and a client like the gateway's."""

from adapters.xroad import XRoad
from adapters.xroad.adapter import MANIFEST
from adapters.xroad.simulator import XRoadSimulator
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Query
from linkage.terms import CitizenNumber, FieldName, RecordType, ServiceId, VisitPerson
from linkage.transport import in_process_client

URL = "https://security-server.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
PERSON = RecordType("xroad.person")
SOMMUT = "1100000000016"
NOBODY = "8100000000048"
ALL = tuple(MANIFEST.records[PERSON].fields)


def question(number: str, *names: str) -> Query:
    """All fields, unless some are named."""
    return Query(VisitPerson(CitizenNumber(number)), ServiceId("house_move"), {PERSON: tuple(map(FieldName, names)) or ALL})


class World:
    """X-Road as the simulator plays it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.simulator = XRoadSimulator(clock=self.clock)
        self.adapter = XRoad()
        self.settings = XRoad.Settings.model_validate(self.simulator.settings_for(URL))
        self.client = in_process_client(self.simulator.app, self.adapter.base_urls(self.settings))

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 5.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def fetch(self, number: str, *names: str) -> Answer:
        return (await self.adapter.fetch(question(number, *names), self.link()))[PERSON]

    async def found(self, number: str, *names: str) -> Found:
        answer = await self.fetch(number, *names)
        assert isinstance(answer, Found), answer
        return answer
