"""An agency that fails is UNAVAILABLE: never not found, never a hang; the others are asked as before."""

from collections.abc import Callable

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import SERVICE, Desk, Place, World, build_place, running

NOT_SERVING, SERVING = health_pb2.HealthCheckResponse.NOT_SERVING, health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize(
    ("knob", "value"),
    [("down", True), ("status", 500), ("malformed", True), ("entity_bomb", True), ("huge", True), ("huge_bytes", 5 * 2**20)],
)
async def test_every_failure_is_unavailable_with_a_receipt_and_time_to_wait(world: World, desk: Desk, knob: str, value: object) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.huge = knob == "huge_bytes"
    setattr(world.dopa.knobs, knob, value)

    said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)

    assert grpc.StatusCode.UNAVAILABLE == said.code
    assert said.retry_seconds is not None
    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert ("refused", 1) == (facts["result"], facts["attempts"])


@pytest.fixture
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return build_place(tmp_path_factory.mktemp("hurried"), sources="timeout = 0.4")


async def test_an_agency_that_is_late_is_unavailable_and_its_late_answer_is_thrown_away(hurried: Place) -> None:
    async with running(hurried) as world:
        desk = world.desk()
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.slow = 0.8

        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)

        world.dopa.knobs.slow = 0.0
        assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
        assert ["refused", "found"] == [leaf["facts"]["result"] for leaf in entries(world, "outcome")[-2:]]
        await desk.close()


async def test_the_breaker_leaves_the_failing_agency_alone_and_no_other(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.down = True
    for _ in range(5):
        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)
    asked = len(world.dopa.received)

    said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)

    assert asked == len(world.dopa.received)
    assert said.receipt is not None
    assert 0 == proved(world, said.receipt)["facts"]["attempts"]
    shown = pb.ThaidCode(code=world.thaid.code_for("1100000000016"), redirect_uri="https://counter.example/back")
    request = pb.VerifyIdentityRequest(recipient="doe", service=SERVICE, thaid=shown)
    other = await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)
    assert pb.VERDICT_MATCH == other.verdict


async def test_the_health_tells_which_agency_is_left_alone_while_the_gateway_serves(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.down = True
    for _ in range(5):
        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)
    check = health_pb2_grpc.HealthStub(desk.channel).Check
    await world.gateway._health.look()

    states = {
        name: (await check(health_pb2.HealthCheckRequest(service=name), timeout=5)).status for name in ("source.dopa", "source.thaid", "")
    }

    assert {"source.dopa": NOT_SERVING, "source.thaid": SERVING, "": SERVING} == states
    assert b'linkage_agency_up{source="dopa"} 0.0' in world.metrics()
    world.dopa.knobs.down = False
    world.clock.advance(11)
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
    await world.gateway._health.look()
    assert SERVING == (await check(health_pb2.HealthCheckRequest(service="source.dopa"), timeout=5)).status


Ask = Callable[[Desk, str, str], object]


async def test_a_record_of_somebody_else_is_withheld_recorded_and_an_alarm(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.wrong_person = True

    said = await refusal(world, desk.look_up(visit, session), Reason.RECORD_OF_ANOTHER_PERSON)

    assert grpc.StatusCode.FAILED_PRECONDITION == said.code
    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert ("refused", "mismatch") == (facts["result"], facts["person"])
    assert "answer" not in facts
    assert b'linkage_wrong_person_total{source="dopa"} 1.0' in world.metrics()


async def test_a_card_record_that_echoes_another_number_is_withheld(world: World, desk: Desk) -> None:
    world.change(
        "agreements.toml",
        '[agreement.records]\n"dopa.person" = [\n',
        '[agreement.records]\n"dopa.id_card" = ["issued_on"]\n"dopa.person" = [\n',
    )
    await world.gateway._watched.look()
    session, visit = await desk.login(), (await desk.verify()).visit.token
    true = await desk.look_up(visit, session, "issued_on", record_type="dopa.id_card")
    world.dopa.knobs.wrong_person = True

    await refusal(world, desk.look_up(visit, session, "issued_on", record_type="dopa.id_card"), Reason.RECORD_OF_ANOTHER_PERSON)

    assert lookup_pb2.PERSON_CHECK_NUMBER == true.person_check


async def test_a_house_names_nobody_and_the_reply_says_that_it_cannot_be_told(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token

    reply = await desk.look_up(visit, session, "house_no", record_type="dopa.house")

    assert lookup_pb2.PERSON_CHECK_CANNOT_BE_TOLD == reply.person_check


async def test_a_quota_that_is_spent_and_an_agency_that_refuses_are_told_apart(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.knobs.quota = 0

    said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == said.code


async def test_a_hopeless_deadline_is_refused_before_anybody_is_asked(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    asked, intents = len(world.dopa.received), len(entries(world, "intent"))

    await refusal(world, desk.look_up(visit, session, timeout=1.1), Reason.DEADLINE_TOO_SHORT)

    assert (asked, intents) == (len(world.dopa.received), len(entries(world, "intent")))
