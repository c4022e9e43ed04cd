"""LED's wire: what goes out, and what every code that may come back means."""

import traceback

import httpx
import pytest

from adapters.led.codes import FAILURES, FOUND, NOT_FOUND
from adapters.led.reply import read
from adapters.led.tests.world import ALL, CHAMLONG, CLEAR, COMPANY, REQUEST_ID, TRANS_ID, World, body, found, person, row, why
from linkage.sources.adapter import Found, Malformed, NotFound, Unavailable

NOT_SUED = {"responseCode": "904"}


async def test_the_request_is_as_the_service_wants_it() -> None:
    world = World(NOT_SUED)
    await world.fetch()
    [(headers, sent)] = world.asked
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"] == REQUEST_ID
    assert sent == {
        "username": "linkage-demo",
        "password": "not-a-secret",
        "type": "DATA",
        "firstName": "",
        "lastName": "",
        "idCard": CHAMLONG,
        "reqHeader": {
            "transID": TRANS_ID,
            "rqAppID": "LINKAGE",
            "transDateTimestamp": "20260101",
            "terminalID": "GATEWAY01",
            "ip": "192.0.2.1",
            "branchCode": "001",
        },
    }


async def test_a_body_is_asked_about_by_its_own_number() -> None:
    world = World(NOT_SUED)
    await world.fetch(body(COMPANY))
    assert world.asked[0][1]["idCard"] == COMPANY


@pytest.mark.parametrize(("era", "written"), [("CE", "20260102"), ("BE", "25690102")])
async def test_the_timestamp_is_the_day_in_thailand_in_the_era_that_is_set(era: str, written: str) -> None:
    world = World(NOT_SUED, timestamp_era=era)
    world.clock.advance(17 * 3600)  # 17:00 UTC is midnight in Thailand
    await world.fetch()
    assert world.asked[0][1]["reqHeader"]["transDateTimestamp"] == written


async def test_a_changed_password_needs_no_restart(world: World) -> None:
    world.simulator.password = "another"
    assert why(await world.fetch()) == FAILURES["903"]
    world.settings.password_file.write_text("another\n", encoding="utf-8")
    assert isinstance(await world.fetch(), Found)


# ---- codes -----------------------------------------------------------------------------------------------------------


async def test_a_case_is_found_and_only_904_says_that_there_is_none(world: World) -> None:
    assert isinstance(await world.fetch(person(CHAMLONG)), Found)
    assert isinstance(await world.fetch(body(COMPANY)), Found)
    assert await world.fetch(person(CLEAR)) == NotFound()
    assert await world.fetch(person("8100000000048")) == NotFound()


@pytest.mark.parametrize("code", ["901", "902", "903", "909"])
async def test_a_failure_of_the_service_is_never_taken_for_not_bankrupt(world: World, code: str) -> None:
    """The field bug: a client stored these as it stored 904."""
    world.simulator.knobs.code = code
    for subject in (person(CLEAR), person(CHAMLONG)):
        answer = await world.fetch(subject)
        assert answer == Unavailable(FAILURES[code])


def test_every_code_but_two_is_unavailable() -> None:
    settings = World().settings
    for number in range(1000):
        code = f"{number:03d}"
        for data in ([row()], [], None):
            response = httpx.Response(200, json={"responseCode": code, "data": data})
            answer = read(response, ALL, person(CHAMLONG), TRANS_ID, settings)
            may_be_found = code == FOUND and data == [row()]
            may_be_none = code == NOT_FOUND and data != [row()]
            assert isinstance(answer, Found if may_be_found else NotFound if may_be_none else Unavailable), code


@pytest.mark.parametrize("code", ["", "0", "00", "0000", " 904", "904 ", "๙๐๔", "not found", "ไม่พบข้อมูล"])
async def test_a_code_nobody_knows_is_unavailable_and_not_repeated(code: str) -> None:
    assert why(await World({"responseCode": code}).fetch()) == "unknown code"


@pytest.mark.parametrize("wrong", [{}, {"responseCode": None}, {"responseCode": 904}, {"responseCode": ["904"]}, {"responsecode": "904"}])
async def test_a_reply_without_a_code_is_malformed(wrong: dict[str, object]) -> None:
    with pytest.raises(Malformed, match="responseCode"):
        await World(wrong).fetch()


async def test_found_without_a_case_and_not_found_with_one_are_unavailable() -> None:
    empty: list[object] = [None, [], {}, ""]
    for nothing in empty:
        assert why(await World({"responseCode": "000", "data": nothing}).fetch()) == "found without a case"
    assert why(await World({"responseCode": "000"}).fetch()) == "found without a case"
    assert why(await World({"responseCode": "904", "data": [row()]}).fetch()) == "not found with a case"
    blank: dict[str, object] = dict.fromkeys(row(), " ")
    assert why(await World(found(row(), blank)).fetch()) == "empty case"


