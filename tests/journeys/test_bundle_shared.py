"""What records of one source share in a bundle, the request and the officer's login, and what each keeps for itself."""

import asyncio
from typing import Any

from adapters.dbd import Dbd
from linkage.sources.adapter import About, Answer, Found, Link, Query
from linkage.store.contract import SpaceLimits
from linkage.store.sqlite_log import SqliteLog
from linkage.terms import RecordType, SourceName
from linkage.v1 import lookup_pb2 as pb
from tests.journeys.joint import Joint, joint_counter, results
from tests.journeys.logbook import entries, proved, until
from tests.journeys.test_bundle_juristic import COMPANY, with_companies
from tests.journeys.test_slow_intents import time_passes_while_the_log_is_held

SERVICE = "jobseeker_registration"
BOTH = [
    pb.RecordQuestion(record_type="dopa.person", fields=["first_name"]),
    pb.RecordQuestion(record_type="dopa.house", fields=["house_no"]),
]


async def two_records(joint: Joint, visit: str, **changes: Any) -> dict[str, pb.BundledRecord]:
    records, _ = await joint.bundle(visit, service=SERVICE, records=BOTH, **changes)
    return records


async def test_a_login_about_to_end_is_renewed_once_for_all_of_them(joint: Joint) -> None:
    joint.world.clock.advance(3590)
    visit = await joint.visit(service=SERVICE)
    before = [one.operation for one in joint.simulators["dopa"].received]

    records = await two_records(joint, visit)

    after = [one.operation for one in joint.simulators["dopa"].received][len(before) :]
    assert after == ["renew", "request"]
    renewed = {record.renewed_session.token for record in records.values()}
    assert len(renewed) == 1
    assert all(renewed)
    again = await two_records(joint, visit, agency_session_tokens=list(renewed))
    assert results(again) == {"dopa.person": "found", "dopa.house": "found"}


async def test_a_login_that_cannot_be_renewed_refuses_each_with_a_receipt_of_its_own(joint: Joint) -> None:
    joint.world.clock.advance(3590)
    visit = await joint.visit(service=SERVICE)
    joint.world.clock.advance(60)  # the session is over: only a renewal would do
    joint.simulators["dopa"].knobs.only = frozenset({"renew"})
    joint.simulators["dopa"].knobs.down = True

    records = await two_records(joint, visit)

    assert {record.unavailable.reason for record in records.values()} == {"AGENCY_UNAVAILABLE"}
    for record in records.values():
        assert proved(joint.world, record.receipt)["ref"] == record.request_id


async def test_when_the_intents_ate_the_time_nobody_is_asked_and_each_is_told_with_its_own_receipt(joint: Joint) -> None:
    visit = await joint.visit(service=SERVICE)
    asked = joint.asked("dopa")
    call = asyncio.create_task(two_records(joint, visit))
    with time_passes_while_the_log_is_held(joint.world):
        await until(lambda: joint.world.gateway.journal._writer._busy_since is not None or call.done())
        joint.world.clock.advance(25)

    records = await call

    assert {record.unavailable.reason for record in records.values()} == {"DEADLINE_TOO_SHORT"}
    assert joint.asked("dopa") == asked
    for record in records.values():
        leaf = proved(joint.world, record.receipt)
        assert (leaf["kind"], leaf["ref"]) == ("outcome", record.request_id)


async def test_a_record_that_may_not_be_asked_for_is_not_in_the_others_request(joint: Joint) -> None:
    visit = await joint.visit(service=SERVICE)
    asked = [BOTH[0], pb.RecordQuestion(record_type="dopa.id_card", fields=["religion"])]

    records, _ = await joint.bundle(visit, service=SERVICE, records=asked)

    assert results(records) == {"dopa.person": "found", "dopa.id_card": "refused"}
    intents = [leaf["facts"] for leaf in entries(joint.world, "intent") if leaf["facts"].get("bundle")]
    assert [facts["types"] for facts in intents] == [["dopa.person"]]
    outcome = next(leaf for leaf in entries(joint.world, "outcome") if leaf["ref"] == records["dopa.person"].request_id)
    assert "asked_with" not in outcome["facts"]


class Broken(Dbd):
    """An adapter whose own declaration raises, before anything of a question begins."""

    @property
    def needs_login(self) -> bool:  # type: ignore[override]  # that is what is broken
        raise LookupError


async def test_a_defect_of_one_record_is_one_unavailable_record_and_the_others_come(tmp_path: Any) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        visit = await joint.visit()
        joint.world.gateway.equipment.sources.sources[SourceName("dbd")]._adapter = Broken()
        company = pb.Subject(juristic_person=pb.JuristicPerson(juristic_number=COMPANY, ground="director"))
        asked = [
            pb.RecordQuestion(record_type="dopa.person", fields=["first_name"]),
            pb.RecordQuestion(record_type="dbd.juristic_person", fields=["name_th"], subject=company),
        ]

        records, summary = await joint.bundle(visit, records=asked)

        assert results(records) == {"dopa.person": "found", "dbd.juristic_person": "unavailable"}
        assert records["dbd.juristic_person"].unavailable.reason == "INTERNAL"
        assert (summary.found, summary.unavailable) == (1, 1)


async def test_of_two_logins_at_a_source_the_one_for_the_visits_recipient_is_used(joint: Joint) -> None:
    other = await joint.desk.login("dlpw")

    for tokens in ([joint.session, other], [other, joint.session]):
        records, _ = await joint.bundle(await joint.visit(), agency_session_tokens=tokens)
        assert records["dopa.person"].WhichOneof("result") == "found"


async def test_the_end_of_a_bundle_is_recorded_where_nothing_new_is_begun_any_more(joint: Joint) -> None:
    joint.simulators["dlt"].knobs.slow = 1.0
    stream = joint.stream(await joint.visit())
    seen = 0
    async for message in stream:
        seen += 1
        if seen == 1:  # everything has been asked; from now on the disk has room for endings only
            log = joint.world.gateway.journal._writer._log
            assert isinstance(log, SqliteLog)
            log._space = SpaceLimits(refuse_intents_below=1 << 62, refuse_all_below=0)
        last = message

    assert last.summary.found == 5
    assert proved(joint.world, last.summary.receipt)["kind"] == "bundle"


class Nameless(Dbd):
    """An adapter that does not say whom a record is about, though its records.toml promises that it always does."""

    async def fetch(self, query: Query, link: Link) -> dict[RecordType, Answer]:
        answers = await super().fetch(query, link)
        return {kind: Found(one.fields, About(), one.also_sent) if isinstance(one, Found) else one for kind, one in answers.items()}


async def test_a_record_that_should_name_its_subject_and_does_not_is_withheld(tmp_path: Any) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        visit = await joint.visit(service="juristic_service")
        joint.world.gateway.equipment.sources.sources[SourceName("dbd")]._adapter = Nameless()
        company = pb.JuristicPerson(juristic_number=COMPANY, ground="director")

        records, _ = await joint.bundle(visit, service="juristic_service", juristic_person=company)

        assert records["dbd.juristic_person"].unavailable.reason == "AGENCY_UNAVAILABLE"
        leaf = proved(joint.world, records["dbd.juristic_person"].receipt)
        assert leaf["facts"]["detail"] == "the answer does not say whom it is about"
