"""The simulator's Linkage Center 2: login by smart card and ThaID, jobs, requests, renewal, logout.

Personal and office numbers are taken as JSON numbers and as strings: clients send both. What the documents leave open (the envelope a
card makes of the challenge; the status of a refused proof) is chosen here and said so.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.dopa.people import Person
from adapters.dopa.simulator_records import SERVICES, with_texts
from linkage.buddhist import to_buddhist
from linkage.clock import utc
from linkage.sources.simulation import Simulation
from linkage.terms import PartialDate, Secret

if TYPE_CHECKING:
    from adapters.dopa.simulator import DopaKnobs

JOB = "5b0e6a7c-0000-4000-8000-00000000d0a1"
"""The one job that every simulated officer has."""

SESSION_SECONDS = 3600
RENEW_SECONDS = 3600
"""How long after its end a session is still renewed."""

_JSON = "application/json; charset=utf-8"
_MOST_SERVICES = 10
_BY_THAID = 2
"""loginType"""


def card_envelope(challenge: str, chip_number: str) -> str:
    """What a simulated officer's card makes of a challenge (the real envelope is made by the card reader's own software)."""
    return hashlib.sha256(f"{challenge}:{chip_number.upper()}".encode()).hexdigest()


def _error(status: int, message: str, number: int | None = None) -> Response:
    body: dict[str, object] = {"errorMessage": message}
    return JSONResponse(body if number is None else body | {"errorNumber": number}, status)


class LinkageCenter:
    """Linkage Center 2 behind one proxy."""

    def __init__(
        self,
        simulation: Simulation,
        knobs: "DopaKnobs",
        people: Mapping[str, Person],
        accepts_token: Callable[[str, str], bool],
    ) -> None:
        self._simulation = simulation
        self._knobs = knobs
        self._people = people
        self._accepts_token = accepts_token
        self._key = secrets.token_hex(32)
        self._challenges: dict[str, Person] = {}
        self._ended: set[str] = set()

    def routes(self) -> list[Route]:
        """The pages under ``/api/center``."""
        return [
            Route("/api/center/login/", self._login, methods=["POST"]),
            Route("/api/center/login/", self._logout, methods=["DELETE"]),
            Route("/api/center/login/confirm", self._confirm, methods=["POST"]),
            Route("/api/center/login/renew", self._renew, methods=["POST"]),
            Route("/api/center/user/job", self._job, methods=["GET"]),
            Route("/api/center/request/", self._request, methods=["POST"]),
        ]

    def session_of(self, number: str) -> Secret:
        """A session as an officer has it who has just logged in by ThaID."""
        return Secret(self._token(number, _BY_THAID))

    async def _login(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("login", request.headers, _JSON):
            return trouble
        body = await request.json()
        officer = self._people.get(str(body.get("personalID")).zfill(13))
        if officer is None or not officer.offices:
            return _error(404, "Not Found")
        offices = [{"id": office.id, "name": office.name} for office in officer.offices]
        if str(body.get("loginType")) == "2":
            return JSONResponse({"office": offices})
        if str(body.get("chipNo")).upper() != officer.chip:
            return _error(400, "Invalid Smart Card", 90009)
        challenge = secrets.token_hex(16)
        self._challenges[challenge] = officer
        return JSONResponse({"office": offices, "random": challenge})

    async def _confirm(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("confirm", request.headers, _JSON):
            return trouble
        body = await request.json()
        officer = self._by_thaid(body) if str(body.get("loginType")) == "2" else self._by_card(body)
        if isinstance(officer, Response):
            return officer
        if str(body.get("officeID")) not in {str(office.id) for office in officer.offices}:
            return _error(403, "ไม่มีสิทธิในการใช้งานระบบ Linkage Center", 95004)
        return JSONResponse({"token": self._token(officer.number, int(body["loginType"]))}, 201)

    def _by_thaid(self, body: Mapping[str, Any]) -> Person | Response:
        number = str(body.get("personalID")).zfill(13)
        token = str(body.get("accessToken") or "")
        if number not in self._people or not token or not self._accepts_token(token, number):
            return _error(401, "Unauthorized")
        return self._people[number]

    def _by_card(self, body: Mapping[str, Any]) -> Person | Response:
        challenge = str(body.get("random"))
        officer = self._challenges.pop(challenge, None)
        if officer is None or body.get("envelope") != card_envelope(challenge, officer.chip):
            return _error(400, "ค่า Y ที่ส่งมาตรวจสอบไม่ถูกต้อง", 95003)
        return officer

    def _token(self, number: str, login_type: int) -> str:
        now = self._simulation.now()
        claims = {"userPersonalID": int(number), "loginType": login_type, "iat": now, "exp": now + SESSION_SECONDS}
        return jwt.encode(claims | {"jti": secrets.token_hex(8)}, self._key, "HS256")

    async def _renew(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("renew", request.headers, _JSON):
            return trouble
        claims = self._session(request, grace=RENEW_SECONDS)
        if isinstance(claims, Response):
            return claims
        return JSONResponse({"token": self._token(str(claims["userPersonalID"]), claims["loginType"])})

    async def _logout(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("logout", request.headers, _JSON):
            return trouble
        claims = self._session(request)
        if isinstance(claims, Response):
            return claims
        self._ended.add(claims["jti"])
        return JSONResponse({})

    async def _job(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("job", request.headers, _JSON):
            return trouble
        claims = self._session(request)
        return claims if isinstance(claims, Response) else JSONResponse({"job": [JOB]})

    async def _request(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("request", request.headers, _JSON):
            return trouble
        claims = self._session(request)
        if isinstance(claims, Response):
            return claims
        body = await request.json()
        asked = body.get("data", [])
        if body.get("jobID") != JOB or not 0 < len(asked) <= _MOST_SERVICES:
            return _error(403, "jobID not found or user has no permission")
        if self._knobs.quota is not None:
            if self._knobs.quota < len(asked):
                return _error(403, "ใช้สิทธิในการตรวจสอบข้อมูลครบแล้ว", 90008)
            self._knobs.quota -= len(asked)
        rows = [self._row(int(one["serviceID"]), one.get("query", {})) for one in asked]
        absent = all(row["responseStatus"] == 404 for row in rows)
        return JSONResponse({"data": rows, "executeTimeMs": 5 * len(rows)}, 404 if absent else 200)

    def _row(self, service: int, query: Mapping[str, Any]) -> dict[str, Any]:
        status, record, error = self._record(service, str(query.get("personalID", "")).zfill(13))
        if self._knobs.numbers_as_texts:
            record = with_texts(record)
        if self._knobs.in_arrays and record is not None:
            record = [record]
        return {
            "serviceID": service,
            "responseStatus": status,
            "responseContentType": _JSON,
            "responseData": record,
            "responseError": error,
            "responseTimeMs": 5,
        }

    def _record(self, service: int, number: str) -> tuple[int, Any, object]:
        if service in self._knobs.service_fails:
            return self._knobs.service_fails[service], None, None
        if service not in SERVICES:
            return 404, None, {"errorMessage": "ไม่พบ Service ที่ร้องขอข้อมูลในระบบ Linkage Center", "errorNumber": 95012}
        record = self._held(service, number)
        if record is None:
            return 404, None, {"errorMessage": "ไม่พบข้อมูล", "errorNumber": 90500}
        return 200, record, None

    def _held(self, service: int, number: str) -> dict[str, Any] | None:
        if self._knobs.wrong_person and self._simulation.troubles("request"):
            others = (one for one in self._people.values() if one.number != number)
            records = (SERVICES[service](one, self._today()) for one in others)
            return next((record for record in records if record is not None), None)
        person = self._people.get(number)
        return None if person is None else SERVICES[service](person, self._today())

    def _today(self) -> int:
        now = utc(self._simulation.clock.now_ms())
        return int(to_buddhist(PartialDate(now.year, now.month, now.day)))

    def _session(self, request: Request, grace: int = 0) -> dict[str, Any] | Response:
        """The claims of the session that a request carries, or the refusal."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return _error(401, 'Header Authorization only support type "Bearer Token"')
        try:
            unchecked = {"verify_exp": False, "verify_iat": False}
            claims: dict[str, Any] = jwt.decode(token, self._key, ["HS256"], options=unchecked)  # type: ignore[arg-type] # the stub knows fewer options
        except jwt.InvalidTokenError:
            return _error(401, "token is invalid")
        if claims["jti"] in self._ended or self._simulation.now() >= claims["exp"] + grace:
            return _error(401, "token is expired")
        return claims
