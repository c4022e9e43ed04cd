"""Connections that no gRPC library would make: bounded, counted by name, and nobody else's business."""

import asyncio
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import ThaidSimulator
from linkage.errors import Reason
from linkage.rpc.beside import MOST_STREAMS
from linkage.runtime.gateway import Gateway
from linkage.settings import load
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import refusal, until
from tests.journeys.wire import END_STREAM, Frame, Wire
from tests.journeys.world import COUNTER_1, COUNTER_2, World, build_place, running

PLACES = 27
SHARE = 3
"""Of the places, for one counter alone."""
VERIFY = "/linkage.v1.VerificationService/VerifyIdentity"
SERVICES = "/linkage.v1.CatalogueService/ListServices"
WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
BOUND_S = 60

Dial = Callable[..., Awaitable[Wire]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A gateway with few places and little patience."""
    async with running(build_place(tmp_path / "world", more=f"max_concurrent = {PLACES}\nrequest_seconds = 1.0")) as world:
        yield world


@pytest.fixture(autouse=True)
async def neighbour(world: World) -> AsyncIterator[Callable[[], int]]:
    """Another counter, at work all the while: each of its calls must be answered. Calls to see how many were."""
    desk, answered, over = world.desk(COUNTER_2), 0, asyncio.Event()

    async def work() -> None:
        nonlocal answered
        while not over.is_set():
            assert pb.VERDICT_MATCH == (await desk.verify()).verdict
            answered += 1

    working = asyncio.create_task(work())
    await until(lambda: answered)
    yield lambda: answered
    now = answered
    await until(lambda: answered > now or working.done())
    over.set()
    await working
    await desk.close()


@pytest.fixture
async def dial(world: World) -> AsyncIterator[Dial]:
    """Opens connections of the first counter."""
    opened: list[Wire] = []

    async def dial_one(window: int = 65_535) -> Wire:
        opened.append(await Wire.to(world, world.certificate(COUNTER_1, "hostile"), window=window))
        return opened[-1]

    yield dial_one
    for wire in opened:
        await wire.close()


def counted(world: World, metric: str) -> float:
    """What a metric stands at, 0 where it was never counted."""
    return next((float(line.rpartition(b" ")[2]) for line in world.metrics().splitlines() if line.startswith(metric.encode() + b" ")), 0.0)


async def _nothing() -> AsyncIterator[bytes]:
    none: tuple[bytes, ...] = ()
    for each in none:
        yield each


def misuses(world: World, how: str) -> float:
    return counted(world, f'linkage_misuses_total{{how="{how}"}}')


@pytest.mark.parametrize("part", [b"", b"\0", struct.pack(">BI", 0, 500) + b"\x0a"], ids=["only a head", "half a length", "half a message"])
async def test_a_request_that_never_comes_is_refused_in_time_and_gives_its_place_back(world: World, dial: Dial, part: bytes) -> None:
    wire = await dial()

    streams = [wire.begin(VERIFY) for _ in range(SHARE)]
    for stream in streams:
        wire.send(Frame.DATA, 0, stream, part)

    await until(lambda: all(map(wire.ended, streams)))
    assert 3 == misuses(world, "slow")
    assert 3 == counted(world, 'linkage_refusals_total{reason="MALFORMED_REQUEST"}')
    assert 3 == counted(world, f'linkage_calls_total{{code="INVALID_ARGUMENT",method="{VERIFY[1:]}"}}')
    assert not counted(world, 'linkage_refusals_total{reason="INTERNAL"}')
    assert not wire.went_away()


async def test_a_counter_that_begins_requests_without_end_takes_no_more_than_its_share(world: World, dial: Dial) -> None:
    wires = [await dial() for _ in range(3)]
    streams = [(wire, wire.begin(VERIFY)) for wire in wires for _ in range(PLACES)]

    await until(lambda: all(wire.ended(stream) for wire, stream in streams))

    assert misuses(world, "slow")
    assert counted(world, 'linkage_refusals_total{reason="OVERLOADED"}')


async def test_a_call_that_brings_no_request_is_refused_by_name(world: World, dial: Dial) -> None:
    desk = world.desk()
    call = desk.channel.stream_unary(VERIFY, request_serializer=lambda b: b, response_deserializer=lambda b: b)

    said = await refusal(world, call(_nothing(), metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    assert {"request"} == set(said.violations)
    assert 1 == misuses(world, "no_message")
    await desk.close()


async def test_what_is_sent_and_not_read_yet_is_little_for_each_call_however_fast_the_sender(world: World, dial: Dial) -> None:
    wire = await dial()

    for _ in range(20):
        stream = wire.ask(VERIFY, b"\0" * 2_000)
        await until(lambda stream=stream: wire.ended(stream))  # type: ignore[misc]

    assert wire.windows
    assert max(wire.windows) <= 65_535


async def test_of_calls_that_come_while_the_gateway_is_busy_each_is_answered_by_name(tmp_path: Path) -> None:
    async with running(build_place(tmp_path / "busy")) as busy:
        wires = [await Wire.to(busy, busy.certificate(COUNTER_1, "hostile")) for _ in range(8)]
        streams = [(wire, wire.begin(SERVICES)) for wire in wires for _ in range(500)]
        for wire in wires:
            await wire.writer.drain()
        time.sleep(1.5)  # noqa: ASYNC251 (nothing else runs, as when the processor is taken)

        await until(lambda: counted(busy, 'linkage_admissions_total{result="share"}') > len(streams) - 512, seconds=BOUND_S)
        for wire in wires:
            await wire.close()


async def test_thousands_of_calls_begun_and_cancelled_are_counted_and_leave_nothing_behind(world: World, dial: Dial) -> None:
    wires = [await dial() for _ in range(4)]
    for wire in wires:
        for _ in range(1000):
            wire.send(Frame.RST_STREAM, 0, wire.begin(VERIFY), struct.pack(">I", 8))
        await wire.writer.drain()

    await until(lambda: misuses(world, "unread"))  # most never leave gRPC, which resets them itself
    await until(lambda: counted(world, "linkage_places_taken") <= 1)


async def test_pings_every_few_milliseconds_end_that_connection_alone(world: World, dial: Dial) -> None:
    wire = await dial()

    async with asyncio.timeout(BOUND_S):
        while not wire.went_away():
            wire.send(Frame.PING, 0, 0, b"hostile!")
            await asyncio.sleep(0.01)

    assert not (await dial()).went_away()


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\xff" * 50_000], ids=["HTTP/1.1", "ones"])
async def test_what_is_not_http2_behind_tls_ends_its_connection_alone(world: World, dial: Dial, noise: bytes) -> None:
    wire = await dial()
    wire.writer.write(noise)

    await asyncio.wait_for(wire.over.wait(), BOUND_S)


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"], ids=["silence", "plain text", "half a hello"]
)
async def test_a_connection_without_a_handshake_is_closed_in_time_and_counted(world: World, sent: bytes) -> None:
    before = counted(world, "linkage_handshakes_total")
    connections = [await asyncio.open_connection("127.0.0.1", world.gateway.port) for _ in range(50)]
    for _, writer in connections:
        writer.write(sent)

    async with asyncio.timeout(BOUND_S):
        await asyncio.gather(*(reader.read() for reader, _ in connections), return_exceptions=True)

    assert before + 50 == counted(world, "linkage_handshakes_total")
    for _, writer in connections:
        writer.close()


async def test_a_churn_of_handshakes_is_counted(world: World, neighbour: Callable[[], int]) -> None:
    before, answered = counted(world, "linkage_handshakes_total"), neighbour()
    trusted = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
    trusted.load_cert_chain(*world.certificate(COUNTER_1, "hostile"))
    trusted.set_alpn_protocols(["h2"])

    for _ in range(100):
        _, writer = await asyncio.open_connection("127.0.0.1", world.gateway.port, ssl=trusted)
        writer.transport.abort()

    assert before + 100 == counted(world, "linkage_handshakes_total")
    await until(lambda: neighbour() > answered)


async def test_a_caller_who_does_not_read_its_replies_holds_only_its_own_places(world: World, dial: Dial) -> None:
    wire, answered = await dial(window=0), f'linkage_calls_total{{code="OK",method="{SERVICES[1:]}"}}'
    for n in range(1, SHARE):
        wire.ask(SERVICES, b"")
        await until(lambda n=n: n == counted(world, answered))  # type: ignore[misc]

    assert counted(world, "linkage_places_taken") >= SHARE - 1
    for _ in range(SHARE):
        wire.ask(SERVICES, b"")
    await until(lambda: counted(world, 'linkage_admissions_total{result="share"}'))
    await wire.close()
    await until(lambda: counted(world, "linkage_places_taken") <= 1)


async def test_whoever_watches_and_does_not_read_keeps_nobody_from_knowing_the_state(world: World, dial: Dial) -> None:
    wire, desk = await dial(window=0), world.desk()
    for _ in range(MOST_STREAMS):
        wire.ask(WATCH, b"")
    await until(lambda: MOST_STREAMS == len(world.gateway._built.health._watching))
    watching = health_pb2_grpc.HealthStub(desk.channel).Watch(health_pb2.HealthCheckRequest(), timeout=BOUND_S)
    states = aiter(watching)

    assert health_pb2.HealthCheckResponse.SERVING == (await anext(states)).status
    world.gateway._health._draining = True
    await asyncio.wait_for(world.gateway._health.look(), BOUND_S)
    assert health_pb2.HealthCheckResponse.NOT_SERVING == (await anext(states)).status

    world.gateway._health._draining = False
    watching.cancel()
    await desk.close()


async def test_whoever_watches_is_told_of_the_end_and_does_not_hold_it_up(tmp_path: Path) -> None:
    place = build_place(tmp_path / "ending")
    gateway = await Gateway.start(load(place.settings_file), place.settings_file, clock=place.clock)
    desk = World(place.folder, place.clock, DopaSimulator(), ThaidSimulator(), gateway).desk()
    watching = health_pb2_grpc.HealthStub(desk.channel).Watch(health_pb2.HealthCheckRequest(), timeout=BOUND_S)
    states = aiter(watching)
    assert health_pb2.HealthCheckResponse.SERVING == (await anext(states)).status

    await asyncio.wait_for(gateway.stop(10 * BOUND_S), BOUND_S)

    assert [health_pb2.HealthCheckResponse.NOT_SERVING] == [said.status async for said in states]
    assert grpc.StatusCode.OK == await watching.code()
    await desk.close()


@pytest.mark.parametrize("method", [WATCH, REFLECT])
async def test_streams_beside_the_door_are_a_few_for_each_certificate(world: World, dial: Dial, method: str) -> None:
    wire = await dial()
    open_ones = [wire.begin(method) for _ in range(MOST_STREAMS)]
    if method == WATCH:
        for stream in open_ones:
            wire.send(Frame.DATA, END_STREAM, stream, struct.pack(">BI", 0, 0))

    one_more = (await dial()).ask(method, b"")
    await until(lambda: 1 == misuses(world, "streams"))
    assert one_more
    assert not any(map(wire.ended, open_ones))

    await wire.close()
    again = await dial()
    stream = again.ask(method, b"")
    await until(lambda: any(s == stream for _, _, s in again.came))
    assert 1 == misuses(world, "streams")


async def test_all_of_health_is_told_at_once(world: World) -> None:
    desk = world.desk()

    said = await health_pb2_grpc.HealthStub(desk.channel).List(health_pb2.HealthListRequest(), timeout=20)

    assert {"", "log", "source.dopa", "linkage.v1.LookupService"} < set(said.statuses)
    await desk.close()
