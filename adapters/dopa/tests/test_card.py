"""Verifying a card against the simulated card check and death status."""

from decimal import Decimal

import httpx
import pytest

from adapters.dopa.settings import PERSON
from adapters.dopa.tests.world import REQUEST_ID, World, chip_of, laser_of
from linkage.sources.adapter import About, Malformed, Verified
from linkage.terms import CardProblem, CitizenNumber, NoMatch, PartialDate, PersonName, PresenceException, Secret, Verdict
from linkage.terms import Officer as Colleague

SOMMUT = "1100000000016"


async def verified(world: World, whose: str, **other: object) -> Verified:
    said = await world.verify(laser_of(world.person(whose), **other))
    assert isinstance(said, Verified)
    return said


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_card_in_order_matches_in_both_versions_of_soap(version: str) -> None:
    world = World(soap=version)
    said = await verified(world, SOMMUT)
    assert said == Verified(
        Verdict.MATCH,
        about=About(CitizenNumber(SOMMUT), PersonName("สมมติ", "ทดสอบระบบ"), PartialDate(1987, 1, 15)),
    )
    assert world.operations() == ["CheckCardByLaser", "CheckDeathStatus"]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
async def test_a_chip_in_order_matches_in_both_versions_of_soap(version: str) -> None:
    world = World(soap=version)
    said = await world.verify(chip_of(world.person(SOMMUT)))
    assert isinstance(said, Verified)
    assert said.verdict is Verdict.MATCH
    assert said.about == About(CitizenNumber(SOMMUT), None, PartialDate(1987, 1, 15))
    assert world.operations() == ["CheckCardByCID", "CheckDeathStatus"]


async def test_every_invented_person_with_a_laser_code_gets_the_verdict_of_the_card(world: World) -> None:
    expected = {
        "normal": Verified(Verdict.MATCH),
        "chip_broken": Verified(Verdict.MATCH),
        "expired": Verified(Verdict.CARD_NOT_VALID, card_problem=CardProblem.EXPIRED),
        "address_changed": Verified(Verdict.CARD_NOT_VALID, card_problem=CardProblem.ADDRESS_CHANGED),
        "lost": Verified(Verdict.CARD_NOT_VALID, card_problem=CardProblem.LOST),
        "reissued": Verified(Verdict.CARD_NOT_VALID, card_problem=CardProblem.REISSUED),
        "name_changed": Verified(Verdict.CARD_NOT_VALID, card_problem=CardProblem.NAME_CHANGED),
        "died": Verified(Verdict.DECEASED),
    }
    for person in [one for one in world.simulator.people.values() if one.laser]:
        said = await verified(world, person.number)
        want = Verified(Verdict.DECEASED) if person.dead else expected[person.card]
        assert (said.verdict, said.card_problem, said.no_match) == (want.verdict, want.card_problem, want.no_match), person.case


async def test_a_wrong_laser_code_is_told_from_other_wrong_data(world: World) -> None:
    wrong_laser = await verified(world, SOMMUT, laser_code=Secret("ZZ0000000000"))
    assert (wrong_laser.verdict, wrong_laser.no_match) == (Verdict.NO_MATCH, NoMatch.LASER_OR_NUMBER_UNKNOWN)
    for other in ({"name": PersonName("สมมติ", "คนอื่น")}, {"birth_date": PartialDate(1987, 1, 16)}):
        wrong_data = await verified(world, SOMMUT, **other)
        assert (wrong_data.verdict, wrong_data.no_match) == (Verdict.NO_MATCH, NoMatch.DATA_DIFFER)
        assert wrong_data.about == About()


async def test_a_number_nobody_has_is_no_match_and_never_not_found(world: World) -> None:
    said = await verified(world, SOMMUT, number=CitizenNumber("8100000000048"))
    assert (said.verdict, said.no_match) == (Verdict.NO_MATCH, NoMatch.LASER_OR_NUMBER_UNKNOWN)


async def test_a_broken_chip_is_no_match_by_chip(world: World) -> None:
    said = await world.verify(chip_of(world.person("1100000000113")))
    assert isinstance(said, Verified)
    assert (said.verdict, said.no_match) == (Verdict.NO_MATCH, NoMatch.CHIP_NOT_NORMAL)


