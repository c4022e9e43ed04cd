"""Refusals and failures of the services behind GDX, and of GDX itself: every code and status has its one meaning."""

import traceback

import pytest

from adapters.gdx.codes import LINKAGE_ROWS
from adapters.gdx.tests.world import SOMMUT, TRADING, Page, World
from linkage.sources.adapter import Answer, Found, Malformed, NotFound, Refused, RefusedCause, Unavailable

NO_RECORD = {"Code": "90500", "Message": "ไม่พบข้อมูล"}
GDX_SAYS = {"Message": "NotFoundException: ไม่พบ ข้อมูล"}

CAUSES = {
    RefusedCause.LOGIN_REQUIRED: {90001},
    RefusedCause.LOGIN_REFUSED: {90007, 90009, 90090, 95002, 95003},
    RefusedCause.QUOTA: {90008, 90050},
    RefusedCause.NOT_ENTITLED: {90005, 90013, 90016, 95001, 95004, 95011, 95014, 99999},
}
BEHIND = (1, 204, 400, 404, 410, 500, 503, 815, 870, 999)


def test_every_code_of_the_documents_is_in_the_table() -> None:
    documents = """90001 90005 90007 90008 90009 90011 90012 90013 90014 90015 90016 90020 90025 90026 90027 90028 90029 90040 90043 90044
        90045 90046 90050 90090 90500 91001 91002 95001 95002 95003 95004 95011 95012 95013 95014 99301 99304 99305 99701 99702 99703
        99706 99707 99801 99983 99989 99990 99991 99992 99993 99994 99995 99997 99999"""
    assert sorted(LINKAGE_ROWS) == [int(code) for code in documents.split()]


def expected(code: int, status: int) -> Answer:
    for cause, codes in CAUSES.items():
        if code in codes:
            return Refused(cause, str(code))
    if code <= 999:
        return Unavailable(f"status {code} behind")
    if code == 90500 and status in (200, 404):
        return NotFound()
    return Unavailable(f"code {code}" if code in LINKAGE_ROWS else "unknown code")


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("code", [*sorted(LINKAGE_ROWS), *BEHIND, 12345, 100_000])
async def test_every_code_has_its_answer_under_every_status(code: int, status: int) -> None:
    page = Page({"Code": f"{code:05d}", "Message": SOMMUT}, status)
    assert await page.world.person() == expected(code, status)
    assert len(page.asked) == 2  # a refusal is never asked again


async def test_a_code_of_zero_is_a_success_only_with_a_record() -> None:
    for zero in ("00000", 0):
        assert isinstance(await Page({"Code": zero, "firstName": "สมมติ"}).world.person(), Found)
        with pytest.raises(Malformed):
            await Page({"Code": zero, "Message": "success"}).world.person()
        assert await Page({"Code": zero}, 500).world.person() == Unavailable("status 500")


@pytest.mark.parametrize("status", [400, 401, 403, 503])
async def test_a_code_is_read_as_a_number_too_and_under_any_status(status: int) -> None:
    for code in (90001, 90008, 90500, 90012, 404):
        assert await Page({"Code": code, "Message": "-"}, status).world.person() == expected(code, status)


@pytest.mark.parametrize("code", ["", "x", None, True, -1, 1.5, ["90500"], SOMMUT, "๙๐๕๐๐"], ids=lambda _: "code")
async def test_what_is_no_code_is_unavailable(code: object) -> None:
    assert await Page({"Code": code, "firstName": "สมมติ"}).world.person() == Unavailable("unknown code")
    assert await Page({"Code": code, "Message": "ไม่พบข้อมูล"}, 404).world.person() == Unavailable("unknown code")


