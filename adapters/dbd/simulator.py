"""A small true world that speaks DBD's own format: one page for each invented body.

world = DbdSimulator()
world.knobs.code = "9999"                   # how DBD misbehaves: see `DbdKnobs`
world.bodies["0995500000014"]               # whom DBD knows
world.received                              # what DBD was asked: operation, request id, time

`world.settings_for(url)` names where the page lives.
"""

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.dbd.bodies import Body, load_bodies, page_of
from adapters.dbd.reply import FOUND, NO_RECORD
from adapters.dbd.settings import JURISTIC_PERSON
from linkage.clock import Clock, SystemClock
from linkage.sources.simulation import Examples, Knobs, Received, Simulation
from linkage.terms import JuristicNumber, JuristicPerson

PATH = "/api/v1/juristic_person"
_JSON = "application/json"

NOBODY = "0995599999990"
"""No body of the fixtures; the check digit is right."""


class DbdKnobs(Knobs):
    """How DBD misbehaves. The only operation: juristic_person."""

    code: str | None = Field(default=None, description="answers this status.code, without a record")
    not_found_status: int = Field(default=200, ge=200, le=599, description="the HTTP status that comes with 1004")
    numbers_as_numbers: bool = Field(default=False, description="the capital as a JSON number")


class DbdSimulator:
    """DBD. ``app`` is the ASGI app; `bodies` and `knobs` may be changed at any time."""

    def __init__(self, bodies: dict[str, Body] | None = None, *, clock: Clock | None = None) -> None:
        self.bodies = load_bodies() if bodies is None else bodies
        self.knobs = DbdKnobs()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add_body)
        self.received: list[Received] = self._simulation.received
        self.app = Starlette(routes=[*self._simulation.routes(), Route(f"{PATH}/{{number}}", self._page, methods=["GET"])])

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {"base_url": f"{url}{PATH}"}

    def examples(self) -> Examples:
        """Whom it can be asked about."""
        return Examples(
            found={JURISTIC_PERSON: JuristicPerson(JuristicNumber(next(iter(self.bodies))), "director")},
            not_found={JURISTIC_PERSON: JuristicPerson(JuristicNumber(NOBODY), "director")},
        )

    async def _page(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("juristic_person", request.headers, _JSON):
            return trouble
        if self.knobs.code is not None:
            return _reply(self.knobs.code, "-", None)
        body = self.bodies.get(request.path_params["number"])
        if body is None:
            return _reply(NO_RECORD, "No data available", None, self.knobs.not_found_status)
        if self.knobs.wrong_person and self._simulation.troubles("juristic_person"):
            body = next(one for one in self.bodies.values() if one.number != body.number)
        page = page_of(body)
        if self.knobs.numbers_as_numbers and body.capital:
            page["cd:OrganizationJuristicRegisterCapital"] = float(body.capital.replace(",", ""))
        return _reply(FOUND, "Success", [{"cd:OrganizationJuristicPerson": page}])

    def _add_body(self, row: object) -> None:
        body = Body.model_validate(row)
        self.bodies[body.number] = body


def _reply(code: str, description: str, rows: object, status: int = 200) -> Response:
    reply: dict[str, object] = {"status": {"code": code, "description": description}}
    return JSONResponse(reply if rows is None else reply | {"data": rows}, status)
