"""``python -m tests.bench.peer PORT FOLDER URL``: what a competent team would build in the gateway's place, with the usual tools.

FastAPI and pydantic on uvicorn (uvloop, httptools), SQLAlchemy on SQLite, one pooled httpx client. It keeps what the gateway promises
at the counter's side of things: mutual TLS; the officer's token, bound to the certificate, its signature verified once and remembered;
a visit that is encrypted and good for one counter; an agreement for every field; the citizen's number encrypted at rest; a row
committed before the agency is asked and another before the answer leaves, each chained to the last by its hash.

It does less than the gateway in everything else, which is all in its favour: no signatures on its log, no receipts, no proofs and no
search; no verification of citizens and no logins of officers; no retries, breakers, limits, deadlines, drain or metrics; one agency,
one record type; no keys that change, no settings, no second language. No entry says who the rows' writer was, and no start checks them.
"""

import base64
import hashlib
import os
import ssl
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import httpx
import jwt
import uvicorn
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.dopa.simulator_linkage import JOB
from tests.bench.peer_records import Access, Records

AUDIENCE = "linkage"
VISIT_S = 900
WIRE = {
    "title": "titleDesc",
    "first_name": "firstName",
    "middle_name": "middleName",
    "last_name": "lastName",
    "birth_date": "dateOfBirth",
    "nationality": "nationalityDesc",
}
"""Our name of a field -> the agency's."""


class Caller(BaseModel):
    """Who calls: the certificate's thumbprint, which names the counter here, and the officer."""

    counter: str
    officer: str


class VisitRequest(BaseModel):
    citizen_number: str = Field(pattern=r"^\d{13}$")
    service: str
    recipient: str


class Visit(BaseModel):
    number: str
    service: str
    recipient: str
    counter: str
    until: float


class VisitOpened(BaseModel):
    visit_token: str


class LookupRequest(BaseModel):
    visit_token: str
    service: str
    record_type: str
    fields: list[str] = Field(min_length=1)
    agency_session_token: str


class LookupReply(BaseModel):
    request_id: str
    found: bool
    fields: dict[str, str]


class AgencyRow(BaseModel):
    responseStatus: int  # noqa: N815 (the agency's name)
    responseData: dict[str, Any] | None = None  # noqa: N815 (the agency's name)


class AgencyReply(BaseModel):
    data: list[AgencyRow]