NO_SUCCESS: list[tuple[int, object, Answer]] = [
    (404, GDX_SAYS, NotFound()),
    (404, {"Message": "No Data Found"}, NotFound()),
    (404, {"Message": "data not found"}, NotFound()),
    (404, {"Message": "ไม่พบข้อมูล"}, NotFound()),
    (404, {"Message": "No data.", "RawData": "", "ResultList": []}, NotFound()),
    (404, {"Message": "No database connection"}, Unavailable("status 404")),
    (404, {"Message": "no data source configured for this service"}, Unavailable("status 404")),
    (404, {"Message": "data not found in cache: upstream timeout"}, Unavailable("status 404")),
    (404, {"Message": "ไม่พบข้อมูลผู้ใช้งานระบบ"}, Unavailable("status 404")),
    (404, {"Message": "ไม่พบข้อมูลบริการที่ร้องขอ"}, Unavailable("status 404")),
    (404, {"Message": "ไม่พบข้อมูล Consumer"}, Unavailable("status 404")),
    (404, {"Message": "ระบบขัดข้อง ไม่พบข้อมูล"}, Unavailable("status 404")),
    (404, {"Message": "TimeoutException: data not found"}, Unavailable("status 404")),
    (404, b"", Unavailable("status 404")),
    (404, "<html>ไม่พบข้อมูล</html>".encode(), Unavailable("status 404")),
    (404, "ไม่พบข้อมูล".encode(), Unavailable("status 404")),
    (404, {"message": "ไม่พบข้อมูล"}, Unavailable("status 404")),
    (404, {"Message": "No HTTP resource was found that matches the request URI"}, Unavailable("status 404")),
    (404, {"Message": "NotFoundException: service not found"}, Unavailable("status 404")),
    (404, {"Message": ""}, Unavailable("status 404")),
    (404, {"Message": ["ไม่พบข้อมูล"]}, Unavailable("status 404")),
    (204, b"", Unavailable("status 204")),
    (400, GDX_SAYS, Unavailable("status 400")),
    (405, GDX_SAYS, Unavailable("status 405")),
    (500, GDX_SAYS, Unavailable("status 500")),
    (503, GDX_SAYS, Unavailable("status 503")),
    (429, b"", Unavailable("status 429")),
    (302, b"", Unavailable("status 302")),
    (401, {"Message": "UnauthorizedException: no right"}, Refused(RefusedCause.NOT_ENTITLED, "401")),
    (403, {"Message": "ForbiddenException: consumer not found"}, Refused(RefusedCause.NOT_ENTITLED, "403")),
    (403, b'"ForbiddenException: consumer not found"', Refused(RefusedCause.NOT_ENTITLED, "403")),
    (403, b"ForbiddenException: " + b"x" * 5000, Unavailable("status 403")),
    (403, b"<html>blocked</html>", Unavailable("status 403")),
    (401, b"", Unavailable("status 401")),
    (401, b"UnauthorizedException: token not found", Unavailable("token not taken")),
    (403, {"Message": "UnauthorizedException: token not found"}, Refused(RefusedCause.NOT_ENTITLED, "403")),
    (500, {"Message": "UnauthorizedException: token not found"}, Unavailable("status 500")),
]


@pytest.mark.parametrize("row", NO_SUCCESS)
async def test_a_status_means_what_gdx_says_beside_it_for_both_record_types(row: tuple[int, object, Answer]) -> None:
    status, body, answer = row
    assert await Page(body, status).world.person() == answer
    assert await Page(body, status).world.juristic() == answer


async def test_the_texts_that_say_no_record_are_a_setting() -> None:
    own = {"no_record_texts": ("There is nothing here.",)}
    assert await Page({"Message": "there is  Nothing Here"}, 404, **own).world.juristic() == NotFound()
    assert await Page({"Message": "There is nothing here yet"}, 404, **own).world.juristic() == Unavailable("status 404")
    assert await Page(GDX_SAYS, 404, **own).world.juristic() == Unavailable("status 404")


BESIDE: list[dict[str, object]] = [
    {"firstName": "สมมติ"},
    {"CitizenID": SOMMUT},
    {"JuristicID": "0995500000022"},
    {"ResultList": [{"JuristicID": TRADING}]},
    {"RawData": "raw"},
    {"Error": {"Code": 500}},
    {"Result": False},
]


@pytest.mark.parametrize("beside", BESIDE, ids=lambda beside: next(iter(beside)))
async def test_no_record_with_anything_beside_it_is_never_not_found(beside: dict[str, object]) -> None:
    for said, status in ((NO_RECORD, 200), (NO_RECORD, 404), (GDX_SAYS, 404)):
        page = Page(said | beside, status)
        assert await page.world.person() == Unavailable("no record with something beside it")
        if status == 404:
            assert await page.world.juristic() == Unavailable("no record with something beside it")


async def test_no_record_with_nothing_in_what_stands_beside_it_is_not_found() -> None:
    blank: dict[str, object] = {"firstName": None, "lastName": "", "ResultList": [], "Error": {}}
    for said, status in ((NO_RECORD, 200), (NO_RECORD, 404), (GDX_SAYS, 404)):
        assert await Page(said | blank, status).world.person() == NotFound()


