"""A harbour office on the wire: a token first, then boats, licences, cards and logins. JSON throughout."""

import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linkage.clock import SystemClock
from linkage.numbers import check_digit
from linkage.sources.adapter import LoginBegin, LoginConfirm
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation
from linkage.terms import CardLaser, CitizenNumber, Evidence, PartialDate, PersonName, RecordType, Secret, Verdict, VisitPerson

BOAT = RecordType("harbour.boat")
LICENCE = RecordType("harbour.licence")
KEY = "harbour-key-of-nobody"
OFFICE = 7
LASER = "ZZ9900000001"


def number_of(row: int) -> str:
    first = f"19999999{row:04d}"
    return f"{first}{check_digit(first)}"


def person_of(row: int) -> dict[str, Any]:
    """What the harbour office holds about one invented person."""
    number, name = number_of(row), f"สมมติที่{row:02d}"
    boat = {
        "owner": number,
        "name": f"เรือลำที่ {row:02d}",
        "length": f"{row}.5",
        "motor": "Y",
        "built_on": "1999-12-31",
        "crew": [f"ลูกเรือสมมติ {row:02d}"],
        "berth": {"pier": f"ท่าสมมติ {row:02d}", "place": str(row)},
    }
    return {BOAT: boat, LICENCE: {"first": name, "last": "ท่าเรือจำลอง", "born": f"1980-01-{row:02d}"}}


class HarbourSimulator:
    def __init__(self) -> None:
        self.people = {number_of(row): person_of(row) for row in range(1, 16)}
        self.knobs = Knobs()
        self.simulation = Simulation(self.knobs, SystemClock(), lambda _: None)
        self.received: list[Received] = self.simulation.received
        self._files = SecretFiles()
        self._key_file = self._files.holding("key", KEY)
        self._sessions: set[str] = set()
        pages = {"token": self._token, "records": self._records, "card": self._card, "login": self._login, "probe": self._probe}
        routes = [Route(f"/{name}", page, methods=["POST"]) for name, page in pages.items()]
        self.app = Starlette(routes=[*self.simulation.routes(), *routes])

    def settings_for(self, url: str) -> dict[str, object]:
        return {"url": url, "key_file": self._key_file}

    def examples(self) -> Examples:
        somebody, nobody = (VisitPerson(CitizenNumber(number_of(row))) for row in (1, 99))
        session = self._session()
        login = LoginConfirm(LoginBegin(CitizenNumber(number_of(2)), None), "", OFFICE, None, Secret("access-token-of-an-officer"))
        born, name = PartialDate(1980, 1, 1), PersonName("สมมติที่01", "ท่าเรือจำลอง")
        evidence: list[tuple[Evidence, Verdict]] = [
            (CardLaser(somebody.number, name, born, Secret(LASER)), Verdict.MATCH),
            (CardLaser(somebody.number, name, born, Secret("ZZ0000000000")), Verdict.NO_MATCH),
        ]
        return Examples(
            found={BOAT: somebody, LICENCE: somebody},
            not_found={BOAT: nobody, LICENCE: nobody},
            session=Secret(session),
            evidence=tuple(evidence),
            login=login,
        )

    def _session(self) -> str:
        session = secrets.token_hex(16)
        self._sessions.add(session)
        return session

    async def _enter(self, operation: str, request: Request) -> tuple[Any, Response | None]:
        if trouble := await self.simulation.meet(operation, request.headers, "application/json"):
            return None, trouble
        if operation != "token" and request.headers.get("authorization") != "Bearer a-token-for-us":
            return None, JSONResponse({"error": "token"}, 401)
        return await request.json(), None

    async def _token(self, request: Request) -> Response:
        body, trouble = await self._enter("token", request)
        if trouble:
            return trouble
        return JSONResponse({"token": "a-token-for-us"}) if body["key"] == KEY else JSONResponse({"error": "key"}, 403)

    async def _records(self, request: Request) -> Response:
        body, trouble = await self._enter("records", request)
        if trouble:
            return trouble
        if body["session"] not in self._sessions:
            return JSONResponse({"error": "session"}, 401)
        return JSONResponse({"answers": {kind: self._answer(kind, body["number"]) for kind in body["kinds"]}})

    def _answer(self, kind: str, number: str) -> dict[str, Any]:
        if self.knobs.wrong_person:
            number = next(one for one in self.people if one != number)
        person = self.people.get(number)
        return {"status": "none"} if person is None else {"status": "held", "record": person[RecordType(kind)]}

    async def _card(self, request: Request) -> Response:
        body, trouble = await self._enter("card", request)
        return trouble or JSONResponse({"card": "good" if body["laser"] == LASER else "bad"})

    async def _login(self, request: Request) -> Response:
        body, trouble = await self._enter("login", request)
        if trouble:
            return trouble
        match body:
            case {"step": "begin"}:
                return JSONResponse({"offices": [[OFFICE, "ท่าเรือสมมติ"]]})
            case {"step": "renew" | "end" as step, "session": session} if session in self._sessions:
                self._sessions -= {session} if step == "end" else set()
                return JSONResponse({"session": session})
            case {"step": "confirm"}:
                return JSONResponse({"session": self._session()})
            case _:
                return JSONResponse({"error": "session"}, 401)

    async def _probe(self, request: Request) -> Response:
        _, trouble = await self._enter("probe", request)
        return trouble or JSONResponse({"granted": [BOAT]})
