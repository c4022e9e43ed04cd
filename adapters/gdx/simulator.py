"""A small true world that speaks GDX's own formats: the door with its tokens, and three services behind it.

world = GdxSimulator()
world.knobs.session_state = "AgentNotAvailable"     # how GDX misbehaves: see `GdxKnobs`
world.people["1100000000016"]                       # whom DOPA knows
world.bodies["0995500000014"]                       # whom DBD knows
world.door.forget()                                 # every token ends now
world.received                                      # what GDX was asked: operation, request id, time

Consumer, secret and agent are those of `simulator_door`; `world.settings_for(url)` writes them to files.
"""

from collections.abc import Callable
from typing import Literal

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.gdx import bodies, people
from adapters.gdx.bodies import Body, load_bodies
from adapters.gdx.people import Person, load_people
from adapters.gdx.settings import JURISTIC_PERSON, PERSON
from adapters.gdx.simulator_card import CardCheck
from adapters.gdx.simulator_door import AGENT, CONSUMER_KEY, CONSUMER_SECRET, SYSTEM, Door, error
from linkage.buddhist import from_buddhist, to_buddhist
from linkage.clock import Clock, SystemClock, thai_day
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation
from linkage.terms import CardLaser, CitizenNumber, JuristicNumber, JuristicPerson, PartialDate, PersonName, Secret, Verdict, VisitPerson

_JSON = "application/json"

NOBODY = "0995599999990"
"""No body of the fixtures; the check digit is right."""
NO_PERSON = "1100000000997"
"""No person of the fixtures."""

NOT_LOGGED_IN = ("90001", "ไม่ได้ Login เข้าใช้งานระบบ")
NO_RECORD = ("90500", "ไม่พบข้อมูล")

SessionState = Literal["AgentNotAvailable", "AgentAvailable", "CitizenAvailable"]


class GdxKnobs(Knobs):
    """How GDX misbehaves. Operations: token, card, permission, person, juristic_person."""

    token_lives: int = Field(default=3600, ge=0, description="seconds of no use after which a token ends; 0: at once")
    session_state: SessionState = Field(default="AgentAvailable", description="whose cards are in GovAMI's reader")
    linkage_code: str | None = Field(default=None, description="gdx.person: answers this Code")
    no_reasons: bool = Field(default=False, description="card check: `Result` false where it would say why")
    not_found_text: str = Field(default="ไม่พบข้อมูล", description="juristic person: `Message` of the 404; empty: an empty body")


