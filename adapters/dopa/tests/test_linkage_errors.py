"""Linkage Center's refusals and failures: of one service, and of a whole request."""

import pytest

from adapters.dopa.codes import LINKAGE_ROWS
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON
from adapters.dopa.tests.center import ROW, SESSION, SOMMUT, Center, envelope
from adapters.dopa.tests.world import why
from linkage.sources.adapter import Answer, Found, NotFound, Refused, RefusedCause, Unavailable

NO_RECORD = {"errorMessage": "ไม่พบข้อมูล", "errorNumber": 90500}
NOT_IN_ORDER: list[tuple[dict[str, object], Answer]] = [
    ({"responseStatus": 404, "responseError": NO_RECORD}, NotFound()),
    ({"responseStatus": "404", "responseError": NO_RECORD | {"errorNumber": "90500"}}, NotFound()),
    ({"responseStatus": 404, "responseError": {"errorMessage": "ไม่พบ ข้อมูล"}}, NotFound()),
    ({"responseStatus": 200, "responseData": NO_RECORD}, NotFound()),
    ({"responseStatus": 404, "responseData": NO_RECORD}, NotFound()),
    ({"responseStatus": 500, "responseError": NO_RECORD}, Unavailable("status 500")),
    ({"responseStatus": 503, "responseError": {"errorMessage": "ไม่พบข้อมูล"}}, Unavailable("status 503")),
    ({"responseStatus": 400, "responseData": NO_RECORD}, Unavailable("status 400")),
    ({"responseStatus": 0, "responseError": NO_RECORD}, Unavailable("unknown status")),
    ({"responseData": []}, Unavailable("empty answer")),
    ({"responseStatus": 404, "responseError": {"errorMessage": "Not Found"}}, Unavailable("status 404")),
    ({"responseData": None}, Unavailable("empty answer")),
    ({"responseData": {}}, Unavailable("empty answer")),
    ({"responseData": {"firstName": None, "lastName": ""}}, Unavailable("empty answer")),
    ({"responseData": {"unheard": "of"}}, Unavailable("malformed")),
    ({"responseData": "สมมติ"}, Unavailable("malformed")),
    ({"responseData": [{"firstName": "สมมติ"}, {"firstName": "สมมติ"}]}, Unavailable("malformed")),
    ({"responseData": {"firstName": ["สมมติ"]}}, Unavailable("malformed")),
    ({"responseStatus": None}, Unavailable("malformed")),
    ({"responseStatus": True}, Unavailable("malformed")),
    ({"responseStatus": 0}, Unavailable("unknown status")),
    ({"responseStatus": 1100000000016}, Unavailable("unknown status")),
    ({"responseStatus": 204}, Unavailable("status 204")),
    ({"responseError": "something"}, Unavailable("error beside the answer")),
    ({"responseError": {"errorNumber": 1100000000016}}, Unavailable("unknown code")),
    ({"serviceID": 2}, Unavailable("not answered")),
]


@pytest.mark.parametrize(("row", "answer"), NOT_IN_ORDER)
async def test_a_row_that_is_not_in_order_has_its_own_answer(row: dict[str, object], answer: Answer) -> None:
    assert await Center(envelope(**row)).person() == answer


async def test_a_row_in_order_is_found_with_its_number_as_text_and_no_error_said_in_full() -> None:
    for row in ({"serviceID": "1", "responseStatus": "200"}, {"responseError": {"errorNumber": 0, "errorMessage": ""}}):
        assert isinstance(await Center(envelope(**row)).person(), Found)


async def test_a_service_that_is_answered_twice_is_not_believed() -> None:
    assert why(await Center({"data": [ROW, ROW]}).person()) == "answered twice"


