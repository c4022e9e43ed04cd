"""Each record as the counter would see it."""

from decimal import Decimal

import pytest

from adapters.gdx.settings import JURISTIC_PERSON, PERSON
from adapters.gdx.simulator import NO_PERSON, NOBODY
from adapters.gdx.tests.world import FIELDS, SOMMUT, TRADING, Page, World
from linkage.sources.adapter import About, Found, NotFound
from linkage.terms import JuristicNumber, PartialDate, PersonName, Value

PERSON_WHOLE: dict[str, Value | None] = {
    "title": "นาย",
    "first_name": "สมมติ",
    "middle_name": None,
    "last_name": "ทดสอบระบบ",
    "full_name_and_rank": "นายสมมติ ทดสอบระบบ",
    "english_title": "Mr.",
    "english_first_name": "Sommut",
    "english_middle_name": None,
    "english_last_name": "Thotsoprabop",
    "gender_code": "1",
    "gender": "ชาย",
    "birth_date": PartialDate(1987, 1, 15),
    "age": Decimal(38),
    "nationality_code": "99",
    "nationality": "ไทย",
    "owner_status": "เจ้าบ้าน",
    "person_status_code": "0",
    "person_status": "บุคคลนี้มีภูมิลำเนาอยู่ในบ้านนี้",
    "moved_in_on": PartialDate(2007, 1, 5),
}
ADDRESS: dict[str, Value | None] = {
    "sequence": "1",
    "name": "สำนักงานใหญ่",
    "full_address": "99/1 สมมติใต้ ทดสอบ จำลองบุรี",
    "building": "อาคารสมมติ",
    "room_no": "201",
    "floor": "2",
    "village": "หมู่บ้านจำลอง",
    "house_no": "99/1",
    "village_no": "4",
    "soi": "ตัวอย่าง 2",
    "road": "ทดสอบ",
    "subdistrict": "สมมติใต้",
    "district": "ทดสอบ",
    "province": "จำลองบุรี",
    "phone": "0000000001",
    "email": "office@sommut.invalid",
}
JURISTIC_WHOLE: dict[str, Value | None] = {
    "juristic_id": TRADING,
    "old_juristic_id": "9(9)9/2556",
    "type_code": "5",
    "name_th": "บริษัท สมมติการค้า จำกัด",
    "name_en": "SOMMUT TRADING (INVENTED) COMPANY LIMITED",
    "registered_on": PartialDate(2013, 1, 15),
    "status": "ยังดำเนินกิจการอยู่",
    "register_capital": Decimal(5_000_000),
    "paid_register_capital": Decimal(5_000_000),
    "number_of_objectives": Decimal(2),
    "number_of_objective_pages": Decimal(1),
    "standard_id": "1",
    "committee": (
        {"sequence": "1", "title": "นาย", "first_name": "สมมติ", "last_name": "ทดสอบระบบ", "type_code": "K"},
        {"sequence": "2", "title": "น.ส.", "first_name": "ตัวอย่าง", "last_name": "ทดสอบระบบ", "type_code": "K"},
    ),
    "authorisations": ({"sequence": "1", "description": "กรรมการหนึ่งคนลงลายมือชื่อและประทับตราสำคัญของบริษัทสมมติ", "type_code": "L"},),
    "objectives": (
        {"sequence": "1", "description": "(1) การค้าปลีกสมมติ"},
        {"sequence": "2", "description": "(2) ประกอบกิจการสมมติอื่น"},
    ),
    "addresses": (ADDRESS,),
}


async def test_every_field_of_a_persons_record_is_read(world: World) -> None:
    assert await world.record(PERSON, SOMMUT) == PERSON_WHOLE


async def test_every_field_of_a_bodys_record_is_read(world: World) -> None:
    assert await world.record(JURISTIC_PERSON, TRADING) == JURISTIC_WHOLE


async def test_only_what_was_asked_for_is_answered_and_the_rest_is_named(world: World) -> None:
    for record_type, number, name in ((PERSON, SOMMUT, "birth_date"), (JURISTIC_PERSON, TRADING, "status")):
        answer = await world.ask(record_type, number, name)
        assert isinstance(answer, Found)
        assert set(answer.fields) == {name}
        whole = PERSON_WHOLE if record_type == PERSON else JURISTIC_WHOLE
        assert set(answer.also_sent) == {key for key, value in whole.items() if value is not None} - {name}


async def test_a_body_is_named_by_its_number_and_a_person_by_name_and_birth_date(world: World) -> None:
    body, person = await world.juristic(TRADING, "status"), await world.person(SOMMUT, "age")
    assert isinstance(body, Found)
    assert isinstance(person, Found)
    assert body.about == About(juristic=JuristicNumber(TRADING))
    assert person.about == About(name=PersonName("สมมติ", "ทดสอบระบบ"), birth_date=PartialDate(1987, 1, 15))
    middle = await world.person("1100000000041", "age")
    assert isinstance(middle, Found)
    assert middle.about.name == PersonName("นามกลาง", "มีชื่อรอง", "ชื่อรองหนึ่ง")


