"""A small true world for the tests: a simulated GDX, the adapter, and a client that keeps to what the gateway's clients keep to."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.gdx import Gdx, juristic, person
from adapters.gdx.people import Person
from adapters.gdx.settings import JURISTIC_PERSON, PERSON, GdxSettings
from adapters.gdx.simulator import GdxSimulator
from linkage.buddhist import from_buddhist
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Probed, Query, Refused, Unavailable, Verified
from linkage.terms import (
    CardLaser,
    CitizenNumber,
    FieldName,
    JuristicNumber,
    JuristicPerson,
    PersonName,
    RecordType,
    Secret,
    ServiceId,
    Value,
    VisitPerson,
)
from linkage.transport import in_process_client

URL = "https://gdx.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000004"
SOMMUT = "1100000000016"
TRADING = "0995500000014"
FIELDS = {PERSON: person.FIELDS, JURISTIC_PERSON: juristic.FIELDS}


class World:
    """GDX as ``app`` plays it (the simulator, unless a test puts something else in its place)."""

    def __init__(self, app: Callable[..., Any] | None = None, **settings: object) -> None:
        self.clock = FakeClock()
        self.simulator = GdxSimulator(clock=self.clock)
        self.adapter = Gdx()
        self.settings = self.settings_with(**settings)
        self.client = in_process_client(app or self.simulator.app, self.adapter.base_urls(self.settings))

    def settings_with(self, **other: object) -> GdxSettings:
        """The simulator's settings, some of them others; None takes one away."""
        rows = self.simulator.settings_for(URL) | other
        return GdxSettings.model_validate({name: value for name, value in rows.items() if value is not None})

    def link(self, client: httpx.AsyncClient | None = None, settings: GdxSettings | None = None) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(client or self.client, settings or self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def ask(self, record_type: RecordType, number: str, *names: str, link: Link | None = None) -> Answer:
        """Ask for fields, all of them unless some are named."""
        return (await self.adapter.fetch(query(record_type, number, *names), link or self.link()))[record_type]

    async def person(self, number: str = SOMMUT, *names: str) -> Answer:
        return await self.ask(PERSON, number, *names)

    async def juristic(self, number: str = TRADING, *names: str) -> Answer:
        return await self.ask(JURISTIC_PERSON, number, *names)

    async def record(self, record_type: RecordType, number: str, *names: str) -> dict[str, Value | None]:
        """The fields of a record that is there, by plain names."""
        answer = await self.ask(record_type, number, *names)
        assert isinstance(answer, Found), answer
        return {str(name): value for name, value in answer.fields.items()}

    async def verify(self, number: str = SOMMUT, **other: object) -> Verified | Refused:
        return await self.adapter.verify(card_of(self.simulator.people[number], **other), self.link())

    async def probe(self) -> Probed | Refused | Unavailable:
        return await self.adapter.probe(self.link())

    def operations(self) -> list[str]:
        """What GDX was asked, in order."""
        return [one.operation for one in self.simulator.received]


def query(record_type: RecordType, number: str, *names: str) -> Query:
    subject = JuristicPerson(JuristicNumber(number), "director") if record_type == JURISTIC_PERSON else VisitPerson(CitizenNumber(number))
    return Query(subject, ServiceId("s"), {record_type: tuple(map(FieldName, names)) or tuple(FIELDS[record_type])})


def card_of(shown: Person, **other: object) -> CardLaser:
    """The card as shown; ``other`` puts something else in its place."""
    card: dict[str, Any] = {
        "number": CitizenNumber(shown.number),
        "name": PersonName(shown.first, shown.last, shown.middle),
        "birth_date": from_buddhist(shown.born),
        "laser_code": Secret(shown.laser),
    }
    return CardLaser(**(card | other))


class Page:
    """A GDX that gives a token, and whose every other page replies what it is told to; it keeps what it was asked."""

    def __init__(self, reply: object, status: int = 200, **settings: object) -> None:
        self.asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()

        async def answer(request: Request) -> Response:
            self.asked.append((request.url.path, dict(request.query_params), request.headers))
            if request.url.path == "/ws/auth/validate":
                return Response('{"Result":"the-token"}', media_type="application/json")
            return Response(content, status, media_type="application/json")

        self.world = World(Starlette(routes=[Route("/{path:path}", answer, methods=["GET"])]), **settings)


class TokenPage:
    """A GDX whose door replies what it is told to, and whose pages nobody reaches without a token."""

    def __init__(self, reply: object, status: int = 200, **headers: str) -> None:
        self.asked: list[str] = []
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()

        async def answer(request: Request) -> Response:
            self.asked.append(request.url.path)
            return Response(content, status, media_type="application/json", headers=headers)

        self.world = World(Starlette(routes=[Route("/{path:path}", answer, methods=["GET"])]))
