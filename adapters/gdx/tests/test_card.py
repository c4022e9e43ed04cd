"""The card check through GDX: what goes out, every verdict, and everything that is no verdict."""

import traceback
from dataclasses import replace

import pytest

from adapters.gdx.codes import CARD_ROWS, card_verdict
from adapters.gdx.tests.world import SOMMUT, Page, World, card_of
from linkage.sources.adapter import About, Malformed, Refused, RefusedCause, Verified
from linkage.terms import CardChip, CardProblem, CitizenNumber, NoMatch, PartialDate, PersonName, Secret, ThaidCode, Verdict

UNAVAILABLE = Verdict.UNAVAILABLE


def problem(what: CardProblem) -> Verified:
    return Verified(Verdict.CARD_NOT_VALID, card_problem=what)


async def test_the_request_is_as_gdx_wants_it() -> None:
    page = Page({"Result": True})
    await page.world.verify("1100000000041")
    path, asked, headers = page.asked[1]
    assert path == "/ws/dopa/verification/personal"
    assert list(asked) == ["CitizenID", "FirstName", "LastName", "BEBirthDate", "LaserCode"]
    assert asked == {
        "CitizenID": "1100000000041",
        "FirstName": "นามกลาง",
        "LastName": "มีชื่อรอง",
        "BEBirthDate": "25350505",
        "LaserCode": "ZZ9900000006",
    }
    assert headers["token"] == "the-token"


async def test_an_unknown_day_and_month_go_out_as_zeros() -> None:
    page = Page({"Result": True})
    await page.world.verify("3999999999928")
    assert page.asked[1][1]["BEBirthDate"] == "24950000"


async def test_a_match_names_the_person_of_the_evidence(world: World) -> None:
    card = card_of(world.simulator.people[SOMMUT])
    said = await world.adapter.verify(card, world.link())
    assert said == Verified(Verdict.MATCH, about=About(card.number, card.name, card.birth_date))


VERDICTS = {
    "1100000000067": problem(CardProblem.EXPIRED),
    "1100000000075": problem(CardProblem.ADDRESS_CHANGED),
    "1100000000083": problem(CardProblem.LOST),
    "1100000000091": problem(CardProblem.REISSUED),
    "1100000000105": problem(CardProblem.NAME_CHANGED),
    "3100000000055": Verified(Verdict.DECEASED),
}


async def test_every_card_of_the_world_gets_its_verdict(world: World) -> None:
    for shown in world.simulator.people.values():
        if shown.laser:
            said = await world.verify(shown.number)
            expected = VERDICTS.get(shown.number)
            assert said == expected if expected else isinstance(said, Verified) and said.verdict is Verdict.MATCH


async def test_what_does_not_match_is_said_with_its_part(world: World) -> None:
    unknown = Verified(Verdict.NO_MATCH, no_match=NoMatch.LASER_OR_NUMBER_UNKNOWN)
    differs = Verified(Verdict.NO_MATCH, no_match=NoMatch.DATA_DIFFER)
    assert await world.verify(laser_code=Secret("ZZ0000000000")) == unknown
    nobody = replace(card_of(world.simulator.people[SOMMUT]), number=CitizenNumber("1100000000997"))
    assert await world.adapter.verify(nobody, world.link()) == unknown
    assert await world.verify(name=PersonName("สมมุติ", "ทดสอบระบบ")) == differs
    assert await world.verify(birth_date=PartialDate(1987, 1, 16)) == differs
    assert await world.verify(name=PersonName("สมมติ", " ")) == Verified(UNAVAILABLE, why="evidence incomplete")


async def test_a_false_says_no_match_without_a_part(world: World) -> None:
    world.simulator.knobs.no_reasons = True
    assert await world.verify(laser_code=Secret("ZZ0000000000")) == Verified(Verdict.NO_MATCH)
    assert await world.verify("1100000000067") == Verified(Verdict.NO_MATCH)


async def test_other_evidence_is_not_asked_about(world: World) -> None:
    chip = CardChip(CitizenNumber(SOMMUT), Secret("00000000DEAD0001"), Secret("99990000000001"), PartialDate(1987, 1, 15))
    for evidence in (chip, ThaidCode(Secret("code"), "https://counter.example/back")):
        said = await world.adapter.verify(evidence, world.link())
        assert said == Verified(UNAVAILABLE, why="not a card with its laser code")
    assert world.simulator.received == []


