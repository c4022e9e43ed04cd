"""The simulator's door: which credentials it takes, and the OAuth tokens that it gives."""

import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkage.sources.rest.credentials import basic
from linkage.sources.rest.manifest import Manifest
from linkage.sources.rest.written import BasicLogin, ClientCredentials, HeaderKey, QueryToken
from linkage.sources.simulation import Simulation

USER = "linkage-demo"
"""The user's name, or the client's id."""


class Door:
    """Knows one user, one secret for each name, and the tokens it gave."""

    def __init__(self, manifest: Manifest, simulation: Simulation) -> None:
        self._manifest = manifest
        self._simulation = simulation
        self._tokens: dict[str, int] = {}
        self.secrets = {name: f"not-a-secret-{secrets.token_hex(8)}" for name in manifest.secrets}

    @property
    def query_keys(self) -> frozenset[str]:
        """Keys of the query that are not the endpoint's."""
        credentials = self._manifest.credentials
        return frozenset({credentials.key}) if isinstance(credentials, QueryToken) else frozenset()

    @property
    def token_path(self) -> str | None:
        """Where tokens are given, if they are."""
        credentials = self._manifest.credentials
        return credentials.token_path if isinstance(credentials, ClientCredentials) else None

    def lets_in(self, request: Request) -> bool:
        """Whether a request shows what it must."""
        credentials = self._manifest.credentials
        shown = request.headers.get("authorization", "")
        match credentials:
            case HeaderKey():
                return request.headers.get(credentials.header, "") == credentials.prefix + self.secrets[credentials.secret]
            case BasicLogin():
                return shown == basic(USER, self.secrets[credentials.secret])
            case QueryToken():
                return request.query_params.getlist(credentials.key) == [self.secrets[credentials.secret]]
            case ClientCredentials():
                return self._simulation.now() < self._tokens.get(shown.removeprefix("Bearer "), 0)
            case _:
                return True

    def give_token(self, request: Request, content: bytes, lifetime: int) -> Response:
        """Answer the token page."""
        credentials = self._manifest.credentials
        form = dict(parse_qsl(content.decode("ascii", "replace")))
        if not isinstance(credentials, ClientCredentials) or not self._is_client(credentials, request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "client_credentials" or form.get("scope") != credentials.scope:
            return JSONResponse({"error": "invalid_request"}, 400)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._simulation.now() + lifetime
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": lifetime})

    def end_tokens(self) -> None:
        """Take none of the tokens given so far any more."""
        self._tokens.clear()

    def _is_client(self, credentials: ClientCredentials, request: Request, form: dict[str, str]) -> bool:
        secret = self.secrets[credentials.secret]
        if credentials.send == "basic":
            return request.headers.get("authorization") == basic(USER, secret)
        return (form.get("client_id"), form.get("client_secret")) == (USER, secret)
