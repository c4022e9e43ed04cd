"""A small true world for the tests: a simulated SSO, or one that says what it is told to, the adapter, and a client like the gateway's."""

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.sso import Sso
from adapters.sso.employments import EMPLOYMENTS
from adapters.sso.settings import EMPLOYMENT, SsoSettings
from adapters.sso.simulator import SsoSimulator
from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Query, Unavailable
from linkage.terms import CitizenNumber, FieldName, ServiceId, Subject, VisitPerson
from linkage.transport import in_process_client

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "https://sso.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
SOMMUT = "1100000000016"
NEVER = "3100000000063"


def person(number: str) -> VisitPerson:
    return VisitPerson(CitizenNumber(number))


class World:
    """SSO as the simulator plays it, or with ``reply`` in its place; ``asked`` holds what then came in."""

    def __init__(self, reply: str | bytes | None = None, *, status: int = 200, **settings: Any) -> None:
        self.clock = FakeClock()
        self.simulator = SsoSimulator(clock=self.clock)
        self.adapter = Sso()
        self.settings = SsoSettings.model_validate(self.simulator.settings_for(URL) | settings)
        self.asked: list[tuple[Mapping[str, str], str]] = []
        app = self.simulator.app if reply is None else self._says(reply, status)
        self.client = in_process_client(app, self.adapter.base_urls(self.settings))

    def _says(self, reply: str | bytes, status: int) -> Starlette:
        async def answer(request: Request) -> Response:
            self.asked.append((dict(request.headers), (await request.body()).decode()))
            return Response(reply, status, media_type="text/xml; charset=utf-8")

        return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def fetch(self, subject: Subject | None = None, names: tuple[FieldName, ...] = (EMPLOYMENTS,)) -> Answer:
        """Ask, of Sommut unless somebody is named."""
        query = Query(subject or person(SOMMUT), ServiceId("unemployment_benefit"), {EMPLOYMENT: names})
        answers = await self.adapter.fetch(query, self.link())
        assert set(answers) == {EMPLOYMENT}
        return answers[EMPLOYMENT]

    async def employments(self, subject: Subject | None = None) -> Any:
        """The list, where it is found."""
        answer = await self.fetch(subject)
        assert isinstance(answer, Found), answer
        return answer.fields[EMPLOYMENTS]


def item(**other: str | None) -> str:
    """One employment as SSO writes it; ``other`` puts something else in an element's place, None leaves the element out."""
    parts: dict[str, str | None] = {
        "companyName": "บริษัท สมมติการค้า จำกัด",
        "accNo": "9900000001",
        "accBran": "000000",
        "employStatus": "0",
        "employStatusDesc": "ไม่ได้จ้างงาน",
        "expStartDate": "01/06/2558",
        "empResignDate": "29/02/2563",
    }
    written = "".join(f"<{name}>{text}</{name}>" for name, text in (parts | other).items() if text is not None)
    return f"<employments>{written}</employments>"


def reply(*items: str, result: str = "<result>{}</result>") -> str:
    return (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><ns2:getServ38Response xmlns:ns2="urn:example:sso" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{result.format("".join(items))}</ns2:getServ38Response></S:Body></S:Envelope>'
    )


def why(answer: Answer) -> str:
    """Why nobody can tell."""
    assert isinstance(answer, Unavailable), answer
    return answer.why
