"""The agencies that are connected without Python: what their folders say agrees, and each row of their people is read."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from linkage.catalogue import FieldClass, FieldKind, RecordKind, load_records
from linkage.catalogue.records import NamesSubject
from linkage.clock import FakeClock
from linkage.sources.adapter import About, Answer, Found, Link, Malformed, NotFound, Query, Unavailable
from linkage.sources.checked import answers
from linkage.sources.installed import find
from linkage.sources.rest import ManifestAdapter, ManifestSimulator, RestKnobs, load_adapter, load_simulator
from linkage.sources.rest.mapping import Field, Kind
from linkage.terms import CitizenNumber, FieldName, PartialDate, RecordType, ServiceId, SubjectKind, Value
from linkage.transport import in_process_client

ADAPTERS = Path(__file__).parents[3] / "adapters"
AGENCIES = ("dep", "diw", "dlt", "doe", "moj")
URL = "https://agency.example"


class Agency:
    """One of them, with its simulator in process."""

    def __init__(self, name: str) -> None:
        self.folder = ADAPTERS / name
        self.clock = FakeClock()
        self.adapter: ManifestAdapter = load_adapter(self.folder)
        self.simulator: ManifestSimulator = load_simulator(self.folder, clock=self.clock)
        self.settings = self.adapter.Settings.model_validate(self.simulator.settings_for(URL))
        self.client = in_process_client(self.simulator.app, self.adapter.base_urls(self.settings))
        self.readme = (self.folder / "README.md").read_text(encoding="utf-8")
        (self.kind,) = load_records([self.folder / "records.toml"])

    async def ask(self, number: str, *names: str) -> Answer:
        link = Link(self.client, self.settings, 5.0, "0198c0de-0000-7000-8000-000000000001", self.clock.now_ms() // 1000)
        wanted = {self.kind.type: tuple(map(FieldName, names or self.kind.fields))}
        return (await self.adapter.fetch(Query(self.simulator.people[number].subject(), ServiceId("s"), wanted), link))[self.kind.type]

    def says(self, reply: Response) -> None:
        """From now on it answers every question with this; its token page stays as it is."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            of = self.simulator.app if scope["path"] == self.simulator.door.token_path else reply
            await of(scope, receive, send)

        self.client = in_process_client(app, self.adapter.base_urls(self.settings))

    async def found(self, number: str, *names: str) -> Mapping[str, Value | None]:
        answer = await self.ask(number, *names)
        assert isinstance(answer, Found), answer
        return {str(name): value for name, value in answer.fields.items()}


@pytest.fixture(params=AGENCIES)
def agency(request: pytest.FixtureRequest) -> Agency:
    return Agency(request.param)


KINDS: dict[type, FieldKind] = {
    bool: FieldKind.FLAG,
    str: FieldKind.TEXT,
    PartialDate: FieldKind.DATE,
    Decimal: FieldKind.NUMBER,
    tuple: FieldKind.LIST,
    dict: FieldKind.GROUP,
}


async def test_every_row_is_found_whole_and_names_its_subject(agency: Agency) -> None:
    """But one whose row says, inside HTTP 200, that there was an error."""
    read = 0
    for row in agency.simulator.people.values():
        answer = await agency.ask(row.digits)
        assert answers({agency.kind.type: answer}, {agency.kind.type: tuple(agency.kind.fields)})[agency.kind.type] is answer
        if not row.rows:
            assert answer == NotFound()
        elif row.case.startswith("an error inside HTTP 200"):
            assert answer == Unavailable("errorNumber")
        else:
            assert isinstance(answer, Found), row.case
            number = row.subject().number
            assert answer.about == (About(number=number) if isinstance(number, CitizenNumber) else About(juristic=number))
            assert set(answer.fields) == set(agency.kind.fields), row.case
            assert answer.also_sent == ()
            assert all(value is None or KINDS[type(value)] is agency.kind.fields[name].kind for name, value in answer.fields.items())
            read += 1
    assert len(agency.simulator.people) >= 15
    assert read >= 13


