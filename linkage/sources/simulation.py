"""What all simulators share: knobs that make an agency misbehave, and a list of what was received.

A simulator is a small true world that speaks one agency's own wire format. It meets every request through `Simulation.meet`,
which notes it, and applies the trouble that the knobs ask for. Knobs are plain attributes in tests; a demo turns them over HTTP:

    GET  /_simulator/knobs       all knobs as JSON
    POST /_simulator/knobs       a JSON object with the knobs to turn; answers all of them
    GET  /_simulator/received    what was received, oldest first; ``?since=N`` leaves out the first N
    POST /_simulator/people      one more invented person, as in the people file; answers 204
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from linkage.clock import Clock
from linkage.sources.adapter import LoginConfirm
from linkage.terms import Evidence, RecordType, Secret, Subject, Verdict

_CHUNK = 65_536

ENTITY_BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><a>&a9;</a>"
)
"""Two thousand million letters in a kilobyte, for a parser that expands entities."""


class Knobs(BaseModel):
    """How the agency misbehaves. All off: it does not."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    only: frozenset[str] = Field(default=frozenset(), description="operations the trouble is limited to; empty: all")
    down: bool = Field(default=False, description="answers 503, as a balancer does before a dead service")
    slow: float = Field(default=0.0, ge=0.0, description="seconds before every answer")
    status: int | None = Field(default=None, ge=400, le=599, description="answers this HTTP status with an empty body")
    malformed: bool = Field(default=False, description="answers 200 with half of a message")
    entity_bomb: bool = Field(default=False, description="answers 200 with XML whose entities explode")
    huge: bool = Field(default=False, description="answers 200 with `huge_bytes` of blanks")
    huge_bytes: int = Field(default=100 * 1024 * 1024, ge=1)
    redirect: bool = Field(default=False, description="answers 302, to somewhere else")
    wrong_person: bool = Field(default=False, description="answers with another person's record")


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in, without any value of a person."""

    operation: str
    """The protocol's own name for it, e.g. ``CheckCardByLaser``."""
    request_id: str
    """The ``X-Request-Id`` header; empty without one."""
    at_ms: int
    """Milliseconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True, repr=False)
class Examples:
    """Whom a simulator can be asked about, so that anybody can try an adapter without knowing its world.

    ``found``: for every record type somebody whose record is held. ``not_found``: somebody whose record is not. ``session``: an
    officer's login that the simulator takes, where one is needed. ``evidence``: what is shown, and the verdict it must get.
    ``login``: an officer's login by ThaID that it takes, where officers log in. Asked for anew before each question: a code is good once.
    """

    found: Mapping[RecordType, Subject] = field(default_factory=dict)
    not_found: Mapping[RecordType, Subject] = field(default_factory=dict)
    session: Secret | None = None
    evidence: tuple[tuple[Evidence, Verdict], ...] = ()
    login: LoginConfirm | None = None


class Simulator(Protocol):
    """What an entry point of the group ``linkage.simulators`` makes when it is called without arguments."""

    @property
    def app(self) -> Any:
        """The ASGI app that speaks the agency's protocol."""

    @property
    def knobs(self) -> Knobs:
        """How it misbehaves; may be changed at any time."""

    @property
    def received(self) -> list[Received]:
        """What it was asked."""

    def settings_for(self, url: str) -> Mapping[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""

    def examples(self) -> Examples:
        """Whom it can be asked about."""


class Simulation:
    """The shared part of one simulator.

    ``add_person`` takes a person of the people file as a JSON object, and raises `ValueError` for anything else.
    """

    def __init__(self, knobs: Knobs, clock: Clock, add_person: Callable[[object], None]) -> None:
        self.knobs = knobs
        self.clock = clock
        self.received: list[Received] = []
        self._add_person = add_person

    def now(self) -> int:
        """Unix time in seconds."""
        return self.clock.now_ms() // 1000

    async def meet(self, operation: str, headers: Mapping[str, str], media_type: str) -> Response | None:
        """Note the request. Answer what the knobs want answered instead of the truth, or None."""
        self.received.append(Received(operation, headers.get("x-request-id", ""), self.clock.now_ms()))
        knobs = self.knobs
        if knobs.only and operation not in knobs.only:
            return None
        if knobs.slow:
            await asyncio.sleep(knobs.slow)
        return self._trouble(media_type)

    def _trouble(self, media_type: str) -> Response | None:  # noqa: PLR0911 (one return a knob)
        knobs = self.knobs
        if knobs.down:
            return Response("Service Unavailable", 503, media_type="text/plain", headers={"retry-after": "30"})
        if knobs.status is not None:
            return Response(status_code=knobs.status)
        if knobs.redirect:
            return Response(status_code=302, headers={"location": "https://elsewhere.invalid/"})
        if knobs.malformed:
            return Response('<?xml version="1.0"?><half' if "xml" in media_type else '{"data":[{', media_type=media_type)
        if knobs.entity_bomb:
            return Response(ENTITY_BOMB, media_type=media_type)
        if knobs.huge:
            return StreamingResponse(_blanks(knobs.huge_bytes), media_type=media_type)
        return None

    def troubles(self, operation: str) -> bool:
        """Whether a finer knob (`wrong_person`) is meant for this operation."""
        return not self.knobs.only or operation in self.knobs.only

    def routes(self) -> list[Route]:
        """The pages under ``/_simulator/``."""
        return [
            Route("/_simulator/knobs", self._knobs_page, methods=["GET", "POST"]),
            Route("/_simulator/received", self._received_page, methods=["GET"]),
            Route("/_simulator/people", self._people_page, methods=["POST"]),
        ]

    async def _knobs_page(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                turned = type(self.knobs).model_validate(self.knobs.model_dump() | _object(await request.body()))
            except (ValidationError, ValueError) as wrong:
                return _refused(wrong)
            for name in turned.model_fields_set:
                setattr(self.knobs, name, getattr(turned, name))
        return JSONResponse(self.knobs.model_dump(mode="json"))

    async def _received_page(self, request: Request) -> Response:
        since = request.query_params.get("since", "0")
        start = int(since) if since.isdecimal() else 0
        return JSONResponse([asdict(one) for one in self.received[start:]])

    async def _people_page(self, request: Request) -> Response:
        try:
            self._add_person(_object(await request.body()))
        except ValueError as wrong:
            return _refused(wrong)
        return Response(status_code=204)


def _object(content: bytes) -> dict[str, object]:
    body = json.loads(content)
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 (the page answers 400 to a ValueError)
    return body


def _refused(wrong: ValueError) -> Response:
    """Answer 400; a simulator's people are invented, so its answer may say what was wrong."""
    return JSONResponse({"error": str(wrong)}, 400)


async def _blanks(total: int) -> AsyncIterator[bytes]:
    for start in range(0, total, _CHUNK):
        yield b" " * min(_CHUNK, total - start)
