"""What DOPA says of a card, told as it is: every verdict, its sentence, its entry; and unknown is never no."""

from typing import Any

import pytest
from google.type import date_pb2

from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved
from tests.journeys.world import SERVICE, Desk, World

MATCH, NO_MATCH, NOT_VALID = pb.VERDICT_MATCH, pb.VERDICT_NO_MATCH, pb.VERDICT_CARD_NOT_VALID


def _told(world: World, reply: pb.VerifyIdentityResponse, verdict: "pb.Verdict.ValueType") -> dict[str, Any]:
    """The outcome's facts, once reply, sentence, receipt and log agree on the verdict."""
    assert verdict == reply.verdict
    assert reply.sentence.th
    assert reply.sentence.en
    leaf = proved(world, reply.receipt)
    assert ("outcome", reply.request_id) == (leaf["kind"], leaf["ref"])
    facts: dict[str, Any] = leaf["facts"]
    assert pb.Verdict.Name(verdict).removeprefix("VERDICT_").lower() == facts["result"]
    assert reply.HasField("visit") == (verdict == MATCH)
    assert bool(reply.visit.token) == (verdict == MATCH)
    return facts


@pytest.mark.parametrize(
    "number",
    [
        "1100000000016",  # everything in order
        "1100000000041",  # a middle name
        "1100000000059",  # a middle name of two words
        "3999999999901",  # no birth day
        "3999999999928",  # no birth month
        "3999999999936",  # February B.E. 2482
        "3999999999952",  # April B.E. 2483
        "3999999999961",  # 1 January B.E. 2484
        "3999999999979",  # a life-long card
        "1100000000181",  # characters that XML escapes
        "1100000000199",  # a very long name
        "3100000000063",  # a rank as title
    ],
)
async def test_a_true_card_matches_whoever_holds_it(world: World, desk: Desk, number: str) -> None:
    reply = await desk.verify(number)

    _told(world, reply, MATCH)
    assert pb.ASSURANCE_CARD_LASER == reply.visit.assurance


async def test_a_middle_name_may_be_typed_or_left_out(world: World, desk: Desk) -> None:
    request = desk.card("1100000000041")
    request.card_laser.name.middle = "ชื่อรองหนึ่ง"

    _told(world, await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20), MATCH)


async def test_a_birth_date_may_be_typed_in_the_common_era(world: World, desk: Desk) -> None:
    request = desk.card("3999999999936")
    request.card_laser.birth_date.common_era.CopyFrom(date_pb2.Date(year=1940, month=2, day=world.dopa.people["3999999999936"].born % 100))

    _told(world, await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20), MATCH)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"laser": "ZZ0000000000"}, pb.NO_MATCH_LASER_OR_NUMBER_UNKNOWN),
        ({"citizen_number": "1100000000024"}, pb.NO_MATCH_LASER_OR_NUMBER_UNKNOWN),
        ({"first": "ใครไม่รู้"}, pb.NO_MATCH_DATA_DIFFER),
        ({"last": "ใครไม่รู้"}, pb.NO_MATCH_DATA_DIFFER),
        ({"born": "25300116"}, pb.NO_MATCH_DATA_DIFFER),
    ],
)
async def test_what_does_not_match_is_said_apart(world: World, desk: Desk, changes: dict[str, str], part: "pb.NoMatch.ValueType") -> None:
    reply = await desk.verify(**changes)

    facts = _told(world, reply, NO_MATCH)
    assert part == reply.no_match
    assert pb.NoMatch.Name(part).removeprefix("NO_MATCH_").lower() == facts["no_match"]


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("1100000000067", pb.CARD_PROBLEM_EXPIRED),
        ("1100000000075", pb.CARD_PROBLEM_ADDRESS_CHANGED),
        ("1100000000083", pb.CARD_PROBLEM_LOST),
        ("1100000000091", pb.CARD_PROBLEM_REISSUED),
        ("1100000000105", pb.CARD_PROBLEM_NAME_CHANGED),
    ],
)
async def test_a_card_that_is_not_valid_says_why(world: World, desk: Desk, number: str, problem: "pb.CardProblem.ValueType") -> None:
    reply = await desk.verify(number)

    facts = _told(world, reply, NOT_VALID)
    assert problem == reply.card_problem
    assert pb.CardProblem.Name(problem).removeprefix("CARD_PROBLEM_").lower() == facts["card_problem"]


@pytest.mark.parametrize("number", ["3100000000047", "3100000000055"])
async def test_the_card_of_somebody_who_died_opens_no_visit_whichever_service_tells(world: World, desk: Desk, number: str) -> None:
    _told(world, await desk.verify(number), pb.VERDICT_DECEASED)


async def test_somebody_whom_the_death_status_does_not_know_is_not_found(world: World, desk: Desk) -> None:
    chip = pb.CardChip(chip_number="00000000DEAD0001", card_number="99990000000001", birth_date=pb.BirthDate(as_on_card="25300116"))

    _told(world, await _by_chip(desk, "1100000000016", chip), pb.VERDICT_NOT_FOUND)


async def test_a_chip_matches_without_a_name_and_is_told_from_a_chip_that_is_not_normal(world: World, desk: Desk) -> None:
    people = world.dopa.people
    for number, verdict in (("1100000000016", MATCH), ("1100000000113", NO_MATCH)):
        person = people[number]
        chip = pb.CardChip(
            chip_number=person.chip.lower(), card_number=person.card_number, birth_date=pb.BirthDate(as_on_card=f"{person.born}")
        )
        reply = await _by_chip(desk, number, chip)
        _told(world, reply, verdict)
        expected = (pb.ASSURANCE_CARD_CHIP, pb.NO_MATCH_UNSPECIFIED) if verdict == MATCH else (0, pb.NO_MATCH_CHIP_NOT_NORMAL)
        assert expected == (reply.visit.assurance, reply.no_match)


@pytest.mark.parametrize("knob", ["down", "malformed", "entity_bomb", "status"])
async def test_when_nobody_can_tell_the_verdict_says_so_and_the_card_may_be_tried_again(world: World, desk: Desk, knob: str) -> None:
    setattr(world.dopa.knobs, knob, 500 if knob == "status" else True)

    reply = await desk.verify()

    assert _told(world, reply, pb.VERDICT_UNAVAILABLE)["why"]
    setattr(world.dopa.knobs, knob, None if knob == "status" else False)
    _told(world, await desk.verify(), MATCH)


async def test_a_death_status_that_cannot_be_had_leaves_the_verdict_open(world: World, desk: Desk) -> None:
    world.dopa.knobs.only = frozenset({"CheckDeathStatus"})
    world.dopa.knobs.down = True

    _told(world, await desk.verify(), pb.VERDICT_UNAVAILABLE)


async def test_the_intent_of_a_verification_is_in_the_log_before_the_agency_hears_of_it(world: World, desk: Desk) -> None:
    reply = await desk.verify()

    intent = next(leaf for leaf in entries(world, "intent") if leaf["eid"] == reply.request_id)
    assert {reply.request_id} == {one.request_id for one in world.dopa.received}
    assert all(intent["t"] <= one.at_ms for one in world.dopa.received)
    facts = intent["facts"]
    assert ("doe", SERVICE, "doe-dopa", "CARD_LASER") == (facts["recipient"], facts["service"], facts["agreement"], facts["assurance"])


async def _by_chip(desk: Desk, number: str, chip: pb.CardChip) -> pb.VerifyIdentityResponse:
    request = pb.VerifyIdentityRequest(recipient="doe", service=SERVICE, citizen_number=number, card_chip=chip)
    return await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)
