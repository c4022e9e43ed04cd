"""The sides that are compared, each started in a process of its own and ready to be asked.

whole    mutual TLS, officer token, visit, agreement, two durable entries, receipt: the gateway as `linkage serve` runs it
bare     a grpc.aio handler with the same mutual TLS that only forwards, with a default httpx.AsyncClient
aiohttp  the same handler over httpx-aiohttp
peer     what a team would build with FastAPI, httpx and SQLAlchemy: `tests.bench.peer`
direct   no side at all: the load asks the simulator itself
empty    a grpc.aio server with the gateway's transport options that does nothing
"""

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.dopa.simulator import DopaSimulator
from adapters.dopa.simulator_linkage import JOB, card_envelope
from tests.bench.desks import FIELDS, NUMBER, RECORD_TYPE, at, open_visits, register
from tests.bench.loading import Answer, Caller, Load, OverGrpc, OverHttp, Work
from tests.bench.places import Process, process
from tests.journeys.replicas import into_databases
from tests.journeys.world import OFFICER, SERVICE, Place, build_place
from tests.ports import free_port
from tests.postgres import Server

COUNTERS = 8
"""Counters, each with one client's share of the load."""


@dataclass(frozen=True)
class Side:
    """One of those compared."""

    name: str
    callers: Sequence[Caller]
    watched: Mapping[str, Process]
    """Whose processor time is read: ``server``, where there is one, and ``simulator``."""

    def measure(self, load: Load, work: Work) -> Answer:
        """One round."""
        return load.do(self.callers, work, self.watched)


@dataclass(frozen=True)
class Gateway(Side):
    """A gateway, with all that another side needs of it."""

    place: Place
    server: Process
    port: int


@dataclass(frozen=True)
class Simulator:
    """The agency that all of them ask."""

    url: str
    process: Process

    def take(self, seconds: float) -> None:
        """Let it take this long for every answer."""
        httpx.post(f"{self.url}/_simulator/knobs", json={"slow": seconds}, timeout=10).raise_for_status()

    def session(self) -> str:
        """An officer's session, for those who log nobody in."""
        chip = DopaSimulator().people[OFFICER].chip
        with httpx.Client(base_url=self.url) as client:
            begun = client.post("/api/center/login/", json={"loginType": 1, "personalID": int(OFFICER), "chipNo": chip}).json()
            office, challenge = begun["office"][0]["id"], begun["random"]
            proof = {"loginType": 1, "officeID": office, "random": challenge, "envelope": card_envelope(challenge, chip)}
            token: str = client.post("/api/center/login/confirm", json=proof).json()["token"]
            return token


@contextmanager
def simulator() -> Iterator[Simulator]:
    """The simulator for as long as the block."""
    port = free_port()
    with process(["tests.bench.simulator", str(port)], port) as started:
        yield Simulator(f"http://127.0.0.1:{port}", started)


@contextmanager
def gateway(
    name: str, folder: Path, agency: Simulator, *, workers: int = 1, postgres: Server | None = None, server: str = "", source: str = ""
) -> Iterator[Gateway]:
    """A gateway with counters ready to look up. ``server`` and ``source``: further lines of its settings."""
    place = built_place(folder, agency, workers=workers, server=server, source=source)
    if postgres is not None:
        into_databases(place, postgres)
    with serving(name, place, agency) as side:
        yield side


def built_place(
    folder: Path, agency: Simulator, *, workers: int = 1, server: str = "", source: str = "", counters: int = COUNTERS
) -> Place:
    """Everything a gateway needs, with the benchmark's counters in its register."""
    lines = server if workers == 1 else f"workers = {workers}\n{server}"
    place = build_place(folder, dopa=agency.url, port=free_port(), more=lines, sources=source)
    place.change("linkage.toml", "reload_seconds = 0.05\n", "")  # tests are in a hurry, an operator is not
    register(place, counters)
    return place


@contextmanager
def serving(name: str, place: Place, agency: Simulator) -> Iterator[Gateway]:
    """`linkage serve` in this place."""
    port = int(place.settings_file.read_text(encoding="utf-8").partition("127.0.0.1:")[2].partition('"')[0])
    with process(["linkage.cli.main", "serve", "--config", str(place.settings_file)], port) as started:
        callers = at(open_visits(place, port, COUNTERS), port, connections=2)
        yield Gateway(name, callers, {"server": started, "simulator": agency.process}, place, started, port)


@contextmanager
def forwarder(name: str, transport: str, of: Gateway, agency: Simulator) -> Iterator[Side]:
    """A bare forwarder with the gateway's certificates. ``transport``: default or aiohttp."""
    port = free_port()
    arguments = ["tests.bench.forwarder", str(port), str(of.place.folder), agency.url, transport, agency.session()]
    with process(arguments, port) as started:
        yield Side(name, at(_of_gateway(of), port), {"server": started, "simulator": agency.process})


@contextmanager
def peer(of: Gateway, agency: Simulator) -> Iterator[Side]:
    """The peer, with the gateway's certificates and officers."""
    port = free_port()
    with process(["tests.bench.peer", str(port), str(of.place.folder), agency.url], port) as started:
        session = agency.session()
        callers = [_at_peer(caller, port, session) for caller in _of_gateway(of)]
        yield Side("peer", callers, {"server": started, "simulator": agency.process})


def _at_peer(caller: OverGrpc, port: int, session: str) -> OverHttp:
    url, headers = f"https://localhost:{port}", dict(caller.metadata)
    context = ssl.create_default_context(cafile=caller.ca)
    context.load_cert_chain(caller.certificate, caller.key)
    files = {"ca": caller.ca, "certificate": caller.certificate, "key": caller.key}
    opened = {"citizen_number": NUMBER, "service": SERVICE, "recipient": "doe"}
    with httpx.Client(base_url=url, verify=context, headers=headers) as client:
        visit = client.post("/visits", json=opened).raise_for_status().json()["visit_token"]
        asked = {"visit_token": visit, "service": SERVICE, "record_type": RECORD_TYPE, "fields": FIELDS, "agency_session_token": session}
        if not client.post("/lookups", json=asked).raise_for_status().json()["found"]:
            raise RuntimeError("the peer finds nothing")
    return OverHttp(f"{url}/lookups", json.dumps(asked), headers, **files)


@contextmanager
def empty(of: Gateway) -> Iterator[Side]:
    """The empty server, with the gateway's certificates."""
    port = free_port()
    with process(["tests.bench.empty", str(port), str(of.place.folder)], port) as started:
        callers = [OverGrpc(one.target, one.ca, one.certificate, one.key, "/empty/Call", found=False) for one in at(_of_gateway(of), port)]
        yield Side("empty", callers, {"server": started})


def direct(agency: Simulator) -> Side:
    """The load asks the simulator itself."""
    body = json.dumps({"jobID": JOB, "data": [{"serviceID": 1, "query": {"personalID": NUMBER}}]})
    caller = OverHttp(f"{agency.url}/api/center/request/", body, {"authorization": f"Bearer {agency.session()}"})
    return Side("direct", [caller], {"simulator": agency.process})


def _of_gateway(of: Gateway) -> list[OverGrpc]:
    return [caller for caller in of.callers if isinstance(caller, OverGrpc)]
