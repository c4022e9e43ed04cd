"""A whole service in one call: what is asked, in what order it comes, what the log says, and which papers are still needed."""

import asyncio
from pathlib import Path
from typing import Any

from linkage.v1 import lookup_pb2 as pb
from tests.journeys.joint import OTHERS, Joint, joint_counter, needs, results
from tests.journeys.logbook import entries, proved, until
from tests.journeys.world import App, new_request_id

TYPES = {
    "dopa.person",
    "sso.employment",
    "led.bankruptcy",
    "dlt.driving_licence",
    "dep.disability_card",
    "moj.justice_fund_case",
}
SERVING = ("dopa", *OTHERS[:5])
FOUND, NOT_FOUND, REFUSED, UNAVAILABLE = "found", "not_found", "refused", "unavailable"


async def test_everything_the_service_needs_is_asked_once_and_recorded_before_it_is_shown(joint: Joint) -> None:
    records, summary = await joint.bundle(await joint.visit())

    assert set(records) == TYPES
    assert results(records) == {name: NOT_FOUND if name.startswith("led") else FOUND for name in TYPES}
    assert {name: joint.asked(name) for name in (*SERVING, "dbd")} == dict.fromkeys(SERVING, 1) | {"dbd": 0}
    for record in records.values():
        leaf = proved(joint.world, record.receipt)
        assert (leaf["kind"], leaf["ref"], leaf["facts"]["result"]) == ("outcome", record.request_id, record.WhichOneof("result"))
        assert record.sentence.th
        assert record.sentence.en
    assert (summary.found, summary.not_found, summary.refused, summary.unavailable) == (5, 1, 0, 0)
    assert (summary.copies_not_needed, summary.copies_in_all) == (6, 6)


async def test_every_record_has_an_intent_that_names_the_bundle_and_the_bundle_has_an_entry_of_its_own(joint: Joint) -> None:
    records, summary = await joint.bundle(await joint.visit())

    intents = [leaf for leaf in entries(joint.world, "intent") if leaf["facts"].get("bundle") == summary.request_id]
    assert {leaf["eid"] for leaf in intents} == {record.request_id for record in records.values()}
    leaf = proved(joint.world, summary.receipt)
    assert (leaf["kind"], leaf["eid"]) == ("bundle", summary.request_id)
    assert leaf["facts"]["records"] == {"found": 5, "not_found": 1, "refused": 0, "unavailable": 0}
    assert (leaf["facts"]["copies_not_needed"], leaf["facts"]["copies_in_all"]) == (6, 6)
    assert leaf["facts"]["method"] == "LookupBundle"


async def test_what_an_agency_was_asked_under_is_known_to_the_log(joint: Joint) -> None:
    await joint.bundle(await joint.visit())

    known = {leaf["eid"] for leaf in entries(joint.world, "intent")}
    asked = {one.request_id for name in SERVING for one in joint.simulators[name].received if one.request_id}
    assert asked
    assert asked <= known


async def test_one_agency_down_one_refusing_one_slow_and_the_others_do_not_feel_it(joint: Joint) -> None:
    joint.simulators["moj"].knobs.down = True
    joint.simulators["dep"].knobs.not_entitled = True
    joint.simulators["dlt"].knobs.slow = 0.5

    records, summary = await joint.bundle(await joint.visit())

    assert list(records)[-1] == "dlt.driving_licence"
    assert records["dlt.driving_licence"].WhichOneof("result") == FOUND
    assert records["moj.justice_fund_case"].unavailable.reason == "AGENCY_UNAVAILABLE"
    assert records["dep.disability_card"].refused.reason == "AGENCY_REFUSED"
    assert (summary.copies_not_needed, summary.copies_in_all) == (4, 6)
    assert summary.sentence.th == "ไม่ต้องใช้สำเนา 4 จาก 6 รายการ"
    kept = {one.document: one for one in summary.documents if one.need != pb.PAPER_NEED_NO_COPY}
    assert len(kept) == 2
    assert "กระทรวงยุติธรรม" in kept["justice_fund_letter"].because.th
    assert "not mean that there is no record" in kept["justice_fund_letter"].because.en
    assert "คนพิการ" in kept["disability_card"].because.th


async def test_all_agencies_are_asked_before_any_of_them_has_answered(tmp_path: Path) -> None:
    meeting = asyncio.Barrier(6)
    waits = False

    def between(app: App) -> App:
        async def meet(scope: Any, receive: Any, send: Any) -> None:
            if waits and not scope["path"].endswith("/token"):
                await asyncio.wait_for(meeting.wait(), 10)  # nobody answers until all six were asked
            await app(scope, receive, send)

        return meet

    async with joint_counter(tmp_path / "world", between=between) as joint:
        visit = await joint.visit()
        waits = True
        _, summary = await joint.bundle(visit)

    assert (summary.found, summary.not_found) == (5, 1)


async def test_no_bankruptcy_case_makes_the_certificate_needless_and_an_unavailable_one_never_does(joint: Joint) -> None:
    visit = await joint.visit()
    _, settled = await joint.bundle(visit)
    joint.simulators["led"].knobs.down = True
    _, unknown = await joint.bundle(visit)

    assert needs(settled)["bankruptcy_certificate"] == "NO_COPY"
    assert needs(unknown)["bankruptcy_certificate"] == "ASK"


