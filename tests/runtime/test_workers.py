"""A gateway of two workers, as real processes: they share the load, and what befalls one of them is not the others' matter."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from linkage.audit.verify import verify_all
from linkage.cli.ending import Exit
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.lock import StoreLock
from tests.crash.final_log import log_of
from tests.crash.processes import GatewayProcess, agencies
from tests.journeys.place import build_place
from tests.runtime.processes import HANG_S, Counter, Gateway, at_work, go_on, started, until

pytestmark = pytest.mark.crash


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One gateway for every test here; whatever they did to it, it ends in order and its log verifies."""
    with agencies() as there, started(tmp_path_factory.mktemp("workers") / "place", there, "workers = 2\nconnection_age = 1.0") as gateway:
        yield gateway
        gateway.signal(signal.SIGTERM)
        assert gateway.wait() == 0, gateway.said()[-2000:]
        settings = load(gateway.place.settings_file)
        with storage_of(settings).open_reader() as reader:
            report = verify_all(reader, load_signer(settings).verifier)
        assert report.clean, report.findings
        log = log_of(gateway.place)
        assert log.intents.keys() == log.closed_by.keys()


@pytest.fixture
async def gateway(shared: Gateway) -> Gateway:
    await shared.until_serving(2)
    shared.agencies.take(0.0)
    return shared


def calls_of(gateway: Gateway, worker: int) -> float:
    method = "linkage.v1.VerificationService/VerifyIdentity"
    return gateway.figure(f'linkage_calls_total{{code="OK",method="{method}",worker="{worker}"}}')


async def test_connections_are_spread_over_the_workers_and_long_ones_move_without_a_failed_call(gateway: Gateway) -> None:
    async with at_work(gateway, 2) as counters:
        before = [calls_of(gateway, worker) for worker in (0, 1)]
        await until(lambda: all(calls_of(gateway, worker) > before[worker] for worker in (0, 1)), gateway)
        await go_on(counters)
    assert [] == [failure for counter in counters for failure in counter.failures]


async def test_a_worker_that_is_killed_is_replaced_and_its_successor_closes_what_it_left_open(gateway: Gateway) -> None:
    counters = [Counter(gateway) for _ in range(6)]
    await asyncio.gather(*(counter.verify() for counter in counters))
    gateway.agencies.take(5.0)
    before, ended = gateway.workers(), gateway.figure('linkage_workers_replaced_total{cause="ended"}')
    asked = [asyncio.create_task(counter.verify()) for counter in counters]
    intents = len(log_of(gateway.place).intents)
    await until(lambda: len(log_of(gateway.place).intents) >= intents and _open(gateway) >= len(counters), gateway)
    os.kill(before[0], signal.SIGKILL)
    gateway.agencies.take(0.0)
    answered = await asyncio.gather(*asked, return_exceptions=True)
    await until(lambda: gateway.figure('linkage_workers_replaced_total{cause="ended"}') > ended, gateway)
    await gateway.until_serving(2)
    assert before[1] in gateway.workers()
    assert before[0] not in gateway.workers()
    for reply in answered:
        if isinstance(reply, BaseException):
            assert isinstance(reply, grpc.aio.AioRpcError)
    await until(lambda: _open(gateway) == 0, gateway)
    left_open = [entry.facts["why"] for entry in log_of(gateway.place).entries if entry.kind == "recovered"]
    assert set(left_open) <= {"process ended"}, "the sweeper would have said another word, much later"
    for counter in counters:
        await counter.verify()
        await counter.close()


def _open(gateway: Gateway) -> int:
    log = log_of(gateway.place)
    return len(log.intents.keys() - log.closed_by.keys())


def _writes(pid: int, log: Path) -> bool:
    """Whether a process holds the lock under which SQLite lets one process write: byte 120 of the file beside the log."""
    there = log.with_name(f"{log.name}-shm").stat().st_ino
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    held = [line[-3:] for line in locks if line[1] == "POSIX" and line[3:5] == ["WRITE", str(pid)]]
    return any(int(file.rpartition(":")[2]) == there and int(first) <= 120 <= int(last) for file, first, last in held)


async def test_a_worker_that_is_stopped_while_it_holds_everybodys_write_lock_is_ended_and_replaced_while_the_other_one_answers(
    gateway: Gateway,
) -> None:
    before, silent = gateway.workers(), gateway.figure('linkage_workers_replaced_total{cause="silent"}')
    log = load(gateway.place.settings_file).log.path
    assert log is not None
    async with at_work(gateway, 4) as counters, asyncio.timeout(HANG_S):
        os.kill(before[1], signal.SIGSTOP)
        while not _writes(before[1], log):
            os.kill(before[1], signal.SIGCONT)
            await asyncio.sleep(random.uniform(0.0, 0.02))
            os.kill(before[1], signal.SIGSTOP)
        await until(lambda: gateway.figure('linkage_workers_replaced_total{cause="silent"}') > silent, gateway)
        await go_on(counters)
    assert before[0] in gateway.workers()
    await gateway.until_serving(2)


async def test_a_rolling_restart_replaces_every_worker_without_a_failed_call(gateway: Gateway) -> None:
    before, rolled = gateway.workers(), gateway.figure('linkage_workers_replaced_total{cause="rolled"}')
    async with at_work(gateway, 3, each=20) as counters:
        gateway.signal(signal.SIGHUP)
        await until(lambda: gateway.figure('linkage_workers_replaced_total{cause="rolled"}') >= rolled + 2, gateway)
        await gateway.until_serving(2)
        await go_on(counters)
    assert [] == [failure for counter in counters for failure in counter.failures]
    assert not set(before) & set(gateway.workers())


@pytest.mark.parametrize(
    ("wrong", "key"),
    [("max_deadline = 0", "server.max_deadline"), ("drain = 34.0\nworkers = 3", "server.workers")],
    ids=["invalid", "fixed"],
)
async def test_settings_that_cannot_be_taken_at_a_rolling_restart_leave_all_as_it_is(gateway: Gateway, wrong: str, key: str) -> None:
    before, said = gateway.workers(), gateway.said().count(f'"key": "{key}"')
    right = gateway.place.settings_file.read_text()
    gateway.place.settings_file.write_text(
        right.replace("workers = 2\n", f"{wrong}\n" if "workers" in wrong else f"workers = 2\n{wrong}\n")
    )
    try:
        gateway.signal(signal.SIGHUP)
        await until(lambda: gateway.said().count(f'"key": "{key}"') > said, gateway)
    finally:
        gateway.place.settings_file.write_text(right)
    assert before == gateway.workers()
    counter = Counter(gateway)
    await counter.verify()
    await counter.close()


def test_workers_are_not_started_where_somebody_else_listens_and_the_log_is_let_go(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        place = build_place(tmp_path / "place", dopa="http://127.0.0.1:1", thaid="http://127.0.0.1:1", port=port, more="workers = 2")
        process = GatewayProcess(place.settings_file)
        process.start()
        assert Exit.UNAVAILABLE == process.wait(HANG_S)
    said = process.said.read_text()
    assert "cannot listen" in said
    assert "worker started" not in said
    log = load(place.settings_file).log.path
    assert log is not None
    StoreLock(log).release()
