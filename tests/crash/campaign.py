"""One campaign: counters at work, a gateway that is killed at random moments and started again on the same files, and then the account."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum, auto
from pathlib import Path

from tests.crash.account import Evidence, without_intent
from tests.crash.counters import Asked, Desk, Life
from tests.crash.final_log import log_of, verified
from tests.crash.processes import Agencies, DidNotComeUp, GatewayProcess, agencies, audit_verify, held_port
from tests.journeys.world import COUNTER_1, COUNTER_2, Place, build_place

COUNTERS = (COUNTER_1, COUNTER_1, COUNTER_2, COUNTER_2)
OFFICERS = ("officer-0001", "officer-0002", "officer-0003", "officer-0004")
EACH = 4
"""Requests in flight at each desk: 16 in all."""

SERVING_S = 60.0
"""Seconds after which a start without an answer counts as failed; far more than any takes."""
EARLIEST_S, LATEST_S = 0.05, 1.5
"""When a life ends, in seconds after its first answer."""
ARMED_S = 60.0
"""Seconds in which somebody must have asked DOPA something, under load: workers of an earlier life may have given this life's first answer."""
SLOWNESS_S = (0.0, 0.003, 0.02, 0.08)
"""How long DOPA takes for an answer: each round draws one, so that kills meet requests before, at and after the agency."""

MAKING_S = 0.08
"""How long a first start takes from its lock to its first entry, more or less."""

_ATTEMPTS = """
[attempts]
per_person = 100000
per_officer = 100000
"""
"""Intents that a kill leaves without outcome keep their attempts, and a hundred kills would use up the usual five of a person."""


class Moment(StrEnum):
    """When a kill comes."""

    STARTING = auto()
    """While the gateway starts."""
    ASKED = auto()
    """As a query has reached the agency."""
    ANSWERED = auto()
    """As the agency's answer goes out."""
    ANY = auto()
    """Whenever."""


SHARES = {Moment.STARTING: 15, Moment.ASKED: 35, Moment.ANSWERED: 15, Moment.ANY: 35}

Tell = Callable[[str, int, int], None]
"""What is being done, how far it is, of how many."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. ``births``: how many gateways are killed during their very first start."""

    folder: Path
    seed: int
    kills: int
    births: int
    workers: int = 1


@dataclass(slots=True)
class Course:
    """What happened."""

    kills: Counter[Moment] = field(default_factory=Counter)
    births: int = 0
    of_workers: int = 0
    """Kills that met one worker among several; the others went on."""
    half_born: int = 0
    """Births whose kill left some, but not all, of the log's files."""
    starts: int = 0
    seconds: float = 0.0
    starting_s: float = 2.0
    """How long the newest start took, from its process to its first answer."""
    troubles: list[str] = field(default_factory=list)


def settled_place(folder: Path, *, dopa: str, thaid: str, port: int, workers: int = 1) -> Place:
    """The place of the gateway that is killed: as any other, but for attempts enough for all its lives."""
    place = build_place(folder, dopa=dopa, thaid=thaid, port=port, more="" if workers == 1 else f"workers = {workers}")
    with place.settings_file.open("a", encoding="utf-8") as settings:
        settings.write(_ATTEMPTS)
    return place


async def run(plan: Plan, tell: Tell) -> tuple[Course, Evidence]:
    """Run it; what it leaves is accounted for by `tests.crash.account.draw_up`.

    Raises:
        DidNotComeUp: the gateway did not start again; its files are as it left them.
    """
    began = time.monotonic()
    course, luck = Course(), random.Random(plan.seed)
    with agencies() as there:
        for number in range(plan.births):
            tell("killing at first starts", number, plan.births)
            await _birth(plan.folder / f"birth-{number}", there, luck, course)
        with held_port() as port:
            place = settled_place(plan.folder / "place", dopa=there.dopa, thaid=there.thaid, port=port, workers=plan.workers)
            gateway = GatewayProcess(place.settings_file)
            try:
                asked = await _rounds(plan, place, port, gateway, there, luck, course, tell)
            finally:
                gateway.kill()
        course.starts = gateway.starts
        evidence = Evidence(place, tuple(asked), tuple(there.received()), gateway.defects(), tuple(course.troubles))
    course.seconds = time.monotonic() - began
    return course, evidence


async def _rounds(
    plan: Plan, place: Place, port: int, gateway: GatewayProcess, there: Agencies, luck: random.Random, course: Course, tell: Tell
) -> list[Asked]:
    life = Life()
    async with _at_work(place, port, life, gateway, luck) as desks:
        for number in range(plan.kills):
            tell("killing under load", number, plan.kills)
            there.take(luck.choice(SLOWNESS_S))
            moment = luck.choices(list(SHARES), list(SHARES.values()))[0] if number else Moment.ANY
            await _kill_at(moment, gateway, there, life, luck, course)
            course.kills[moment] += 1
            if gateway.killed():
                _start(gateway, life)
            else:
                course.of_workers += 1
                life.begin()
        there.take(0.0)
        await _answering(gateway, life, course)
    if gateway.stop() != 0:
        course.troubles.append("the last life did not end well at SIGTERM")
    if (status := audit_verify(place.settings_file)) != 0:
        course.troubles.append(f"`linkage audit verify` ended with status {status}")
    return [asked for desk in desks for asked in desk.asked]


