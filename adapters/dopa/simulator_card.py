"""The card services of the simulator: CheckCardService.asmx and POPStatusService.asmx, SOAP 1.1 and 1.2, as IIS answers them."""

from collections.abc import Callable, Mapping
from typing import cast

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.dopa.card import OPERATIONS
from adapters.dopa.people import CardState, Person
from linkage.sources import soap, soap_replies
from linkage.sources.adapter import Malformed
from linkage.sources.simulation import Simulation

CARD_PATH = "/checkcardstatus/checkcardservice.asmx"
DEATH_PATH = "/checkstatus/popstatusservice.asmx"

_PARTS = {
    "CheckCardByLaser": ("PID", "FirstName", "LastName", "BirthDay", "Laser"),
    "CheckCardByCID": ("ChipNo", "pid", "bp1no"),
    "CheckDeathStatus": ("pid", "dob"),
}
"""Operation -> its parts, in the order and case that the service reads; a part elsewhere reads as empty."""

_AT = {CARD_PATH: ("CheckCardByLaser", "CheckCardByCID"), DEATH_PATH: ("CheckDeathStatus",)}

_HEADERS = {
    "cache-control": "private, max-age=0",
    "server": "Microsoft-IIS/8.5",
    "x-aspnet-version": "4.0.30319",
    "x-powered-by": "ASP.NET",
    "connection": "close",
}

NORMAL = (0, "สถานะปกติ")
UNKNOWN = (4, "สถานะไม่ปกติ => ไม่พบเลข Laser จาก PID นี้")
DIFFERENT = (4, "สถานะไม่ปกติ => ข้อมูลไม่ตรง")
INCOMPLETE = (5, "ข้อมูลที่ใช้ในการตรวจสอบไม่ครบ")
_STATES = {
    CardState.NORMAL: NORMAL,
    CardState.CHIP_BROKEN: NORMAL,
    CardState.EXPIRED: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี  บัตรหมดอายุ"),  # two blanks, as seen
    CardState.ADDRESS_CHANGED: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี การเปลี่ยนที่อยู่"),
    CardState.LOST: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี แจ้งหาย"),
    CardState.REISSUED: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี ทำบัตรใหม่"),
    CardState.NAME_CHANGED: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี เปลี่ยนชื่อ"),
    CardState.DIED: (2, "บัตรสิ้นสภาพการใช้งาน เนื่องจากกรณี เสียชีวิต"),
}
_CHIP_BROKEN = (1, "Chip No สถานะไม่ปกติ")

Verdict = tuple[int, str]
Parts = Mapping[str, str]


class CardCheck:
    """Both services."""

    def __init__(self, simulation: Simulation, people: Mapping[str, Person]) -> None:
        self._simulation = simulation
        self._people = people
        self._answers: dict[str, Callable[[Parts], Verdict]] = {
            "CheckCardByLaser": self._by_laser,
            "CheckCardByCID": self._by_chip,
            "CheckDeathStatus": self._death,
        }

    def routes(self) -> list[Route]:
        """One route for every path: IIS minds no case, so the path is compared here."""
        return [Route("/{path:path}", self._endpoint, methods=["POST"])]

    async def _endpoint(self, request: Request) -> Response:
        operations = _AT.get(request.url.path.lower())
        if operations is None:
            return Response("The resource cannot be found.", 404, media_type="text/html", headers=_HEADERS)
        version = soap_replies.version_of(request.headers.get("content-type", ""))
        if version is None:
            return Response("Unsupported Media Type", 415, headers=_HEADERS)
        try:
            operation, parts = _read(await request.body(), version, request.headers.get("soapaction"))
        except Malformed:
            return _fault(version, "Server was unable to read request.")
        if operation not in operations:
            return _fault(version, "Server did not recognize the value of HTTP Header SOAPAction.")
        trouble = await self._simulation.meet(operation, request.headers, soap.MEDIA_TYPES[version])
        return trouble or _reply(version, operation, self._answers[operation](parts))

    def _by_laser(self, parts: Parts) -> Verdict:
        if not all(parts.values()):
            return INCOMPLETE
        person = self._people.get(parts["PID"])
        if person is None or not person.laser or person.laser != parts["Laser"]:
            return UNKNOWN
        if (person.first, person.last, str(person.born)) != (parts["FirstName"], parts["LastName"], parts["BirthDay"]):
            return DIFFERENT
        return _STATES[person.card]

    def _by_chip(self, parts: Parts) -> Verdict:
        if not all(parts.values()):
            return INCOMPLETE
        person = self._people.get(parts["pid"])
        if person is None:
            return UNKNOWN
        if not person.chip or person.chip != parts["ChipNo"].upper() or person.card is CardState.CHIP_BROKEN:
            return _CHIP_BROKEN
        return _STATES[person.card] if person.card_number == parts["bp1no"] else DIFFERENT

    def _death(self, parts: Parts) -> Verdict:
        person = self._people.get(parts["pid"])
        if person is None or str(person.born) != parts["dob"]:
            return 2, "ไม่พบข้อมูล"
        return (1, "เสียชีวิต") if person.dead else (0, "มีชีวิต")


def _read(content: bytes, version: soap.Version, action: str | None) -> tuple[str, Parts]:
    call = soap_replies.call_in(content, version)
    operation = etree.QName(call).localname
    if operation not in _PARTS or call.tag != OPERATIONS.part(operation):
        raise Malformed("expected an operation")
    if version == "1.1" and (action or "").strip('"') != f"{OPERATIONS.namespace}{operation}":
        raise Malformed("expected the operation's SOAPAction")
    return operation, _in_order(call, _PARTS[operation])


def _in_order(call: etree._Element, names: tuple[str, ...]) -> Parts:
    """Read as .NET's serializer does: forward only, so that what comes too early is lost."""
    found = dict.fromkeys(names, "")
    at = 0
    for child in call:
        name = etree.QName(cast("str", child.tag)).localname
        if name in names[at:]:
            at = names.index(name) + 1
            found[name] = child.text or ""
    return found


def _reply(version: soap.Version, operation: str, verdict: Verdict) -> Response:
    envelope, body = soap_replies.reply(version)
    response = etree.SubElement(body, OPERATIONS.part(f"{operation}Response"), nsmap={None: OPERATIONS.namespace})
    result = _add(response, f"{operation}Result")
    code, text = verdict
    if operation == "CheckDeathStatus":
        _add(result, "isError", "false")
        _add(result, "errorDesc")
        status = _add(result, "dataInfo")
        _add(status, "stCode", str(code))
        _add(status, "stDesc", text)
    else:
        _add(result, "IsError", "true" if code else "false")
        _add(result, "ErrorMessage")
        _add(result, "Code", str(code))
        _add(result, "Desc", text)
    return _sent(version, soap_replies.written(envelope), 200)


def _fault(version: soap.Version, text: str) -> Response:
    """ASP.NET's own fault (RECALLED)."""
    return _sent(version, soap_replies.fault(version, text), 500)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, OPERATIONS.part(name))
    child.text = text
    return child


def _sent(version: soap.Version, content: bytes, status: int) -> Response:
    return Response(content, status, headers=_HEADERS | {"content-type": soap.MEDIA_TYPES[version]})
