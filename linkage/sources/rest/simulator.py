"""A small true world that speaks the wire of any manifest, from the manifest itself and the folder's ``people.toml``.

It takes a request only where it is exactly what an endpoint spells, with the right credentials; everything else is 400 or 401.
"""

from collections.abc import Mapping

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linkage.clock import Clock, SystemClock
from linkage.sources.rest.manifest import Manifest, RecordMap
from linkage.sources.rest.people import People, Reply, Row, read_people
from linkage.sources.rest.simulator_login import USER, Door
from linkage.sources.rest.simulator_wire import spelled, understood
from linkage.sources.rest.template import NUMBER, SUBJECT
from linkage.sources.rest.written import BasicLogin, ClientCredentials
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation

TOKEN = "token"  # noqa: S105 (an operation's name)
"""The operation of the token page; all others are named as the manifest's endpoints."""


class RestKnobs(Knobs):
    """How the agency misbehaves. Operations: the manifest's endpoints, and ``token``."""

    token_expires: int = Field(default=3600, ge=0, description="seconds that a token given from now on lasts")
    refuses_tokens: bool = Field(default=False, description="takes no token, however new: answers 401")
    quota: int | None = Field(default=None, ge=0, description="questions that may still be asked; None: no end")
    not_entitled: bool = Field(default=False, description="grants us nothing")


class ManifestSimulator:
    """The agency of one manifest. `people` and `knobs` may be changed at any time."""

    def __init__(self, manifest: Manifest, *, clock: Clock | None = None) -> None:
        self.manifest = manifest
        self._world: People = read_people(manifest)
        self.people = self._world.rows
        self.knobs = RestKnobs()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add_person)
        self.received: list[Received] = self._simulation.received
        self.door = Door(manifest, self._simulation)
        self._files = SecretFiles()
        routes = [*self._simulation.routes(), Route("/{rest:path}", self._page, methods=["GET", "POST"])]
        self.app = Starlette(routes=routes)

    def settings_for(self, url: str) -> Mapping[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        credentials = self.manifest.credentials
        known = {credentials.user} if isinstance(credentials, BasicLogin) else set()
        known |= {credentials.client} if isinstance(credentials, ClientCredentials) else set()
        texts = {name: USER if name in known else "simulated" for name, one in self.manifest.settings.items() if one.default is None}
        files = {f"{name}_file": self._files.holding(name, secret) for name, secret in self.door.secrets.items()}
        return {f"{host}_url": url for host in self.manifest.hosts} | texts | files

    def examples(self) -> Examples:
        """The first with a row at each record type's endpoint, and the first without; of a kind that the type is kept about."""
        records = self.manifest.records.values()
        found = {one.type: self._first(one, with_row=True) for one in records}
        missing = {one.type: self._first(one, with_row=False) for one in records}
        return Examples(
            found={name: row.subject() for name, row in found.items() if row is not None},
            not_found={name: row.subject() for name, row in missing.items() if row is not None},
        )

    def _first(self, record: RecordMap, *, with_row: bool) -> Row | None:
        rows = (row for row in self.people.values() if row.kind in record.subjects and (record.endpoint in row.rows) is with_row)
        return next(rows, None)

    def end_tokens(self) -> None:
        """Take none of the tokens given so far any more."""
        self.door.end_tokens()

    async def _page(self, request: Request) -> Response:
        content = await request.body()
        if request.url.path == self.door.token_path and request.method == "POST":
            trouble = await self._simulation.meet(TOKEN, request.headers, "application/json")
            return trouble or self.door.give_token(request, content, self.knobs.token_expires)
        for endpoint in self.manifest.endpoints.values():
            asked = understood(endpoint, request, content, self.door.query_keys)
            if asked is not None:
                trouble = await self._simulation.meet(endpoint.name, request.headers, "application/json")
                return trouble or self._answered(endpoint.name, request, asked)
        await self._simulation.meet("unknown", request.headers, "application/json")
        return JSONResponse({"error": "not a request of this manifest"}, 400)

    def _answered(self, endpoint: str, request: Request, asked: Mapping[str, str]) -> Response:
        refused = self.knobs.refuses_tokens and self.door.token_path is not None
        shown = {name: value for name, value in asked.items() if name.startswith("secrets.")}
        if refused or not self.door.lets_in(request) or any(self.door.secrets[name[8:]] != value for name, value in shown.items()):
            return _written(self._world.unauthorised, asked, None)
        if self.knobs.not_entitled:
            return _written(self._world.not_entitled, asked, None)
        if self.knobs.quota == 0:
            return _written(self._world.quota, asked, None)
        if self.knobs.quota is not None:
            self.knobs.quota -= 1
        row = self.people.get(asked[NUMBER])
        if self.knobs.wrong_person and self._simulation.troubles(endpoint):
            row = self._another(endpoint, asked[NUMBER]) or row
        replies = self._world.replies[endpoint]
        if row is None or endpoint not in row.rows:
            return _written(replies.not_found, asked, None)
        word = self.manifest.subject_words.get(row.kind, "")
        return _written(replies.found, {**asked, NUMBER: row.digits, SUBJECT: word}, row.rows[endpoint])

    def _another(self, endpoint: str, number: str) -> Row | None:
        """Somebody else of the same kind, as a cache mixed up at the agency would answer."""
        kind = self.people[number].kind if number in self.people else None
        others = (one for one in self.people.values() if one.digits != number and endpoint in one.rows and kind in (None, one.kind))
        return next(others, None)

    def _add_person(self, row: object) -> None:
        one = Row.model_validate(row)
        self.people[one.digits] = one


def _written(reply: Reply, values: Mapping[str, str], row: object) -> Response:
    return JSONResponse(spelled(reply.body, values, row), reply.status, headers=reply.headers)
