"""An agreement's quotas: what is asked beyond them is refused until the next midnight in Thailand, and nobody is asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import grpc
import pytest

from linkage.clock import until_thai_midnight
from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import SERVICE, Desk, World, build_place, new_request_id, running

FOUND = lookup_pb2.ANSWER_FOUND
OF_DOE_DOPA = 'Job-Seeker Protection Act B.E. 2528"\nvalid_from = 2026-01-01\nvalid_until = 2035-12-31\n'
OF_DLA_DOPA = 'old-age allowance B.E. 2552"\nvalid_from = 2026-01-01\nvalid_until = 2035-12-31\n'
EVENING_S = 300
"""Seconds before midnight in Thailand at which these stories begin; a visit lasts beyond it."""

Agreed = Callable[..., AbstractAsyncContextManager[tuple[World, Desk]]]


@pytest.fixture
def agreed(tmp_path: Path) -> Agreed:
    """Serves with this quota in the agreement that grants DOPA's records, in the evening."""

    @asynccontextmanager
    async def serve(quota: str, among: str = OF_DOE_DOPA) -> AsyncIterator[tuple[World, Desk]]:
        place = build_place(tmp_path / "world")
        place.change("agreements.toml", among, f"{among}[agreement.quota]\n{quota}\n")
        place.clock.advance((until_thai_midnight(place.clock.now_ms()) / 1000 - EVENING_S) % 86_400)
        async with running(place) as world:
            desk = world.desk()
            yield world, desk
            await desk.close()

    return serve


async def test_the_question_beyond_the_quota_is_refused_with_when_it_renews_and_is_answered_then(agreed: Agreed) -> None:
    async with agreed("per_day = 3") as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        for _ in range(2):
            assert FOUND == (await desk.look_up(visit, session)).answer
        asked = len(world.dopa.received)

        said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)
        await refusal(world, desk.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)

        assert asked == len(world.dopa.received)
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == said.code
        assert EVENING_S == said.retry_seconds
        assert ("agreement", "dopa") == (said.metadata["quota"], said.metadata["source"])
        assert said.receipt is not None
        facts = proved(world, said.receipt)["facts"]
        assert ("doe-dopa", "agreement") == (facts["agreement"], facts["detail"])
        world.clock.advance(said.retry_seconds - 0.001)
        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)
        world.clock.advance(0.001)
        assert FOUND == (await desk.look_up(visit, session)).answer


async def test_another_agreement_s_questions_are_its_own(agreed: Agreed) -> None:
    async with agreed("per_day = 1") as (world, desk):
        await desk.verify()
        await refusal(world, desk.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)

        shown = pb.ThaidCode(code=world.thaid.code_for("1100000000016"), redirect_uri="https://counter.example/back")
        request = pb.VerifyIdentityRequest(recipient="doe", service=SERVICE, thaid=shown)
        by_thaid = await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)

        assert pb.VERDICT_MATCH == by_thaid.verdict


async def test_what_nobody_answered_is_given_back(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.down = True
        for _ in range(2):
            await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)
        assert pb.VERDICT_UNAVAILABLE == (await desk.verify()).verdict
        world.dopa.knobs.down = False
        world.clock.advance(20)

        assert FOUND == (await desk.look_up(visit, session)).answer
        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)


async def test_what_was_answered_about_another_person_was_asked(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.wrong_person = True
        await refusal(world, desk.look_up(visit, session), Reason.RECORD_OF_ANOTHER_PERSON)
        world.dopa.knobs.wrong_person = False

        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)


async def test_what_was_asked_and_not_found_or_did_not_match_was_asked(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        assert pb.VERDICT_NO_MATCH == (await desk.verify(laser="ZZ0000000000")).verdict
        assert pb.VERDICT_MATCH == (await desk.verify()).verdict

        await refusal(world, desk.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)


async def test_an_officer_s_quota_is_no_other_officer_s(agreed: Agreed) -> None:
    async with agreed("per_officer_per_day = 2\nper_day = 4") as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        await desk.look_up(visit, session)
        said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)
        assert "officer" == said.metadata["quota"]

        colleague = world.desk(subject="officer-0002")
        for _ in range(2):
            assert pb.VERDICT_MATCH == (await colleague.verify()).verdict
        third = world.desk(subject="officer-0003")
        said = await refusal(world, third.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)

        assert "agreement" == said.metadata["quota"]
        await colleague.close()
        await third.close()


async def test_the_last_question_may_be_sent_again_and_gets_its_own_answer(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        session, once = await desk.login(), new_request_id()
        verified, first_id = await desk.verify(), new_request_id()
        first = await desk.look_up(verified.visit.token, session, client_request_id=once)

        again = await desk.look_up(verified.visit.token, session, client_request_id=once)

        assert (first.request_id, FOUND) == (again.request_id, again.answer)
        await refusal(world, desk.look_up(verified.visit.token, session, client_request_id=first_id), Reason.AGENCY_QUOTA_EXHAUSTED)


async def test_an_agency_s_own_quota_is_the_same_reason_under_its_own_code_and_costs_none_of_ours(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        session, visit = await desk.login(), (await desk.verify()).visit.token
        world.dopa.knobs.quota = 0
        for _ in range(3):
            said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)
            assert ("90008", None) == (said.metadata["quota"], said.retry_seconds)
        world.dopa.knobs.quota = None

        assert FOUND == (await desk.look_up(visit, session)).answer
        await refusal(world, desk.look_up(visit, session), Reason.AGENCY_QUOTA_EXHAUSTED)


async def test_logins_are_not_counted(agreed: Agreed) -> None:
    async with agreed("per_day = 1") as (world, desk):
        for _ in range(3):
            await desk.login()

        assert pb.VERDICT_MATCH == (await desk.verify()).verdict
        assert 6 == len([leaf for leaf in entries(world, "intent") if leaf["facts"]["method"].endswith("Login")])


async def test_a_visit_that_two_officers_vouch_for_asks_nobody_and_is_not_counted(agreed: Agreed) -> None:
    async with agreed("per_day = 1", OF_DLA_DOPA) as (world, desk):
        second = world.token(desk.certificate, subject="officer-0002")
        shown = pb.PresenceException(name="bedridden", reason="ผู้ป่วยติดเตียง เจ้าหน้าที่เยี่ยมที่บ้าน", second_officer_token=second)
        request = pb.VerifyIdentityRequest(recipient="dla", service="elderly_allowance", citizen_number="3100000000012", exception=shown)

        for _ in range(3):
            reply = await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)
            assert pb.VERDICT_MATCH == reply.verdict


async def test_a_quota_that_is_raised_while_it_is_spent_goes_on_from_there(agreed: Agreed) -> None:
    async with agreed("per_day = 2") as (world, desk):
        for _ in range(2):
            await desk.verify()
        await refusal(world, desk.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)
        world.change("agreements.toml", "per_day = 2\n", "per_day = 3\n")
        await world.gateway._watched.look()

        await desk.verify()
        await refusal(world, desk.verify(), Reason.AGENCY_QUOTA_EXHAUSTED)