SILENT: list[tuple[str, object]] = [
    ("juristic", {"ResultList": [], "RawData": ""}),
    ("person", {"firstName": None, "lastName": ""}),
]


@pytest.mark.parametrize("row", SILENT)
async def test_an_answer_without_a_record_says_nothing_and_is_never_not_found(row: tuple[str, object]) -> None:
    kind, body = row
    world = Page(body).world
    assert await (world.juristic() if kind == "juristic" else world.person()) == Unavailable("empty answer")


ROW: dict[str, object] = {"JuristicID": TRADING}
NO_BODY: list[object] = [
    b"",
    b"[]",
    {},
    {"ResultList": None},
    {"ResultList": ROW},
    {"ResultList": [ROW, ROW]},
    {"ResultList": ["ร้าง"]},
    {"ResultList": [{}]},
    {"ResultList": [{"unheard": "of"}]},
    {"ResultList": [{"JuristicID": "0995500000015"}]},
    {"ResultList": [{"JuristicID": [TRADING]}]},
    {"ResultList": [ROW | {"RegisterDate": "20170713"}]},
    {"ResultList": [ROW | {"RegisterDate": "2560-07-13"}]},
    {"ResultList": [ROW | {"RegisterCapital": "ห้าล้าน"}]},
    {"ResultList": [ROW | {"RegisterCapital": -1}]},
    {"ResultList": [ROW | {"JuristicStatus": {"text": "ร้าง"}}]},
    {"ResultList": [ROW | {"CommitteeInformations": {"FirstName": "สมมติ"}}]},
    {"ResultList": [ROW | {"CommitteeInformations": ["สมมติ"]}]},
    {"ResultList": [ROW | {"CommitteeInformations": [{"FirstName": ["สมมติ"]}]}]},
]
NO_PERSON: list[object] = [
    b"",
    b"[]",
    {},
    {"unheard": "of"},
    {"Message": "ไม่พบข้อมูล"},
    {"firstName": ["สมมติ"]},
    {"firstName": True},
    {"dateOfBirth": 19870115},
    {"dateOfBirth": "15/01/2530"},
    {"firstName": "สมมติ", "dateOfBirth": 25300230},
    {"firstName": "สมมติ", "dateOfBirth": 24830101},
    {"firstName": "สมมติ", "age": "สมมติ"},
]


@pytest.mark.parametrize("number", range(len(NO_BODY)))
async def test_a_body_that_is_not_as_documented_is_malformed_and_never_repeated(number: int) -> None:
    with pytest.raises(Malformed) as raised:
        await Page(NO_BODY[number]).world.juristic()
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in ("09955", "ร้าง", "สมมติ", "ห้าล้าน", "2560"))


@pytest.mark.parametrize("number", range(len(NO_PERSON)))
async def test_a_person_that_is_not_as_documented_is_malformed_and_never_repeated(number: int) -> None:
    with pytest.raises(Malformed) as raised:
        await Page(NO_PERSON[number]).world.person()
    told = "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)
    assert not any(value in told for value in (SOMMUT, "สมมติ", "2530", "1987", "2483"))


async def test_an_agent_who_is_not_logged_in_is_told_to_log_in(world: World) -> None:
    world.simulator.knobs.session_state = "AgentNotAvailable"
    assert await world.person() == Refused(RefusedCause.LOGIN_REQUIRED, "90001")
    assert isinstance(await world.juristic(), Found)


@pytest.mark.parametrize(
    ("knobs", "why"),
    [({"down": True}, "status 503"), ({"status": 429}, "status 429"), ({"redirect": True}, "status 302")],
)
async def test_an_agency_that_is_down_is_never_not_found(world: World, knobs: dict[str, object], why: str) -> None:
    for name, value in knobs.items():
        setattr(world.simulator.knobs, name, value)
    for answer in (await world.person(), await world.person("1100000000997"), await world.juristic("0995599999990")):
        assert isinstance(answer, Unavailable)
        assert answer.why == why


async def test_a_404_without_a_body_is_not_believed_and_codes_come_from_the_knob(world: World) -> None:
    world.simulator.knobs.not_found_text = ""
    assert await world.juristic("0995599999990") == Unavailable("status 404")
    world.simulator.knobs.linkage_code = "90008"
    assert await world.person() == Refused(RefusedCause.QUOTA, "90008")
