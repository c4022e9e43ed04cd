"""An officer's own login at Linkage Center: by card or ThaID, handed back sealed, renewed in time, of use to nobody else."""

from collections.abc import Callable

import pytest

from adapters.dopa.simulator_linkage import card_envelope
from linkage.errors import Reason
from linkage.v1 import agency_session_pb2 as pb
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as evidence
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.world import COUNTER_2, OFFICER, Desk, Place, World, running

BACK = "https://counter.example/back"
COLLEAGUE = "1100000000172"

Open = Callable[..., Desk]


async def _begin(desk: Desk, number: str = OFFICER, chip: str | None = None) -> pb.BeginLoginResponse:
    ask = pb.BeginLoginRequest(recipient="doe", source="dopa", officer_number=number)
    if chip is None:
        ask.thaid.SetInParent()
    else:
        ask.smart_card.chip_number = chip
    return await desk.sessions.BeginLogin(ask, metadata=desk.metadata, timeout=20)


async def _confirm(desk: Desk, begun: pb.BeginLoginResponse, **proof: object) -> pb.ConfirmLoginResponse:
    office = begun.offices[0].id if begun.offices else 0
    ask = pb.ConfirmLoginRequest(login_token=begun.login_token, office_id=proof.get("office", office))  # type: ignore[arg-type]
    if "code" in proof:
        ask.thaid.CopyFrom(evidence.ThaidCode(code=str(proof["code"]), redirect_uri=BACK))
    else:
        ask.envelope = str(proof["envelope"])
    return await desk.sessions.ConfirmLogin(ask, metadata=desk.metadata, timeout=20)


async def _end(desk: Desk, session: str) -> pb.EndLoginResponse:
    return await desk.sessions.EndLogin(pb.EndLoginRequest(session_token=session), metadata=desk.metadata, timeout=20)


async def test_an_officer_logs_in_by_thaid_with_a_code_that_the_gateway_exchanges(world: World, desk: Desk) -> None:
    world.dopa.accepts_access_token = world.thaid.is_token_of
    begun = await _begin(desk)
    assert begun.challenge == ""

    confirmed = await _confirm(desk, begun, code=world.thaid.code_for(OFFICER))

    assert "login_confirmed" == proved(world, confirmed.receipt)["facts"]["result"]
    visit = (await desk.verify()).visit.token
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, confirmed.session.token)).answer


async def test_an_officer_logs_in_by_card_with_the_envelope_its_chip_made(world: World, desk: Desk) -> None:
    chip = world.dopa.people[OFFICER].chip
    begun = await _begin(desk, chip=chip)

    confirmed = await _confirm(desk, begun, envelope=card_envelope(begun.challenge, chip))

    assert world.clock.now_ms() // 1000 + 3600 == confirmed.session.expires_at.seconds
    assert "login_begun" == proved(world, begun.receipt)["facts"]["result"]


async def test_a_consent_of_somebody_else_logs_nobody_in(world: World, desk: Desk) -> None:
    begun = await _begin(desk)

    await refusal(world, _confirm(desk, begun, code=world.thaid.code_for(COLLEAGUE)), Reason.AGENCY_LOGIN_REFUSED)


async def test_a_wrong_envelope_a_wrong_chip_and_an_unknown_officer_are_refused(world: World, desk: Desk) -> None:
    chip = world.dopa.people[OFFICER].chip
    begun = await _begin(desk, chip=chip)
    await refusal(world, _confirm(desk, begun, envelope="0" * 64), Reason.AGENCY_LOGIN_REFUSED)
    await refusal(world, _begin(desk, chip="0000000000000000"), Reason.AGENCY_LOGIN_REFUSED)
    await refusal(world, _begin(desk, "1100000000016", chip="00000000DEAD0001"), Reason.AGENCY_LOGIN_REFUSED)


async def test_an_office_not_offered_and_the_proof_of_another_method_are_named(world: World, desk: Desk) -> None:
    begun = await _begin(desk)

    said = await refusal(world, _confirm(desk, begun, envelope="0" * 64, office=7), Reason.MALFORMED_REQUEST)

    assert {"office_id", "proof"} == set(said.violations)


async def test_a_login_begun_is_this_officers_for_five_minutes(world: World, desk: Desk, open_desk: Open) -> None:
    begun = await _begin(desk)
    code = world.thaid.code_for(OFFICER)
    await refusal(world, _confirm(open_desk(subject="officer-0002"), begun, code=code), Reason.AGENCY_LOGIN_NOT_YOURS)
    await refusal(world, _confirm(open_desk(COUNTER_2), begun, code=code), Reason.AGENCY_LOGIN_NOT_YOURS)
    world.clock.advance(300)

    await refusal(world, _confirm(desk, begun, code=code), Reason.AGENCY_LOGIN_EXPIRED)


async def test_without_a_login_the_officer_is_told_to_log_in_and_nobody_is_asked(world: World, desk: Desk) -> None:
    visit = (await desk.verify()).visit.token
    asked = len(world.dopa.received)

    said = await refusal(world, desk.look_up(visit, ""), Reason.AGENCY_LOGIN_REQUIRED)

    assert asked == len(world.dopa.received)
    assert "dopa" == said.metadata["source"]


