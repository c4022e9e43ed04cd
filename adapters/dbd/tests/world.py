"""A small true world for the tests: a simulated DBD, the adapter, and a client that keeps to what the gateway's clients keep to."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.dbd import Dbd
from adapters.dbd.fields import FIELDS
from adapters.dbd.settings import JURISTIC_PERSON, DbdSettings
from adapters.dbd.simulator import DbdSimulator
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Query
from linkage.terms import FieldName, JuristicNumber, JuristicPerson, ServiceId, Value
from linkage.transport import in_process_client

URL = "https://dbd.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000003"
TRADING = "0995500000014"


class World:
    """DBD as ``app`` plays it (the simulator, unless a test puts something else in its place)."""

    def __init__(self, app: Callable[..., Any] | None = None) -> None:
        self.clock = FakeClock()
        self.simulator = DbdSimulator(clock=self.clock)
        self.adapter = Dbd()
        self.settings = DbdSettings.model_validate(self.simulator.settings_for(URL))
        self.client = in_process_client(app or self.simulator.app, self.adapter.base_urls(self.settings))

    def link(self, client: httpx.AsyncClient | None = None) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(client or self.client, self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def ask(self, number: str = TRADING, *names: str) -> Answer:
        """Ask for fields, all of them unless some are named."""
        answers = await self.adapter.fetch(query(number, *names), self.link())
        return answers[JURISTIC_PERSON]

    async def record(self, number: str, *names: str) -> dict[str, Value | None]:
        """The fields of a record that is there, by plain names."""
        answer = await self.ask(number, *names)
        assert isinstance(answer, Found), answer
        return {str(name): value for name, value in answer.fields.items()}


def query(number: str, *names: str) -> Query:
    wanted = {JURISTIC_PERSON: tuple(map(FieldName, names)) or tuple(FIELDS)}
    return Query(JuristicPerson(JuristicNumber(number), "director"), ServiceId("factory_licence_transfer"), wanted)


class Page:
    """A DBD that replies what it is told to, and keeps what it was asked."""

    def __init__(self, reply: object, status: int = 200) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()

        async def answer(request: Request) -> Response:
            self.asked.append((f"{request.method} {request.url}", request.headers))
            return Response(content, status, media_type="application/json")

        self.world = World(Starlette(routes=[Route("/{path:path}", answer, methods=["GET"])]))


def reply(**record: object) -> dict[str, object]:
    """A page with one record of these keys, given without their prefix."""
    page = {f"cd:Organization{key}": value for key, value in record.items()}
    return {"status": {"code": "1000", "description": "Success"}, "data": [{"cd:OrganizationJuristicPerson": page}]}
