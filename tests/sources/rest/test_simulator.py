"""The simulator of a manifest takes exactly what the manifest spells, and misbehaves as its knobs say."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from linkage.errors import SettingsInvalid
from linkage.sources.adapter import Found, NotFound, Refused, RefusedCause, Unavailable
from linkage.sources.rest import load_simulator
from linkage.terms import CitizenNumber, JuristicPerson, VisitPerson
from tests.sources.rest.ferry import BOAT, COMPANY, HEADER, NOBODY, OAUTH2, OTHER, PASS, SOMMUT, TICKET, URL, World, change, written

BODY: dict[str, Any] = {"who": {"kind": "P", "id": SOMMUT}, "all": True, "page": 1}


async def post(world: World, body: Any = BODY, path: str = "/v1/travellers", **more: Any) -> httpx.Response:
    return await world.client.post(URL + path, json=body, headers={"x-office": "7"}, **more)


@pytest.mark.parametrize(
    "body",
    [
        BODY | {"page": 2},
        BODY | {"page": True},
        BODY | {"more": 1},
        {"who": {"kind": "P", "id": SOMMUT}, "all": True},
        BODY | {"who": {"kind": "P", "id": "1"}},
        BODY | {"who": [SOMMUT]},
        [],
        None,
    ],
)
async def test_a_request_of_another_shape_is_not_taken(world: World, body: Any) -> None:
    assert (await post(world)).status_code == 200
    assert (await post(world, body)).status_code == 400


async def test_a_request_to_another_place_is_not_taken(world: World) -> None:
    assert (await post(world, path="/v1/travellers/")).status_code == 400
    assert (await post(world, params={"x": "1"})).status_code == 400
    assert (await world.client.get(f"{URL}/v1/fleets/{COMPANY}", params={"lang": "en", "for": "x"})).status_code == 400
    assert world.operations() == ["unknown"] * 3


async def test_examples_name_somebody_found_and_somebody_not(world: World) -> None:
    examples = world.simulator.examples()
    assert set(examples.found) == {TICKET, PASS, BOAT}
    assert set(examples.not_found) == {TICKET, PASS}  # every company of this page has boats
    assert isinstance(examples.found[BOAT], JuristicPerson)
    assert examples.not_found[TICKET] == VisitPerson(CitizenNumber(NOBODY))
    assert isinstance(await world.ask(examples.found[TICKET].number.reveal()), Found)


async def test_a_wrong_person_is_another_one_and_says_so(world: World) -> None:
    world.simulator.knobs.wrong_person = True
    assert (await world.found()).about.number == CitizenNumber(OTHER)
    assert (await world.found(NOBODY)).about.number == CitizenNumber(SOMMUT)


async def test_a_quota_ends_and_is_refused_with_its_wait(world: World) -> None:
    world.simulator.knobs.quota = 1
    assert isinstance(await world.ask(), Found)
    assert await world.ask() == Refused(RefusedCause.QUOTA, "Q1", 60.0)
    world.simulator.knobs.quota = None
    assert isinstance(await world.ask(), Found)


async def test_an_office_that_grants_nothing_refuses(world: World) -> None:
    world.simulator.knobs.not_entitled = True
    assert await world.ask() == Unavailable("status 403")  # this manifest has no rule for it


async def test_trouble_can_be_kept_to_one_operation(tmp_path: Path) -> None:
    world = World(written(tmp_path, credentials=OAUTH2))
    world.simulator.knobs.down = True
    world.simulator.knobs.only = frozenset({"token"})
    assert await world.ask() == Unavailable("token status 503", 30.0)
    world.simulator.knobs.only = frozenset({"traveller"})
    assert await world.ask() == Unavailable("status 503", 30.0)


async def test_somebody_is_added_while_it_runs(world: World) -> None:
    page = f"{URL}/_simulator/people"
    row = {
        "ok": True,
        "id": NOBODY,
        "legs": [],
        "name": {"first": None, "last": None, "middle": None},
        "born": None,
        "ticket": {"serial": "N"},
    }
    assert await world.ask(NOBODY) == NotFound()
    assert (await world.client.post(page, json={"number": NOBODY, "rows": {"traveller": row}})).status_code == 204
    assert (await world.found(NOBODY, TICKET, "serial")).fields == {"serial": "N"}
    several: tuple[dict[str, Any], ...] = (
        {"number": "123"},
        {"rows": {}},
        {"number": NOBODY, "juristic": COMPANY},
        {"number": NOBODY, "colour": 1},
    )
    for wrong in several:
        assert (await world.client.post(page, json=wrong)).status_code == 400


def test_its_secrets_are_files_that_only_this_user_reads(tmp_path: Path) -> None:
    simulator = load_simulator(written(tmp_path, credentials=HEADER))
    file = Path(str(simulator.settings_for(URL)["key_file"]))
    assert file.read_text() == simulator.door.secrets["key"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("edit", "key"),
    [
        (lambda page: page.replace("replies.fleet", "replies.navy"), "replies.navy"),
        (lambda page: page.replace("replies.fleet", "replies.navy"), "replies.fleet"),
        (change('[replies.fleet.found]\nbody = { company = "{number}", boats = "{row}" }\n', ""), "replies.fleet.found"),
        (change("rows.fleet", "rows.navy"), "person.3.rows.navy"),
        (change('number = "1100000000024"', 'number = "1100000000025"'), "person.2.number"),
        (change('number = "1100000000024"', 'number = "1100000000016"'), "person.2"),
        (change('number = "1100000000024"', 'number = "1100000000024"\njuristic = "0995500000014"'), "person.2"),
        (change('number = "1100000000024"', ""), "person.2"),
        (change("[[person]]", "colour = 1\n[[person]]"), "replies.fleet.not_found.colour"),
        (lambda page: "colour = 1\n" + page, "colour"),
        (lambda page: page[: page.index("[[person]]")], "person"),
        (lambda _: "=", "file"),
    ],
)
def test_bad_people_are_refused_where_they_stand(tmp_path: Path, edit: Callable[[str], str], key: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_simulator(written(tmp_path, people=edit))
    assert key in [one.key for one in caught.value.problems], str(caught.value)
    assert {one.file for one in caught.value.problems} == {str(tmp_path / "people.toml")}
