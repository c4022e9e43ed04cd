"""Gateways whose log is in PostgreSQL: they serve as any other, share what must be exact, and come through the server's failures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import psycopg
import pytest
from grpc.aio import AioRpcError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from linkage.audit.verify import verify_all
from linkage.errors import AuditUnavailable, LogCorrupt, Reason
from linkage.runtime.databases import databases_of
from linkage.runtime.signing import load_signer
from linkage.settings import load
from linkage.store.lock import StoreLocked
from linkage.store.postgres_lock import ReplicaLock
from linkage.v1 import lookup_pb2, receipt_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.replicas import Shared, another, into_databases
from tests.journeys.world import Desk, Place, Refused, World, build_place, refused, running
from tests.postgres import Server

FOUND = lookup_pb2.ANSWER_FOUND
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
OF_DOE_DOPA = 'Job-Seeker Protection Act B.E. 2528"\nvalid_from = 2026-01-01\nvalid_until = 2035-12-31\n'


@contextlib.asynccontextmanager
async def serving(place: Place) -> AsyncIterator[tuple[World, Desk]]:
    async with running(place) as world:
        desk = world.desk()
        try:
            yield world, desk
        finally:
            await desk.close()


async def said_no(call: object) -> Refused:
    with pytest.raises(AioRpcError) as caught:
        await call  # type: ignore[misc]  # whatever a stub gives back
    return refused(caught.value)


async def _health(desk: Desk, name: str) -> int:
    check = health_pb2_grpc.HealthStub(desk.channel).Check
    status: int = (await check(health_pb2.HealthCheckRequest(service=name), timeout=5)).status
    return status


async def _until_health(desk: Desk, name: str, state: int) -> None:
    async with asyncio.timeout(60):
        while await _health(desk, name) != state:  # noqa: ASYNC110 (another process brings it about)
            await asyncio.sleep(0.1)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return build_place(tmp_path / "world")


def assert_verifies(place: Place) -> None:
    settings = load(place.settings_file)
    with databases_of(settings.log).open_reader() as reader:
        report = verify_all(reader, load_signer(settings).verifier)
    assert report.clean, report.findings


async def test_two_gateways_share_one_log_its_visits_and_its_quotas(place: Place, postgres: Server) -> None:
    place.change("agreements.toml", OF_DOE_DOPA, f"{OF_DOE_DOPA}[agreement.quota]\nper_day = 4\n")
    shared = into_databases(place, postgres)
    async with serving(place) as (_, one), serving(another(place, "b")) as (second, other):
        session, visit = await one.login(), (await one.verify()).visit.token
        elsewhere = await other.login()
        assert FOUND == (await one.look_up(visit, session)).answer
        assert FOUND == (await other.look_up(visit, elsewhere)).answer
        ended = (await one.verify()).visit.token
        assert Reason.AGENCY_QUOTA_EXHAUSTED == (await said_no(other.look_up(visit, elsewhere))).reason
        await other.verification.EndVisit(pb.EndVisitRequest(visit_token=ended), metadata=other.metadata, timeout=20)
        assert Reason.VISIT_ENDED == (await said_no(one.look_up(ended, session))).reason

        with pytest.raises(StoreLocked, match="another gateway runs under this name"):
            async with running(place):
                pass
        with psycopg.connect(shared.log.superuser) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        with ReplicaLock(shared.log.gateway, "b"):  # who takes the name of a gateway that was cut off ends that gateway
            async with asyncio.timeout(60):
                while not second.gateway.journal.health().poisoned:  # noqa: ASYNC110 (a server brings it about)
                    await asyncio.sleep(0.05)
        assert Reason.AUDIT_UNAVAILABLE == (await said_no(other.verify())).reason
    kinds = [entry.kind for entry in shared.entries(place)]
    assert 2 == kinds.count("boot")
    assert kinds.count("intent") == kinds.count("outcome")
    assert_verifies(place)


async def test_a_start_closes_its_own_orphans_and_leaves_alone_what_others_have_under_way(place: Place, postgres: Server) -> None:
    shared = into_databases(place, postgres)
    second = another(place, "b")
    async with serving(place) as (world, _):
        passage = world.gateway.journal.passage(bytes(range(16)), {"counter": "urn:linkage:counter:c1"})
        async with passage:
            async with serving(second):
                pass
            passage.conclude("found")
    assert [] == [entry for entry in shared.entries(place) if entry.kind == "recovered"]
    async with serving(place) as (world, _):  # as a process that is killed leaves it
        begun = world.gateway.journal.passage(bytes(range(1, 17)), {"counter": "urn:linkage:counter:c1"})
        await begun.__aenter__()
        async with serving(second):
            assert [] == [entry for entry in shared.entries(place) if entry.kind == "recovered"]
        world.gateway._lock.release()
        async with serving(place):
            recovered = [entry.ref for entry in shared.entries(place) if entry.kind == "recovered"]
            assert [bytes(range(1, 17))] == recovered
        begun.conclude("found")
        with pytest.raises(AuditUnavailable):
            await begun.__aexit__(None, None, None)


async def test_a_server_that_falls_down_is_refused_by_name_and_used_again_by_itself_when_it_is_back(place: Place, postgres: Server) -> None:
    into_databases(place, postgres)
    async with serving(place) as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        answered = await desk.look_up(visit, session)
        ask = receipt_pb2.GetReceiptRequest(request_id=answered.request_id)
        before = len((await desk.receipts.GetReceipt(ask)).receipts)
        asked = len(world.dopa.received)
        postgres.stop(immediate=True)
        try:
            await _until_health(desk, "log", NOT_SERVING)  # also while nobody asks for anything
            assert NOT_SERVING == await _health(desk, "")
            said = await said_no(desk.look_up(visit, session))
            assert (grpc.StatusCode.UNAVAILABLE, Reason.AUDIT_UNAVAILABLE) == (said.code, said.reason)
            assert asked == len(world.dopa.received)
        finally:
            postgres.start()
        assert FOUND == (await desk.look_up(visit, session)).answer
        await _until_health(desk, "", SERVING)
        assert not world.gateway.journal.health().poisoned
        assert before == len((await desk.receipts.GetReceipt(ask)).receipts)
    assert_verifies(place)


async def test_a_server_that_went_over_to_an_older_copy_ends_the_gateway_and_is_refused_by_the_next(place: Place, postgres: Server) -> None:
    shared: Shared = into_databases(place, postgres)
    async with serving(place) as (_, desk):
        await desk.verify()
    postgres.copy(shared.log.name, f"{shared.log.name}_copy")
    async with serving(place) as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        postgres.rename(shared.log.name, f"{shared.log.name}_newest")
        postgres.rename(f"{shared.log.name}_copy", shared.log.name)
        asked, size = len(world.dopa.received), len(shared.entries(place))
        said = await said_no(desk.look_up(visit, session))
        assert Reason.AUDIT_UNAVAILABLE == said.reason
        assert world.gateway.journal.health().poisoned
        assert (asked, size) == (len(world.dopa.received), len(shared.entries(place)))
    with pytest.raises(LogCorrupt, match="an older copy; put the newest one back"):
        async with running(place):
            pass
    assert size == len(shared.entries(place))
