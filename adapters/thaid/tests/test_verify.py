"""Verifying by ThaID, and exchanging an officer's code, against the simulated ThaID."""

import asyncio

import httpx
import pytest

from adapters.thaid.tests.world import BACK, REQUEST_ID, SOMMUT, World
from linkage.sources.adapter import About, Malformed, Refused, RefusedCause, Unavailable, Verified
from linkage.terms import CitizenNumber, NoMatch, PartialDate, PersonName, PresenceException, Secret, ThaidCode, Verdict
from linkage.terms import Officer as Colleague

OTHER = "1100000000024"
WHOLE = About(CitizenNumber(SOMMUT), PersonName("สมมติ", "ทดสอบระบบ"), PartialDate(1987, 1, 15))


@pytest.mark.parametrize("scope", ["pid name birthdate", "pid name birthdate openid"])
async def test_a_person_who_consents_is_a_match_with_and_without_openid(world: World, scope: str) -> None:
    assert await world.verify(world.code(scope=scope)) == Verified(Verdict.MATCH, about=WHOLE)
    assert world.operations() == (["token", "jwks", "revoke"] if "openid" in scope else ["token", "revoke"])


async def test_the_parts_of_a_name_are_taken_where_they_are_granted(world: World) -> None:
    said = await world.verify(world.code("1100000000041", scope="pid given_name middle_name family_name openid"))
    assert isinstance(said, Verified)
    assert said.about == About(CitizenNumber("1100000000041"), PersonName("นามกลาง", "มีชื่อรอง", "ชื่อรองหนึ่ง"))


async def test_the_number_alone_is_enough(world: World) -> None:
    said = await world.verify(world.code(scope="pid"))
    assert said == Verified(Verdict.MATCH, about=About(CitizenNumber(SOMMUT)))


async def test_everybody_invented_can_consent(world: World) -> None:
    for person in world.simulator.people.values():
        said = await world.verify(world.code(person.number, scope="pid given_name middle_name family_name birthdate openid"))
        assert isinstance(said, Verified), person.case
        assert said.about.number == CitizenNumber(person.number)
        assert said.about.name == PersonName(person.first, person.last, person.middle)
        assert said.about.birth_date is not None


async def test_who_the_counter_says_it_is_must_be_who_consents(world: World) -> None:
    assert await world.verify(world.code(said=SOMMUT)) == Verified(Verdict.MATCH, about=WHOLE)
    assert await world.verify(world.code(said=OTHER)) == Verified(Verdict.NO_MATCH, no_match=NoMatch.ANOTHER_PERSON)


async def test_a_token_of_a_verification_is_given_back_whatever_came_out(world: World) -> None:
    for said in (None, OTHER):
        before = len(world.simulator.received)
        await world.verify(world.code(said=said))
        assert world.operations()[before:][-1] == "revoke"


@pytest.mark.parametrize("knob", [{"down": True}, {"malformed": True}, {"slow": 5.0}])
async def test_a_token_that_cannot_be_given_back_changes_no_verdict(world: World, knob: dict[str, object]) -> None:
    for name, value in {"only": {"revoke"}, **knob}.items():
        setattr(world.simulator.knobs, name, value)
    async with asyncio.timeout(4):
        assert await world.verify(world.code()) == Verified(Verdict.MATCH, about=WHOLE)


async def test_an_officers_token_is_handed_on_and_stays_good(world: World) -> None:
    token = await world.exchange(world.code(said=SOMMUT))
    assert isinstance(token, Secret)
    assert world.simulator.is_token_of(token.reveal(), SOMMUT)
    assert await world.is_active(token)


@pytest.mark.parametrize("said", [OTHER, None])
async def test_a_code_of_somebody_else_gives_an_officer_nothing(world: World, said: str | None) -> None:
    assert await world.exchange(world.code(said=said)) == Refused(RefusedCause.LOGIN_REFUSED, "pid")
    assert world.operations()[-1] == "revoke"


async def test_a_code_is_good_once(world: World) -> None:
    code = world.code()
    await world.verify(code)
    assert await world.verify(code) == Refused(RefusedCause.EVIDENCE, "duplicate_request")
    assert await world.exchange(code) == Refused(RefusedCause.EVIDENCE, "duplicate_request")


async def test_a_late_unknown_or_misdirected_code_is_to_be_shown_anew(world: World) -> None:
    late = world.code()
    world.clock.advance(301)
    misdirected = ThaidCode(world.code().code, BACK + "/elsewhere")
    for code in (late, misdirected, ThaidCode(Secret("no such code"), BACK)):
        assert await world.verify(code) == Refused(RefusedCause.EVIDENCE, "invalid_request")


async def test_a_wrong_secret_is_unavailable_and_not_the_citizens_fault(world: World) -> None:
    world.settings.client_secret_file.write_text("wrong", encoding="utf-8")
    assert await world.verify(world.code()) == Verified(Verdict.UNAVAILABLE, why="status 401")
    assert await world.exchange(world.code(said=SOMMUT)) == Unavailable("status 401")


@pytest.mark.parametrize("operation", ["token", "jwks"])
async def test_a_thaid_that_is_down_is_unavailable(world: World, operation: str) -> None:
    world.simulator.knobs.only = frozenset({operation})
    world.simulator.knobs.down = True
    assert await world.verify(world.code()) == Verified(Verdict.UNAVAILABLE, why="status 503", retry_after=30.0)
    assert await world.exchange(world.code(said=SOMMUT)) == Unavailable("status 503", 30.0)


@pytest.mark.parametrize("operation", ["token", "jwks"])
@pytest.mark.parametrize("knob", ["malformed", "entity_bomb"])
async def test_a_reply_that_cannot_be_read_is_malformed(world: World, operation: str, knob: str) -> None:
    world.simulator.knobs.only = frozenset({operation})
    setattr(world.simulator.knobs, knob, True)
    with pytest.raises(Malformed):
        await world.verify(world.code())


async def test_a_huge_answer_is_cut_off(world: World) -> None:
    world.simulator.knobs.huge = True
    world.simulator.knobs.huge_bytes = 8 * 2**20
    with pytest.raises(httpx.TransportError):
        await world.verify(world.code())


async def test_the_request_id_goes_along_with_every_question(world: World) -> None:
    await world.verify(world.code())
    assert {one.request_id for one in world.simulator.received} == {REQUEST_ID}


async def test_evidence_of_another_kind_is_not_asked_about(world: World) -> None:
    exception = PresenceException(CitizenNumber(SOMMUT), "no_card", Secret("lost in a flood"), Colleague("issuer", "officer-2"))
    assert await world.adapter.verify(exception, world.link()) == Verified(Verdict.UNAVAILABLE, why="not a ThaID code")
    assert world.operations() == []