def test_every_row_of_the_table_means_one_thing_and_blanks_do_not_count() -> None:
    for row in CARD_ROWS:
        assert card_verdict(row.code, row.text) == row.said
        assert card_verdict(row.code, "  ".join(row.text)) == row.said
        assert card_verdict(row.code + 10, row.text) == Verified(UNAVAILABLE, why="unknown code or text")
        assert card_verdict(row.code, row.text + "x") == Verified(UNAVAILABLE, why="unknown code or text")
    assert {row.code for row in CARD_ROWS} == {2, 4, 5}


DIFFERS = "สถานะไม่ปกติ => ข้อมูลไม่ตรง"
NO_MATCH = Verified(Verdict.NO_MATCH, no_match=NoMatch.DATA_DIFFER)
UNKNOWN = Verified(UNAVAILABLE, why="unknown code or text")
FIVE_HUNDRED = Verified(UNAVAILABLE, why="status 500")
REPLIES: list[tuple[int, object, Verified | Refused]] = [
    (500, {"Message": f"[4] {DIFFERS}"}, NO_MATCH),
    (500, {"Message": f" [4]{DIFFERS}\n", "Code": "500"}, NO_MATCH),
    (500, f"[4] {DIFFERS}".encode(), NO_MATCH),
    (500, f'"[4] {DIFFERS}"'.encode(), NO_MATCH),
    (500, {"Message": f"[2] {DIFFERS}"}, UNKNOWN),
    (500, {"Message": "[4] อย่างอื่น"}, UNKNOWN),
    (500, {"Message": "[3] สถานะไม่ปกติ"}, UNKNOWN),
    (500, {"Message": "[0] สถานะปกติ"}, UNKNOWN),
    (500, {"Message": DIFFERS}, FIVE_HUNDRED),
    (500, {"Message": ""}, FIVE_HUNDRED),
    (500, {"Message": ["[4] " + DIFFERS]}, FIVE_HUNDRED),
    (500, b"", FIVE_HUNDRED),
    (500, b"\xff\xfe[4]", FIVE_HUNDRED),
    (502, {"Message": f"[4] {DIFFERS}"}, Verified(UNAVAILABLE, why="status 502")),
    (503, {"Message": f"[4] {DIFFERS}"}, Verified(UNAVAILABLE, why="status 503")),
    (400, {"Message": f"[4] {DIFFERS}"}, Verified(UNAVAILABLE, why="status 400")),
    (404, {"Message": "ไม่พบข้อมูล"}, Verified(UNAVAILABLE, why="status 404")),
    (404, {"Code": "90500", "Message": "ไม่พบข้อมูล"}, Verified(UNAVAILABLE, why="no record of what")),
    (404, b"", Verified(UNAVAILABLE, why="status 404")),
    (204, b"", Verified(UNAVAILABLE, why="status 204")),
    (302, b"", Verified(UNAVAILABLE, why="status 302")),
    (403, {"Message": "ForbiddenException: consumer not found"}, Refused(RefusedCause.NOT_ENTITLED, "403")),
    (401, {"Message": "UnauthorizedException: no right"}, Refused(RefusedCause.NOT_ENTITLED, "401")),
    (403, b"<html>", Verified(UNAVAILABLE, why="status 403")),
    (401, {"Message": "UnauthorizedException: token not found"}, Verified(UNAVAILABLE, why="token not taken")),
    (500, {"Code": "90001", "Message": "ไม่ได้ Login เข้าใช้งานระบบ"}, Refused(RefusedCause.LOGIN_REQUIRED, "90001")),
]


@pytest.mark.parametrize("row", REPLIES)
async def test_a_reply_means_what_the_table_says(row: tuple[int, object, Verified | Refused]) -> None:
    status, body, answer = row
    assert await Page(body, status).world.verify() == answer


@pytest.mark.parametrize(
    "body", [b"", b"true", {}, {"Result": "true"}, {"Result": 1}, {"Result": None}, {"result": True}, {"Message": SOMMUT}]
)
async def test_what_is_neither_true_nor_false_is_malformed_and_never_repeated(body: object) -> None:
    with pytest.raises(Malformed) as raised:
        await Page(body).world.verify()
    assert SOMMUT not in "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