async def _kill_at(moment: Moment, gateway: GatewayProcess, there: Agencies, life: Life, luck: random.Random, course: Course) -> None:
    """Kill the gateway, or one worker of several; whatever else ends it is a fault.

    Raises:
        DidNotComeUp: it was not up, or had ended by itself.
    """
    if moment is Moment.STARTING:
        await asyncio.sleep(luck.uniform(0.0, course.starting_s))
    else:
        await _answering(gateway, life, course)
        await asyncio.sleep(luck.uniform(EARLIEST_S, LATEST_S))
    gateway.check()
    victim = luck.choice([gateway.pid, *gateway.workers()])
    if moment in (Moment.ASKED, Moment.ANSWERED):
        there.arm(victim, moment.value)
        await _until(lambda: _is_over(victim, gateway), gateway, ARMED_S)
    elif victim == gateway.pid:
        gateway.kill()
    else:
        os.kill(victim, signal.SIGKILL)
        await _until(lambda: _is_over(victim, gateway), gateway)


def _is_over(victim: int, gateway: GatewayProcess) -> bool:
    if victim == gateway.pid:
        return gateway.killed()
    try:
        state = Path(f"/proc/{victim}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return True
    return state == b"Z"


@asynccontextmanager
async def _at_work(place: Place, port: int, life: Life, gateway: GatewayProcess, luck: random.Random) -> AsyncIterator[list[Desk]]:
    """Officers logged in and at work at every desk. Afterwards each finishes what it has begun, then goes home."""
    seeds = [random.Random(luck.getrandbits(64)) for _ in COUNTERS]
    desks = [Desk(place, port, life, *each) for each in zip(COUNTERS, OFFICERS, seeds, strict=True)]
    over = asyncio.Event()
    _start(gateway, life)
    work: list[asyncio.Task[None]] = []
    try:
        for desk in desks:
            await asyncio.wait_for(desk.connected(), SERVING_S)
            await asyncio.wait_for(desk.login(), SERVING_S)
        work = [asyncio.create_task(desk.work(over)) for desk in desks for _ in range(EACH)]
        yield desks
        over.set()
        await asyncio.gather(*work)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for desk in desks:
            await desk.close()


def _start(gateway: GatewayProcess, life: Life) -> None:
    life.begin()
    gateway.start()


async def _answering(gateway: GatewayProcess, life: Life, course: Course) -> None:
    """Wait until a counter has been answered in this life.

    Raises:
        DidNotComeUp: it ended, or nobody was answered in time.
    """
    began = time.monotonic()
    while not life.answered.is_set():
        gateway.check()
        if time.monotonic() - began > SERVING_S:
            raise gateway.silent(SERVING_S)
        await asyncio.sleep(0.005)
    course.starting_s = max(0.2, time.monotonic() - gateway.started_at)


async def _birth(folder: Path, there: Agencies, luck: random.Random, course: Course) -> None:
    """Kill a gateway while it makes its log, then start it again: it must come up, and with a log that verifies.

    Raises:
        DidNotComeUp: it does not.
    """
    with held_port() as port:
        place = build_place(folder, dopa=there.dopa, thaid=there.thaid, port=port)
        gateway, life = GatewayProcess(place.settings_file), Life()
        try:
            gateway.start()
            await _until((folder / "log.db.lock").exists, gateway)  # the log is made next
            await asyncio.sleep(luck.uniform(0.0, MAKING_S))
            gateway.kill()
            course.births += 1
            course.half_born += not ((folder / "log.db").exists() and (folder / "data-keys.db").exists())
            desk = Desk(place, port, life, COUNTER_1, OFFICERS[0], luck)
            _start(gateway, life)
            login = asyncio.create_task(desk.login())
            await _answering(gateway, life, course)
            await login
            await desk.close()
            if gateway.stop() != 0:
                course.troubles.append(f"{folder.name}: did not end well at SIGTERM")
        finally:
            gateway.kill()
    course.troubles += [f"{folder.name}: {fault}" for fault in (*verified(place)[1], *without_intent(log_of(place), there.received()))]


async def _until(there: Callable[[], bool], gateway: GatewayProcess, seconds: float = SERVING_S) -> None:
    began = time.monotonic()
    while not there():
        try:
            gateway.check()
        except DidNotComeUp:
            if not gateway.killed():
                raise
        if time.monotonic() - began > seconds:
            raise gateway.silent(seconds)
        await asyncio.sleep(0.0005)