@pytest.mark.parametrize("passed", [3600 - 600, 3600 - 1, 3600 + 60, 7200 - 1])
async def test_a_login_in_its_last_ten_minutes_or_an_hour_past_its_end_is_renewed_on_the_way(world: World, desk: Desk, passed: int) -> None:
    session = await desk.login()
    world.clock.advance(passed)
    visit = (await desk.verify()).visit.token

    reply = await desk.look_up(visit, session)

    assert world.clock.now_ms() // 1000 + 3600 == reply.renewed_session.expires_at.seconds
    again = await desk.look_up(visit, reply.renewed_session.token)
    assert not again.HasField("renewed_session")
    assert ["renew", "request", "request"] == [one.operation for one in world.dopa.received[-3:]]


async def test_a_login_with_more_than_ten_minutes_left_is_used_as_it_is(world: World, desk: Desk) -> None:
    session = await desk.login()
    world.clock.advance(3600 - 601)
    visit = (await desk.verify()).visit.token

    assert not (await desk.look_up(visit, session)).HasField("renewed_session")


async def test_a_login_more_than_an_hour_past_its_end_is_over(world: World, desk: Desk) -> None:
    session = await desk.login()
    world.clock.advance(7200)
    visit = (await desk.verify()).visit.token
    asked = len(world.dopa.received)

    await refusal(world, desk.look_up(visit, session), Reason.AGENCY_LOGIN_EXPIRED)

    assert asked == len(world.dopa.received)


async def test_where_renewing_fails_a_login_that_lasts_is_used_and_one_that_ended_is_unknown(world: World, desk: Desk) -> None:
    session = await desk.login()
    world.dopa.knobs.only = frozenset({"renew"})
    world.dopa.knobs.down = True
    world.clock.advance(3600 - 60)
    visit = (await desk.verify()).visit.token
    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
    world.clock.advance(60)

    await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)


async def test_a_login_is_of_no_use_to_another_officer_counter_or_recipient(world: World, desk: Desk, open_desk: Open) -> None:
    session = await desk.login()
    for other in (open_desk(COUNTER_2), open_desk(subject="officer-0002")):
        visit = (await other.verify()).visit.token
        await refusal(world, other.look_up(visit, session), Reason.AGENCY_LOGIN_NOT_YOURS)
        await refusal(world, _end(other, session), Reason.AGENCY_LOGIN_NOT_YOURS)
    visit = (await desk.verify(recipient="dla", service="elderly_allowance")).visit.token
    await refusal(world, desk.look_up(visit, session, service="elderly_allowance"), Reason.AGENCY_LOGIN_INVALID)
    await refusal(world, desk.look_up((await desk.verify()).visit.token, session[:-4] + "AAAA"), Reason.AGENCY_LOGIN_INVALID)


async def test_after_logging_out_the_agency_takes_the_login_no_more(world: World, desk: Desk) -> None:
    session = await desk.login()
    visit = (await desk.verify()).visit.token

    ended = await _end(desk, session)

    assert "login_ended" == proved(world, ended.receipt)["facts"]["result"]
    await refusal(world, desk.look_up(visit, session), Reason.AGENCY_LOGIN_EXPIRED)


async def test_a_login_outlives_its_gateway(place: Place) -> None:
    async with running(place) as world:
        desk = world.desk()
        session, agency = await desk.login(), world.dopa
        await desk.close()
    async with running(place, between=lambda _app: agency.app) as world:
        desk = world.desk()
        visit = (await desk.verify()).visit.token

        assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session)).answer
        await desk.close()


async def test_a_login_names_the_officer_in_the_log_by_id_and_seals_the_number(world: World, desk: Desk) -> None:
    await desk.login()

    intents = entries(world, "intent")
    assert ["officer-0001"] * 2 == [leaf["facts"]["officer"]["sub"] for leaf in intents]
    assert all("subject" in leaf["sealed"]["fields"] for leaf in intents)


async def test_a_login_by_thaid_names_both_sources_and_both_agreements_in_the_log(world: World, desk: Desk) -> None:
    world.dopa.accepts_access_token = world.thaid.is_token_of
    confirmed = await _confirm(desk, await _begin(desk), code=world.thaid.code_for(OFFICER))

    facts = entries(world, "intent")[-1]["facts"]
    assert ("dopa", "doe-dopa") == (facts["source"], facts["agreement"])
    assert [("thaid", "doe-thaid")] == [(also["source"], also["agreement"]) for also in facts["also_asked"]]
    assert 2 == proved(world, confirmed.receipt)["facts"]["attempts"]


async def test_without_an_agreement_thaid_is_not_asked_for_a_login_either(world: World, desk: Desk) -> None:
    world.dopa.accepts_access_token = world.thaid.is_token_of
    begun = await _begin(desk)
    before = world.gateway._watched.current
    world.change("agreements.toml", 'recipient = "doe"\nsource = "thaid"', 'recipient = "dlpw"\nsource = "thaid"')
    await until(lambda: world.gateway._watched.current is not before)
    asked = len(world.dopa.received)

    await refusal(world, _confirm(desk, begun, code=world.thaid.code_for(OFFICER)), Reason.NO_AGREEMENT)

    assert (asked, []) == (len(world.dopa.received), world.thaid.received)
