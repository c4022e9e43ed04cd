"""A gateway that is told to end: who is under way is answered, or has an outcome in the log before the process is gone."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from linkage.audit.verify import verify_all
from linkage.runtime.serving import HURRIED
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.lock import StoreLock, StoreLocked
from linkage.v1 import verification_pb2 as pb
from tests.crash.final_log import log_of
from tests.crash.processes import Agencies, agencies
from tests.runtime.processes import Counter, Gateway, started, until

pytestmark = pytest.mark.crash

ALONE, TWO = pytest.mark.parametrize("workers", [1]), pytest.mark.parametrize("workers", [2])
"""Every start costs seconds, and a worker ends as a gateway of one process does."""


@pytest.fixture(scope="module")
def there() -> Iterator[Agencies]:
    with agencies() as there:
        yield there


@asynccontextmanager
async def asking(
    folder: Path, there: Agencies, workers: int, slow: float, settings: str = ""
) -> AsyncIterator[tuple[Gateway, list[asyncio.Task[object]]]]:
    """A gateway with two calls under way whose agency takes ``slow`` seconds."""
    there.take(0.0)
    with started(folder, there, f"workers = {workers}\n{settings}") as gateway:
        await gateway.until_serving(workers)
        counters = [Counter(gateway), Counter(gateway)]
        for counter in counters:
            await counter.verify()
        there.take(slow)
        calls: list[asyncio.Task[object]] = [asyncio.create_task(counter.verify()) for counter in counters]
        await until(lambda: _open(gateway) == len(calls), gateway)
        try:
            yield gateway, calls
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            for counter in counters:
                await counter.close()


def _open(gateway: Gateway) -> int:
    log = log_of(gateway.place)
    return len(log.intents.keys() - log.closed_by.keys())


def results(gateway: Gateway) -> list[str]:
    """What became of the calls under way: the outcomes of the last two intents; the log must verify, and its anchor be its newest checkpoint."""
    settings = load(gateway.place.settings_file)
    storage = storage_of(settings)
    with storage.open_reader() as reader:
        assert verify_all(reader, load_signer(settings).verifier).clean
        assert storage.anchor.read_text() == reader.consistent(lambda log: log.head().note)
    log = log_of(gateway.place)
    return [str(log.closed_by[eid].facts.get("result", log.closed_by[eid].kind)) for eid in list(log.intents)[-2:]]


@TWO
async def test_at_sigterm_calls_whose_agency_takes_seconds_are_answered(tmp_path: Path, there: Agencies, workers: int) -> None:
    async with asking(tmp_path, there, workers, 3.5) as (gateway, calls):
        gateway.signal(signal.SIGTERM)
        await until(lambda: gateway.said().count('"where": "gateway", "state": "not serving"') == workers)
        assert not any(call.done() for call in calls), "readiness is off before they are answered"
        for reply in await asyncio.gather(*calls):
            assert isinstance(reply, pb.VerifyIdentityResponse)
            assert reply.verdict == pb.VERDICT_MATCH
        assert 0 == gateway.wait()
    assert ["match", "match"] == results(gateway)


@ALONE
async def test_when_the_drain_runs_out_every_call_has_its_outcome_before_the_process_is_gone(
    tmp_path: Path, there: Agencies, workers: int
) -> None:
    async with asking(tmp_path, there, workers, 60.0, "drain = 0.3") as (gateway, calls):
        gateway.signal(signal.SIGTERM)
        assert 0 == await asyncio.to_thread(gateway.wait)
        for call in calls:
            call.cancel()
    assert ["cancelled", "cancelled"] == results(gateway)


@TWO
async def test_a_second_sigterm_waits_for_nobody_and_loses_nothing(tmp_path: Path, there: Agencies, workers: int) -> None:
    async with asking(tmp_path, there, workers, 60.0) as (gateway, calls):
        gateway.signal(signal.SIGTERM)
        await until(lambda: gateway.said().count('"where": "gateway", "state": "not serving"') == workers)
        assert not any(call.done() for call in calls)
        gateway.signal(signal.SIGTERM)
        assert HURRIED == await asyncio.to_thread(gateway.wait)
    assert ["cancelled", "cancelled"] == results(gateway)


async def test_workers_whose_supervisor_was_killed_finish_and_end_and_the_next_start_waits_for_them(
    tmp_path: Path, there: Agencies
) -> None:
    async with asking(tmp_path, there, 2, 3.0) as (gateway, calls):
        left = gateway.workers()
        os.kill(gateway.process.pid, signal.SIGKILL)
        gateway.wait()
        log = load(gateway.place.settings_file).log.path
        assert log is not None
        with pytest.raises(StoreLocked):
            StoreLock(log)
        gateway.process.start()
        for reply in await asyncio.gather(*calls):
            assert isinstance(reply, pb.VerifyIdentityResponse)
            assert reply.verdict == pb.VERDICT_MATCH
        await gateway.until_serving(2)
        assert not set(left) & set(gateway.workers())
        gateway.signal(signal.SIGTERM)
        assert 0 == await asyncio.to_thread(gateway.wait)
    assert ["match", "match"] == results(gateway)
    assert "recovered" not in {entry.kind for entry in log_of(gateway.place).entries}
