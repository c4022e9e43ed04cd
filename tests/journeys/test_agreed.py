"""What may be asked: by an agreement in force, for a service, no field more; everything else is refused before anybody is asked."""

from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import pytest

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import Desk, World

LAMPHUN = "spiffe://linkage.example/centre/lp-01/counter/1"
DLPW = "https://officers.dlpw.example"

Open = Callable[..., Desk]
Look = Callable[..., Coroutine[Any, Any, lookup_pb2.LookupResponse]]


@pytest.fixture
async def look(world: World, desk: Desk) -> Look:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.dopa.received.clear()

    async def look_up(*fields: str, **changes: Any) -> lookup_pb2.LookupResponse:
        return await desk.look_up(visit, session, *fields, **changes)

    return look_up


async def test_unknown_names_are_told_by_place(world: World, look: Look) -> None:
    kind = await refusal(world, look("first_name", record_type="dopa.nothing"), Reason.UNKNOWN_RECORD_TYPE)
    field = await refusal(world, look("first_name", "nothing", "birth_date", "nothing_either"), Reason.UNKNOWN_FIELD)

    assert {"record_type"} == set(kind.violations)
    assert {"fields[1]", "fields[3]"} == set(field.violations)
    assert grpc.StatusCode.INVALID_ARGUMENT == kind.code == field.code
    assert [] == world.dopa.received


async def test_unknown_service_and_recipient_are_told_by_place(world: World, desk: Desk) -> None:
    service = await refusal(world, desk.verify(service="nothing"), Reason.UNKNOWN_SERVICE)
    recipient = await refusal(world, desk.verify(recipient="nobody"), Reason.UNKNOWN_RECIPIENT)

    assert {"service"} == set(service.violations)
    assert {"recipient"} == set(recipient.violations)


async def test_fields_outside_the_agreement_are_marked_and_nothing_is_asked(world: World, look: Look) -> None:
    said = await refusal(world, look("first_name", "father_number", "mother_number"), Reason.FIELD_NOT_AGREED)

    assert {"fields[1]", "fields[2]"} == set(said.violations)
    assert [] == world.dopa.received
    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert ["first_name", "father_number", "mother_number"] == facts["fields"]
    assert "considered: doe-dopa" in facts["detail"]


async def test_a_record_type_that_exists_and_is_not_agreed_is_refused(world: World, look: Look) -> None:
    await refusal(world, look("religion", record_type="dopa.id_card"), Reason.RECORD_TYPE_NOT_AGREED)


async def test_a_juristic_subject_is_refused_where_the_record_is_kept_about_persons(world: World, look: Look) -> None:
    body = lookup_pb2.JuristicPerson(juristic_number="0105500000003", ground="director")
    before = len(entries(world, "intent"))

    said = await refusal(world, look("first_name", subject=lookup_pb2.Subject(juristic_person=body)), Reason.SUBJECT_NOT_TAKEN)

    assert [] == world.dopa.received
    assert before == len(entries(world, "intent"))
    assert said.receipt is not None
    assert b"0105500000003" not in said.receipt.leaf


async def test_a_counter_acts_for_no_recipient_that_did_not_agree(world: World, open_desk: Open) -> None:
    desk = open_desk(LAMPHUN, issuer=DLPW)

    await refusal(world, desk.verify(), Reason.NOT_ACTING_FOR_RECIPIENT)


async def test_evidence_weaker_than_agreed_is_not_even_verified(world: World, desk: Desk) -> None:
    await refusal(world, desk.verify(recipient="dlpw", service="labour_complaint"), Reason.EVIDENCE_NOT_AGREED)

    assert [] == world.dopa.received


async def test_a_visit_weaker_than_the_agreement_wants_is_told_to_be_stronger(world: World, desk: Desk) -> None:
    world.change("agreements.toml", 'evidence = ["CARD_CHIP"]\nlogin', 'evidence = ["CARD_LASER"]\nlogin')
    await _reloaded(world)
    session = await desk.login("dlpw")
    visit = (await desk.verify(recipient="dlpw", service="labour_complaint")).visit.token

    await refusal(world, desk.look_up(visit, session, "first_name", service="labour_complaint"), Reason.ASSURANCE_TOO_LOW)


async def test_a_service_that_no_agreement_names_is_refused(world: World, desk: Desk) -> None:
    await refusal(world, desk.verify(service="house_move"), Reason.SERVICE_NOT_AGREED)
    await refusal(world, desk.verify(recipient="moj", service="justice_fund"), Reason.NOT_ACTING_FOR_RECIPIENT)


async def test_an_agreement_holds_from_its_first_day_to_its_last_in_thailand(world: World, look: Look, desk: Desk) -> None:
    world.change("agreements.toml", "valid_until = 2035-12-31", "valid_until = 2026-01-02")
    await _reloaded(world)

    await refusal(world, look("first_name"), Reason.AGREEMENT_NOT_IN_FORCE)
    await refusal(world, desk.verify(), Reason.AGREEMENT_NOT_IN_FORCE)


async def test_a_login_that_no_agreement_allows_is_refused(world: World, desk: Desk) -> None:
    world.change("agreements.toml", "login = true", "login = false")
    await _reloaded(world)
    from linkage.v1 import agency_session_pb2 as session

    ask = session.BeginLoginRequest(recipient="doe", source="dopa", officer_number="1100000000164", thaid=session.ThaidMethod())
    await refusal(world, desk.sessions.BeginLogin(ask, metadata=desk.metadata, timeout=20), Reason.LOGIN_NOT_AGREED)
    ask.source = "nowhere"
    await refusal(world, desk.sessions.BeginLogin(ask, metadata=desk.metadata, timeout=20), Reason.UNKNOWN_SOURCE)


async def test_evidence_is_one_or_none(world: World, desk: Desk) -> None:
    request = pb.VerifyIdentityRequest(recipient="doe", service="jobseeker_registration", citizen_number="1100000000016")

    said = await refusal(world, desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    assert {"evidence"} <= set(said.violations)


async def _reloaded(world: World) -> None:
    await world.gateway._watched.look()
