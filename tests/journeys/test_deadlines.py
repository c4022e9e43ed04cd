"""A deadline that leaves an agency no time: refused in every corridor before anything is recorded as intended, or anybody asked."""

from collections.abc import Awaitable, Callable

import pytest

from linkage.errors import Reason
from linkage.v1 import agency_session_pb2, lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, refusal
from tests.journeys.world import OFFICER, SERVICE, Desk, World

HOPELESS = 1.1
"""Seconds; one is kept for recording the outcome, and an agency is not asked with less than a fifth of one."""

Ask = Callable[[Desk, str, str, float], Awaitable[object]]


async def _verify(desk: Desk, visit: str, session: str, timeout: float) -> object:
    return await desk.verification.VerifyIdentity(desk.card(), metadata=desk.metadata, timeout=timeout)


async def _look_up(desk: Desk, visit: str, session: str, timeout: float) -> object:
    return await desk.look_up(visit, session, timeout=timeout)


async def _bundle(desk: Desk, visit: str, session: str, timeout: float) -> object:
    records = [lookup_pb2.RecordQuestion(record_type="dopa.person", fields=["first_name"])]
    request = lookup_pb2.LookupBundleRequest(visit_token=visit, service=SERVICE, agency_session_tokens=[session], records=records)
    return [message async for message in desk.lookups.LookupBundle(request, metadata=desk.metadata, timeout=timeout)]


async def _begin(desk: Desk, visit: str, session: str, timeout: float) -> object:
    officer = desk.world.dopa.people[OFFICER]
    card = agency_session_pb2.SmartCardMethod(chip_number=officer.chip)
    request = agency_session_pb2.BeginLoginRequest(recipient="doe", source="dopa", officer_number=officer.number, smart_card=card)
    return await desk.sessions.BeginLogin(request, metadata=desk.metadata, timeout=timeout)


async def _end(desk: Desk, visit: str, session: str, timeout: float) -> object:
    request = agency_session_pb2.EndLoginRequest(session_token=session)
    return await desk.sessions.EndLogin(request, metadata=desk.metadata, timeout=timeout)


@pytest.mark.parametrize("ask", [_verify, _look_up, _bundle, _begin, _end])
async def test_a_hopeless_deadline_is_refused_before_its_intent_and_nobody_is_asked(world: World, desk: Desk, ask: Ask) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    asked, intents = len(world.dopa.received), len(entries(world, "intent"))

    await refusal(world, ask(desk, visit, session, HOPELESS), Reason.DEADLINE_TOO_SHORT)

    assert (asked, intents) == (len(world.dopa.received), len(entries(world, "intent")))


async def test_a_login_is_not_confirmed_with_a_hopeless_deadline(world: World, desk: Desk) -> None:
    officer = world.dopa.people[OFFICER]
    card = agency_session_pb2.SmartCardMethod(chip_number=officer.chip)
    request = agency_session_pb2.BeginLoginRequest(recipient="doe", source="dopa", officer_number=officer.number, smart_card=card)
    begun = await desk.sessions.BeginLogin(request, metadata=desk.metadata, timeout=20)
    asked, intents = len(world.dopa.received), len(entries(world, "intent"))

    confirm = agency_session_pb2.ConfirmLoginRequest(login_token=begun.login_token, office_id=begun.offices[0].id, envelope="x" * 64)
    await refusal(world, desk.sessions.ConfirmLogin(confirm, metadata=desk.metadata, timeout=HOPELESS), Reason.DEADLINE_TOO_SHORT)

    assert (asked, intents) == (len(world.dopa.received), len(entries(world, "intent")))


async def test_a_visit_is_ended_whatever_the_deadline_for_nobody_has_to_be_asked(world: World, desk: Desk) -> None:
    visit = (await desk.verify()).visit.token

    await desk.verification.EndVisit(pb.EndVisitRequest(visit_token=visit), metadata=desk.metadata, timeout=HOPELESS)

    assert 1 == len(entries(world, "visit_end"))