@pytest.mark.parametrize(
    "echo",
    [
        {"transID": "0"},
        {"reqHeader": {"transID": TRANS_ID.upper()}},
        {"resHeader": {"transID": None}},
        {"x": {"transID": TRANS_ID}, "transID": ""},
        {"resHeader": {"transId": "another"}},
        {"TRANSID": "another"},
        {"response": {"header": {"transID": "another"}}},
        {"reqHeader": [{"transID": "another"}]},
        {"x": [[{"y": {"trans_id": "another"}}]]},
    ],
)
@pytest.mark.parametrize("reply", [NOT_SUED, found(row())])
async def test_a_reply_to_another_request_is_unavailable(reply: dict[str, object], echo: dict[str, object]) -> None:
    assert why(await World(reply | echo).fetch()) == "transID of another request"


@pytest.mark.parametrize(
    "echo",
    [
        {"idCard": "1100000000041"},
        {"idCard": "1-1000-00000-04-1"},
        {"IDCARD": 1100000000041},
        {"reqHeader": {"idCard": "1100000000041"}},
        {"request": [{"id_card": "1100000000041"}]},
        {"idCard": [CHAMLONG]},
        {"idCard": "-"},
    ],
    ids=lambda _: "echo",
)
@pytest.mark.parametrize("reply", [NOT_SUED, found(row())], ids=["not sued", "sued"])
async def test_a_reply_about_another_number_is_unavailable(reply: dict[str, object], echo: dict[str, object]) -> None:
    assert why(await World(reply | echo).fetch()) == "idCard of another request"


@pytest.mark.parametrize("echo", [CHAMLONG, "1-1000-00000-03-2", int(CHAMLONG), "", None], ids=lambda _: "echo")
async def test_a_reply_that_repeats_our_own_number_or_none_is_taken(echo: object) -> None:
    assert await World(NOT_SUED | {"idCard": echo}).fetch() == NotFound()
    assert isinstance(await World(found(row()) | {"reqHeader": {"idCard": echo}}).fetch(), Found)


@pytest.mark.parametrize(
    "beside",
    [
        {"df_id": "1100000000041"},
        {"DF_ID": CHAMLONG},
        {"Data": [row()]},
        {"result": {"df_name": "จำลอง"}},
        {"data": None, "cases": [{"bkr_prot_yy": 2561}]},
    ],
    ids=lambda _: "beside",
)
async def test_not_found_with_any_part_of_a_case_anywhere_is_unavailable(beside: dict[str, object]) -> None:
    assert why(await World(NOT_SUED | beside).fetch()) == "not found with a case"


async def test_not_found_with_the_blank_parts_of_a_case_is_not_found() -> None:
    assert await World(NOT_SUED | {"result": {"df_id": "", "df_name": None, "req_dd": " "}, "data": []}).fetch() == NotFound()


async def test_a_reply_that_repeats_our_own_trans_id_is_taken(world: World) -> None:
    world.simulator.knobs.echoes = "ours"
    assert isinstance(await world.fetch(), Found)
    world.simulator.knobs.echoes = "another"
    assert why(await world.fetch()) == "transID of another request"


@pytest.mark.parametrize("status", [201, 204, 400, 401, 404, 429, 500, 503])
async def test_another_http_status_is_unavailable_whatever_the_body_says(status: int) -> None:
    assert why(await World(NOT_SUED, status).fetch()) == f"status {status}"


@pytest.mark.parametrize(
    ("knob", "said"), [({"down": True}, "status 503"), ({"status": 404}, "status 404"), ({"redirect": True}, "status 302")]
)
async def test_a_service_that_fails_is_unavailable(world: World, knob: dict[str, object], said: str) -> None:
    for name, value in knob.items():
        setattr(world.simulator.knobs, name, value)
    assert why(await world.fetch(person(CLEAR))) == said


WRONG = {
    "nothing": b"",
    "a page for people": b"<!doctype html><html>904 1100000000032</html>",
    "half": b'{"responseCode":"904',
    "an array": b'[{"responseCode":"904"}]',
    "a text": b'"904"',
    "not Unicode": b'{"responseCode":"904","x":"\xff"}',
    "half of a pair": b'{"responseCode":"000","data":[{"df_name":"\\ud800"}]}',
    "not a number": b'{"responseCode":"904","x":NaN}',
    "deep": b'{"responseCode":"904","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "data that is an object": b'{"responseCode":"000","data":{"df_id":"1100000000032"}}',
    "data that is a text": b'{"responseCode":"000","data":"1100000000032"}',
    "data that holds a text": b'{"responseCode":"000","data":["1100000000032"]}',
    "no found in its words": b'{"responseCode":"904","data":"1100000000032"}',
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG.keys())
async def test_what_is_no_reply_is_malformed_and_never_repeated(content: bytes) -> None:
    with pytest.raises(Malformed) as raised:
        await World(content).fetch()
    told = str(raised.value) + repr(raised.value) + "".join(traceback.format_exception_only(raised.value))
    assert CHAMLONG not in told
    assert raised.value.__cause__ is None


async def test_hostile_bodies_of_the_simulator_are_refused(world: World) -> None:
    for knob in ("malformed", "entity_bomb"):
        setattr(world.simulator.knobs, knob, True)
        with pytest.raises(Malformed):
            await world.fetch()
    world.simulator.knobs = type(world.simulator.knobs)()
    other = World()
    other.simulator.knobs.huge = True
    other.simulator.knobs.huge_bytes = 8 * 2**20
    with pytest.raises(httpx.TransportError):
        await other.fetch()
