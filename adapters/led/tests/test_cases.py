"""What a case becomes: its dates in both eras, what is blank, what cannot be read, and whom it is about."""

from typing import Any

import pytest

from adapters.led.tests.world import CHAMLONG, CLEAR, COMPANY, World, body, found, person, row, why
from linkage.sources.adapter import About, Found, Malformed
from linkage.terms import CitizenNumber, JuristicNumber, PartialDate, PersonName

CASES, DEFENDANTS = "cases", "defendants"


async def cases(*rows: dict[str, object], **settings: Any) -> Any:
    fields: Any = (await World(found(*rows), **settings).found()).fields
    return fields[CASES]


async def test_a_case_is_told_whole() -> None:
    answer = await World(found(row())).found()
    assert answer.fields == {
        CASES: (
            {
                "prosecuted_on": PartialDate(2017, 3, 14),
                "absolute_receivership_on": PartialDate(2017, 11, 2),
                "gazetted_on": PartialDate(2017, 12, 14),
                "claims_due_on": PartialDate(2018, 2, 14),
                "bankruptcy_ruled_on": PartialDate(2018, 6, 20),
                "last_updated": "2018-06-25",
            },
        ),
        DEFENDANTS: ({"id": CHAMLONG, "first_name": "จำลอง", "last_name": "สาธิตดี"},),
    }
    assert answer.also_sent == ()


async def test_no_case_of_several_is_cut(world: World) -> None:
    for party in world.simulator.parties.values():
        if party.cases:
            answer = await world.found(party.as_subject())
            kept: Any = answer.fields
            assert len(kept[CASES]) == len(kept[DEFENDANTS]) == len(party.cases), party.case
    many = [row(lastupdate=str(number)) for number in range(200)]
    assert [case["last_updated"] for case in await cases(*many)] == [str(number) for number in range(200)]


@pytest.mark.parametrize(
    ("day", "month", "year", "date"),
    [
        ("29", "02", "2567", PartialDate(2024, 2, 29)),
        ("29", "02", "2024", PartialDate(2024, 2, 29)),
        ("1", "3", "2560", PartialDate(2017, 3, 1)),
        (1, 3, 2560, PartialDate(2017, 3, 1)),
        ("00", "03", "2560", PartialDate(2017, 3)),
        ("00", "00", "2560", PartialDate(2017)),
        ("0", "0", "1999", PartialDate(1999)),
        ("14", "02", "2482", PartialDate(1940, 2, 14)),
        (" 14 ", " 02 ", " 2560 ", PartialDate(2017, 2, 14)),
        ("", "", "", None),
        (None, None, None, None),
        (" ", None, "", None),
    ],
)
async def test_a_date_is_read_by_its_year(day: object, month: object, year: object, date: PartialDate | None) -> None:
    [case] = await cases(row(bkr_prot_dd=day, bkr_prot_mm=month, bkr_prot_yy=year))
    assert case["bankruptcy_ruled_on"] == date


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("14", "03", "60"),
        ("14", "03", "17"),
        ("14", "03", "560"),
        ("14", "03", "02560"),
        ("14", "03", "2200"),
        ("14", "03", "1899"),
        ("14", "03", "2101"),
        ("14", "03", "2701"),
        ("30", "02", "2560"),
        ("14", "13", "2560"),
        ("30", "02", "2017"),
        ("14", "00", "2017"),
        ("14", "00", "2560"),
        ("014", "03", "2560"),
        ("00", "00", "0000"),
        ("0", "0", "0"),
        ("14", "03", ""),
        ("", "", "2560"),
        (None, "03", "2560"),
        ("-1", "03", "2560"),
        ("๑๔", "03", "2560"),
        ("14", "มี.ค.", "2560"),
        (True, "03", "2560"),
        (14.0, "03", "2560"),
        (["14"], "03", "2560"),
    ],
)
async def test_a_date_that_cannot_be_read_withholds_the_record(day: object, month: object, year: object) -> None:
    with pytest.raises(Malformed, match="bkr_prot"):
        await cases(row(bkr_prot_dd=day, bkr_prot_mm=month, bkr_prot_yy=year))


@pytest.mark.parametrize("missing", ["req_dd", "req_mm", "req_yy"])
async def test_a_date_with_a_missing_part_withholds_the_record(missing: str) -> None:
    with pytest.raises(Malformed, match=missing):
        await cases({key: value for key, value in row().items() if key != missing})


@pytest.mark.parametrize("key", ["lastupdate", "df_id", "df_name"])
@pytest.mark.parametrize("value", [True, 1.5, ["x"], {"x": "y"}])
async def test_a_text_that_is_none_withholds_the_record(key: str, value: object) -> None:
    with pytest.raises(Malformed, match=key):
        await World(found(row(**{key: value}))).fetch()


