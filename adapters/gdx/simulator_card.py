"""The card check in the simulator: true, or DOPA's own words under HTTP 500."""

from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.gdx.people import CardState, Person
from adapters.gdx.simulator_door import error

UNKNOWN = "[4] สถานะไม่ปกติ => ไม่พบเลข Laser จาก PID นี้"
DIFFERENT = "[4] สถานะไม่ปกติ => ข้อมูลไม่ตรง"
INCOMPLETE = "[5] ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ"
_ENDED = "[2] บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี "
_STATES = {
    CardState.NORMAL: "",
    CardState.EXPIRED: _ENDED + " บัตรหมดอายุ",  # two blanks, as DOPA writes it
    CardState.ADDRESS_CHANGED: _ENDED + "การเปลี่ยนที่อยู่",
    CardState.LOST: _ENDED + "แจ้งหาย",
    CardState.REISSUED: _ENDED + "ทำบัตรใหม่",
    CardState.NAME_CHANGED: _ENDED + "เปลี่ยนชื่อ",
    CardState.DIED: _ENDED + "เสียชีวิต",
}
_PARTS = ("CitizenID", "FirstName", "LastName", "BEBirthDate", "LaserCode")


class _Knobs(Protocol):
    no_reasons: bool


class CardCheck:
    """The page ``/ws/dopa/verification/personal``."""

    def __init__(self, knobs: _Knobs, people: Mapping[str, Person]) -> None:
        self._knobs = knobs
        self._people = people

    def page(self, request: Request) -> Response:
        """Answer one check."""
        reason = self._reason({part: request.query_params.get(part, "") for part in _PARTS})
        if reason and not self._knobs.no_reasons:
            return error(500, reason)
        return JSONResponse({"Result": not reason})

    def _reason(self, shown: Mapping[str, str]) -> str:
        """Why not; empty where everything holds."""
        if not all(shown.values()):
            return INCOMPLETE
        person = self._people.get(shown["CitizenID"])
        if person is None or not person.laser or person.laser != shown["LaserCode"]:
            return UNKNOWN
        if (person.first, person.last, str(person.born)) != (shown["FirstName"], shown["LastName"], shown["BEBirthDate"]):
            return DIFFERENT
        return _STATES[person.card]
