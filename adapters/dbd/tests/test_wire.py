"""DBD's wire: what goes out, replies of every shape that may come back, and what is never written down."""

import logging
import traceback

import pytest

from adapters.dbd import Dbd
from adapters.dbd.settings import JURISTIC_PERSON, DbdSettings
from adapters.dbd.tests.world import REQUEST_ID, TRADING, Page, World, query, reply
from linkage.sources.adapter import Answer, Found, Malformed, NotFound, Query, Unavailable
from linkage.terms import CitizenNumber, FieldName, Secret, ServiceId, VisitPerson

GOOD = reply(JuristicID=TRADING, JuristicStatus="ร้าง")
NONE = {"status": {"code": "1004", "description": "No data available"}}


async def test_the_request_is_the_page_of_the_number_and_nothing_else() -> None:
    page = Page(GOOD)
    await page.world.ask()
    [(asked, headers)] = page.asked
    assert asked == f"GET https://dbd.example/api/v1/juristic_person/{TRADING}"
    assert headers["x-request-id"] == REQUEST_ID
    assert "authorization" not in headers
    assert Dbd.numbers_in_url


def test_the_default_is_dbds_own_address() -> None:
    assert Dbd().base_urls(DbdSettings()) == {"https://openapi.dbd.go.th"}
    assert DbdSettings().url_of(TRADING) == f"https://openapi.dbd.go.th/api/v1/juristic_person/{TRADING}"
    assert DbdSettings(base_url="https://x.example/y/").url_of(TRADING) == f"https://x.example/y/{TRADING}"


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Dbd().base_urls(World().simulator.knobs)


@pytest.mark.parametrize("wrong", [{"base_ulr": "https://x.example"}, {"base_url": "http://openapi.dbd.go.th"}, {"base_url": "x"}])
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="base_u"):
        DbdSettings.model_validate(wrong)


async def test_a_person_is_not_asked_about(world: World) -> None:
    about = Query(VisitPerson(CitizenNumber("1100000000016")), ServiceId("s"), {JURISTIC_PERSON: (FieldName("status"),)}, Secret("s"))
    assert await world.adapter.fetch(about, world.link()) == {JURISTIC_PERSON: Unavailable("not a juristic person")}
    assert world.simulator.received == []


ANSWERS: list[tuple[int, object, Answer]] = [
    (200, NONE, NotFound()),
    (404, NONE, NotFound()),
    (200, {"status": {"code": 1004}}, NotFound()),
    (200, NONE | {"data": []}, NotFound()),
    (200, NONE | {"data": None}, NotFound()),
    (200, NONE | {"data": [{}]}, Unavailable("no record and a record")),
    (500, NONE, Unavailable("status 500")),
    (400, NONE, Unavailable("status 400")),
    (404, b"", Unavailable("status 404")),
    (404, b"<html>not found</html>", Unavailable("status 404")),
    (404, {"message": "Not Found"}, Unavailable("status 404")),
    (404, GOOD, Unavailable("status 404")),
    (200, {"status": {"code": "1001"}}, Unavailable("unknown code")),
    (200, {"status": {"code": ""}}, Unavailable("unknown code")),
    (200, {"status": {"code": TRADING}}, Unavailable("unknown code")),
    (404, {"status": {"code": "1005"}}, Unavailable("unknown code")),
    (503, GOOD, Unavailable("status 503")),
    (429, b"", Unavailable("status 429")),
    (302, b"", Unavailable("status 302")),
    (204, b"", Unavailable("status 204")),
]


@pytest.mark.parametrize("row", ANSWERS)
async def test_a_reply_means_what_the_table_says(row: tuple[int, object, Answer]) -> None:
    status, body, answer = row
    assert await Page(body, status).world.ask(TRADING, "status") == answer


MALFORMED: list[object] = [
    b"",
    b"[]",
    b"<html>",
    {},
    {"status": "1000"},
    {"status": {"code": ["1000"]}},
    {"status": {"code": "1000"}},
    GOOD | {"data": {}},
    GOOD | {"data": []},
    GOOD | {"data": [*GOOD["data"], *GOOD["data"]]},  # type: ignore[misc]
    GOOD | {"data": [{"OrganizationJuristicPerson": {}}]},
    GOOD | {"data": [{"cd:OrganizationJuristicPerson": []}]},
    reply(),
    reply(unheard="of"),
    reply(JuristicID="0995500000015"),
    reply(JuristicID=[TRADING]),
    reply(JuristicStatus={"text": "ร้าง"}),
    reply(JuristicStatus=True),
]


@pytest.mark.parametrize("number", range(len(MALFORMED)))
async def test_a_reply_that_is_not_as_known_is_malformed_and_never_repeated(number: int) -> None:
    with pytest.raises(Malformed) as raised:
        await Page(MALFORMED[number]).world.ask(TRADING, "status")
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in ("09955", "ร้าง"))


async def test_an_address_that_is_no_group_is_malformed() -> None:
    wrong: list[object] = ["99/1", {"cr:AddressType": "99/1"}, {"cr:AddressType": {"cd:City": "ทดสอบ"}}, {"cr:AddressType": [{}]}]
    for address in wrong:
        with pytest.raises(Malformed):
            await Page(reply(JuristicAddress=address)).world.ask(TRADING, "address")


async def test_the_number_in_the_url_is_in_no_log_line_and_no_repr(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("lines are kept")
        answer = await world.ask(TRADING)
    assert isinstance(answer, Found)
    assert "lines are kept" in caplog.text
    assert "09955" not in caplog.text + repr(answer) + repr(query(TRADING)) + repr(world.link())
    assert "สมมติ" not in repr(answer)


@pytest.mark.parametrize(
    ("knobs", "why"),
    [({"down": True}, "status 503"), ({"status": 429}, "status 429"), ({"redirect": True}, "status 302")],
)
async def test_an_agency_that_is_down_is_never_not_found(world: World, knobs: dict[str, object], why: str) -> None:
    for name, value in knobs.items():
        setattr(world.simulator.knobs, name, value)
    for number in (TRADING, "0995599999990"):
        answer = await world.ask(number)
        assert isinstance(answer, Unavailable)
        assert answer.why == why
