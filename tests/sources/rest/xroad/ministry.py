"""An invented ministry that runs X-Road: its manifest folder, and a small true world around it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from linkage.clock import FakeClock
from linkage.sources.adapter import Answer, Found, Link, Probed, Query, Refused, Unavailable
from linkage.sources.rest import load_adapter, load_simulator
from linkage.sources.rest.xroad.adapter import XRoadAdapter
from linkage.sources.rest.xroad.simulator import CONSUMER, SecurityServer
from linkage.terms import CitizenNumber, FieldName, RecordType, ServiceId, VisitPerson
from linkage.transport import in_process_client

URL = "https://security-server.example"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
SOMMUT = "1100000000016"
NOBODY = "1100000000024"
LICENCE = RecordType("harbour.licence")
BERTH = RecordType("harbour.berth")
LICENCES = "TH-TEST/GOV/9900003/registers/licences"
BERTHS = "TH-TEST/GOV/9900004/o'hara(2)+b,c-d.e=f?/berths"
"""A service whose subsystem has every character that X-Road allows."""

MANIFEST = """
version = 1
protocol = "x-road"
source = "harbour"
host = "https://security-server.example"

[agency]
name_th = "กระทรวงท่าเรือสมมติ"
name_en = "Invented Ministry of Harbours"

[credentials]
kind = "none"

[headers]
X-Road-Issue = "{service}"

[endpoints.licence]
service = "TH-TEST/GOV/9900003/registers/licences"
method = "GET"
path = "/v1/people/{number}/licence"
query = { lang = "th en" }
number_in_url = true
number_in_url_because = "the ministry's service has it there"

[endpoints.berth]
service = "TH-TEST/GOV/9900004/o'hara(2)+b,c-d.e=f?/berths"
method = "POST"
path = "/"
body = { id = "{number}" }

[[rule]]
means = "not_found"
status = [404]

[[record]]
type = "harbour.licence"
endpoint = "licence"
root = "licence"
about.number = ["person"]
fields.serial = "serial"

[[record]]
type = "harbour.berth"
endpoint = "berth"
root = "berth"
about.number = ["person"]
fields.pier = "pier"
"""

RECORD = """
[[record]]
type = "harbour.{name}"
title_th = "ท่าเรือ"
title_en = "Harbour"
legal_owner = "Invented Ministry of Harbours"
names_subject = "number"
fields = [ {{ name = "{field}", label_th = "ก", label_en = "A", kind = "text", class = "ordinary" }} ]
"""

PEOPLE = """
[replies.licence.found]
body = { person = "{number}", licence = "{row}" }
[replies.licence.not_found]
status = 404
[replies.berth.found]
body = { person = "{number}", berth = "{row}" }
[replies.berth.not_found]
status = 404

[[person]]
case = "both"
number = "1100000000016"
rows.licence = { serial = "A1" }
rows.berth = { pier = "9" }

[[person]]
case = "another"
number = "1100000000032"
rows.licence = { serial = "B2" }
rows.berth = { pier = "8" }

[[person]]
case = "nobody"
number = "1100000000024"
"""


def written(folder: Path, edit: Callable[[str], str] = str) -> Path:
    """Write the folder; ``edit`` changes the manifest on its way."""
    records = RECORD.format(name="licence", field="serial") + RECORD.format(name="berth", field="pier")
    for name, text in {"manifest": edit(MANIFEST), "records": records, "people": PEOPLE}.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def change(old: str, new: str) -> Callable[[str], str]:
    """An edit that puts one text in another's place; the text must be there."""

    def edit(page: str) -> str:
        assert old in page
        return page.replace(old, new, 1)

    return edit


class World:
    """The ministry behind the Security Server, or one that answers every message with ``reply``; ``asked`` holds what then came in."""

    def __init__(self, folder: Path, reply: Callable[[Mapping[str, str]], Response] | None = None, **settings: object) -> None:
        self.clock = FakeClock()
        simulator, adapter = load_simulator(folder, clock=self.clock), load_adapter(folder)
        assert isinstance(simulator, SecurityServer)
        assert isinstance(adapter, XRoadAdapter)
        self.simulator, self.adapter = simulator, adapter
        self.settings = adapter.Settings.model_validate({**simulator.settings_for(URL), **settings})
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []
        app = simulator.app if reply is None else self._says(reply)
        self.client = in_process_client(app, adapter.base_urls(self.settings))

    def _says(self, reply: Callable[[Mapping[str, str]], Response]) -> Starlette:
        async def answer(request: Request) -> Response:
            target = request.scope["raw_path"].decode("ascii") + "?" + request.scope["query_string"].decode("ascii")
            self.asked.append((request.method, target.rstrip("?"), dict(request.headers), await request.body()))
            return reply(request.headers)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 5.0, REQUEST_ID, self.clock.now_ms() // 1000)

    async def fetch(self, number: str, *wanted: RecordType) -> Mapping[RecordType, Answer]:
        names = {LICENCE: (FieldName("serial"),), BERTH: (FieldName("pier"),)}
        query = Query(VisitPerson(CitizenNumber(number)), ServiceId("harbour_tour"), {one: names[one] for one in wanted})
        return await self.adapter.fetch(query, self.link())

    async def ask(self, number: str = SOMMUT, record_type: RecordType = LICENCE) -> Answer:
        return (await self.fetch(number, record_type))[record_type]

    async def probe(self) -> Probed | Refused | Unavailable:
        return await self.adapter.probe(self.link())


def echoed(headers: Mapping[str, str], service: str = LICENCES) -> dict[str, str]:
    """What X-Road adds to the reply to a request with these headers."""
    return {"X-Road-Id": headers["x-road-id"], "X-Road-Service": service, "X-Road-Client": CONSUMER}


def carried(body: Any, status: int = 200, service: str = LICENCES, **other: str | None) -> Callable[[Mapping[str, str]], Response]:
    """A provider's reply as X-Road carries it; ``other`` (``x_road_id``) puts another text in a header, None takes it away."""

    def reply(headers: Mapping[str, str]) -> Response:
        told: dict[str, str | None] = {name.lower(): value for name, value in echoed(headers, service).items()}
        told |= {name.replace("_", "-"): value for name, value in other.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Response(content, status, {name: value for name, value in told.items() if value is not None}, "application/json")

    return reply


def failed(code: str, status: int = 500, **headers: str) -> Callable[[Mapping[str, str]], Response]:
    """An error of X-Road's own."""

    def reply(_headers: Mapping[str, str]) -> Response:
        body = {"type": code, "message": "it could not be carried", "detail": "018cbcae-537e-421b-b6f6-2608dc97bd90"}
        told = {"X-Road-Error": code, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return Response(json.dumps(body), status, told, "application/json")

    return reply


LICENCE_OF_SOMMUT = {"person": SOMMUT, "licence": {"serial": "A1"}}


def why(answer: object) -> str:
    """Why nobody can tell."""
    assert isinstance(answer, Unavailable), answer
    return answer.why


def found(answer: Answer) -> Found:
    assert isinstance(answer, Found), answer
    return answer
