"""Records of Linkage Center as the simulated services hold them, field by field."""

from decimal import Decimal

import pytest

from adapters.dopa.records import SHAPES
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON
from adapters.dopa.tests.world import World, values
from linkage.sources.adapter import About, Found, NotFound, Refused, RefusedCause
from linkage.terms import CitizenNumber, FieldName, PartialDate, PersonName, RecordType

SOMMUT = "1100000000016"


async def test_a_person_is_answered_in_full(world: World) -> None:
    found = await world.record(SOMMUT, PERSON)
    assert found.fields == {
        "title_code": "3",
        "title": "นาย",
        "title_name": "นาย",
        "title_sex_code": "1",
        "first_name": "สมมติ",
        "middle_name": None,
        "last_name": "ทดสอบระบบ",
        "full_name_and_rank": "นายสมมติ ทดสอบระบบ",
        "english_title": "MR.",
        "english_first_name": "SOMMUT",
        "english_middle_name": None,
        "english_last_name": "THOTSOPRABOP",
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
        "father_number": "3100000000012",
        "father_name": "บิดาสมมติ",
        "father_nationality_code": "99",
        "father_nationality": "ไทย",
        "mother_number": "3100000000021",
        "mother_name": "มารดาสมมติ",
        "mother_nationality_code": "99",
        "mother_nationality": "ไทย",
    }
    assert found.about == About(name=PersonName("สมมติ", "ทดสอบระบบ"), birth_date=PartialDate(1987, 1, 15))


async def test_a_house_is_answered_in_full_and_is_about_nobody(world: World) -> None:
    found = await world.record("3100000000063", HOUSE)
    assert found.about == About()
    house = world.person("3100000000063").house
    assert house is not None
    assert values(found)["house_id"] == house.id
    assert (values(found)["house_no"], values(found)["terminated_on"]) == (house.no, None)
    assert set(found.fields) == set(SHAPES[HOUSE].fields)


async def test_a_house_code_keeps_its_leading_zeros(world: World) -> None:
    number = next(one.number for one in world.simulator.people.values() if one.house and one.house.id.startswith("0"))
    assert (await world.record(number, HOUSE, "house_id")).fields == {"house_id": "09970000044"}


async def test_changes_of_name_are_lists_side_by_side(world: World) -> None:
    found = await world.record("1100000000121", NAME_CHANGE)
    assert values(found)["total"] == Decimal(2)
    changes = values(found)["changes"]
    assert isinstance(changes, tuple)
    assert [(row["first_name"], row["last_name"], row["document_on"]) for row in changes] == [  # type: ignore[index, call-overload] # rows
        ("เดิมชื่อ", "สกุลเดิม", PartialDate(2007)),
        ("เปลี่ยนชื่อ", "เปลี่ยนสกุล", PartialDate(2017, 2, 14)),
    ]
    for name in ("offices", "persons", "addresses"):
        rows = found.fields[FieldName(name)]
        assert isinstance(rows, tuple)
        assert len(rows) == 2
    assert found.about == About(CitizenNumber("1100000000121"))


async def test_an_id_card_names_its_holder_by_number_name_and_birth_date(world: World) -> None:
    found = await world.record("1100000000041", ID_CARD)
    assert found.about == About(CitizenNumber("1100000000041"), PersonName("นามกลาง", "มีชื่อรอง", "ชื่อรองหนึ่ง"), PartialDate(1992, 5, 5))
    assert values(found)["name_th"] == {
        "title": "นาย",
        "first_name": "นามกลาง",
        "middle_name": "ชื่อรองหนึ่ง",
        "last_name": "มีชื่อรอง",
        "full_name": "นายนามกลาง ชื่อรองหนึ่ง มีชื่อรอง",
    }
    assert values(found)["issued_at"] == {"district": "ทดสอบ", "province": "จำลองบุรี", "country": "ไทย"}
    assert (values(found)["expires_on"], values(found)["life_long"]) == (PartialDate(2029, 1, 9), False)


async def test_a_life_long_card_has_no_end(world: World) -> None:
    found = await world.record("3999999999979", ID_CARD, "expires_on", "life_long")
    assert found.fields == {"expires_on": None, "life_long": True}


async def test_a_foreign_mother_has_a_nationality_and_no_number(world: World) -> None:
    found = await world.record("8100000000013", PERSON, "mother_number", "mother_name", "mother_nationality")
    assert found.fields == {"mother_number": None, "mother_name": "MOCK MOTHER", "mother_nationality": "สมมติแลนด์"}


async def test_who_has_no_house_or_no_changed_name_is_not_found(world: World) -> None:
    answers = await world.fetch("5100000000027", {PERSON: ["age"], HOUSE: ["house_no"], NAME_CHANGE: ["total"]})
    assert isinstance(answers[PERSON], Found)
    assert (answers[HOUSE], answers[NAME_CHANGE]) == (NotFound(), NotFound())