async def test_another_ones_record_says_so_and_is_never_named_after_the_question(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    body, person = await world.juristic(TRADING, "status"), await world.person(SOMMUT, "age")
    assert isinstance(body, Found)
    assert isinstance(person, Found)
    assert body.about.juristic not in (None, JuristicNumber(TRADING))
    assert person.about.name not in (None, PersonName("สมมติ", "ทดสอบระบบ"))


async def test_a_record_that_does_not_say_whom_it_is_about_names_nobody(world: World) -> None:
    body = await world.juristic("0995500000111", "status")
    assert isinstance(body, Found)
    assert body.about == About()
    for record in ({"titleDesc": "นาย"}, {"firstName": " ", "lastName": "ทดสอบระบบ", "dateOfBirth": 0}):
        person = await Page(record).world.person(SOMMUT, "last_name")
        assert isinstance(person, Found)
        assert person.about == About()


async def test_the_raw_data_is_not_read_and_not_handed_on(world: World) -> None:
    answer = await world.juristic()
    assert isinstance(answer, Found)
    assert not any("raw" in str(value) for value in answer.fields.values())
    assert isinstance(await Page({"ResultList": [{"JuristicID": TRADING}], "RawData": {"any": "thing"}}).world.juristic(), Found)


async def test_unknown_days_and_months_and_early_years_are_read(world: World) -> None:
    dates = {number: (await world.record(PERSON, number, "birth_date"))["birth_date"] for number in ("3999999999901", "3999999999928")}
    assert list(dates.values()) == [PartialDate(1955, 3), PartialDate(1952)]
    assert (await world.record(PERSON, "3999999999936", "birth_date"))["birth_date"] == PartialDate(1940, 2, 14)
    assert (await world.record(JURISTIC_PERSON, "0995500000120", "registered_on"))["registered_on"] == PartialDate(1938, 2, 15)


async def test_missing_parts_are_empty_and_missing_keys_are_left_out(world: World) -> None:
    empty = await world.record(JURISTIC_PERSON, "0995500000146")
    assert (empty["name_en"], empty["register_capital"], empty["committee"], empty["addresses"]) == (None, None, (), ())
    assert set(FIELDS[JURISTIC_PERSON]) - set(await world.record(JURISTIC_PERSON, "0995500000154")) == {"register_capital", "status"}
    left_out = {"nationality_code", "nationality", "person_status_code", "person_status"}
    assert set(FIELDS[PERSON]) - set(await world.record(PERSON, "8100000000056")) == left_out


async def test_several_members_keep_their_order_and_commas_in_amounts_are_read(world: World) -> None:
    public = await world.record(JURISTIC_PERSON, "0995500000138")
    assert public["register_capital"] == Decimal(1_250_000_000)
    for name, count in (("committee", 3), ("addresses", 2)):
        rows = public[name]
        assert isinstance(rows, tuple)
        assert [row["sequence"] for row in rows if isinstance(row, dict)] == [str(n + 1) for n in range(count)]


async def test_a_member_that_a_row_does_not_speak_of_is_left_out() -> None:
    page = Page({"ResultList": [{"JuristicID": TRADING, "CommitteeInformations": [{"FirstName": "สมมติ", "LastName": None}]}]})
    read = await page.world.record(JURISTIC_PERSON, TRADING, "committee")
    assert read == {"committee": ({"first_name": "สมมติ", "last_name": None},)}


async def test_the_request_for_a_person_names_the_service_of_the_settings() -> None:
    page = Page({"firstName": "สมมติ"}, office_id="00024", service_id="002", version="03")
    await page.world.person()
    path, asked, _ = page.asked[1]
    assert path == "/ws/dopa/linkage/v1/link"
    assert asked == {"OfficeID": "00024", "ServiceID": "002", "Version": "03", "CitizenID": SOMMUT}


async def test_who_is_not_there_is_not_found(world: World) -> None:
    assert await world.person(NO_PERSON) == NotFound()
    assert await world.person("8100000000048") == NotFound()
    assert await world.juristic(NOBODY) == NotFound()


async def test_everybody_of_the_world_can_be_read(world: World) -> None:
    for one in world.simulator.people.values():
        assert isinstance(await world.person(one.number), Found if one.in_register else NotFound)
    for number in world.simulator.bodies:
        assert isinstance(await world.juristic(number), Found)
    assert len(world.simulator.people) >= 15
    assert len(world.simulator.bodies) >= 15


@pytest.mark.parametrize("case", [("5", "5"), (5, "5"), ("", None), (None, None)])
async def test_codes_come_as_numbers_and_as_texts(case: tuple[object, str | None]) -> None:
    written, read = case
    page = Page({"firstName": "สมมติ", "genderCode": written})
    assert await page.world.record(PERSON, SOMMUT, "gender_code") == {"gender_code": read}
