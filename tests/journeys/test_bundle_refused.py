"""Bundles that cannot be asked: each is refused whole, by name, and nobody is asked anything."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from linkage.errors import Reason
from linkage.v1 import lookup_pb2 as pb
from linkage.v1 import verification_pb2
from tests.journeys.joint import PAPER_ONLY, Joint, joint_counter, needs
from tests.journeys.logbook import refusal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"service": "no_such_service"}, Reason.VISIT_FOR_ANOTHER_SERVICE),
        ({"visit_token": "gone"}, Reason.VISIT_INVALID),
        ({"visit_token": ""}, Reason.MALFORMED_REQUEST),
        ({"records": [pb.RecordQuestion(record_type="dopa.nothing", fields=["a"])]}, Reason.UNKNOWN_RECORD_TYPE),
        ({"records": [pb.RecordQuestion(record_type="dopa.person", fields=["nothing"])]}, Reason.UNKNOWN_FIELD),
        ({"records": [pb.RecordQuestion(record_type="dopa.person")]}, Reason.MALFORMED_REQUEST),
        ({"records": [pb.RecordQuestion(record_type="dopa.person", fields=["title"])] * 2}, Reason.MALFORMED_REQUEST),
        ({"records": [pb.RecordQuestion(record_type=f"dopa.p{i}", fields=["a"]) for i in range(51)]}, Reason.MALFORMED_REQUEST),
        ({"agency_session_tokens": ["gone"]}, Reason.AGENCY_LOGIN_INVALID),
        ({"agency_session_tokens": ["t"] * 17}, Reason.MALFORMED_REQUEST),
        ({"client_request_id": "seven"}, Reason.MALFORMED_REQUEST),
        ({"juristic_person": pb.JuristicPerson(juristic_number="12", ground="director")}, Reason.MALFORMED_REQUEST),
    ],
    ids=lambda one: one.value if isinstance(one, Reason) else "-".join(one),
)
async def test_a_bundle_that_cannot_be_asked_is_refused_whole_and_nobody_is_asked(
    joint: Joint, changes: dict[str, Any], reason: Reason
) -> None:
    visit = await joint.visit()
    before = [joint.asked(name) for name in joint.simulators]

    async def ask() -> None:
        await joint.bundle(**({"visit": visit} | changes))

    await refusal(joint.world, ask(), reason)

    assert [joint.asked(name) for name in joint.simulators] == before


async def test_after_the_visit_has_ended_every_record_is_refused_and_nobody_is_asked(joint: Joint) -> None:
    visit = await joint.visit()
    before = [joint.asked(name) for name in joint.simulators]
    await joint.desk.verification.EndVisit(verification_pb2.EndVisitRequest(visit_token=visit), metadata=joint.desk.metadata)

    records, summary = await joint.bundle(visit)

    assert {record.refused.reason for record in records.values()} == {"VISIT_ENDED"}
    assert summary.refused == 6
    assert set(needs(summary).values()) == {"ASK"}
    assert [joint.asked(name) for name in joint.simulators] == before


async def test_a_service_for_which_nobody_connected_holds_a_record_has_nothing_to_ask(tmp_path: Path) -> None:
    def prepare(folder: Path) -> None:
        (folder / "services" / "paper.toml").write_text(PAPER_ONLY, encoding="utf-8")
        agreed = folder / "agreements" / "agreements-joint-counter.toml"
        agreed.write_text(agreed.read_text(encoding="utf-8").replace('["joint_counter_demo"]', '["joint_counter_demo", "paper_only"]'))

    async with joint_counter(tmp_path / "world", prepare=prepare) as joint:
        visit = await joint.visit(service="paper_only")

        await refusal(joint.world, joint.bundle(visit, service="paper_only"), Reason.NOTHING_TO_ASK)


async def test_what_is_wrong_with_a_bundle_is_told_by_its_place_in_it(joint: Joint) -> None:
    asked = [
        pb.RecordQuestion(record_type="dopa.person", fields=["title"]),
        pb.RecordQuestion(record_type="dopa.house", fields=["house_no", "nothing"]),
    ]

    said = await refusal(joint.world, joint.bundle(await joint.visit(), records=asked), Reason.UNKNOWN_FIELD)

    assert list(said.violations) == ["records[1].fields[1]"]


async def test_an_officer_who_is_not_known_gets_no_stream(joint: Joint) -> None:
    stranger = joint.world.desk(token="")
    try:
        call = stranger.lookups.LookupBundle(pb.LookupBundleRequest(visit_token="v", service="s"), timeout=10)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in call:
                pass
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    finally:
        await stranger.close()
