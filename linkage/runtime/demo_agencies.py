"""The simulated agencies of a demo, on real sockets: found as they are installed, served in threads of their own."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn

from linkage.errors import LinkageError, Problem, SettingsInvalid
from linkage.sources.installed import SIMULATORS, installed

REDIRECT_URI = "https://counter.example/back"

NAMES = ("dopa", "thaid", "sso", "led", "dlt", "dep", "moj")
"""Who is simulated: whose records the demo's services need, and who verifies people for it."""

_STARTS_S = 20.0


class AgencyDidNotStart(LinkageError):
    """A simulator did not come up."""


@dataclass(frozen=True, slots=True)
class Agencies:
    """Where the simulators serve, and what a gateway must be told to ask them: by the agency's name."""

    urls: Mapping[str, str]
    settings: Mapping[str, Mapping[str, Any]]

    def turn(self, agency: str, **knobs: Any) -> None:
        """Turn an agency's knobs."""
        httpx.post(f"{self.urls[agency]}/_simulator/knobs", json=knobs, timeout=10).raise_for_status()

    def consent(self, number: str) -> str:
        """What ThaID's redirect brings when this person consents in the app: an authorization code for `REDIRECT_URI`."""
        thaid = self.settings["thaid"]
        asked = {
            "response_type": "code",
            "client_id": thaid["client_id"],
            "redirect_uri": REDIRECT_URI,
            "scope": "pid name birthdate openid",
            "state": "demo",
            "_person": number,
        }
        page = httpx.get(f"{thaid['base_url']}/auth/", params=asked, timeout=10)
        return parse_qs(urlsplit(page.headers["location"]).query)["code"][0]

    def asked(self) -> set[str]:
        """The request ids under which the agencies have been asked anything so far."""
        found: set[str] = set()
        for url in self.urls.values():
            page = httpx.get(f"{url}/_simulator/received", timeout=10).raise_for_status().json()
            found |= {one["request_id"] for one in page if one["request_id"]}
        return found


@contextmanager
def running_agencies() -> Iterator[Agencies]:
    """Serve every simulator on a port of the system's choosing until the block is left.

    Raises:
        SettingsInvalid: a simulator is not installed.
        AgencyDidNotStart: it does not come up.
    """
    worlds = {name: _simulator(name) for name in NAMES}
    worlds["dopa"].accepts_access_token = worlds["thaid"].is_token_of  # Linkage Center asks ThaID whose token it is
    with ExitStack() as served:
        urls = {name: served.enter_context(serving(world.app)) for name, world in worlds.items()}
        yield Agencies(urls, {name: worlds[name].settings_for(url) for name, url in urls.items()})


def _simulator(name: str) -> Any:
    found = installed(name, key=SIMULATORS, file="installation").make_simulator
    if found is None:
        raise SettingsInvalid((Problem("installation", SIMULATORS, "nothing", f"a simulator named {name}: install the project first"),))
    return found()


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """Serve an ASGI app on loopback until the block is left; its URL, without a slash at the end. Port 0: the system chooses.

    Raises:
        OSError: the port is taken.
        AgencyDidNotStart: it does not come up.
    """
    listening = _bound(port)
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


def _bound(port: int) -> socket.socket:
    listening = socket.socket()
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    return listening
