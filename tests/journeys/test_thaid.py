"""Presence by ThaID: the gateway itself exchanges the code; the number need not be typed."""

from linkage.errors import Reason
from linkage.terms import CitizenNumber
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import proved, refusal
from tests.journeys.world import SERVICE, Desk, World

BACK = "https://counter.example/back"
PERSON, OTHER = "1100000000016", "1100000000024"


async def _verify(desk: Desk, code: str, number: str = "", uri: str = BACK) -> pb.VerifyIdentityResponse:
    shown = pb.ThaidCode(code=code, redirect_uri=uri)
    request = pb.VerifyIdentityRequest(recipient="doe", service=SERVICE, citizen_number=number, thaid=shown)
    return await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)


async def test_a_consent_opens_a_visit_without_a_number_typed(world: World, desk: Desk) -> None:
    reply = await _verify(desk, world.thaid.code_for(PERSON))

    assert (pb.VERDICT_MATCH, pb.ASSURANCE_THAID) == (reply.verdict, reply.visit.assurance)
    assert "match" == proved(world, reply.receipt)["facts"]["result"]


async def test_whoever_consented_is_found_in_the_log_by_number_also_where_none_was_typed(world: World, desk: Desk) -> None:
    reply = await _verify(desk, world.thaid.code_for(PERSON))

    leaf = proved(world, reply.receipt)
    assert "subject" in leaf["sealed"]
    assert world.pseudonym(CitizenNumber(PERSON)) in world.key_pseudonyms()
    assert world.pseudonym(CitizenNumber(OTHER)) not in world.key_pseudonyms()


async def test_a_visit_by_consent_fetches_the_persons_own_record(world: World, desk: Desk) -> None:
    session = await desk.login()
    verified = await _verify(desk, world.thaid.code_for(PERSON))

    reply = await desk.look_up(verified.visit.token, session, "first_name")

    assert world.dopa.people[PERSON].first == reply.record.fields[0].value.text


async def test_the_number_typed_is_compared_with_who_consented(world: World, desk: Desk) -> None:
    same = await _verify(desk, world.thaid.code_for(PERSON), PERSON)
    another = await _verify(desk, world.thaid.code_for(OTHER), PERSON)

    assert pb.VERDICT_MATCH == same.verdict
    assert (pb.VERDICT_NO_MATCH, pb.NO_MATCH_ANOTHER_PERSON) == (another.verdict, another.no_match)
    assert not another.HasField("visit")


async def test_a_code_is_good_once_and_for_its_own_redirect_uri(world: World, desk: Desk) -> None:
    code = world.thaid.code_for(PERSON)
    await _verify(desk, code)

    await refusal(world, _verify(desk, code), Reason.EVIDENCE_REFUSED)
    await refusal(world, _verify(desk, world.thaid.code_for(PERSON), uri="https://counter.example/other"), Reason.EVIDENCE_REFUSED)
    await refusal(world, _verify(desk, "never-issued"), Reason.EVIDENCE_REFUSED)


async def test_a_consent_signed_by_nobody_known_is_no_match_and_no_refusal_but_unknown(world: World, desk: Desk) -> None:
    world.thaid.knobs.foreign_key = True

    reply = await _verify(desk, world.thaid.code_for(PERSON))

    assert pb.VERDICT_UNAVAILABLE == reply.verdict


async def test_thaid_down_is_unknown(world: World, desk: Desk) -> None:
    world.thaid.knobs.down = True

    reply = await _verify(desk, world.thaid.code_for(PERSON))

    assert pb.VERDICT_UNAVAILABLE == reply.verdict
    assert reply.HasField("retry_after")