async def test_what_a_case_does_not_speak_of_is_left_out_and_not_taken_for_none() -> None:
    without = {key: value for key, value in row().items() if not key.startswith("bkr_prot")}
    first, second = await cases(row(), without)
    assert "bankruptcy_ruled_on" in first
    assert "bankruptcy_ruled_on" not in second
    only_names = {key: value for key, value in row().items() if key.startswith("df_")}
    assert set((await World(found(row(), only_names)).found()).fields) == {DEFENDANTS}


async def test_only_what_is_asked_for_comes_and_the_rest_is_named(world: World) -> None:
    some = await world.found(person(CHAMLONG), CASES)
    assert (set(some.fields), some.also_sent) == ({CASES}, (DEFENDANTS,))
    other = await world.found(person(CHAMLONG), DEFENDANTS)
    assert (set(other.fields), other.also_sent) == ({DEFENDANTS}, (CASES,))


async def test_short_years_are_never_guessed(world: World) -> None:
    world.simulator.knobs.years = "short"
    with pytest.raises(Malformed):
        await world.fetch()
    world.simulator.knobs.years = "CE"
    common = (await world.found()).fields
    world.simulator.knobs.years = "BE"
    assert (await world.found()).fields == common


# ---- whom it is about ------------------------------------------------------------------------------------------------


async def about(*rows: dict[str, object], **settings: Any) -> About:
    return (await World(found(*rows), **settings).found()).about


async def test_a_person_is_named_by_the_reply() -> None:
    assert await about(row()) == About(CitizenNumber(CHAMLONG), PersonName("จำลอง", "สาธิตดี"))


async def test_a_body_is_named_by_the_reply(world: World) -> None:
    assert (await world.found(body(COMPANY))).about == About(juristic=JuristicNumber(COMPANY))


async def test_another_person_s_record_shows_whose_it_is(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    for subject in (person(CHAMLONG), person(CLEAR), body(COMPANY)):
        answer = await world.found(subject)
        assert (answer.about.number or answer.about.juristic) not in (None, subject.number)


async def test_one_case_of_another_number_shows_among_many() -> None:
    other = row(df_id="1100000000041")
    for rows in ([row(), other], [other, row()], [row(), row(df_id=""), other]):
        assert (await about(*rows)).number == CitizenNumber("1100000000041")


@pytest.mark.parametrize(
    "df_id",
    ["1-1000-00000-04-1", "1 1000 00000 04 1", " 1.1000.00000.04.1 ", "1\u20131000\u201300000\u201304\u20131", "๑๑๐๐๐๐๐๐๐๐๐๔๑"],
    ids=["dashes", "blanks", "dots", "long dashes", "Thai digits"],
)
async def test_another_number_shows_however_it_is_written(df_id: str) -> None:
    assert (await about(row(df_id=df_id))).number == CitizenNumber("1100000000041")
    assert (await about(row(), row(df_id=df_id))).number == CitizenNumber("1100000000041")


@pytest.mark.parametrize("df_id", ["", None, "7", 7, "1100000000033", "110000000003", "A100000000032"])
async def test_a_df_id_that_is_no_number_names_nobody(df_id: object) -> None:
    assert (await about(row(df_id=df_id))).number is None
    assert (await about(row(), row(df_id=df_id))).number is None


async def test_a_running_df_id_names_nobody(world: World) -> None:
    world.simulator.knobs.running_ids = True
    assert await about(row(df_id="1")) == About(name=PersonName("จำลอง", "สาธิตดี"))
    assert (await world.found(body(COMPANY))).about == About()


async def test_what_names_the_defendant_is_a_setting() -> None:
    assert (await about(row(df_id="1100000000041"), number_in_df_id=False)).number is None
    assert (await about(row(df_name="นายจำลอง"), name_in_df_name=False)).name is None


async def test_a_name_in_part_is_not_compared() -> None:
    assert (await about(row(df_surname=""))).name is None
    assert (await about(row(df_name=""))).name is None
    assert (await about({key: value for key, value in row().items() if key != "df_surname"})).name is None


async def test_cases_of_several_defendants_are_unavailable() -> None:
    rows = found(row(), row(df_name="นามกลาง", df_surname="มีชื่อรอง", df_id=""))
    assert why(await World(rows).fetch()) == "cases of several defendants"
    assert isinstance(await World(rows, name_in_df_name=False).fetch(), Found)
    assert isinstance(await World(found(row(), row(df_name=" จำ ลอง "))).fetch(), Found)
