"""Each invented body as the counter would see it."""

from decimal import Decimal

import pytest

from adapters.dbd.bodies import load_bodies
from adapters.dbd.fields import STATUSES
from adapters.dbd.tests.world import TRADING, Page, World, reply
from linkage.sources.adapter import About, Found, Malformed, NotFound, Unavailable
from linkage.terms import JuristicNumber, PartialDate, Value

WHOLE: dict[str, Value | None] = {
    "juristic_id": TRADING,
    "old_juristic_id": "9(9)9/2556",
    "name_th": "บริษัท สมมติการค้า จำกัด",
    "name_en": "SOMMUT TRADING (INVENTED) COMPANY LIMITED",
    "type": "บริษัทจำกัด",
    "registered_on": PartialDate(2013, 1, 15),
    "status": "ยังดำเนินกิจการอยู่",
    "objective": {"code": "47190", "text_th": "การค้าปลีกสมมติ", "text_en": "Retail trade, invented"},
    "register_capital": Decimal(5_000_000),
    "branch_name": "สำนักงานใหญ่",
    "address": {
        "address": "99/1 อาคารสมมติ ชั้น 2 ห้อง 201 หมู่ 4 แยก 3 ซอยตัวอย่าง 2 ตรอกสาธิต หมู่บ้านจำลอง ถนนทดสอบ",
        "house_no": "99/1",
        "building": "อาคารสมมติ",
        "room_no": "201",
        "floor": "2",
        "village_no": "4",
        "yaek": "3",
        "soi": "ตัวอย่าง 2",
        "trok": "สาธิต",
        "village": "หมู่บ้านจำลอง",
        "road": "ทดสอบ",
        "subdistrict_code": "999901",
        "subdistrict": "สมมติใต้",
        "district_code": "9999",
        "district": "ทดสอบ",
        "province_code": "99",
        "province": "จำลองบุรี",
    },
}


async def test_every_field_of_a_whole_record_is_read(world: World) -> None:
    assert await world.record(TRADING) == WHOLE


async def test_only_what_was_asked_for_is_answered_and_the_rest_is_named(world: World) -> None:
    answer = await world.ask(TRADING, "status", "name_th")
    assert isinstance(answer, Found)
    assert set(answer.fields) == {"status", "name_th"}
    assert set(answer.also_sent) == set(WHOLE) - {"status", "name_th"}


async def test_parts_without_a_value_are_not_named_as_sent(world: World) -> None:
    answer = await world.ask("0995500000146", "name_th")
    assert isinstance(answer, Found)
    assert not {"objective", "address", "name_en", "old_juristic_id", "register_capital"} & set(answer.also_sent)


async def test_the_answer_names_the_body_it_is_about(world: World) -> None:
    answer = await world.ask(TRADING, "status")
    assert isinstance(answer, Found)
    assert answer.about == About(juristic=JuristicNumber(TRADING))


