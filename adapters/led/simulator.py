"""A small true world that speaks LED's own format: one address, one POST, invented people and bodies.

world = LedSimulator()
world.knobs.code = "909"                    # how LED misbehaves: see `LedKnobs`
world.parties["1100000000032"]              # whom LED knows, with their cases
world.received                              # what LED was asked: operation, request id, time
"""

import json
from typing import Literal

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.led.parties import Case, Party, load_parties
from adapters.led.settings import BANKRUPTCY
from linkage.clock import Clock, SystemClock
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation

PATH = "/v1/GdxWebServiceSam"
OPERATION = "GdxWebServiceSam"
_JSON = "application/json"

_STEMS = {"req": "sued", "abs_prot": "receivership", "abs_gaz": "gazetted", "abs_due": "claims_due", "bkr_prot": "ruled"}
"""A date's stem on the wire -> the case's attribute."""


class LedKnobs(Knobs):
    """How LED misbehaves. Its one operation is GdxWebServiceSam."""

    code: str | None = Field(
        default=None, pattern=r"^[0-9]{3}$", description="answers this responseCode without data: 901, 902, 903, 909, or one nobody knows"
    )
    echoes: Literal["nothing", "ours", "another"] = Field(
        default="nothing", description="which transID a `respHeader` of the reply repeats; LED is not known to repeat any"
    )
    years: Literal["BE", "CE", "short"] = Field(default="BE", description="years as B.E., as C.E., or as two digits of B.E.")
    running_ids: bool = Field(default=False, description="`df_id` is a running number, not the defendant's own")


class LedSimulator:
    """LED. ``app`` is the ASGI app; `parties` and `knobs` may be changed at any time."""

    username = "linkage-demo"
    password = "not-a-secret"  # noqa: S105 (a simulator's, shown in its documents)
    app_id = "LINKAGE"

    def __init__(self, parties: dict[str, Party] | None = None, *, clock: Clock | None = None) -> None:
        self.parties = load_parties() if parties is None else parties
        self.knobs = LedKnobs()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add_party)
        self.received: list[Received] = self._simulation.received
        self._files = SecretFiles()
        self.app = Starlette(routes=[*self._simulation.routes(), Route(PATH, self._endpoint, methods=["POST"])])

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {
            "url": f"{url}{PATH}",
            "username_file": self._files.holding("username", self.username),
            "password_file": self._files.holding("password", self.password),
            "app_id": self.app_id,
            "terminal_id": "GATEWAY01",
            "ip": "192.0.2.1",
        }

    def examples(self) -> Examples:
        """A person with a case, and one who was never sued."""
        sued = next(one for one in self.parties.values() if one.cases and one.kind == "person")
        other = next(one for one in self.parties.values() if not one.cases and one.kind == "person")
        return Examples(found={BANKRUPTCY: sued.as_subject()}, not_found={BANKRUPTCY: other.as_subject()})

    async def _endpoint(self, request: Request) -> Response:
        if trouble := await self._simulation.meet(OPERATION, request.headers, _JSON):
            return trouble
        asked = _read(await request.body())
        code = self.knobs.code if self._simulation.troubles(OPERATION) else None
        if code or (code := self._refuses(asked)):
            return JSONResponse({"responseCode": code})
        reply = self._reply(asked.get("idCard"))
        if self.knobs.echoes == "nothing":
            return JSONResponse(reply)
        trans_id = _header(asked).get("transID") if self.knobs.echoes == "ours" else "0"
        return JSONResponse(reply | {"respHeader": {"transID": trans_id}})

    def _refuses(self, asked: dict[str, object]) -> str | None:
        header = _header(asked)
        if (asked.get("username"), asked.get("password")) != (self.username, self.password):
            return "903"
        if header.get("rqAppID") != self.app_id:
            return "901"
        if not header.get("transID"):
            return "902"
        given = all(isinstance(header.get(key), str) for key in ("transDateTimestamp", "terminalID", "ip", "branchCode"))
        return None if given and asked.get("type") == "DATA" and asked.get("idCard") else "909"

    def _reply(self, number: object) -> dict[str, object]:
        party = self.parties.get(str(number))
        if self.knobs.wrong_person and self._simulation.troubles(OPERATION):
            party = next(one for one in self.parties.values() if one.cases and one.number != number)
        if party is None or not party.cases:
            return {"responseCode": "904"}
        return {"responseCode": "000", "data": [self._row(party, case, at) for at, case in enumerate(party.cases, start=1)]}

    def _row(self, party: Party, case: Case, at: int) -> dict[str, str]:
        row: dict[str, str] = {}
        for stem, attribute in _STEMS.items():
            digits = f"{date:08d}" if (date := int(getattr(case, attribute))) else ""
            row |= {f"{stem}_dd": digits[6:], f"{stem}_mm": digits[4:6], f"{stem}_yy": self._year(digits[:4])}
        df_id = str(at) if self.knobs.running_ids else party.number
        return row | {"lastupdate": case.updated, "df_id": df_id, "df_name": party.first, "df_surname": party.last}

    def _year(self, digits: str) -> str:
        if not digits or self.knobs.years == "BE":
            return digits
        return digits[2:] if self.knobs.years == "short" else str(int(digits) - 543)

    def _add_party(self, row: object) -> None:
        party = Party.model_validate(row)
        self.parties[party.number] = party


def _read(content: bytes) -> dict[str, object]:
    try:
        asked = json.loads(content)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def _header(asked: dict[str, object]) -> dict[str, object]:
    header = asked.get("reqHeader")
    return header if isinstance(header, dict) else {}