async def test_an_empty_part_makes_the_verdict_unavailable(world: World) -> None:
    said = await verified(world, SOMMUT, name=PersonName("สมมติ", " "))
    assert (said.verdict, said.why) == (Verdict.UNAVAILABLE, "evidence incomplete")


async def test_names_go_out_trimmed_and_without_the_middle_name(world: World) -> None:
    said = await verified(world, "1100000000041", name=PersonName(" นามกลาง ", "มีชื่อรอง\n", "ชื่อรองหนึ่ง"))
    assert said.verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("number", "born"),
    [
        ("3999999999901", PartialDate(1955, 3)),
        ("3999999999928", PartialDate(1952)),
        ("5100000000019", PartialDate(1937)),
        ("3999999999936", PartialDate(1940, 2, 14)),
        ("3999999999944", PartialDate(1939, 8, 20)),
        ("3999999999952", PartialDate(1940, 4, 1)),
        ("3999999999961", PartialDate(1941, 1, 1)),
    ],
)
async def test_a_partial_or_very_old_birth_date_goes_out_as_dopa_writes_it(world: World, number: str, born: PartialDate) -> None:
    said = await verified(world, number, birth_date=born)
    assert (said.verdict, said.about.birth_date) == (Verdict.MATCH, born)


async def test_the_dead_are_deceased_though_their_card_is_normal(world: World) -> None:
    assert (await verified(world, "3100000000047")).verdict is Verdict.DECEASED


async def test_without_the_death_check_only_the_card_is_asked() -> None:
    world = World(death_check=False)
    assert (await verified(world, "3100000000047")).verdict is Verdict.MATCH
    assert world.operations() == ["CheckCardByLaser"]


async def test_a_card_that_does_not_match_is_not_followed_by_a_question_of_death(world: World) -> None:
    await verified(world, SOMMUT, laser_code=Secret("ZZ0000000000"))
    assert world.operations() == ["CheckCardByLaser"]


async def test_the_request_id_goes_along_with_every_question(world: World) -> None:
    await verified(world, SOMMUT)
    await world.fetch(SOMMUT, {PERSON: ["age"]})
    assert {one.request_id for one in world.simulator.received} == {REQUEST_ID}
    assert {one.at_ms for one in world.simulator.received} == {world.clock.now_ms()}


@pytest.mark.parametrize("operation", ["CheckCardByLaser", "CheckDeathStatus"])
@pytest.mark.parametrize(
    ("knob", "why"), [({"down": True}, "status 503"), ({"status": 500}, "status 500"), ({"status": 404}, "status 404")]
)
async def test_a_service_that_fails_is_unavailable(world: World, operation: str, knob: dict[str, object], why: str) -> None:
    for name, value in {"only": {operation}, **knob}.items():
        setattr(world.simulator.knobs, name, value)
    said = await verified(world, SOMMUT)
    assert (said.verdict, said.why, said.about) == (Verdict.UNAVAILABLE, why, About())
    assert world.operations()[-1] == operation


async def test_the_agencys_word_on_when_to_come_again_is_kept(world: World) -> None:
    world.simulator.knobs.down = True
    assert (await verified(world, SOMMUT)).retry_after == float(Decimal(30))


@pytest.mark.parametrize("operation", ["CheckCardByLaser", "CheckDeathStatus"])
@pytest.mark.parametrize("knob", ["malformed", "entity_bomb"])
async def test_hostile_xml_is_malformed(world: World, operation: str, knob: str) -> None:
    world.simulator.knobs.only = frozenset({operation})
    setattr(world.simulator.knobs, knob, True)
    with pytest.raises(Malformed):
        await verified(world, SOMMUT)


async def test_a_huge_answer_is_cut_off(world: World) -> None:
    world.simulator.knobs.huge = True
    world.simulator.knobs.huge_bytes = 8 * 2**20
    with pytest.raises(httpx.TransportError):
        await verified(world, SOMMUT)


async def test_evidence_of_another_kind_is_not_asked_about(world: World) -> None:
    exception = PresenceException(CitizenNumber(SOMMUT), "no_card", Secret("lost in a flood"), Colleague("issuer", "officer-2"))
    said = await world.adapter.verify(exception, world.link())
    assert said == Verified(Verdict.UNAVAILABLE, why="not a card")
    assert world.operations() == []
