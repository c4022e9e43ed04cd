"""A small true world that speaks ThaID's own formats, with the invented people of DOPA's file (ThaID is DOPA's).

    world = ThaidSimulator()
    code = world.code_for("1100000000016")        # a person consents now
    world.knobs.consents = "1100000000024"        # who consents at /auth/; or say it there: &_person=1100000000024

One ASGI app; the pages live under `BASE`.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.dopa.people import Person, load_people
from adapters.thaid.simulator_tokens import Grant, Mint, claims_of
from linkage.clock import Clock, SystemClock
from linkage.sources.simulated_secrets import SecretFiles
from linkage.sources.simulation import Examples, Knobs, Received, Simulation
from linkage.terms import CitizenNumber, Secret, ThaidCode, Verdict

BASE = "/api/v2/oauth2"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


class ThaidKnobs(Knobs):
    """How ThaID misbehaves, and who consents. Operations: auth, token, introspect, revoke, userinfo, jwks."""

    consents: str = Field(default="", description="number of who consents at /auth/; empty: the first of the people")
    denies: bool = Field(default=False, description="the person denies")
    foreign_key: bool = Field(default=False, description="id_tokens are signed with a key that is in no key set")
    claims: dict[str, object] = Field(default_factory=dict, description="claims of id_tokens to put in the place of the true ones")


class ThaidSimulator:
    """ThaID. ``app`` is the ASGI app; `people` and `knobs` may be changed at any time."""

    client_id = "linkage-demo"
    client_secret = "not-a-secret"  # noqa: S105 (a simulator's, shown in its documents)
    issuer = "https://imauth.bora.dopa.go.th"

    def __init__(self, people: dict[str, Person] | None = None, *, clock: Clock | None = None) -> None:
        self.people = load_people() if people is None else people
        self.knobs = ThaidKnobs()
        self._simulation = Simulation(self.knobs, clock or SystemClock(), self._add_person)
        self.received: list[Received] = self._simulation.received
        self._files = SecretFiles()
        self._mint = Mint(self._simulation, self.issuer, self.client_id)
        pages = {
            f"{BASE}/auth/": (self._auth, "GET"),
            f"{BASE}/token/": (self._token, "POST"),
            f"{BASE}/introspect/": (self._introspect, "POST"),
            f"{BASE}/revoke/": (self._revoke, "POST"),
            f"{BASE}/userinfo/": (self._userinfo, "GET"),
            f"{BASE}/jwks/": (self._jwks, "GET"),
            "/.well-known/openid-configuration": (self._discovery, "GET"),
        }
        routes = [Route(path, page, methods=[method]) for path, (page, method) in pages.items()]
        self.app = Starlette(routes=[*self._simulation.routes(), *routes])

    def code_for(self, number: str, *, scope: str = "pid name birthdate openid", redirect_uri: str = "https://counter.example/back") -> str:
        """A code, as the redirect brings it when this person consents."""
        return self._mint.code(Grant(self.people[number], tuple(scope.split()), redirect_uri))

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {
            "base_url": url + BASE,
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret_file": self._files.holding("client_secret", self.client_secret),
        }

    def examples(self) -> Examples:
        """Codes of the first of the people, each good once."""
        number = next(iter(self.people))
        back = "https://counter.example/back"
        other = CitizenNumber(next(one for one in self.people if one != number))
        said = [(CitizenNumber(number), Verdict.MATCH), (None, Verdict.MATCH), (other, Verdict.NO_MATCH)]
        shown = [(ThaidCode(Secret(self.code_for(number, redirect_uri=back)), back, one), verdict) for one, verdict in said]
        return Examples(evidence=tuple(shown))

    def is_token_of(self, access_token: str, number: str) -> bool:
        """Whether this access token is good, and this person's: what Linkage Center asks of ThaID."""
        grant = self._mint.grant_of(access_token)
        return grant is not None and grant.person.number == number

    async def _auth(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("auth", request.headers, _JSON):
            return trouble
        asked = request.query_params
        if any(not asked.get(key) for key in ("response_type", "client_id", "redirect_uri", "scope", "state")):
            return _error(400, "invalid_request", "The request is invalid")
        if asked["response_type"] != "code":
            return _error(400, "unsupported_response_type", "Only code is supported")
        if asked["client_id"] != self.client_id:
            return _error(401, "unauthorized_client", "The client is unknown")
        person = self.people.get(asked.get("_person") or self.knobs.consents or next(iter(self.people)))
        if person is None or self.knobs.denies:
            answer = {"error": "access_denied", "error_description": "The user denied", "error_uri": ""}
        else:
            answer = {"code": self._mint.code(Grant(person, tuple(asked["scope"].split()), asked["redirect_uri"]))}
        joint = "&" if "?" in asked["redirect_uri"] else "?"
        return RedirectResponse(asked["redirect_uri"] + joint + urlencode(answer | {"state": asked["state"]}), 302)

    async def _token(self, request: Request) -> Response:
        form, refused = await self._enter("token", request)
        if refused:
            return refused
        if form.get("grant_type") != "authorization_code":
            return _error(400, "unsupported_grant_type", "Only authorization_code is supported")
        grant = self._mint.redeem(form.get("code", ""), form.get("redirect_uri", ""))
        if isinstance(grant, str):
            return _error(400, grant, "The code is not valid")
        person = self._someone_else(grant)
        token = self._mint.access_token(Grant(person, grant.scope, grant.redirect_uri))
        reply: dict[str, object] = {
            "expire_in": self._mint.ends(),
            "expires_in": self._mint.ends(),  # one connector reads this spelling
            "access_token": token,
            "refresh_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "scope": " ".join(grant.scope),
        }
        claims = claims_of(person, grant.scope)
        if "openid" not in grant.scope:
            return JSONResponse(reply | claims)
        claims |= self.knobs.claims
        return JSONResponse(reply | {"id_token": self._mint.id_token(person, token, claims, foreign=self.knobs.foreign_key)})

    def _someone_else(self, grant: Grant) -> Person:
        if not (self.knobs.wrong_person and self._simulation.troubles("token")):
            return grant.person
        return next(one for one in self.people.values() if one.number != grant.person.number)

    async def _introspect(self, request: Request) -> Response:
        form, refused = await self._enter("introspect", request)
        if refused:
            return refused
        if not form.get("token"):
            return _error(400, "invalid_request", "The body is invalid")
        grant = self._mint.grant_of(form["token"].removeprefix("Bearer "))
        if grant is None:
            return JSONResponse({"active": False})
        return JSONResponse({"active": True, "sub": grant.person.number, "scope": " ".join(grant.scope)})

    async def _revoke(self, request: Request) -> Response:
        form, refused = await self._enter("revoke", request)
        if refused:
            return refused
        self._mint.revoke(form.get("token", "").removeprefix("Bearer "))
        return JSONResponse({"status": "OK", "message": "revoked"})

    async def _userinfo(self, request: Request) -> Response:
        if trouble := await self._simulation.meet("userinfo", request.headers, _JSON):
            return trouble
        grant = self._mint.grant_of(request.headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None:
            return _error(401, "access_denied", "The token is not valid")
        if "openid" not in grant.scope:
            return _error(400, "invalid_scope", "The scope openid is missing")
        return JSONResponse({"sub": grant.person.number} | claims_of(grant.person, grant.scope))

    async def _jwks(self, request: Request) -> Response:
        return await self._simulation.meet("jwks", request.headers, _JSON) or JSONResponse(self._mint.key_set())

    async def _discovery(self, request: Request) -> Response:
        url = str(request.base_url).rstrip("/") + BASE
        pages = {"authorization": "auth", "token": "token", "introspection": "introspect", "revocation": "revoke", "userinfo": "userinfo"}
        found = {f"{name}_endpoint": f"{url}/{page}/" for name, page in pages.items()}
        return JSONResponse({"issuer": self.issuer, "jwks_uri": f"{url}/jwks/"} | found)

    async def _enter(self, operation: str, request: Request) -> tuple[Mapping[str, str], Response | None]:
        """Read the form of a request whose client is known; or the reason why it is turned away."""
        if trouble := await self._simulation.meet(operation, request.headers, _JSON):
            return {}, trouble
        if not self._mint.is_client(request.headers.get("authorization", ""), self.client_secret):
            return {}, _error(401, "invalid_client", "The client is invalid")
        if request.headers.get("content-type", "").split(";")[0] != _FORM:
            return {}, _error(400, "invalid_request", "The body is invalid")
        return dict(parse_qsl((await request.body()).decode())), None

    def _add_person(self, row: object) -> None:
        person = Person.model_validate(row)
        self.people[person.number] = person


def _error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
