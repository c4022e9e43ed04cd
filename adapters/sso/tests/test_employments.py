"""What an employment becomes: its dates, its status, what is empty, and what cannot be read."""

import pytest

from adapters.sso.employments import EMPLOYMENTS, STATUSES
from adapters.sso.tests.world import SOMMUT, World, item, person, reply, why
from linkage.sources.adapter import About, Found, Malformed
from linkage.terms import PartialDate


async def test_an_employment_is_told_whole() -> None:
    answer = await World(reply(item())).fetch()
    assert answer == Found(
        {
            EMPLOYMENTS: (
                {
                    "company_name": "บริษัท สมมติการค้า จำกัด",
                    "account_no": "9900000001",
                    "account_branch": "000000",
                    "status_code": "0",
                    "status": "ไม่ได้จ้างงาน",
                    "start_date": PartialDate(2015, 6, 1),
                    "resign_date": PartialDate(2020, 2, 29),
                },
            )
        }
    )


async def test_nobody_is_named_by_a_reply_so_that_another_persons_cannot_be_told(world: World) -> None:
    own = await world.employments()
    world.simulator.knobs.wrong_person = True
    answer = await world.fetch()
    assert isinstance(answer, Found)
    assert answer.about == About()
    assert answer.fields[EMPLOYMENTS] != own


async def test_every_employment_comes_in_order(world: World) -> None:
    for one in world.simulator.people.values():
        if one.employments:
            told = await world.employments(person(one.number))
            assert [row["account_no"] for row in told] == [employment.account for employment in one.employments], one.case
    many = [item(accNo=str(number)) for number in range(200)]
    assert [row["account_no"] for row in await World(reply(*many)).employments()] == [str(number) for number in range(200)]


async def test_what_is_asked_for_alone_comes(world: World) -> None:
    answer = await world.fetch(person(SOMMUT), ())
    assert answer == Found({}, also_sent=(EMPLOYMENTS,))


async def test_an_empty_element_is_none_and_a_missing_one_is_left_out() -> None:
    empty = item(empResignDate="", companyName=" ")
    nil = item().replace("<accNo>9900000001</accNo>", '<accNo xsi:nil="true"/>')
    [first, second, third] = await World(reply(empty, nil, item(empResignDate=None))).employments()
    assert (first["resign_date"], first["company_name"]) == (None, None)
    assert second["account_no"] is None
    assert "resign_date" not in third


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("29/02/2567", PartialDate(2024, 2, 29)),
        ("00/07/2550", PartialDate(2007, 7)),
        ("00/00/2550", PartialDate(2007)),
        (" 01/06/2558 ", PartialDate(2015, 6, 1)),
        ("", None),
    ],
)
async def test_a_date_is_read_in_the_buddhist_era(written: str, date: PartialDate | None) -> None:
    [told] = await World(reply(item(empResignDate=written))).employments()
    assert told["resign_date"] == date


@pytest.mark.parametrize(
    "written",
    [
        "01/06/2015",
        "1/6/2558",
        "1/011/2558",
        "01/06/58",
        "2558/06/01",
        "2558-06-01",
        "01062558",
        "30/02/2558",
        "01/13/2558",
        "01/00/2558",
        "00/00/0000",
        "01/06/2558 00:00",
        "๐๑/๐๖/๒๕๕๘",
        "-",
        "01/06/2558/",
    ],
)
@pytest.mark.parametrize("element", ["expStartDate", "empResignDate"])
async def test_a_date_that_cannot_be_read_withholds_the_record(element: str, written: str) -> None:
    with pytest.raises(Malformed, match=element) as raised:
        await World(reply(item(), item(**{element: written}))).fetch()
    assert written not in str(raised.value) or written == "-"


@pytest.mark.parametrize(("code", "text"), STATUSES.items())
async def test_a_status_is_told_as_sso_writes_it(code: str, text: str) -> None:
    [told] = await World(reply(item(employStatus=code, employStatusDesc=text))).employments()
    assert (told["status_code"], told["status"]) == (code, text)
    for part in ({"employStatusDesc": None}, {"employStatusDesc": ""}, {"employStatusDesc": f" {text[:3]} {text[3:]} "}):
        [told] = await World(reply(item(**({"employStatus": code, "employStatusDesc": text} | part)))).employments()
        assert told["status_code"] == code
    [told] = await World(reply(item(employStatus=None, employStatusDesc=text))).employments()
    assert told["status"] == text


@pytest.mark.parametrize(
    ("code", "text"),
    [("1", "ไม่ได้จ้างงาน"), ("0", "จ้างงาน"), ("2", "จ้างงาน"), ("2", None), ("", ""), (None, None), ("0", "-"), ("00", None), ("๑", None)],
)
async def test_a_status_nobody_knows_or_that_says_two_things_is_unavailable(code: str | None, text: str | None) -> None:
    answer = await World(reply(item(), item(employStatus=code, employStatusDesc=text))).fetch()
    assert why(answer) == "unknown employment status"


@pytest.mark.parametrize("code", ["2", "9", ""])
async def test_the_simulator_may_send_any_status(world: World, code: str) -> None:
    world.simulator.knobs.employ_status = code
    answer = await world.fetch()
    assert isinstance(answer, Found) if not code else why(answer) == "unknown employment status"
