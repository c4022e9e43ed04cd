"""A counter that acts for another agency: the log says in whose name it asked, and whose counter it was."""

from collections.abc import Callable
from typing import Any

from adapters.dopa.simulator_linkage import card_envelope
from linkage.errors import Reason
from linkage.v1 import agency_session_pb2, lookup_pb2, receipt_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import OFFICER, Desk, World

AUDITOR = "spiffe://linkage.example/auditor/labour"
NUMBER, COMPLAINT = "1100000000016", "labour_complaint"

Open = Callable[..., Desk]


async def by_chip(desk: Desk) -> pb.VerifyIdentityResponse:
    """Verify an employee for a labour complaint, in the name of the Department of Labour Protection and Welfare."""
    person = desk.world.dopa.people[NUMBER]
    card = pb.CardChip(chip_number=person.chip, card_number=person.card_number, birth_date=pb.BirthDate(as_on_card=f"{person.born:08d}"))
    request = pb.VerifyIdentityRequest(recipient="dlpw", service=COMPLAINT, citizen_number=NUMBER, card_chip=card)
    return await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)


def both(leaf: dict[str, Any]) -> tuple[str, str]:
    return leaf["facts"]["recipient"], leaf["facts"]["acting"]


async def test_an_auditor_reads_both_agencies_from_a_joint_centre_s_entry(world: World, desk: Desk, open_desk: Open) -> None:
    session, visit = await desk.login("dlpw"), (await by_chip(desk)).visit.token
    reply = await desk.look_up(visit, session, "first_name", service=COMPLAINT)
    assert lookup_pb2.ANSWER_FOUND == reply.answer

    ask = receipt_pb2.GetReceiptRequest(request_id=reply.request_id)
    read = await open_desk(AUDITOR).receipts.GetReceipt(ask)

    assert ("dlpw", "doe") == both(proved(world, read.receipts[0]))


async def test_every_entry_with_a_recipient_says_whose_counter_it_was(world: World, desk: Desk) -> None:
    session, visit = await desk.login("dlpw"), (await by_chip(desk)).visit.token
    await desk.look_up(visit, session, "first_name", service=COMPLAINT)
    await refusal(world, desk.look_up(visit, session, "gender", service=COMPLAINT), Reason.FIELD_NOT_AGREED)
    await desk.verification.EndVisit(pb.EndVisitRequest(visit_token=visit), metadata=desk.metadata)
    await desk.verify()

    told = [leaf for leaf in entries(world) if "recipient" in leaf["facts"]]

    assert {"intent", "denied", "visit_end"} == {leaf["kind"] for leaf in told}
    assert [("dlpw", "doe")] * (len(told) - 1) + [("doe", "doe")] == [both(leaf) for leaf in told]


async def test_a_login_says_for_whom_it_is_and_serves_no_other_recipient(world: World, desk: Desk) -> None:
    session = await desk.login("dlpw")
    visit = (await desk.verify()).visit.token

    await refusal(world, desk.look_up(visit, session), Reason.AGENCY_LOGIN_INVALID)

    officer = world.dopa.people[OFFICER]
    begun = await desk.sessions.BeginLogin(
        agency_session_pb2.BeginLoginRequest(
            recipient="dlpw",
            source="dopa",
            officer_number=officer.number,
            smart_card=agency_session_pb2.SmartCardMethod(chip_number=officer.chip),
        ),
        metadata=desk.metadata,
    )
    confirmed = await desk.sessions.ConfirmLogin(
        agency_session_pb2.ConfirmLoginRequest(
            login_token=begun.login_token, office_id=begun.offices[0].id, envelope=card_envelope(begun.challenge, officer.chip)
        ),
        metadata=desk.metadata,
    )
    assert ("dopa", "dlpw") == (confirmed.session.source, confirmed.session.recipient)


async def test_a_login_renewed_on_the_way_is_renewed_for_its_own_recipient(world: World, desk: Desk) -> None:
    session = await desk.login("dlpw")
    world.clock.advance(3600 - 300)
    visit = (await by_chip(desk)).visit.token

    reply = await desk.look_up(visit, session, "first_name", service=COMPLAINT)

    assert ("dopa", "dlpw") == (reply.renewed_session.source, reply.renewed_session.recipient)