async def test_another_bodys_record_says_so_and_is_never_named_after_the_question(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    answer = await world.ask(TRADING, "status")
    assert isinstance(answer, Found)
    assert answer.about.juristic not in (None, JuristicNumber(TRADING))


async def test_a_record_with_the_old_number_only_names_nobody(world: World) -> None:
    answer = await world.ask("0995500000111")
    assert isinstance(answer, Found)
    assert answer.about == About()
    assert (answer.fields["juristic_id"], answer.fields["old_juristic_id"]) == (None, "99999/2520")  # type: ignore[index]


async def test_both_eras_are_read_by_their_year(world: World) -> None:
    dates = {number: (await world.record(number, "registered_on"))["registered_on"] for number in world.simulator.bodies}
    assert dates["0995500000014"] == PartialDate(2013, 1, 15)
    assert dates["0995500000022"] == PartialDate(2017, 7, 13)
    assert dates["0995500000120"] == PartialDate(1938, 2, 15)  # February 2480 came after December 2480
    assert dates["0995500000171"] is None


@pytest.mark.parametrize(
    "case",
    [
        ("24010101", PartialDate(1859, 1, 1)),
        ("24841231", PartialDate(1941, 12, 31)),
        (25560115, PartialDate(2013, 1, 15)),
        ("19991231", PartialDate(1999, 12, 31)),
        ("19000101", PartialDate(1900, 1, 1)),
        ("21001231", PartialDate(2100, 12, 31)),
        ("20170000", PartialDate(2017)),
        ("25600700", PartialDate(2017, 7)),
        ("", None),
        (None, None),
    ],
)
async def test_a_date_is_of_the_era_of_its_year(case: tuple[object, PartialDate | None]) -> None:
    written, read = case
    page = Page(reply(JuristicRegisterDate=written))
    assert await page.world.record(TRADING, "registered_on") == {"registered_on": read}


@pytest.mark.parametrize(
    "written",
    [
        "2556-01-15",
        "255601",
        "25561301",
        "20170230",
        "00010101x",
        "05600115",
        "00010101",
        "22000101",
        "18991231",
        "21010101",
        "24000101",
        2556.5,
        True,
        ["25560115"],
        "๒๕๕๖๐๑๑๕",
    ],
    ids=lambda _: "written",
)
async def test_what_is_no_date_is_malformed(written: object) -> None:
    with pytest.raises(Malformed, match="cd:OrganizationJuristicRegisterDate"):
        await Page(reply(JuristicRegisterDate=written)).world.ask(TRADING, "registered_on")


@pytest.mark.parametrize(
    "case",
    [
        ("5000000.00", Decimal(5_000_000)),
        ("1,250,000,000.00", Decimal(1_250_000_000)),
        (1000000, Decimal(1_000_000)),
        (1000000.5, Decimal("1000000.5")),
        ("0", Decimal(0)),
        ("", None),
    ],
)
async def test_the_capital_is_a_number_however_it_is_written(case: tuple[object, Decimal | None]) -> None:
    written, read = case
    assert await Page(reply(JuristicRegisterCapital=written)).world.record(TRADING, "register_capital") == {"register_capital": read}


@pytest.mark.parametrize("written", ["-1", "1e6", "1,00", "ห้าล้าน", 1e300, True, {}], ids=lambda _: "written")
async def test_what_is_no_amount_is_malformed(written: object) -> None:
    with pytest.raises(Malformed, match="RegisterCapital"):
        await Page(reply(JuristicRegisterCapital=written)).world.ask(TRADING, "register_capital")


async def test_every_known_status_is_in_the_world_and_an_unknown_one_passes_as_it_stands(world: World) -> None:
    said = [(await world.record(one.number, "status")).get("status") for one in world.simulator.bodies.values()]
    assert set(STATUSES) < set(said)
    assert "สถานะสมมติที่ไม่มีในรายการ" in said


async def test_missing_parts_are_empty_and_missing_keys_are_left_out(world: World) -> None:
    empty = await world.record("0995500000146")
    assert (empty["objective"], empty["address"], empty["register_capital"], empty["name_en"]) == (None, None, None, None)
    left_out = await world.record("0995500000154")
    assert set(WHOLE) - set(left_out) == {"register_capital", "status"}


async def test_a_member_that_the_reply_does_not_speak_of_is_left_out_of_its_group() -> None:
    address = {"cr:AddressType": {"cd:AddressNo": "1", "cd:City": None, "cd:Soi": " "}}
    read = await Page(reply(JuristicAddress=address)).world.record(TRADING, "address")
    assert read == {"address": {"house_no": "1", "soi": None, "district_code": None, "district": None}}


async def test_a_body_that_is_not_there_is_not_found_and_a_person_is_no_body(world: World) -> None:
    assert await world.ask("0995599999990") == NotFound()
    assert len(load_bodies()) >= 15


async def test_a_capital_as_a_json_number_is_read_the_same(world: World) -> None:
    world.simulator.knobs.numbers_as_numbers = True
    assert (await world.record(TRADING, "register_capital"))["register_capital"] == Decimal(5_000_000)


async def test_an_unknown_code_from_the_knob_is_unavailable(world: World) -> None:
    world.simulator.knobs.code = "1005"
    assert await world.ask() == Unavailable("unknown code")