def test_every_error_number_of_the_facts_is_in_the_table() -> None:
    facts = """90001 90005 90007 90008 90009 90011 90012 90013 90014 90015 90016 90020 90025 90026 90027 90028 90029 90040 90043 90044
        90045 90046 90050 90090 90500 91001 91002 95001 95002 95003 95004 95011 95012 95013 95014 99301 99304 99305 99701 99702 99703
        99706 99707 99801 99983 99989 99990 99991 99992 99993 99994 99995 99997 99999"""
    assert sorted(LINKAGE_ROWS) == [int(number) for number in facts.split()]


CAUSES = {
    RefusedCause.LOGIN_REQUIRED: {90001},
    RefusedCause.LOGIN_REFUSED: {90007, 90009, 90090, 95002, 95003},
    RefusedCause.QUOTA: {90008, 90050},
    RefusedCause.NOT_ENTITLED: {90005, 90013, 90016, 95001, 95004, 95011, 95014, 99999},
}
ABSENT = {PERSON: {90500}, HOUSE: {90500}, NAME_CHANGE: {90500, 99702}, ID_CARD: {90500, 99990, 99991, 99992}}
SERVICES = {PERSON: 1, HOUSE: 10, NAME_CHANGE: 9, ID_CARD: 32}


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("number", [*sorted(LINKAGE_ROWS), 12345])
async def test_every_error_number_has_its_answer_for_every_record_type(number: int, status: int) -> None:
    cause = next((cause for cause, numbers in CAUSES.items() if number in numbers), None)
    for record_type, service in SERVICES.items():
        row = {"serviceID": service, "responseStatus": status, "responseError": {"errorNumber": number, "errorMessage": SOMMUT}}
        center = Center(envelope(**row, responseData=None))
        answer = (await center.world.fetch(SOMMUT, {record_type: ()}, SESSION))[record_type]
        if cause is not None:
            assert answer == Refused(cause, f"{number:05d}")
        elif number in ABSENT[record_type]:
            assert answer == (Unavailable("status 500") if status == 500 else NotFound())
        else:
            assert answer == Unavailable(f"code {number:05d}" if number in LINKAGE_ROWS else "unknown code")


WHOLE: list[tuple[int, object, Answer]] = [
    (401, {"errorMessage": "token is expired"}, Refused(RefusedCause.LOGIN_EXPIRED, "401")),
    (401, {"errorMessage": 'Header Authorization only support type "Bearer Token"'}, Refused(RefusedCause.LOGIN_REQUIRED, "401")),
    (401, {"errorMessage": "token  is expired", "errorNumber": 401}, Refused(RefusedCause.LOGIN_EXPIRED, "401")),
    (401, b"", Refused(RefusedCause.LOGIN_REQUIRED, "401")),
    (403, {"errorMessage": "jobID not found or user has no permission"}, Refused(RefusedCause.NOT_ENTITLED, "403")),
    (403, b"<html>blocked</html>", Unavailable("status 403")),
    (403, {"errorMessage": "-", "errorNumber": "90008"}, Refused(RefusedCause.QUOTA, "90008")),
    (404, {"errorMessage": "Not Found"}, Unavailable("status 404")),
    (404, b"<html>no such page</html>", Unavailable("status 404")),
    (404, {"errorMessage": "-", "errorNumber": 90500}, NotFound()),
    (500, {"errorMessage": "-", "errorNumber": 90500}, Unavailable("status 500")),
    (503, {"errorMessage": "ไม่พบข้อมูล"}, Unavailable("status 503")),
    (500, {"errorMessage": "-", "errorNumber": 90012}, Unavailable("code 90012")),
    (429, {}, Unavailable("status 429")),
    (502, b"", Unavailable("status 502")),
    (302, b"", Unavailable("status 302")),
]


@pytest.mark.parametrize(("status", "body", "answer"), WHOLE)
async def test_a_refusal_of_the_whole_request_is_every_record_types_answer(status: int, body: object, answer: Answer) -> None:
    center = Center(body, status)
    wanted = {PERSON: ("age",), HOUSE: ("house_no",)}
    assert await center.world.fetch(SOMMUT, wanted, SESSION) == {PERSON: answer, HOUSE: answer}