async def test_whom_dopa_does_not_know_is_not_found_though_the_whole_reply_is_a_404(world: World) -> None:
    answers = await world.fetch("8100000000048", {PERSON: ["age"], HOUSE: ["house_no"]})
    assert answers == {PERSON: NotFound(), HOUSE: NotFound()}


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
async def test_partial_and_very_old_birth_dates_become_common_era(world: World, number: str, born: PartialDate) -> None:
    found = await world.record(number, PERSON, "birth_date")
    assert (values(found)["birth_date"], found.about.birth_date) == (born, born)


@pytest.mark.parametrize("knob", ["numbers_as_texts", "in_arrays"])
async def test_numbers_as_texts_and_records_in_arrays_are_the_same_records(world: World, knob: str) -> None:
    wanted = {one: tuple(SHAPES[one].fields) for one in SHAPES}
    straight = await world.fetch("1100000000121", wanted)
    setattr(world.simulator.knobs, knob, True)
    other = await world.fetch("1100000000121", wanted)
    for record_type in SHAPES:
        one, two = straight[record_type], other[record_type]
        assert isinstance(one, Found)
        assert isinstance(two, Found)
        assert (one.fields, one.about) == (two.fields, two.about)


async def test_only_the_fields_asked_for_are_answered(world: World) -> None:
    for record_type, shape in SHAPES.items():
        for name in shape.fields:
            assert list((await world.record("1100000000121", record_type, name)).fields) == [name]


def texts_in(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts_in(one)]
    if isinstance(value, tuple):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else []


async def test_religion_and_blood_never_come_along_unasked(world: World) -> None:
    sensitive = {"religion", "religion_other", "blood"}
    person = world.person(SOMMUT)
    found = await world.record(SOMMUT, ID_CARD, *(name for name in SHAPES[ID_CARD].fields if name not in sensitive))
    assert not sensitive & set(found.fields)
    assert not {person.religion, person.blood} & set(texts_in(dict(found.fields)))


async def test_everybody_invented_can_be_read(world: World) -> None:
    session = (await world.log_in()).token
    wanted = {one: tuple(SHAPES[one].fields) for one in SHAPES}
    for person in world.simulator.people.values():
        answers = await world.fetch(person.number, wanted, session)
        assert isinstance(answers[PERSON], Found), person.case
        assert isinstance(answers[ID_CARD], Found), person.case
        assert isinstance(answers[HOUSE], Found if person.house else NotFound), person.case
        assert isinstance(answers[NAME_CHANGE], Found if person.changes else NotFound), person.case


async def test_the_simulator_speaks_of_every_field_and_member(world: World) -> None:
    session = (await world.log_in()).token
    wanted = {one: tuple(SHAPES[one].fields) for one in SHAPES}
    groups: dict[str, set[frozenset[str]]] = {}
    for person in world.simulator.people.values():
        for record_type, answer in (await world.fetch(person.number, wanted, session)).items():
            if not isinstance(answer, Found):
                continue
            assert tuple(answer.fields) == wanted[record_type], person.case
            assert answer.also_sent == ()
            for name, value in answer.fields.items():
                parts = value if isinstance(value, tuple) else (value,)
                groups.setdefault(name, set()).update(frozenset(part) for part in parts if isinstance(part, dict))
    assert {name: sorted(map(len, members)) for name, members in groups.items() if members} == {
        "changes": [10],
        "offices": [6],
        "persons": [8],
        "addresses": [9],
        "name_th": [5],
        "name_en": [4],
        "issued_at": [3],
        "address": [8],
    }


async def test_several_record_types_go_in_one_request(world: World) -> None:
    session = (await world.log_in()).token
    before = len(world.simulator.received)
    await world.fetch(SOMMUT, {PERSON: ["age"], HOUSE: ["house_no"], ID_CARD: ["sex"], NAME_CHANGE: ["total"]}, session)
    assert world.operations()[before:] == ["request"]


@pytest.mark.parametrize("record_type", [PERSON, NAME_CHANGE, ID_CARD])
async def test_another_persons_record_says_whose_it_is(world: World, record_type: RecordType) -> None:
    asked = world.person("1100000000121")
    world.simulator.knobs.only = frozenset({"request"})
    world.simulator.knobs.wrong_person = True
    about = (await world.record(asked.number, record_type)).about
    if record_type == PERSON:
        assert about.name is not None
        assert about.name.first != asked.first
    else:
        assert about.number not in (None, CitizenNumber(asked.number))


async def test_a_quota_used_up_is_refused_for_every_record_type(world: World) -> None:
    world.simulator.knobs.quota = 1
    answers = await world.fetch(SOMMUT, {PERSON: ["age"], HOUSE: ["house_no"]})
    assert answers == dict.fromkeys((PERSON, HOUSE), Refused(RefusedCause.QUOTA, "90008"))
