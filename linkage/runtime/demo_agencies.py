"""The simulated agencies of a demo, on real sockets: found through their entry points, served in a thread of their own."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn

from linkage.errors import LinkageError, Problem, SettingsInvalid

GROUP = "linkage.simulators"
REDIRECT_URI = "https://counter.example/back"

_STARTS_S = 20.0
_THAID_BASE = "/api/v2/oauth2"


class AgencyDidNotStart(LinkageError):
    """A simulator did not come up."""


@dataclass(frozen=True, slots=True)
class Agencies:
    """Where the simulators serve, and what a gateway must be told to ask them."""

    dopa_url: str
    thaid_url: str
    dopa_settings: Mapping[str, str]
    thaid_settings: dict[str, str]
    thaid_secret: str

    def turn(self, **knobs: Any) -> None:
        """Turn DOPA's knobs."""
        httpx.post(f"{self.dopa_url}/_simulator/knobs", json=knobs, timeout=10).raise_for_status()

    def consent(self, number: str) -> str:
        """What ThaID's redirect brings when this person consents in the app: an authorization code for `REDIRECT_URI`."""
        asked = {
            "response_type": "code",
            "client_id": self.thaid_settings["client_id"],
            "redirect_uri": REDIRECT_URI,
            "scope": "pid name birthdate openid",
            "state": "demo",
            "_person": number,
        }
        page = httpx.get(f"{self.thaid_url}{_THAID_BASE}/auth/", params=asked, timeout=10)
        return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]

    def asked(self) -> set[str]:
        """The request ids under which both agencies have been asked anything so far."""
        found: set[str] = set()
        for url in (self.dopa_url, self.thaid_url):
            page = httpx.get(f"{url}/_simulator/received", timeout=10).raise_for_status().json()
            found |= {one["request_id"] for one in page if one["request_id"]}
        return found


@contextmanager
def running_agencies() -> Iterator[Agencies]:
    """Serve both simulators on ports of the system's choosing until the block is left.

    Raises:
        SettingsInvalid: a simulator is not installed.
        AgencyDidNotStart: it does not come up.
    """
    dopa, thaid = _simulator("dopa"), _simulator("thaid")
    dopa.accepts_access_token = thaid.is_token_of  # Linkage Center asks ThaID whose token it is
    with ExitStack() as served:
        dopa_url, thaid_url = (served.enter_context(_served(world.app)) for world in (dopa, thaid))
        yield Agencies(
            dopa_url,
            thaid_url,
            dopa.settings_for(dopa_url),
            {"base_url": f"{thaid_url}{_THAID_BASE}", "issuer": thaid.issuer, "client_id": thaid.client_id},
            thaid.client_secret,
        )


def _simulator(name: str) -> Any:
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise SettingsInvalid((Problem("installation", GROUP, "nothing", f"a simulator named {name}: install the project first"),))
    return found.load()()


@contextmanager
def _served(app: Any) -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="simulator", daemon=True)
    thread.start()
    try:
        for _ in range(round(_STARTS_S / 0.02)):
            if server.started:
                break
            thread.join(0.02)
        if not server.started:
            raise AgencyDidNotStart("a simulator does not answer")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_STARTS_S)
        listening.close()
