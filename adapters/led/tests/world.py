"""A small true world for the tests: a simulated LED, or one that says what it is told to, the adapter, and a client like the gateway's."""

import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.led import Led
from adapters.led.cases import FIELDS
from adapters.led.settings import BANKRUPTCY, LedSettings
from adapters.led.simulator import LedSimulator
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Query, Unavailable
from linkage.terms import CitizenNumber, FieldName, JuristicNumber, JuristicPerson, ServiceId, Subject, VisitPerson
from linkage.transport import in_process_client

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "https://led.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
TRANS_ID = "0198c0de000070008000000000000001"
CHAMLONG = "1100000000032"
CLEAR = "1100000000016"
COMPANY = "0995500000057"
ALL = tuple(FIELDS)


def person(number: str) -> VisitPerson:
    return VisitPerson(CitizenNumber(number))


def body(number: str) -> JuristicPerson:
    return JuristicPerson(JuristicNumber(number), "director")


class World:
    """LED as the simulator plays it, or with ``reply`` in its place; ``asked`` holds what then came in."""

    def __init__(self, reply: object = None, status: int = 200, **settings: Any) -> None:
        self.clock = FakeClock()
        self.simulator = LedSimulator(clock=self.clock)
        self.adapter = Led()
        self.settings = LedSettings.model_validate(self.simulator.settings_for(URL) | settings)
        self.asked: list[tuple[Mapping[str, str], Any]] = []
        app = self.simulator.app if reply is None else self._says(reply, status)
        self.client = in_process_client(app, self.adapter.base_urls(self.settings))

    def _says(self, reply: object, status: int) -> Starlette:
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()

        async def answer(request: Request) -> Response:
            self.asked.append((dict(request.headers), json.loads(await request.body())))
            return Response(content, status, media_type="application/json")

        return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def fetch(self, subject: Subject | None = None, *names: str) -> Answer:
        """Ask for all fields unless some are named, of Chamlong unless somebody is."""
        wanted = {BANKRUPTCY: tuple(map(FieldName, names)) or ALL}
        query = Query(subject or person(CHAMLONG), ServiceId("loan_guarantee"), wanted)
        answers = await self.adapter.fetch(query, self.link())
        assert set(answers) == {BANKRUPTCY}
        return answers[BANKRUPTCY]

    async def found(self, subject: Subject | None = None, *names: str) -> Found:
        answer = await self.fetch(subject, *names)
        assert isinstance(answer, Found), answer
        return answer


def row(**other: object) -> dict[str, object]:
    """One case of Chamlong as LED writes it; ``other`` puts something else in its place, None for a key takes null."""
    stems = {"req": "14 03 2560", "abs_prot": "02 11 2560", "abs_gaz": "14 12 2560", "abs_due": "14 02 2561", "bkr_prot": "20 06 2561"}
    parts = {f"{stem}_{unit}": part for stem, date in stems.items() for unit, part in zip(("dd", "mm", "yy"), date.split(), strict=True)}
    names = {"lastupdate": "2018-06-25", "df_id": CHAMLONG, "df_name": "จำลอง", "df_surname": "สาธิตดี"}
    return parts | names | other


def found(*rows: dict[str, object]) -> dict[str, object]:
    return {"responseCode": "000", "data": list(rows)}


def why(answer: Answer) -> str:
    """Why nobody can tell."""
    assert isinstance(answer, Unavailable), answer
    return answer.why
