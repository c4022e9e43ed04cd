"""What one question costs a gateway: processor time by kind of call, memory, bytes on the wire, and what it leaves in the log.

The gateway is a process of its own, as `linkage serve` runs it, with one worker; the agencies are simulators that answer at once, and
every call is a true one over mutual TLS. Processor time is the gateway's own, from the kernel, so other work on the machine hardly counts;
what the gateway does in the background (search index, witnesses, health) is in it, as it waits a moment for that after each phase.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import grpc

from linkage.client import Counter
from linkage.client.channel import open_channel
from linkage.clock import SystemClock
from linkage.runtime.databases import lay_out
from linkage.runtime.demo_agencies import REDIRECT_URI, Agencies, running_agencies
from linkage.runtime.demo_gateway import running_gateway
from linkage.runtime.demo_place import Place, build_place
from linkage.runtime.story import LASER, NUMBER, OFFICER_NUMBER, RECIPIENT, card
from linkage.runtime.story_bundle import SERVICE
from linkage.settings import load
from linkage.v1 import lookup_pb2
from linkage.v1.verification_pb2 import ThaidCode
from tests.bench.bundle import RECORDS
from tests.bench.counted import Counted
from tests.bench.places import cpu_seconds
from tests.journeys.replicas import secret
from tests.postgres import Database

IN_FLIGHT = 4
"""Calls under way at once: few, as at the utilisation that a plan allows; the more there are, the less each costs."""
SETTLES_S = 1.0
CONNECTIONS = 200
ALONE = 60

Costs = dict[str, float]


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that serves, and how to ask it."""

    place: Place
    agencies: Agencies
    counter: Counter
    pid: int
    ways: Sequence[Counted] = ()
    """To its agencies, where their bytes are counted."""

    def cpu_s(self) -> float:
        """User and system time of the gateway so far, seconds."""
        return cpu_seconds([self.pid])

    def memory(self) -> int:
        """Resident bytes of the gateway."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def visit(self) -> str:
        """A visit's token."""
        return self.counter.verify(recipient=RECIPIENT, service=SERVICE, citizen_number=NUMBER, evidence=card(LASER)).visit.token

    def lookups(self, visit: str) -> None:
        """The records of a visit, one after the other."""
        for name, fields in RECORDS.items():
            self.counter.lookup(visit, SERVICE, name, fields)

    def bundle(self, visit: str) -> None:
        """The same records in one call."""
        asked = [lookup_pb2.RecordQuestion(record_type=name, fields=fields) for name, fields in RECORDS.items()]
        for _ in self.counter.lookup_bundle(visit, SERVICE, records=asked):
            pass


@contextmanager
def running(folder: Path, databases: tuple[Database, Database] | None = None, *, counted: bool = False) -> Iterator[Running]:
    """A gateway with its agencies and a counter whose officer is logged in; its log in a file, or in these two databases.

    ``counted``: what passes between gateway and agencies is counted.
    """
    with ExitStack() as stack:
        agencies = stack.enter_context(running_agencies())
        ways: tuple[Counted, ...] = ()
        if counted:
            agencies, ways = _through(agencies, stack)
        place = build_place(folder / "linkage.toml", agencies, SystemClock())
        _without_limits(place)
        if databases is not None:
            _into(place, *databases)
        pid = stack.enter_context(running_gateway(place))
        counter = stack.enter_context(Counter.from_folder(place.counter))
        begun = counter.begin_login(recipient=RECIPIENT, source="dopa", officer_number=OFFICER_NUMBER)
        code = ThaidCode(code=agencies.consent(OFFICER_NUMBER), redirect_uri=REDIRECT_URI)
        counter.confirm_login(begun.login_token, begun.offices[0].id, code)
        yield Running(place, agencies, counter, pid, ways)