class WithCertificate(HttpToolsProtocol):
    """Tells the app which certificate a request came with; uvicorn itself does not."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self._thumbprint = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["certificate"] = self._thumbprint


class Peer:
    """What every request uses."""

    def __init__(self, folder: Path, url: str) -> None:
        self.records = Records(folder / "peer.db", AESGCM.generate_key(256))
        self.agency = httpx.AsyncClient(
            base_url=url, limits=httpx.Limits(max_connections=100, max_keepalive_connections=100), timeout=httpx.Timeout(10.0)
        )
        self._visits = AESGCM(AESGCM.generate_key(256))
        keys = jwt.PyJWKSet.from_json((folder / "officers-doe.jwks.json").read_text(encoding="utf-8"))
        self._keys = {key.key_id: key for key in keys.keys}
        self.claims: Callable[[str], dict[str, Any]] = lru_cache(maxsize=4096)(self._claims)

    def _claims(self, token: str) -> dict[str, Any]:
        key = self._keys[jwt.get_unverified_header(token)["kid"]]
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, options={"require": ["exp", "sub", "cnf"]})
        return claims

    def seal(self, visit: Visit) -> str:
        """A visit as a token."""
        nonce = os.urandom(12)
        return base64.urlsafe_b64encode(nonce + self._visits.encrypt(nonce, visit.model_dump_json().encode(), b"visit")).decode()

    def visit(self, token: str) -> Visit:
        """The visit in a token, or 403."""
        try:
            raw = base64.urlsafe_b64decode(token)
            return Visit.model_validate_json(self._visits.decrypt(raw[:12], raw[12:], b"visit"))
        except (ValueError, InvalidTag) as invalid:
            raise HTTPException(403, "the visit is not valid") from invalid


def caller(request: Request) -> Caller:
    """The caller of a request, or 401."""
    certificate: str = request.state.certificate
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        raise HTTPException(401, "no officer's token")
    try:
        claims = request.app.state.peer.claims(token)
    except (jwt.InvalidTokenError, KeyError) as invalid:
        raise HTTPException(401, "the officer's token is not valid") from invalid
    if claims["exp"] <= time.time_ns() / 1e9 or claims["cnf"].get("x5t#S256") != certificate:
        raise HTTPException(401, "the officer's token is over, or another counter's")
    return Caller(counter=certificate, officer=claims["sub"])


Calling = Annotated[Caller, Depends(caller)]


async def open_visit(body: VisitRequest, request: Request, by: Calling) -> VisitOpened:
    """Open a visit. The citizen is taken as verified."""
    until = time.time_ns() / 1e9 + VISIT_S
    visit = Visit(number=body.citizen_number, service=body.service, recipient=body.recipient, counter=by.counter, until=until)
    return VisitOpened(visit_token=request.app.state.peer.seal(visit))


async def look_up(body: LookupRequest, request: Request, by: Calling) -> LookupReply:
    """Look a record up: check, record, ask, record, answer."""
    peer: Peer = request.app.state.peer
    visit = peer.visit(body.visit_token)
    if visit.counter != by.counter or visit.service != body.service or visit.until <= time.time_ns() / 1e9:
        raise HTTPException(403, "the visit is over, or another's")
    if not peer.records.agreed(visit.recipient, body.service, body.record_type).issuperset(body.fields):
        raise HTTPException(403, "not agreed")
    access = Access(
        "intent", str(uuid.uuid4()), by.counter, by.officer, body.service, body.record_type, " ".join(body.fields), visit.number
    )
    await peer.records.record(access)
    record, result = await ask(peer.agency, visit.number, body.agency_session_token)
    outcome = Access("outcome", access.request, by.counter, by.officer, body.service, body.record_type, access.fields, visit.number, result)
    await peer.records.record(outcome)
    if result == "unavailable":
        raise HTTPException(502, "the agency does not answer")
    fields = {name: str(record[WIRE[name]]) for name in body.fields if WIRE[name] in record}
    return LookupReply(request_id=access.request, found=result == "found", fields=fields)


async def ask(agency: httpx.AsyncClient, number: str, session: str) -> tuple[dict[str, Any], str]:
    """Ask the agency: its record, and found, not_found or unavailable."""
    body = {"jobID": JOB, "data": [{"serviceID": 1, "query": {"personalID": number}}]}
    try:
        response = await agency.post("/api/center/request/", json=body, headers={"authorization": f"Bearer {session}"})
        response.raise_for_status()
        row = AgencyReply.model_validate_json(response.content).data[0]
    except (httpx.HTTPError, ValueError, IndexError):
        return {}, "unavailable"
    return (row.responseData, "found") if row.responseStatus == 200 and row.responseData else ({}, "not_found")


def app(folder: Path, url: str) -> FastAPI:
    """The whole application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.peer = peer = Peer(folder, url)
        await peer.records.open([("doe", "jobseeker_registration", "dopa.person", " ".join(WIRE))])
        async with peer.agency:
            yield
        await peer.records.close()

    built = FastAPI(lifespan=lifespan, openapi_url=None)
    built.post("/visits")(open_visit)
    built.post("/lookups")(look_up)
    return built


def main(port: str, folder: str, url: str) -> None:
    place = Path(folder)
    uvicorn.run(
        app(place, url),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http=WithCertificate,
        log_level="critical",
        access_log=False,
        ssl_certfile=place / "server.pem",
        ssl_keyfile=str(place / "server.key"),
        ssl_ca_certs=str(place / "ca.pem"),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
