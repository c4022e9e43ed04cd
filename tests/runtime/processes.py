"""A gateway of several worker processes with simulated agencies, and counters that try again as the published policy says."""

import asyncio
import os
import signal
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import grpc

from adapters.dopa.people import load_people
from linkage.client.channel import OPTIONS
from linkage.v1 import verification_pb2 as pb
from linkage.v1 import verification_pb2_grpc
from tests.crash.processes import Agencies, GatewayProcess, held_port
from tests.journeys.place import COUNTER_1, SERVICE, Place, build_place

HANG_S = 90.0
"""The limit for a hang alone: the machine may be busy with much else."""

_MANY = "\n[attempts]\nper_person = 100000\nper_officer = 100000\n"


@dataclass
class Gateway:
    """A gateway's processes."""

    place: Place
    port: int
    page_port: int
    process: GatewayProcess
    agencies: Agencies

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        with suppress(OSError):
            return [int(pid) for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]
        return []

    def page(self) -> str:
        """Its page of metrics; empty where there is none now."""
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.page_port}/metrics", timeout=10) as reply:
            return str(reply.read().decode())
        return ""

    def figure(self, name: str) -> float:
        """One sample of that page, 0 where it is not there."""
        return next((float(line.rpartition(" ")[2]) for line in self.page().splitlines() if line.rpartition(" ")[0] == name), 0.0)

    def said(self) -> str:
        """What it wrote to standard error."""
        return self.process.said.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> int:
        """Wait until it has ended; its exit status."""
        return self.process.wait(HANG_S)

    def signal(self, number: signal.Signals) -> None:
        """Send the main process a signal."""
        os.kill(self.process.pid, number)

    async def until_serving(self, workers: int) -> None:
        """Wait until so many serve, by its own word; a gateway of one process says so in its log."""
        if workers == 1:
            await until(lambda: '"serving", "level"' in self.said(), self)
        else:
            await until(lambda: self.figure("linkage_workers") == workers and self.figure("linkage_rolling_restart") == 0, self)


async def until(true: object, gateway: Gateway | None = None) -> None:
    """Wait until a condition holds; fails where the gateway ends meanwhile."""
    assert callable(true)
    async with asyncio.timeout(HANG_S):
        while not await asyncio.to_thread(true):
            if gateway is not None:
                gateway.process.check()
            await asyncio.sleep(0.05)


@contextmanager
def started(folder: Path, there: Agencies, settings: str, prepare: Callable[[Place], object] = lambda _: None) -> Iterator[Gateway]:
    """A gateway that was started with these further lines under ``[server]``; killed afterwards if it still runs. ``prepare`` may change its place."""
    with held_port() as port, held_port() as page:
        place = build_place(folder, dopa=there.dopa, thaid=there.thaid, port=port, more=settings)
        place.change("linkage.toml", 'metrics_listen = ""', f'metrics_listen = "127.0.0.1:{page}"')
        with place.settings_file.open("a", encoding="utf-8") as file:
            file.write(_MANY)
        prepare(place)
        gateway = Gateway(place, port, page, GatewayProcess(place.settings_file), there)
        gateway.process.start()
        try:
            yield gateway
        finally:
            left = gateway.workers()
            gateway.process.kill()
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class Counter:
    """One connection of a counter."""

    def __init__(self, gateway: Gateway, officer: str = "officer-0001") -> None:
        place = gateway.place
        certificate, key = place.certificate(COUNTER_1, "counter")
        credentials = grpc.ssl_channel_credentials((place.folder / "ca.pem").read_bytes(), key.read_bytes(), certificate.read_bytes())
        options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.aio.secure_channel(f"127.0.0.1:{gateway.port}", credentials, options=options)
        self._metadata = (("authorization", f"Bearer {place.token(certificate, subject=officer)}"),)
        self._stub = verification_pb2_grpc.VerificationServiceStub(self._channel)
        self._person = load_people()["1100000000016"]
        self.answers = 0
        self.failures: list[str] = []

    async def verify(self) -> pb.VerifyIdentityResponse:
        """Ask once, as counter software does: with an id, and the published policy alone tries again."""
        person = self._person
        request = pb.VerifyIdentityRequest(
            client_request_id=str(uuid.uuid4()),
            recipient="doe",
            service=SERVICE,
            citizen_number=person.number,
            card_laser=pb.CardLaser(
                name=pb.PersonName(first=person.first, last=person.last),
                birth_date=pb.BirthDate(as_on_card=f"{person.born:08d}"),
                laser_code=person.laser,
            ),
        )
        return await self._stub.VerifyIdentity(request, metadata=self._metadata, timeout=60)

    async def work(self, over: asyncio.Event) -> None:
        """Ask again and again."""
        while not over.is_set():
            try:
                assert (await self.verify()).verdict == pb.VERDICT_MATCH
            except grpc.aio.AioRpcError as error:
                self.failures.append(f"{error.code().name} {error.details()} after {time.monotonic():.2f}")
                await asyncio.sleep(0.2)
            else:
                self.answers += 1

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close(None)


@asynccontextmanager
async def at_work(gateway: Gateway, number: int, each: int = 1) -> AsyncIterator[list[Counter]]:
    """So many counters with ``each`` calls under way, again and again until the block is left; all were answered before it is entered."""
    counters, over = [Counter(gateway) for _ in range(number)], asyncio.Event()
    work = [asyncio.create_task(counter.work(over)) for counter in counters for _ in range(each)]
    try:
        await until(lambda: all(counter.answers for counter in counters), gateway)
        yield counters
        over.set()
        async with asyncio.timeout(HANG_S):
            await asyncio.gather(*work)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for counter in counters:
            await counter.close()


async def go_on(counters: list[Counter]) -> None:
    """Wait until every counter was answered a few times more."""
    before = [counter.answers for counter in counters]
    await until(lambda: all(counter.answers > one + 3 for counter, one in zip(counters, before, strict=True)))