def processor_time(gateway: Running, calls: int) -> Costs:
    """Microseconds of the gateway for a verification, a lookup, a record of a bundle; milliseconds that a lookup alone takes."""
    visit, records = gateway.visit(), len(RECORDS)
    gateway.lookups(visit)
    gateway.bundle(visit)
    idle = _cpu_each(gateway, lambda: time.sleep(SETTLES_S), 1) / 1e6 / (2 * SETTLES_S)

    def cost(call: Callable[[], object], times: int) -> float:
        return _cpu_each(gateway, call, times, idle=idle)

    costs = {
        "verification_us": cost(gateway.visit, calls),
        "lookup_us": cost(lambda: gateway.lookups(visit), calls // records) / records,
        "bundle_record_us": cost(lambda: gateway.bundle(visit), calls // records) / records,
    }
    times = []
    for _ in range(ALONE):
        started = time.perf_counter()
        gateway.counter.lookup(visit, SERVICE, "dopa.person", RECORDS["dopa.person"])
        times.append((time.perf_counter() - started) * 1000)
    return costs | {"lookup_ms": median(times), "worker_mb": gateway.memory() / 1e6}


def _cpu_each(gateway: Running, call: Callable[[], object], times: int, *, idle: float = 0.0) -> float:
    """Microseconds of the gateway for each call; ``idle``: seconds of processor that it uses in each second anyhow."""
    began, before = time.monotonic(), gateway.cpu_s()
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        for each in [threads.submit(call) for _ in range(times)]:
            each.result()
    time.sleep(SETTLES_S)
    return max(0.0, gateway.cpu_s() - before - idle * (time.monotonic() - began)) / times * 1e6


def connections(gateway: Running) -> Costs:
    """Of an idle connection: kilobytes of the gateway's memory; of its beginning: microseconds of the gateway, bytes on the wire."""
    ca, certificate, key = (gateway.place.counter / name for name in ("ca.pem", "cert.pem", "key.pem"))
    with Counted(int(gateway.place.target.rpartition(":")[2])) as way, ExitStack() as opened:
        before, memory = gateway.cpu_s(), gateway.memory()
        for _ in range(CONNECTIONS):
            channel = opened.enter_context(open_channel(f"localhost:{way.port}", ca, certificate, key))
            grpc.channel_ready_future(channel).result(20)
        time.sleep(SETTLES_S)
        used, grown, passed = gateway.cpu_s() - before, gateway.memory() - memory, way.passed
    return {
        "handshake_us": used / CONNECTIONS * 1e6,
        "connection_kb": grown / CONNECTIONS / 1000,
        "handshake_bytes": passed / CONNECTIONS,
    }


def wire(gateway: Running, times: int) -> Costs:
    """Bytes of a verification and of a lookup between counter and gateway, and between gateway and agencies, both directions together."""
    place, port = gateway.place, int(gateway.place.target.rpartition(":")[2])
    token = (place.counter / "officer.jwt").read_text(encoding="ascii").strip()
    ca, certificate, key = (place.counter / name for name in ("ca.pem", "cert.pem", "key.pem"))
    with Counted(port) as way, Counter.connect(f"localhost:{way.port}", ca, certificate, key, token) as counter:
        asking = replace(gateway, counter=counter)
        begun = counter.begin_login(recipient=RECIPIENT, source="dopa", officer_number=OFFICER_NUMBER)
        code = ThaidCode(code=gateway.agencies.consent(OFFICER_NUMBER), redirect_uri=REDIRECT_URI)
        counter.confirm_login(begun.login_token, begun.offices[0].id, code)
        visit = asking.visit()
        asking.lookups(visit)
        costs: Costs = {}
        for name, call, questions in (("verification", asking.visit, 1), ("lookup", lambda: asking.lookups(visit), len(RECORDS))):
            near, far = way.passed, sum(each.passed for each in gateway.ways)
            for _ in range(times):
                call()
            costs |= {
                f"{name}_bytes": (way.passed - near) / times / questions,
                f"{name}_agency_bytes": (sum(each.passed for each in gateway.ways) - far) / times / questions,
            }
    return costs


def _through(agencies: Agencies, stack: ExitStack) -> tuple[Agencies, tuple[Counted, ...]]:
    """The same agencies, each behind a way that counts."""
    told, ways, urls = json.dumps(dict(agencies.settings), default=str), [], {}
    for name, url in agencies.urls.items():
        way = stack.enter_context(Counted(urlsplit(url).port or 0))
        told, urls[name] = told.replace(url, f"http://127.0.0.1:{way.port}"), f"http://127.0.0.1:{way.port}"
        ways.append(way)
    return Agencies(urls, json.loads(told)), tuple(ways)


def _without_limits(place: Place) -> None:
    """The sample's daily quotas would stop the measurement in its middle."""
    for file in (place.folder / "agreements").glob("*.toml"):
        lines = file.read_text(encoding="utf-8").replace("per_day = 5000", "per_day = 1000000").replace("_day = 200", "_day = 1000000")
        file.write_text(lines, encoding="utf-8")


def _into(place: Place, log: Database, keys: Database) -> None:
    """Have the place keep log and data keys in these databases."""
    secret(place.folder / "owner.pg", "user=linkage_owner")
    secret(place.folder / "log.pg", log.gateway)
    secret(place.folder / "keys.pg", keys.gateway)
    text = place.settings.read_text(encoding="utf-8")
    text = text.replace('path = "access-log.sqlite"', 'postgres = "log.pg"\nanchor = "log.anchor"')
    place.settings.write_text(text.replace('data_keys = "data-keys.sqlite"', 'data_keys_postgres = "keys.pg"'), encoding="utf-8")
    lay_out(load(place.settings), place.folder / "owner.pg")
