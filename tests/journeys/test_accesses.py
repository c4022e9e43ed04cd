"""What a citizen is told of who looked at their data; and what a search leaves behind, survives and cannot do."""

import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from linkage.errors import Reason
from linkage.telemetry import configure_logging
from linkage.v1 import audit_pb2 as pb
from linkage.v1 import verification_pb2
from tests.journeys.auditing import AUDITOR, PERSON, day, listed
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.replicas import another, into_databases
from tests.journeys.world import COUNTER_1, DOE, OFFICER, Desk, Place, World, build_place, running
from tests.postgres import Server

VOUCHED = "3100000000012"

Open = Callable[..., Desk]


@pytest.fixture
async def lines() -> AsyncIterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


async def test_a_person_is_told_who_looked_where_for_what_and_by_which_law(world: World, desk: Desk, auditor: Desk) -> None:
    await day(desk)
    second = world.token(desk.certificate, subject="officer-0002")
    vouched = verification_pb2.PresenceException(name="bedridden", reason="ผู้ป่วยติดเตียงอยู่ที่บ้าน", second_officer_token=second)
    request = verification_pb2.VerifyIdentityRequest(
        recipient="dla", service="elderly_allowance", citizen_number=VOUCHED, exception=vouched
    )
    await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)
    await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(citizen_number=PERSON)))

    reply = await auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON))

    reading, refused, down, found, verified = reply.accesses
    assert ["READING", "REFUSED", "LOOKUP", "LOOKUP", "VERIFICATION"] == [
        pb.AccessKind.Name(one.kind).removeprefix("ACCESS_KIND_") for one in reply.accesses
    ]
    assert (AUDITOR, "officer-0001", DOE, COUNTER_1) == (reading.who, found.who, found.officer_issuer, found.counter)
    assert ("กรมการปกครอง", "Department of Employment") == (found.source.name.th, found.recipient.name.en)
    assert ("ศูนย์บริการร่วมจังหวัดเชียงใหม่", "ขึ้นทะเบียนหางาน") == (found.centre_name.th, found.service_name.th)
    (record,) = found.records
    assert [("first_name", "ชื่อตัว"), ("birth_date", "วันเดือนปีเกิด")] == [(field.name, field.label.th) for field in record.fields]
    assert ("doe-dopa", True) == (found.agreement, "PDPA" in found.legal_basis)
    assert ("found", "unavailable", "refused", "match") == (found.result, down.result, refused.result, verified.result)
    for said in ("officer-0001", "Chiang Mai", "Job-seeker registration", "First name, Birth date", "doe-dopa", "handed to the counter"):
        assert said in found.told.en
    assert "เคาน์เตอร์ได้รับข้อมูลแล้ว" in found.told.th
    assert "could not be answered" in down.told.en
    assert "refused" not in down.told.en
    assert {"dlpw", "doe"} == {agency.agency for agency in reply.agencies}
    assert all("{" not in one.told.th + one.told.en and PERSON not in str(one) for one in reply.accesses)

    (exception,) = (await auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=VOUCHED))).accesses
    assert "vouched" in exception.told.en
    officer = (await auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=OFFICER))).accesses
    assert {pb.ACCESS_KIND_OFFICER_LOGIN} == {one.kind for one in officer}


async def test_a_person_is_found_in_every_month(world: World, desk: Desk, auditor: Desk, open_desk: Open) -> None:
    await desk.verify()
    world.clock.advance(31 * 86_400)
    await open_desk().verify()

    assert [("VerifyIdentity", "match")] * 2 == await listed(auditor, citizen_number=PERSON)
    assert 2 == len({row[:7] for row in _epochs(world)})


async def test_while_the_log_cannot_record_nothing_is_shown(world: World, desk: Desk, auditor: Desk) -> None:
    verified = await desk.verify()
    size = len(entries(world))
    world.gateway.journal.poison("a test")

    calls: list[Any] = [
        auditor.audit.ListEntries(pb.ListEntriesRequest()),
        auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON)),
        auditor.audit.GetEntry(pb.GetEntryRequest(entry_id=verified.request_id)),
    ]
    for call in calls:
        await refusal(world, call, Reason.AUDIT_UNAVAILABLE)
    assert size == len(entries(world))


async def test_nothing_personal_is_left_behind_by_a_search(lines: io.StringIO, world: World, desk: Desk, auditor: Desk) -> None:
    await day(desk)
    shown = [str(await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(citizen_number=PERSON), page_size=1)))]
    shown.append(str(await auditor.audit.ListAccesses(pb.ListAccessesRequest(citizen_number=PERSON))))
    asked = pb.ListEntriesRequest(filter=pb.EntryFilter(officer="ชื่อคนที่ไม่มีในบันทึก"))
    await auditor.audit.ListEntries(asked)

    person = world.dopa.people[PERSON]
    left = [path for path in world.folder.iterdir() if path.name.startswith(("log.db", "data-keys.db"))]
    assert {"log.db.index", "log.db.index-wal"} <= {path.name for path in left}
    places = {"shown": "".join(shown).encode(), "lines": lines.getvalue().encode(), "metrics": world.metrics()}
    for where, content in (places | {path.name: path.read_bytes() for path in left}).items():
        for secret in (PERSON, "1-1000-00000-01-6", person.first, person.last, "ชื่อคนที่ไม่มีในบันทึก"):
            assert secret.encode() not in content, where


async def test_a_lost_index_is_made_anew_beside_the_running_gateway(world: World, desk: Desk, auditor: Desk) -> None:
    await desk.verify()
    assert 1 == len(await listed(auditor, method="VerifyIdentity"))
    for path in world.folder.glob("log.db.index*"):
        path.unlink()

    assert 1 == len(await listed(auditor, method="VerifyIdentity"))


async def test_an_index_that_cannot_be_used_is_told_and_nothing_else_suffers(place: Place) -> None:
    place.change("linkage.toml", "[log]", '[log]\nsearch_index = "elsewhere/index"')
    async with running(place) as world:
        desk, auditor = world.desk(), world.desk(AUDITOR, token="")
        said = await refusal(world, auditor.audit.ListEntries(pb.ListEntriesRequest()), Reason.SEARCH_UNAVAILABLE)
        assert 1.0 == said.retry_seconds
        assert (await desk.verify()).visit.token
        await until(lambda: b"linkage_search_behind -1.0" in world.metrics())
        (world.folder / "elsewhere").mkdir()

        assert [("VerifyIdentity", "match")] == await listed(auditor, citizen_number=PERSON)
        await until(lambda: b"linkage_search_behind 0.0" in world.metrics())
        await desk.close()
        await auditor.close()


async def test_an_auditor_at_one_gateway_finds_what_another_has_recorded_in_the_log_they_share(tmp_path: Path, postgres: Server) -> None:
    place = build_place(tmp_path / "world")
    into_databases(place, postgres)
    async with running(place) as here, running(another(place, "b")) as there:
        desk, auditor = here.desk(), there.desk(AUDITOR, token="")
        verified = await desk.verify()

        assert [("VerifyIdentity", "match")] == await listed(auditor, citizen_number=PERSON)
        shown = await auditor.audit.GetEntry(pb.GetEntryRequest(entry_id=verified.request_id))
        assert verified.receipt.leaf == shown.entries[1].receipt.leaf
        await desk.close()
        await auditor.close()


def _epochs(world: World) -> set[str]:
    import apsw

    connection = apsw.Connection(str(world.folder / "data-keys.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {row[0].rpartition(".")[2] for row in connection.execute("SELECT epoch FROM data_key WHERE epoch IS NOT NULL")}
    finally:
        connection.close()
