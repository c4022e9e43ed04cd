"""Two workers of one gateway whose log is in PostgreSQL."""

import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest

from linkage.audit.verify import verify_all
from linkage.runtime.serving import LOG_LOST
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.store.postgres_lock import ReplicaLock
from tests.crash.processes import agencies
from tests.journeys.replicas import Shared, into_databases
from tests.postgres import Server
from tests.runtime.processes import at_work, go_on, started, until

pytestmark = pytest.mark.crash


async def test_two_workers_share_a_log_in_postgresql_and_end_when_another_gateway_takes_their_name(
    tmp_path: Path, postgres: Server
) -> None:
    shared: list[Shared] = []
    with (
        agencies() as there,
        started(tmp_path, there, "workers = 2", lambda place: shared.append(into_databases(place, postgres))) as gateway,
    ):
        await gateway.until_serving(2)
        async with at_work(gateway, 4) as counters:
            before = gateway.workers()
            os.kill(before[0], signal.SIGKILL)
            await until(lambda: gateway.figure('linkage_workers_replaced_total{cause="ended"}') == 1, gateway)
            await gateway.until_serving(2)
            await go_on(counters)
        with psycopg.connect(shared[0].log.superuser) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with ReplicaLock(shared[0].log.gateway, "a"):
            assert LOG_LOST == await asyncio.to_thread(gateway.wait)
    settings = load(gateway.place.settings_file)
    with storage_of(settings).open_reader() as reader:
        report = verify_all(reader, load_signer(settings).verifier)
        entries = reader.consistent(lambda log: list(log.entries(0, 1_000_000)))
    assert report.clean, report.findings
    assert {entry.eid for entry in entries if entry.kind == "intent"} == {
        entry.ref for entry in entries if entry.kind in ("outcome", "recovered")
    }