ERRORS: tuple[tuple[int, dict[str, object]], ...] = (
    (404, {"responseCode": "NOT_FOUND", "errorNumber": 500}),
    (404, {"responseCode": "NOT_FOUND", "chkResult": "0"}),
    (200, {"data": {"errorNumber": False}}),
    (200, {"data": {"errorNumber": "500"}}),
    (200, {"data": {"chkResult": False, "errorDesc": "database"}}),
    (200, {"data": {"chkResult": "N"}}),
    (200, {"data": {"chkResult": []}}),
    (403, {"responseCode": "FORBIDDEN", "data": {"errorNumber": "7"}}),
)


@pytest.mark.parametrize(("status", "said"), ERRORS, ids=range(len(ERRORS)))
async def test_no_error_of_the_employment_office_is_read_as_an_answer(status: int, said: dict[str, object]) -> None:
    doe = Agency("doe")
    number = doe.simulator.examples().found[doe.kind.type].number.reveal()
    row = {**doe.simulator.people[number].rows["permit"], "errorNumber": "0", "chkResult": "1"}
    body = {"responseCode": "OK", "subject": {"id": number}, **said}
    if status == 200:
        body["data"] = {**row, **dict(said["data"])}  # type: ignore[call-overload]
    doe.says(JSONResponse(body, status))
    assert await doe.ask(number) in (Unavailable("errorNumber"), Unavailable("chkResult"))


@pytest.mark.parametrize("name", AGENCIES)
@pytest.mark.parametrize(
    "beside", [{"subject": {"id": "1100000000024"}}, {"data": {"personCode": "1"}}, {"data": [{"x": "1"}]}], ids=["whom", "row", "rows"]
)
async def test_a_not_found_of_another_subject_or_with_a_row_is_no_answer(name: str, beside: dict[str, object]) -> None:
    one = Agency(name)
    number = one.simulator.examples().found[one.kind.type].number.reveal()
    reply = JSONResponse({"responseCode": "NOT_FOUND", "requestId": "another", **beside}, 404)
    one.says(reply)
    try:
        answer: object = await one.ask(number)
    except Malformed as failed:
        answer = failed
    assert isinstance(answer, Unavailable | Malformed)


def test_it_is_installed_under_its_name_and_marked_as_assumed(agency: Agency) -> None:
    found = find(agency.folder.name)
    adapter = found.make()
    assert isinstance(adapter, ManifestAdapter)
    assert adapter.assumed
    assert "not public" in adapter.assumed
    assert adapter.records_file == agency.folder / "records.toml"
    assert found.make_simulator is not None
    assert isinstance(found.make_simulator(), ManifestSimulator)
    assert not adapter.numbers_in_url
    assert not adapter.secret_in_url
    assert not list(agency.folder.rglob("*.py"))


def test_every_answer_names_its_subject_by_number(agency: Agency) -> None:
    assert agency.kind.names_subject is NamesSubject.NUMBER
    both = {SubjectKind.PERSON, SubjectKind.JURISTIC}
    assert agency.kind.subjects == (both if agency.folder.name == "diw" else {SubjectKind.PERSON})


def wire_of(field: Field) -> str:
    text = field.path.text
    return "data[]" if text == "@" else f"data{text}" if text.startswith("[") else f"data.{text}"


def test_the_readme_lists_every_field(agency: Agency) -> None:
    kind: RecordKind = agency.kind
    mapped = agency.adapter.manifest.records[kind.type].fields
    assert f"### `{kind.type}`: {kind.title_th}" in agency.readme
    assert kind.legal_owner in agency.readme
    for field in kind.fields.values():
        row = f"| `{field.name}` | {field.label_th} | {field.label_en} | {field.kind} | {field.sort} | `{wire_of(mapped[field.name])}` |"
        assert row in agency.readme
        for member in mapped[field.name].members:
            said = (
                f"`{member.name}` (`{member.path.text}`)"
                if member.kind is Kind.TEXT
                else f"`{member.name}` ({member.kind}, `{member.path.text}`)"
            )
            assert said in agency.readme


