"""The example's record, through X-Road and back."""

import pytest

from adapters.xroad.simulator import XRoadSimulator
from adapters.xroad.tests.world import ALL, NOBODY, PERSON, SOMMUT, World
from linkage.sources.adapter import About, NotFound, Probed, Refused, RefusedCause, Unavailable
from linkage.terms import CitizenNumber, PartialDate, PersonName


async def test_everybody_is_found_whole_and_the_reply_names_them(world: World) -> None:
    for row in world.simulator.people.values():
        if not row.rows:
            assert await world.fetch(row.digits) == NotFound()
            continue
        found = await world.found(row.digits)
        assert set(found.fields) == set(ALL)
        assert found.about.number == CitizenNumber(row.digits)
        assert found.about.birth_date == found.fields.get(ALL[5])
        assert found.also_sent == ()


async def test_a_record_is_read_as_the_register_writes_it(world: World) -> None:
    found = await world.found(SOMMUT)
    assert found.fields == {
        "citizen_number": SOMMUT,
        "title": "นาย",
        "first_name": "สมมติ",
        "middle_name": None,
        "last_name": "ทดสอบระบบ",
        "birth_date": PartialDate(1987, 1, 15),
        "sex": "M",
        "citizenship": "TH",
        "deceased": False,
    }
    assert found.about == About(CitizenNumber(SOMMUT), PersonName("สมมติ", "ทดสอบระบบ"), PartialDate(1987, 1, 15))


async def test_what_is_not_known_is_no_value_and_no_guess(world: World) -> None:
    assert (await world.found("3999999999901", "birth_date")).fields == {"birth_date": PartialDate(1955, 3)}
    assert (await world.found("3999999999928", "birth_date")).fields == {"birth_date": PartialDate(1952)}
    assert (await world.found("3100000000039", "sex", "last_name")).fields == {"sex": None, "last_name": "ไม่มีเลเซอร์"}
    assert (await world.found("3100000000012", "deceased")).fields == {"deceased": True}
    assert (await world.found("3100000000021", "title")).fields == {"title": "นาง"}


async def test_only_the_fields_asked_for_come_and_the_others_are_named(world: World) -> None:
    found = await world.found(SOMMUT, "first_name")
    assert found.fields == {"first_name": "สมมติ"}
    assert set(found.also_sent) == {"title", "birth_date", "citizen_number", "last_name", "sex", "citizenship", "deceased"}


async def test_another_persons_record_says_so(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    assert (await world.found(SOMMUT)).about.number != CitizenNumber(SOMMUT)


async def test_too_many_questions_are_a_quota(world: World) -> None:
    world.simulator.knobs.quota = 0
    assert await world.fetch(SOMMUT) == Refused(RefusedCause.QUOTA, "TOO_MANY_QUESTIONS", 3600.0)


@pytest.mark.parametrize(
    ("knob", "said"),
    [({"down": True}, "status 503"), ({"status": 404}, "status 404"), ({"redirect": True}, "status 302"), ({"status": 500}, "status 500")],
)
async def test_a_provider_that_fails_behind_x_road_is_unavailable(world: World, knob: dict[str, object], said: str) -> None:
    for name, value in knob.items():
        setattr(world.simulator.knobs, name, value)
    for number in (SOMMUT, NOBODY):
        answer = await world.fetch(number)
        assert isinstance(answer, Unavailable)
        assert answer.why == said


async def test_access_is_told_before_anybody_comes(world: World) -> None:
    assert await world.adapter.probe(world.link()) == Probed({PERSON: True})
    world.simulator.knobs.grants = "none"
    assert await world.adapter.probe(world.link()) == Probed({PERSON: False})
    assert await world.fetch(SOMMUT) == Refused(RefusedCause.NOT_ENTITLED, "access_denied")


def test_examples_name_somebody_who_is_there_and_somebody_who_is_not() -> None:
    examples = XRoadSimulator().examples()
    assert examples.found[PERSON].number == CitizenNumber(SOMMUT)
    assert examples.not_found[PERSON].number == CitizenNumber(NOBODY)
