"""Linkage Center's wire: what goes out, and values of every shape that may come back."""

import json
import traceback
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.dopa.linkage_center import in_batches
from adapters.dopa.linkage_reply import read_records
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON
from adapters.dopa.tests.center import ROW, SESSION, SOMMUT, Center, envelope
from adapters.dopa.tests.world import REQUEST_ID, World, why
from linkage.sources.adapter import Answer, Found, Malformed, NotFound, Query, Refused, RefusedCause, Unavailable
from linkage.terms import CitizenNumber, FieldName, JuristicNumber, JuristicPerson, PartialDate, RecordType, ServiceId, VisitPerson


async def test_the_request_is_as_the_center_wants_it() -> None:
    center = Center(envelope(), sandbox=True)
    await center.world.fetch(SOMMUT, {PERSON: ["age"], HOUSE: ["house_no"], NAME_CHANGE: ["total"], ID_CARD: ["sex"]}, SESSION)
    [(line, headers, body)] = center.asked
    assert line == "POST /api/center/request/"
    assert headers["authorization"] == "Bearer session"
    assert (headers["x-use-sandbox"], headers["x-request-id"]) == ("1", REQUEST_ID)
    assert body == {
        "jobID": str(center.world.settings.job_id),
        "data": [{"serviceID": n, "query": {"personalID": SOMMUT}} for n in (1, 10, 9, 32)],
    }


async def test_service_numbers_query_keys_and_jobs_are_settings() -> None:
    jobs = {"house": "00000000-0000-4000-8000-000000000001"}
    center = Center(envelope(), services={"house": 38}, query_keys={"house": "pid"}, jobs=jobs)
    await center.world.fetch(SOMMUT, {PERSON: ["age"], HOUSE: ["house_no"]}, SESSION)
    bodies = sorted((body for _, _, body in center.asked), key=lambda body: str(body["data"]))
    assert [body["data"] for body in bodies] == [
        [{"serviceID": 1, "query": {"personalID": SOMMUT}}],
        [{"serviceID": 38, "query": {"pid": SOMMUT}}],
    ]
    assert bodies[1]["jobID"] == jobs["house"]
    assert "x-use-sandbox" not in center.asked[0][1]


def test_no_request_has_more_than_ten_services() -> None:
    many = {RecordType(f"dopa.t{n}"): "job" for n in range(23)}
    batches = in_batches(many)
    assert [len(types) for _, types in batches] == [10, 10, 3]
    assert [one for _, types in batches for one in types] == list(many)


async def test_a_job_that_is_not_set_is_asked_for() -> None:
    world = World(job_id=None)
    assert isinstance((await world.fetch(SOMMUT, {PERSON: ["age"]}))[PERSON], Found)
    assert world.operations() == ["confirm", "job", "request"]


@pytest.mark.parametrize(
    ("jobs", "answer"),
    [([], Refused(RefusedCause.NOT_ENTITLED, "no job")), (["a", "b"], Unavailable("several jobs and none set"))],
)
async def test_no_job_and_several_jobs_ask_for_nothing(jobs: list[str], answer: Answer) -> None:
    center = Center({"job": jobs}, job_id=None)
    assert await center.person() == answer
    assert [line for line, _, _ in center.asked] == ["GET /api/center/user/job"]


async def test_without_a_session_nothing_is_asked(world: World) -> None:
    query = Query(VisitPerson(CitizenNumber(SOMMUT)), ServiceId("s"), {PERSON: (FieldName("age"),)})
    assert await world.adapter.fetch(query, world.link()) == {PERSON: Refused(RefusedCause.LOGIN_REQUIRED, "")}
    assert world.operations() == []


async def test_a_juristic_person_is_not_asked_about(world: World) -> None:
    company = JuristicPerson(JuristicNumber("0000000000001"), "director")
    query = Query(company, ServiceId("s"), {PERSON: (FieldName("age"),)}, SESSION)
    assert await world.adapter.fetch(query, world.link()) == {PERSON: Unavailable("not a person")}
    assert world.operations() == []


@pytest.mark.parametrize("status", [404, 500, 503, 401, 403])
async def test_a_service_that_fails_inside_a_200_leaves_the_others(world: World, status: int) -> None:
    world.simulator.knobs.service_fails = {10: status}
    answers = await world.fetch(SOMMUT, {PERSON: ["age"], HOUSE: ["house_no"]})
    assert isinstance(answers[PERSON], Found)
    assert answers[HOUSE] == Unavailable(f"status {status}")


async def test_a_404_with_an_envelope_is_read_by_its_rows() -> None:
    assert isinstance(await Center(envelope(), 404).person(), Found)
    assert await Center(envelope(responseStatus=404, responseData=None), 404).person() == Unavailable("status 404")


