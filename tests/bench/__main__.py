"""``make bench``: the whole gateway beside two bare forwarders, in one run on one machine, as ratios.

    whole    mutual TLS, officer token, visit, agreement, two durable entries, receipt: the gateway as `linkage serve` runs it
    bare     a grpc.aio handler with the same mutual TLS that only forwards, with a default httpx.AsyncClient
    aiohttp  the same handler over httpx-aiohttp

One worker each, on one processor; simulator and load on the other. Rounds alternate; medians count; the disk's own sync time
stands beside them, because a disk that hardly syncs flatters everyone.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from adapters.dopa.simulator import DopaSimulator
from adapters.dopa.simulator_linkage import card_envelope
from adapters.thaid.simulator import ThaidSimulator
from linkage.v1 import lookup_pb2
from tests.bench import bundle, verification
from tests.bench.places import OTHERS_CPU, SERVER_CPU, Process, free_port, process
from tests.journeys.world import COUNTER_1, OFFICER, SERVICE, Desk, Place, World, build_place

if TYPE_CHECKING:
    from linkage.runtime.gateway import Gateway

FIELDS = ("title", "first_name", "last_name", "birth_date", "nationality")
OUT = Path(".bench/latest.json")


@dataclass
class Side:
    """One of those compared, and what was measured of it."""

    name: str
    port: int
    request: bytes
    token: str
    server: Process
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def measure(side: Side, place: Place, in_flight: int, seconds: float) -> None:
    """One round."""
    certificate, key = place.certificate(COUNTER_1, "bench")
    told = {
        "target": f"localhost:{side.port}",
        "ca": str(place.folder / "ca.pem"),
        "certificate": str(certificate),
        "key": str(key),
        "token": side.token,
        "request": side.request.hex(),
        "in_flight": in_flight,
        "warm": 1.0,
        "cpu": OTHERS_CPU,
        "seconds": seconds,
    }
    before = side.server.cpu_seconds()
    load = subprocess.run([sys.executable, "-m", "tests.bench.load"], input=json.dumps(told).encode(), stdout=subprocess.PIPE, check=True)
    answer = json.loads(load.stdout)
    side.rates.append(answer["calls"] / answer["seconds"])
    side.p50.append(answer["p50_ms"])
    side.p99.append(answer["p99_ms"])
    side.cpu_ms.append((side.server.cpu_seconds() - before) / (seconds + 1.0) / side.rates[-1] * 1000)


async def open_visit(place: Place, port: int) -> tuple[bytes, str]:
    """Log in, verify, and make the request that is then repeated."""
    gateway = cast("Gateway", SimpleNamespace(port=port))
    world = World(place.folder, place.clock, DopaSimulator(), ThaidSimulator(), gateway)
    certificate, key = place.certificate(COUNTER_1, "bench")
    token = place.token(certificate)
    desk = Desk(world, certificate, key, token)
    session = await desk.login()
    visit = (await desk.verify()).visit.token
    await desk.close()
    request = lookup_pb2.LookupRequest(
        visit_token=visit, service=SERVICE, record_type="dopa.person", fields=FIELDS, agency_session_token=session
    )
    return request.SerializeToString(), token


def session_at(url: str) -> str:
    """An officer's session at the simulator, for the forwarders."""
    chip = DopaSimulator().people[OFFICER].chip
    with httpx.Client(base_url=url) as client:
        begun = client.post("/api/center/login/", json={"loginType": 1, "personalID": int(OFFICER), "chipNo": chip}).json()
        confirm = {
            "loginType": 1,
            "officeID": begun["office"][0]["id"],
            "random": begun["random"],
            "envelope": card_envelope(begun["random"], chip),
        }
        token: str = client.post("/api/center/login/confirm", json=confirm).json()["token"]
        return token


@contextmanager
def sides(folder: Path) -> Iterator[tuple[Place, list[Side]]]:
    """Start everything."""
    with ExitStack() as stack:
        simulator, whole = free_port(), free_port()
        url = f"http://127.0.0.1:{simulator}"
        stack.enter_context(process(["tests.bench.simulator", str(simulator)], simulator, OTHERS_CPU))
        place = build_place(folder, dopa=url, port=whole)
        gateway = stack.enter_context(process(["linkage.cli.main", "serve", "--config", str(place.settings_file)], whole, SERVER_CPU))
        request, token = asyncio.run(open_visit(place, whole))
        compared = [Side("whole", whole, request, token, gateway)]
        for name, transport in (("bare", "default"), ("aiohttp", "aiohttp")):
            port = free_port()
            arguments = ["tests.bench.forwarder", str(port), str(folder), url, transport, session_at(url)]
            compared.append(Side(name, port, request, token, stack.enter_context(process(arguments, port, SERVER_CPU))))
        yield place, compared


def sync_ms(folder: Path) -> float:
    """Median time of the disk's own sync of a 4 KiB append, milliseconds."""
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(os.urandom(4096))
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times) * 1000


def figures(compared: list[Side], sync: float) -> list[dict[str, Any]]:
    """The rows of .bench/latest.json; ratios of rounds run next to each other."""
    whole, bare, aiohttp = compared

    def ratio(other: Side) -> float:
        return median(a / b for a, b in zip(whole.rates, other.rates, strict=True))

    rows = [
        ("whole gateway / bare grpc.aio + default httpx, 32 in flight, one worker", ratio(bare), 1.0),
        ("whole gateway / bare over httpx-aiohttp, 32 in flight, one worker", ratio(aiohttp), 0.5),
        ("disk sync, ms", sync, None),
    ]
    rows += [(f"{side.name}, calls a second", median(side.rates), None) for side in (whole, bare, aiohttp)]
    return [{"name": name, "value": round(value, 3), "aim": aim} for name, value, aim in rows]


def show(console: Console, compared: list[Side], rows: list[dict[str, Any]]) -> None:
    """The tables."""
    table = Table("side", "calls/s", "(min-max)", "p50 ms", "p99 ms", "server CPU ms a call")
    for side in compared:
        spread = f"{min(side.rates):.0f}-{max(side.rates):.0f}"
        table.add_row(
            side.name,
            f"{median(side.rates):.0f}",
            spread,
            f"{median(side.p50):.1f}",
            f"{median(side.p99):.1f}",
            f"{median(side.cpu_ms):.2f}",
        )
    console.print(table)
    summary = Table("figure", "value", "aim")
    for row in rows:
        bound = "at most" if "at most" in row["name"] else "at least"
        summary.add_row(row["name"], f"{row['value']:.2f}", "" if row["aim"] is None else f"{bound} {row['aim']}")
    console.print(summary)


def main(rounds: int, seconds: float, in_flight: int) -> None:
    """Run, print, write."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="linkage-bench-") as scratch, sides(Path(scratch) / "place") as (place, compared):
        sync = sync_ms(place.folder)
        for _ in track(range(rounds), description=f"{rounds} rounds of {len(compared)}", console=console):
            for side in compared:
                measure(side, place, in_flight, seconds)
    rows = [*figures(compared, sync), *bundle.measure(3 * rounds), *verification.measure()]
    show(console, compared, rows)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"figures": rows}, indent=2) + "\n", encoding="utf-8")
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--in-flight", type=int, default=32)
    main(**vars(parser.parse_args()))