def test_the_readme_names_every_setting_every_knob_and_what_is_assumed(agency: Agency) -> None:
    for name in {*agency.adapter.Settings.model_fields, *RestKnobs.model_fields} - {"huge_bytes"}:
        assert f"`{name}`" in agency.readme
    assert f"> {agency.adapter.assumed}" in agency.readme
    assert agency.adapter.manifest.endpoints[agency.adapter.manifest.records[agency.kind.type].endpoint].path in agency.readme


def test_what_speaks_of_health_or_of_a_charge_is_sensitive_and_nothing_else_is() -> None:
    found = {
        (name, field.name)
        for name in AGENCIES
        for kind in load_records([ADAPTERS / name / "records.toml"])
        for field in kind.fields.values()
        if field.sort is not FieldClass.ORDINARY
    }
    disability = {("dep", name) for name in ("disability_type", "card_issued_on", "card_expires_on")}
    assert found == {("dlt", "conditions"), ("moj", "kinds_of_help"), *disability}


def test_sensitive_members_are_part_of_no_ordinary_list() -> None:
    for name, field, wire in (("dlt", "licences", "diseasesAndConditionIndex"), ("moj", "cases", "help"), ("moj", "cases", "helpCode")):
        adapter = load_adapter(ADAPTERS / name)
        (mapped,) = adapter.manifest.records.values()
        assert wire not in {member.path.text for member in mapped.fields[FieldName(field)].members}


@pytest.mark.parametrize(
    ("name", "number", "field", "value"),
    [
        ("dlt", "1100000000016", "full_name", "นายสมมติ ทดสอบระบบ"),
        ("doe", "8100000000030", "issued_on", PartialDate(2025, 1, 15)),
        ("doe", "8100000000030", "full_name_th", "นางต่างด้าว อยู่ถูกกฎหมาย"),
        ("dep", "3999999999936", "birth_date", PartialDate(1940, 2, 14)),
        ("dep", "3999999999928", "birth_date", PartialDate(1952)),
        ("dep", "3100000000012", "card_expires_on", None),
        ("dep", "1100000000083", "citizen_number", "1100000000083"),
        ("moj", "1100000000091", "total", Decimal(1)),
    ],
    ids=["whole name", "Buddhist Era", "sic", "old new year", "no month", "no end", "number as number", "number as text"],
)
async def test_what_the_rows_say(name: str, number: str, field: str, value: Value | None) -> None:
    assert (await Agency(name).found(number))[field] == value


async def test_lists_keep_every_row_in_its_order() -> None:
    licences = (await Agency("dlt").found("1100000000059"))["licences"]
    assert isinstance(licences, tuple)
    assert [one["type_code"] for one in licences] == ["12", "22", "13"]  # type: ignore[call-overload, index]
    factories = (await Agency("diw").found("0995500000111"))["factories"]
    assert isinstance(factories, tuple)
    (factory,) = factories
    assert isinstance(factory, Mapping)
    assert (factory["horsepower"], factory["workers"], factory["operating"]) == (Decimal("12345678.00"), Decimal(12_000), True)
    cases = (await Agency("moj").found("1100000000113"))["cases"]
    assert isinstance(cases, tuple)
    (case,) = cases
    assert isinstance(case, Mapping)
    assert (case["requested_on"], case["status_on"]) == (PartialDate(2024, 2, 29), PartialDate(2024, 3, 1))


async def test_only_what_was_asked_for_comes_back(agency: Agency) -> None:
    number = agency.simulator.examples().found[RecordType(agency.kind.type)].number.reveal()
    for name in agency.kind.fields:
        assert set(await agency.found(number, name)) == {name}