class GdxSimulator:
    """GDX. ``app`` is the ASGI app; `people`, `bodies` and `knobs` may be changed at any time."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.people = load_people()
        self.bodies = load_bodies()
        self.knobs = GdxKnobs()
        self.door = Door()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add)
        self.received: list[Received] = self._simulation.received
        self._card = CardCheck(self.knobs, self.people)
        self._secrets = SecretFiles()
        pages: dict[str, Callable[[Request], Response]] = {
            "/dopa/verification/personal": self._card.page,
            "/dopa/linkage/v1/agent/permission": self._permission,
            "/dopa/linkage/v1/link": self._person,
            "/dbd/juristic/v4/profile/information": self._juristic,
        }
        names = ("card", "permission", "person", "juristic_person")
        routes = [self._route(f"/ws{path}", name, page) for (path, page), name in zip(pages.items(), names, strict=True)]
        self.app = Starlette(routes=[*self._simulation.routes(), self._route("/ws/auth/validate", "token", self._token), *routes])

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {
            "base_url": url,
            "consumer_key_file": self._secrets.holding("consumer_key", CONSUMER_KEY),
            "consumer_secret_file": self._secrets.holding("consumer_secret", CONSUMER_SECRET),
            "agent_number_file": self._secrets.holding("agent_number", AGENT),
        }

    def examples(self) -> Examples:
        """Whom it can be asked about."""
        shown = next(iter(self.people.values()))
        card = CardLaser(CitizenNumber(shown.number), PersonName(shown.first, shown.last), from_buddhist(shown.born), Secret(shown.laser))
        wrong = CardLaser(card.number, card.name, card.birth_date, Secret("ZZ0000000000"))
        return Examples(
            found={
                PERSON: VisitPerson(card.number),
                JURISTIC_PERSON: JuristicPerson(JuristicNumber(next(iter(self.bodies))), "director"),
            },
            not_found={
                PERSON: VisitPerson(CitizenNumber(NO_PERSON)),
                JURISTIC_PERSON: JuristicPerson(JuristicNumber(NOBODY), "director"),
            },
            evidence=((card, Verdict.MATCH), (wrong, Verdict.NO_MATCH)),
        )

    def _route(self, path: str, operation: str, page: Callable[[Request], Response]) -> Route:
        """A page behind the door (the first one is the door itself)."""

        async def enter(request: Request) -> Response:
            if trouble := await self._simulation.meet(operation, request.headers, _JSON):
                return trouble
            now, lives = self._simulation.now(), self.knobs.token_lives
            return self.door.turn_away(request.headers, now, lives, token=operation != "token") or page(request)

        return Route(path, enter, methods=["GET"])

    def _token(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("ConsumerSecret") != CONSUMER_SECRET or asked.get("AgentID") not in (AGENT, SYSTEM):
            return error(403, "ForbiddenException: consumer not valid")
        return JSONResponse({"Result": self.door.issue(self._simulation.now())})

    def _permission(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("Consumer") != CONSUMER_KEY:
            return error(403, "ForbiddenException: consumer not found")
        state = self.knobs.session_state if asked.get("CitizenID") == AGENT else "AgentNotAvailable"
        nobody = "0" * 13
        return JSONResponse(
            {
                "AgentID": nobody if state == "AgentNotAvailable" else AGENT,
                "CitizenID": next(iter(self.people)) if state == "CitizenAvailable" else nobody,
                "SessionState": state,
            }
        )

    def _person(self, request: Request) -> Response:
        asked = request.query_params
        if self.knobs.linkage_code is not None:
            return _code(self.knobs.linkage_code, "-")
        if self.knobs.session_state == "AgentNotAvailable":
            return _code(*NOT_LOGGED_IN)
        if (asked.get("OfficeID"), asked.get("ServiceID"), asked.get("Version")) != ("00023", "001", "01"):
            return _code("95012", "ไม่พบ Service ที่ร้องขอข้อมูลในระบบ Linkage Center")
        person = self.people.get(asked.get("CitizenID", ""))
        if person is None or not person.in_register:
            return _code(*NO_RECORD)
        if self.knobs.wrong_person and self._simulation.troubles("person"):
            person = next(one for one in self.people.values() if one.number != person.number)
        return JSONResponse(people.record_of(person, self._today()))

    def _juristic(self, request: Request) -> Response:
        body = self.bodies.get(request.query_params.get("JuristicID", ""))
        if body is None:
            text = self.knobs.not_found_text
            return error(404, text) if text else Response(status_code=404)
        if self.knobs.wrong_person and self._simulation.troubles("juristic_person"):
            body = next(one for one in self.bodies.values() if one.number != body.number)
        return JSONResponse({"ResultList": [bodies.record_of(body)], "RawData": "raw: " + body.name_th})

    def _today(self) -> int:
        """YYYYMMDD, Buddhist Era, in Thailand."""
        now = thai_day(self._simulation.clock.now_ms())
        return int(to_buddhist(PartialDate(now.year, now.month, now.day)))

    def _add(self, row: object) -> None:
        """A body where the row names a type of body, else a person."""
        if isinstance(row, dict) and "type" in row:
            body = Body.model_validate(row)
            self.bodies[body.number] = body
        else:
            person = Person.model_validate(row)
            self.people[person.number] = person


def _code(code: str, message: str) -> Response:
    """Linkage's own refusals come under HTTP 200, in the place of the record (which status they have was not seen)."""
    return JSONResponse({"Code": code, "Message": message})
