"""A small true world that speaks SSO's own format: one SOAP operation, invented people.

    world = SsoSimulator()
    world.knobs.fault = True                    # how SSO misbehaves: see `SsoKnobs`
    world.people["1100000000016"]               # whom SSO insures
    world.received                              # what SSO was asked: operation, request id, time

What the service's WSDL would say was not found. The namespace is plainly invented; parts and results stand in none, as Java's services
write them.
"""

from lxml import etree
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.sso.adapter import OPERATION
from adapters.sso.employments import ITEM, STATUSES
from adapters.sso.people import Employment, Person, load_people
from adapters.sso.settings import EMPLOYMENT
from linkage.clock import Clock, SystemClock
from linkage.sources import soap, soap_replies
from linkage.sources.adapter import Malformed
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation
from linkage.terms import CitizenNumber, VisitPerson

PATH = "/DBforService/services/EmployeeEmployments"
NAMESPACE = "urn:example:sso"


class SsoKnobs(Knobs):
    """How SSO misbehaves. Its one operation is getServ38."""

    fault: bool = Field(default=False, description="answers a SOAP fault, with HTTP status 500")
    fault_in_200: bool = Field(default=False, description="answers a SOAP fault, with HTTP status 200")
    empty: bool = Field(default=False, description="answers a result without employments, for everybody")
    nil: bool = Field(default=False, description="answers a result that is nil")
    employ_status: str | None = Field(default=None, description="every employment has this employStatus instead of its own")


class SsoSimulator:
    """SSO. ``app`` is the ASGI app; `people` and `knobs` may be changed at any time."""

    username = "linkage-demo"
    password = "not-a-secret"  # noqa: S105 (a simulator's, shown in its documents)

    def __init__(self, people: dict[str, Person] | None = None, *, clock: Clock | None = None) -> None:
        self.people = load_people() if people is None else people
        self.knobs = SsoKnobs()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add_person)
        self.received: list[Received] = self._simulation.received
        self._files = SecretFiles()
        self.app = Starlette(routes=[*self._simulation.routes(), Route(PATH, self._endpoint, methods=["POST"])])

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end).

        This SSO has said what an empty list means, so that its world has somebody who is not found.
        """
        return {
            "url": f"{url}{PATH}",
            "username_file": self._files.holding("username", self.username),
            "password_file": self._files.holding("password", self.password),
            "namespace": NAMESPACE,
            "empty_list": "not_found",
        }

    def examples(self) -> Examples:
        """A person with employments, and one who was never insured."""
        insured = next(one for one in self.people.values() if one.employments)
        other = next(one for one in self.people.values() if not one.employments)
        return Examples(found={EMPLOYMENT: _subject(insured)}, not_found={EMPLOYMENT: _subject(other)})

    async def _endpoint(self, request: Request) -> Response:
        version = soap_replies.version_of(request.headers.get("content-type", ""))
        if version is None:
            return Response("Unsupported Media Type", 415)
        if trouble := await self._simulation.meet(OPERATION, request.headers, soap.MEDIA_TYPES[version]):
            return trouble
        if self._simulation.troubles(OPERATION) and (self.knobs.fault or self.knobs.fault_in_200):
            return _sent(version, soap_replies.fault(version, "Internal Error"), 200 if self.knobs.fault_in_200 else 500)
        try:
            asked = _read(await request.body(), version)
        except Malformed:
            return _sent(version, soap_replies.fault(version, "Unmarshalling Error"), 500)
        if (asked.get("username"), asked.get("password")) != (self.username, self.password):
            return _sent(version, soap_replies.fault(version, "Authentication failed"), 500)
        return _sent(version, self._reply(version, asked.get("ssoNum", "")), 200)

    def _reply(self, version: soap.Version, number: str) -> bytes:
        person = self.people.get(number)
        troubled = self._simulation.troubles(OPERATION)
        if self.knobs.wrong_person and troubled:
            person = next(one for one in self.people.values() if one.employments and one.number != number)
        envelope, body = soap_replies.reply(version)
        response = etree.SubElement(body, f"{{{NAMESPACE}}}{OPERATION}Response", nsmap={"ns2": NAMESPACE})
        result = etree.SubElement(response, "result")
        if self.knobs.nil and troubled:
            result.set(soap.NIL, "true")
        elif person is not None and not (self.knobs.empty and troubled):
            status = self.knobs.employ_status if troubled else None
            for employment in person.employments:
                _write(result, employment, status)
        return soap_replies.written(envelope)

    def _add_person(self, row: object) -> None:
        person = Person.model_validate(row)
        self.people[person.number] = person


def _subject(person: Person) -> VisitPerson:
    return VisitPerson(CitizenNumber(person.number))


def _write(result: etree._Element, employment: Employment, status: str | None) -> None:
    code = "1" if employment.employed else "0"
    parts = {
        "companyName": employment.company,
        "accNo": employment.account,
        "accBran": employment.branch,
        "employStatus": code if status is None else status,
        "employStatusDesc": STATUSES[code],
        "expStartDate": _written(employment.started),
        "empResignDate": _written(employment.resigned),
    }
    item = etree.SubElement(result, ITEM)
    for name, text in parts.items():
        etree.SubElement(item, name).text = text or None


def _written(date: int) -> str:
    """``dd/mm/yyyy``; empty for none."""
    digits = f"{date:08d}"
    return f"{digits[6:]}/{digits[4:6]}/{digits[:4]}" if date else ""


def _read(content: bytes, version: soap.Version) -> dict[str, str]:
    call = soap_replies.call_in(content, version)
    if call.tag != f"{{{NAMESPACE}}}{OPERATION}":
        raise Malformed("expected the operation")
    return {str(part.tag): part.text or "" for part in call}


def _sent(version: soap.Version, content: bytes, status: int) -> Response:
    return Response(content, status, headers={"content-type": soap.MEDIA_TYPES[version]})