DEEP = b"[" * 100_000
BODIES = [
    b"",
    b"\xff",
    b"1100000000016",
    b"[]",
    b"{}",
    DEEP,
    b'{"data":NaN}',
    b'{"data":{}}',
    b'{"data":[1100000000016]}',
    b'{"data":"\\ud800"}',
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_success_that_cannot_be_read_is_malformed_and_never_repeated(body: bytes) -> None:
    with pytest.raises(Malformed) as raised:
        await Center(body).person()
    assert "1100000000016" not in str(raised.value)
    assert body.decode(errors="replace")[:40] not in "".join(traceback.format_exception_only(raised.value)) or not body


@pytest.mark.parametrize(
    ("names", "data"),
    [
        (["birth_date"], {"dateOfBirth": 25361332}),
        (["birth_date"], {"dateOfBirth": "1993-07-19"}),
        (["birth_date"], {"dateOfBirth": 19930719}),
        (["birth_date"], {"dateOfBirth": 24830214}),
        (["age"], {"age": "สามสิบ"}),
        (["age"], {"age": -1}),
        (["age"], {"age": 38.5}),
        (["age"], {"age": True}),
        (["father_number"], {"fatherPersonalID": 12345678901234}),
        (["first_name"], {"firstName": {"th": "สมมติ"}}),
        (["first_name"], {"firstName": True}),
    ],
)
async def test_a_value_that_is_not_what_the_documents_say_makes_the_record_unavailable(names: list[str], data: dict[str, object]) -> None:
    assert why(await Center(envelope(responseData=data)).person(*names)) == "malformed"


@pytest.mark.parametrize("zero", [0, "0", "00000000", "", None, " "])
async def test_zero_blank_and_null_are_values_that_dopa_does_not_hold(zero: object) -> None:
    data = {"dateOfBirth": zero, "motherPersonalID": zero, "firstName": "สมมติ", "lastName": None}
    answer = await Center(envelope(responseData=data)).person("birth_date", "mother_number", "last_name")
    assert isinstance(answer, Found)
    assert dict(answer.fields) == {"birth_date": None, "mother_number": None, "last_name": None}


async def test_a_field_that_the_reply_does_not_speak_of_is_not_taken_for_one_without_value() -> None:
    answer = await Center(envelope(responseData={"firstName": "สมมติ", "middleName": None})).person("first_name", "middle_name", "last_name")
    assert isinstance(answer, Found)
    assert dict(answer.fields) == {"first_name": "สมมติ", "middle_name": None}


async def test_a_member_that_the_reply_does_not_speak_of_is_left_out_of_its_group() -> None:
    changes = {"allName": [{"pid": SOMMUT, "newName": "ก", "docID": None}], "total": 1}
    center = Center(envelope(serviceID=9, responseData=changes))
    answer = (await center.world.fetch(SOMMUT, {NAME_CHANGE: ("changes",)}, SESSION))[NAME_CHANGE]
    assert isinstance(answer, Found)
    told = {"document_id": None, "new_name": "ก", "cause_of_change": None}  # DOPA's documents name the cause for some changes only
    assert answer.fields == {"changes": (told,)}


async def test_fields_that_come_with_a_value_unasked_are_named() -> None:
    data = {"firstName": "สมมติ", "lastName": "ทดสอบระบบ", "middleName": "", "age": None, "titleSex": 0, "unheard": "of"}
    answer = await Center(envelope(responseData=data)).person("first_name")
    assert isinstance(answer, Found)
    assert answer.fields == {"first_name": "สมมติ"}
    assert answer.also_sent == ("title_sex_code", "last_name")


async def test_one_value_asked_for_by_one_name_is_not_unasked_by_another_and_a_list_in_part_is() -> None:
    card = Center(envelope(serviceID=32, responseData={"expireDate": 99999999, "religion": "ศาสนาสมมติ"}))
    changes = Center(envelope(serviceID=9, responseData={"allName": [{"pid": SOMMUT}], "total": 1}))
    for center, record_type, name, unasked in (
        (card, ID_CARD, "life_long", ("religion",)),
        (changes, NAME_CHANGE, "changes", ("total", "offices", "persons", "addresses")),
    ):
        answer = (await center.world.fetch(SOMMUT, {record_type: (name,)}, SESSION))[record_type]
        assert isinstance(answer, Found)
        assert answer.also_sent == unasked


@pytest.mark.parametrize("pids", [[None, 1100000000016], [1100000000016, None], [0, "1100000000016"], [None, None]])
async def test_a_history_with_a_row_that_echoes_no_number_is_known_by_no_number(pids: list[object]) -> None:
    center = Center(envelope(serviceID=9, responseData={"allName": [{"pid": pid} for pid in pids], "total": 2}))
    answer = (await center.world.fetch(SOMMUT, {NAME_CHANGE: ("total",)}, SESSION))[NAME_CHANGE]
    assert isinstance(answer, Found)
    assert answer.about.number is None


async def test_a_latest_card_that_echoes_no_number_is_not_known_by_an_older_ones() -> None:
    issues = [{"personalID": SOMMUT, "issueDate": 25600101}, {"issueDate": 25630101}]
    center = Center(envelope(serviceID=32, responseData=issues))
    answer = (await center.world.fetch(SOMMUT, {ID_CARD: ("issued_on",)}, SESSION))[ID_CARD]
    assert isinstance(answer, Found)
    assert answer.fields == {"issued_on": PartialDate(2020, 1, 1)}
    assert answer.about.number is None


@pytest.mark.parametrize("pids", [[1100000000016, 1100000000024], [None, 1100000000024], [1100000000024, None]])
async def test_a_history_with_another_persons_row_in_it_says_so(pids: list[object]) -> None:
    rows = [{"pid": pid, "newName": "ก"} for pid in pids]
    center = Center(envelope(serviceID=9, responseData={"allName": rows, "total": 2}))
    answer = (await center.world.fetch(SOMMUT, {NAME_CHANGE: ("total",)}, SESSION))[NAME_CHANGE]
    assert isinstance(answer, Found)
    assert answer.about.number == CitizenNumber("1100000000024")


async def test_a_history_is_empty_only_where_its_total_says_so_too() -> None:
    zeros: tuple[object, ...] = (0, "0")
    others: tuple[object, ...] = (1, "2", None, "", "none", False)
    told: list[tuple[dict[str, object], Answer]] = [
        *(({"allName": [], "total": total}, NotFound()) for total in zeros),
        *(({"allName": [], "total": total}, Unavailable("malformed")) for total in others),
        ({"allName": []}, Unavailable("malformed")),
        ({"total": 2}, Unavailable("malformed")),
    ]
    for data, answer in told:
        center = Center(envelope(serviceID=9, responseData=data))
        assert await center.world.fetch(SOMMUT, {NAME_CHANGE: ("total",)}, SESSION) == {NAME_CHANGE: answer}


async def test_of_several_issues_of_a_card_the_latest_is_the_record() -> None:
    def issue(document: str, on: object, at: object) -> dict[str, object]:
        none = {"expireDate": None, "nameEN": None, "address": None}
        return {"documentNumber": document, "personalID": SOMMUT, "issueDate": on, "issueTime": at} | none

    issues = [issue("1", 25600101, 90000), issue("3", "25630101", "100000"), issue("2", 25630101, 90000), issue("0", None, None)]
    center = Center(envelope(serviceID=32, responseData=issues))
    wanted = ("document_number", "issued_on", "life_long", "name_en", "address")
    answer = (await center.world.fetch(SOMMUT, {ID_CARD: wanted}, SESSION))[ID_CARD]
    assert isinstance(answer, Found)
    assert list(answer.fields.values()) == ["3", PartialDate(2020, 1, 1), None, None, None]


async def test_numbers_may_stand_as_texts() -> None:
    answer = await Center(envelope(responseData={"age": "38", "titleCode": " 3 "})).person("age", "title_code")
    assert isinstance(answer, Found)
    assert dict(answer.fields) == {"age": Decimal(38), "title_code": "3"}


async def test_when_one_of_several_requests_breaks_the_others_stand() -> None:
    async def answer(request: Request) -> Response:
        body = await request.json()
        if body["data"][0]["serviceID"] == 10:
            return Response(b"{half", media_type="application/json")
        return JSONResponse(envelope())

    jobs = {"house": "00000000-0000-4000-8000-000000000001"}
    world = World(Starlette(routes=[Route("/api/center/request/", answer, methods=["POST"])]), jobs=jobs)
    answers = await world.fetch(SOMMUT, {PERSON: ["first_name"], HOUSE: ["house_no"]}, SESSION)
    assert isinstance(answers[PERSON], Found)
    assert answers[HOUSE] == Unavailable("not answered")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*ROW, "data", "allName", "pid", "errorNumber", "x"]), inner)
    ),
    max_leaves=20,
)


ROWS = st.fixed_dictionaries(
    {
        "serviceID": st.sampled_from([1, "9"]),
        "responseStatus": st.sampled_from([200, "200", 404]),
        "responseData": JSON,
        "responseError": JSON,
    }
)


@given(body=JSON | st.fixed_dictionaries({"data": st.lists(ROWS, max_size=3)}), status=st.sampled_from([200, 404, 500]))
def test_whatever_json_comes_is_an_answer_or_malformed(body: object, status: int) -> None:
    response = httpx.Response(status, content=json.dumps(body).encode())
    wanted = {PERSON: (FieldName("first_name"), FieldName("birth_date")), NAME_CHANGE: (FieldName("changes"),)}
    try:
        answers = read_records(response, {1: PERSON, 9: NAME_CHANGE}, wanted, CitizenNumber(SOMMUT))
    except Malformed:
        return
    assert set(answers) == {PERSON, NAME_CHANGE}
