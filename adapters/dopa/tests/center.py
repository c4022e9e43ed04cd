"""A Linkage Center for the tests that replies what it is told to, and keeps what it was asked."""

import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.dopa.settings import PERSON
from adapters.dopa.tests.world import World
from linkage.sources.adapter import Answer
from linkage.terms import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

SOMMUT = "1100000000016"
SESSION = Secret("session")
ROW = {"serviceID": 1, "responseStatus": 200, "responseData": {"firstName": "สมมติ"}, "responseError": None}


class Center:
    """A Linkage Center that replies what it is told to, and keeps what it was asked."""

    def __init__(self, reply: object, status: int = 200, **settings: object) -> None:
        self.asked: list[tuple[str, Mapping[str, str], Any]] = []
        content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()

        async def answer(request: Request) -> Response:
            body = await request.body()
            self.asked.append((f"{request.method} {request.url.path}", request.headers, json.loads(body) if body else None))
            return Response(content, status, media_type="application/json")

        self.world = World(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST", "DELETE"])]), **settings)

    async def person(self, *names: str) -> Answer:
        return (await self.world.fetch(SOMMUT, {PERSON: names or ("first_name",)}, SESSION))[PERSON]


def envelope(**row: object) -> dict[str, object]:
    return {"data": [ROW | row], "executeTimeMs": 5}