async def test_a_slow_agency_ends_at_the_deadline_and_the_summary_still_comes(joint: Joint) -> None:
    joint.simulators["dlt"].knobs.slow = 30.0

    records, summary = await joint.bundle(await joint.visit(), timeout=3.0)

    assert records["dlt.driving_licence"].unavailable.reason == "AGENCY_UNAVAILABLE"
    assert (summary.found, summary.unavailable) == (4, 1)


async def test_records_of_one_source_are_asked_for_in_one_request_and_each_has_its_own_outcome(joint: Joint) -> None:
    asked = [
        pb.RecordQuestion(record_type="dopa.person", fields=["first_name", "birth_date"]),
        pb.RecordQuestion(record_type="dopa.house", fields=["house_no", "province"]),
    ]
    visit = await joint.visit(service="jobseeker_registration")
    before = joint.asked("dopa")

    records, summary = await joint.bundle(visit, service="jobseeker_registration", records=asked)

    assert results(records) == {"dopa.person": FOUND, "dopa.house": FOUND}
    assert joint.asked("dopa") == before + 1
    shown_to_the_agency = joint.simulators["dopa"].received[-1].request_id
    outcomes = {leaf["ref"]: leaf["facts"] for leaf in entries(joint.world, "outcome")}
    for record in records.values():
        said = outcomes[record.request_id].get("asked_with", record.request_id)
        assert said == shown_to_the_agency
    assert summary.found == 2


async def test_a_field_outside_the_agreement_refuses_its_own_record_and_holds_no_other_up(joint: Joint) -> None:
    asked = [
        pb.RecordQuestion(record_type="dopa.person", fields=["first_name", "father_number"]),
        pb.RecordQuestion(record_type="dopa.house", fields=["house_no"]),
    ]
    visit = await joint.visit(service="jobseeker_registration")

    records, _ = await joint.bundle(visit, service="jobseeker_registration", records=asked)

    assert results(records) == {"dopa.person": REFUSED, "dopa.house": FOUND}
    refused = records["dopa.person"]
    assert (refused.refused.reason, list(refused.refused.fields)) == ("FIELD_NOT_AGREED", ["father_number"])
    leaf = proved(joint.world, refused.receipt)
    assert (leaf["kind"], leaf["eid"]) == ("denied", refused.request_id)
    assert leaf["facts"]["bundle"]


async def test_without_a_login_only_the_source_that_demands_one_is_refused(joint: Joint) -> None:
    records, summary = await joint.bundle(await joint.visit(), agency_session_tokens=[])

    assert records["dopa.person"].refused.reason == "AGENCY_LOGIN_REQUIRED"
    assert summary.found == 4
    assert needs(summary)["id_card"] == "ASK"


async def test_a_login_that_is_over_refuses_the_records_of_its_own_source_only(joint: Joint) -> None:
    joint.world.clock.advance(3 * 3600)  # past what the agency renews, within the officer's own token

    records, summary = await joint.bundle(await joint.visit())

    assert records["dopa.person"].refused.reason == "AGENCY_LOGIN_EXPIRED"
    assert summary.found == 4


async def test_the_same_bundle_sent_again_is_answered_as_before_and_only_what_failed_is_asked_anew(joint: Joint) -> None:
    visit, again = await joint.visit(), new_request_id()
    joint.simulators["moj"].knobs.down = True
    first, _ = await joint.bundle(visit, client_request_id=again)
    joint.simulators["moj"].knobs.down = False
    counts = {name: joint.asked(name) for name in joint.simulators}

    second, summary = await joint.bundle(visit, client_request_id=again)

    assert results(second)["moj.justice_fund_case"] == FOUND
    assert {name: joint.asked(name) - counts[name] for name in joint.simulators} == {name: int(name == "moj") for name in joint.simulators}
    for name in TYPES - {"moj.justice_fund_case"}:
        assert second[name].request_id == first[name].request_id
        assert second[name].found == first[name].found
        assert proved(joint.world, second[name].receipt)["ref"] == first[name].request_id
    assert summary.copies_not_needed == 6


async def test_a_counter_that_hangs_up_in_the_middle_leaves_no_intent_without_outcome(joint: Joint) -> None:
    joint.simulators["dlt"].knobs.slow = 30.0
    stream = joint.stream(await joint.visit())
    came = 0
    async for _message in stream:
        came += 1
        if came == 5:
            stream.cancel()
            break

    await until(lambda: not unclosed(joint))
    outcomes = [leaf["facts"]["result"] for leaf in entries(joint.world, "outcome") if leaf["facts"]["result"] == "cancelled"]
    assert outcomes == ["cancelled"]
    assert entries(joint.world, "bundle") == []


def unclosed(joint: Joint) -> set[str]:
    closed = {leaf["ref"] for leaf in entries(joint.world, "outcome", "recovered")}
    return {leaf["eid"] for leaf in entries(joint.world, "intent")} - closed
