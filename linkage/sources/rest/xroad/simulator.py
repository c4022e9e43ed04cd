"""A small Security Server on our side of a small X-Road: it knows one consumer, and the providers of one manifest.

What it carries is answered by the manifest's own simulator, in the provider's place. Metaservices and errors are written as the
specification has them, in the spelling up to 7.7 or that from 7.8 on.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkage.clock import Clock
from linkage.sources.rest.manifest import Endpoint, Manifest
from linkage.sources.rest.simulator import ManifestSimulator, RestKnobs
from linkage.sources.rest.xroad.access import ALLOWED
from linkage.sources.rest.xroad.identifiers import provider

CONSUMER = "TH-TEST/GOV/9900001/counter-gateway"
"""The only subsystem that is registered at this Security Server."""

META = frozenset({ALLOWED, "listMethods", "getOpenAPI"})
_HUMPS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ID_KEYS = ("xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode")


class SecurityServerKnobs(RestKnobs):
    """How X-Road, or the provider behind it, misbehaves. Operations: the manifest's endpoints, and the metaservices' names."""

    style: Literal["old", "new"] = Field(default="old", description="how error codes are spelled: up to 7.7, or from 7.8 on")
    error: str | None = Field(default=None, description="fails every message with this code, written in the old style")
    error_status: int = Field(default=500, ge=100, le=599, description="the HTTP status beside `error`")
    wrong_echo: Literal["X-Road-Id", "X-Road-Service", "X-Road-Client"] | None = Field(
        default=None, description="names something else in this header of the reply"
    )
    no_echo: bool = Field(default=False, description="answers without X-Road's headers, as a page in between does")
    grants: Literal["service", "endpoint", "another", "none"] = Field(
        default="endpoint", description="what we may ask: the whole service, its endpoint, another endpoint of it, nothing"
    )
    camel_case: bool = Field(
        default=False, description="writes metaservices as the specification's schema does: `member`, keys in camelCase"
    )


class SecurityServer(ManifestSimulator):
    """The consumer's Security Server. `people` and `knobs` may be changed at any time."""

    def __init__(self, manifest: Manifest, *, clock: Clock | None = None) -> None:
        super().__init__(manifest, clock=clock)
        self.knobs: SecurityServerKnobs = SecurityServerKnobs()
        self._simulation.knobs = self.knobs

    def settings_for(self, url: str) -> Mapping[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {**super().settings_for(url), "client": CONSUMER}

    async def _page(self, request: Request) -> Response:
        path: str = request.scope["raw_path"].decode("ascii")
        if path == "/listClients":
            trouble = await self._simulation.meet("listClients", request.headers, "application/json")
            return trouble or self._clients()
        service, endpoint, rest = self._target(path)
        operation = endpoint.name if endpoint is not None else service.rpartition("/")[2] or "unknown"
        refused = self._refusal(request, operation, service, endpoint)
        if refused:
            await self._simulation.meet(operation, request.headers, "application/json")
            return self._failed(refused)
        if endpoint is None:
            trouble = await self._simulation.meet(operation, request.headers, "application/json")
            return self._echoing(trouble or self._told(operation, provider(service)), request, service)
        inner = Request({**request.scope, "path": unquote(rest), "raw_path": rest.encode()}, request.receive)
        return self._echoing(await super()._page(inner), request, service)

    def _target(self, path: str) -> tuple[str, Endpoint | None, str]:
        """The service that a path names, an endpoint of it if it is the manifest's, and what is left of the path for the provider."""
        parts = path.removeprefix("/r1/").split("/")
        for known in self._providers():
            length = known.count("/") + 1
            if len(parts) > length and "/".join(map(unquote, parts[:length])) == known:
                service = f"{known}/{unquote(parts[length])}"
                endpoint = next((one for one in self.manifest.endpoints.values() if one.service == service), None)
                return service, endpoint, "/" + "/".join(parts[length + 1 :])
        return "/".join(map(unquote, parts)), None, "/"

    # ---- errors of X-Road's own

    def _refusal(self, request: Request, operation: str, service: str, endpoint: Endpoint | None) -> str:
        """The code of the error that X-Road answers with; empty where it carries the message."""
        clients = request.headers.getlist("x-road-client")
        if self.knobs.error is not None and self._simulation.troubles(operation):
            return self.knobs.error
        if len(clients) != 1 or "x-road-request-hash" in request.headers or not request.url.path.startswith("/r1/"):
            return "Client.BadRequest"
        if "/".join(map(unquote, clients[0].split("/"))) != CONSUMER:
            return "Server.ClientProxy.UnknownMember"
        if endpoint is None:
            return self._unknown(service)
        return "Server.ServerProxy.AccessDenied" if self.knobs.grants in ("another", "none") else ""

    def _unknown(self, service: str) -> str:
        """What is wrong with asking a service that is none of the manifest's."""
        if provider(service) not in self._providers():
            return "Server.ClientProxy.UnknownMember"
        meta = service.rpartition("/")[2]
        if meta == "getOpenAPI":
            return "Client.BadRequest"  # none of these services is described by OpenAPI
        return "" if meta in META else "Server.ServerProxy.UnknownService"

    def _failed(self, code: str) -> Response:
        status = self.knobs.error_status if self.knobs.error is not None else 400 if code.startswith("Client.") else 500
        if self.knobs.style == "new":
            code = ".".join(word.lower() if place < 2 else _HUMPS.sub("_", word).lower() for place, word in enumerate(code.split(".")))
            status = status if self.knobs.error is not None or code.startswith("server.") else 400
        body = {"type": code, "message": "X-Road could not carry the message", "detail": str(uuid.uuid4())}
        return JSONResponse(body, status, headers={"X-Road-Error": code})

    # ---- metaservices

    def _providers(self) -> frozenset[str]:
        return frozenset(provider(one.service) for one in self.manifest.endpoints.values())

    def _clients(self) -> Response:
        members = [{"id": self._identified(one, "SUBSYSTEM"), "name": "Invented"} for one in sorted({CONSUMER, *self._providers()})]
        return JSONResponse({"member": members})

    def _told(self, meta: str, of: str) -> Response:
        services: dict[str, list[Endpoint]] = {}
        for one in self.manifest.endpoints.values():
            if provider(one.service) == of and not (meta == ALLOWED and self.knobs.grants == "none"):
                services.setdefault(one.service, []).append(one)
        listed = [
            self._identified(service, "SERVICE") | self._keys(serviceType="REST", endpointList=self._endpoints(endpoints))
            for service, endpoints in services.items()
        ]
        return JSONResponse({"member" if self.knobs.camel_case else "service": listed})

    def _endpoints(self, endpoints: list[Endpoint]) -> list[dict[str, str]]:
        if self.knobs.grants == "service":
            return []
        ends = "/another" if self.knobs.grants == "another" else ""
        return [{"method": one.method, "path": re.sub(r"\{[a-z._]+\}", "*", one.path) + ends} for one in endpoints]

    def _identified(self, identifier: str, kind: str) -> dict[str, object]:
        return self._keys(objectType=kind, **dict(zip(_ID_KEYS, identifier.split("/"), strict=False)))

    def _keys(self, **told: object) -> dict[str, object]:
        """Keys as servers write them, or as the schema has them."""
        return told if self.knobs.camel_case else {_HUMPS.sub("_", key).lower(): value for key, value in told.items()}

    # ---- what X-Road adds to a reply

    def _echoing(self, response: Response, request: Request, service: str) -> Response:
        if self.knobs.no_echo:
            return response
        told = {
            "X-Road-Client": request.headers["x-road-client"],
            "X-Road-Service": service,
            "X-Road-Id": request.headers.get("x-road-id", f"TH-TEST-{uuid.uuid4()}"),
            "X-Road-Request-Id": str(uuid.uuid4()),
            "X-Road-Request-Hash": base64.b64encode(hashlib.sha512(b"an invented message").digest()).decode(),
        }
        if self.knobs.wrong_echo is not None:
            told[self.knobs.wrong_echo] = f"{service}2" if self.knobs.wrong_echo == "X-Road-Service" else f"{CONSUMER}2"
        response.headers.update(told)
        return response
