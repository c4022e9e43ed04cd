"""Witnesses over real HTTP for tests: true ones, odd ones, and the log's side of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from starlette.responses import Response

from linkage.audit.freshness import WitnessLimits
from linkage.audit.journal import Journal
from linkage.audit.witnessing import Witnessing
from linkage.errors import LogCorrupt
from linkage.runtime.witness import Witness, WitnessApp
from linkage.runtime.witnesses import HttpCourier
from linkage.store.sqlite_read import SqliteReader
from linkage.store.witness_state import WitnessState, create_state
from linkage.tlog.cosignature import Cosigner
from linkage.witness_settings import Witness as Named
from tests.audit.world import World, one_passage
from tests.small_log import SIGNER
from tests.witnessed import COSIGNER


class Told:
    """Learns how the witnesses fare."""

    def __init__(self) -> None:
        self.results: list[str] = []
        self.trouble = ""

    def tried(self, witness: str, result: str) -> None:
        self.results.append(result)

    def cosigned(self, witness: str, size: int) -> None:
        pass

    def ages(self, seconds: Sequence[tuple[str, float]], trouble: str) -> None:
        self.trouble = trouble


class Somebody:
    """A server on a real socket, whoever is behind it now."""

    def __init__(self) -> None:
        self.url = ""
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@contextmanager
def witness(world: World, behind: Somebody, cosigner: Cosigner = COSIGNER) -> Iterator[str]:
    """A true witness of the small log; its URL."""
    file = world.path.with_name(f"{cosigner.key.key_id.hex()}.db")
    if not file.exists():
        create_state(file, cosigner.key.text)
    ours = Witness(cosigner, WitnessState(file, cosigner.key.text), {SIGNER.verifier.name: SIGNER.verifier}, world.clock)
    behind.app = WitnessApp(ours).app
    yield behind.url
    ours.close()


class Odd:
    """Answers whatever it is told to, and counts what was sent."""

    def __init__(self, behind: Somebody, answer: Any) -> None:
        behind.app = self
        self.answer = answer
        self.shown: Any = Response(status_code=404)
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        self.asked += scope["method"] == "POST"
        await (self.answer if scope["method"] == "POST" else self.shown)(scope, receive, send)


def courier(url: str, cosigner: Cosigner = COSIGNER, *, name: str = "w", timeout: float = 10.0) -> HttpCourier:
    return HttpCourier(Named(name=name, vkey=cosigner.key.text, url=url), timeout)


@asynccontextmanager
async def witnessing(
    world: World, *couriers: HttpCourier, file: str = "w", within: float = 2.0, **limits: float
) -> AsyncIterator[tuple[Witnessing, Told]]:
    told = Told()
    ours = Witnessing(
        couriers,
        open_reader=lambda: SqliteReader(world.path),
        state=world.path.with_name(f"{file}.witnesses"),
        verifier=SIGNER.verifier,
        clock=world.clock,
        limits=WitnessLimits(**({"every": 0.01, "quorum": 1} | limits)),  # type: ignore[arg-type]  # the quorum is a whole number
        told=told,
    )
    try:
        await ours.check(within=within)
        told.results.clear()
        yield ours, told
    finally:
        await ours.aclose()


@asynccontextmanager
async def at_work(ours: Witnessing, journal: Journal) -> AsyncIterator[list[LogCorrupt]]:
    """The tasks run; what they are alarmed by."""
    alarms: list[LogCorrupt] = []
    tasks = [asyncio.create_task(work) for work in ours.work(journal.withhold_intents, alarms.append)]
    try:
        yield alarms
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def grow(world: World, journal: Journal, many: int = 1) -> None:
    for _ in range(many):
        await one_passage(world, journal)
