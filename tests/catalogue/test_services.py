"""Services as they are written: what is read, and everything that can be wrong with them."""

from datetime import date
from pathlib import Path

import pytest

from linkage.catalogue import Catalogue, Need, Origin, RecordKind, Service, SourceKind, Sureness, Text, load_records, read_catalogue
from linkage.catalogue.catalogue import Names
from linkage.errors import Problem
from linkage.terms import FieldName, RecordType, ServiceId
from tests.catalogue.written import DOCUMENTS, NAMES, RECORDS, SERVICE, SERVICES, write_services


@pytest.fixture
def kinds(tmp_path: Path) -> tuple[RecordKind, ...]:
    (tmp_path / "records.toml").write_text(RECORDS, encoding="utf-8")
    return load_records([tmp_path / "records.toml"])


def read(folder: Path, kinds: tuple[RecordKind, ...], text: str = SERVICES, names: Names = NAMES) -> tuple[Catalogue, list[Problem]]:
    problems: list[Problem] = []
    made, _ = read_catalogue(write_services(folder, text), kinds, names, problems)
    return made, problems


def the_service(folder: Path, kinds: tuple[RecordKind, ...], text: str = SERVICES) -> Service:
    made, problems = read(folder, kinds, text)
    assert problems == []
    return made.expect_service(ServiceId("jobseeker_registration"))


def test_a_service_says_what_it_takes_and_how_sure_that_is(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    service = the_service(tmp_path, kinds)
    assert service.offered_by == ("doe",)
    assert [(step.text.en, step.minutes, step.days) for step in service.steps] == [("Fill in the form", None, None), ("Checked", 20, None)]
    assert (service.time.minutes, service.time.days, service.time.sure) == (120, None, Sureness.RECALLED)
    assert service.fee.text == Text("ไม่มีค่าธรรมเนียม", "No fee")
    assert service.origins == (Origin("https://guide.example/1", SourceKind.OFFICIAL, date(2024, 2, 3)),)
    assert service.checked_on == date(2026, 11, 21)
    assert not service.invented


def test_a_document_names_the_records_that_stand_for_it_or_why_it_stays_on_paper(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    card, employment, photograph = the_service(tmp_path, kinds).documents
    assert (card.originals, card.copies, card.condition, card.paper) == (1, 2, None, None)
    assert card.needs == (Need(RecordType("dopa.person"), (FieldName("first_name"),)),)
    assert [need.record_type for need in employment.needs] == ["sso.employment", "dopa.person"]
    assert card.not_found_settles
    assert not employment.not_found_settles
    assert employment.condition == Text("เมื่อเคยทำงาน", "Where there was work before")
    assert photograph.needs == ()
    assert photograph.paper == Text("ต้องใช้รูปถ่ายปัจจุบัน", "A present-day photograph is needed")
    assert photograph.optional


def test_the_needs_of_a_service_are_each_record_type_once_with_all_fields_in_order(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    needs = [(need.record_type, need.fields) for need in the_service(tmp_path, kinds).needs()]
    assert needs == [("dopa.person", ("first_name", "religion")), ("sso.employment", ("company_name", "left_on"))]


def test_what_is_not_connected_here_is_in_order_and_told_apart(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    made, problems = read(tmp_path, kinds)
    assert problems == []
    assert made.connected(RecordType("dopa.person"))
    assert not made.connected(RecordType("sso.employment"))


def test_a_service_may_say_that_it_needs_no_documents(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    service = the_service(
        tmp_path, kinds, SERVICE.replace("checked_on", 'no_documents = { th = "ไม่ต้องใช้เอกสาร", en = "None" }\nchecked_on')
    )
    assert service.documents == ()
    assert service.no_documents == Text("ไม่ต้องใช้เอกสาร", "None")
    assert service.needs() == ()


def test_a_record_is_needed_about_one_kind_of_subject_and_one_it_is_kept_about(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    text = SERVICES.replace(
        'record = "dopa.person"\nfields = ["first_name"]', 'record = "dopa.person"\nabout = "juristic"\nfields = ["first_name"]'
    )

    _, problems = read(tmp_path, kinds, text)

    assert [(problem.key, problem.got) for problem in problems] == [
        (f"{HERE}.documents.id_card.dopa.person.about", "juristic"),
        (f"{HERE}.documents.employment.dopa.person.about", "person here, juristic before"),
    ]


HERE = "service[jobseeker_registration]"
STEPS = next(line for line in SERVICE.splitlines() if line.startswith("steps = "))
SOURCE = SERVICE[SERVICE.index("[[service.sources]]") :]
WRONG = {
    "unknown key": ('agency = "doe"', 'agency = "doe"\nprice = 0', f"{HERE}.price"),
    "missing agency": ('agency = "doe"', "", f"{HERE}.agency"),
    "unknown agency": ('agency = "doe"', 'agency = "dlt"', f"{HERE}.agency"),
    "offered by an unknown agency": ('agency = "doe"', 'agency = "doe"\noffered_by = ["doe", "dlt"]', f"{HERE}.offered_by"),
    "offered by nobody": ('agency = "doe"', 'agency = "doe"\noffered_by = []', f"{HERE}.offered_by"),
    "bad id": ("jobseeker_registration", "Job seeker", "service[Job seeker].id"),
    "empty name": ('"Job-seeker registration"', '""', f"{HERE}.name_en"),
    "Thai that is not Thai": ('"ขึ้นทะเบียนหางาน"', '"Job-seeker registration"', f"{HERE}.name_th"),
    "unknown top-level key": ("[[service]]", "[[services]]\n[[service]]", "services"),
    "no steps": (STEPS, "steps = []", f"{HERE}.steps"),
    "a step of no time": ("minutes = 20", "minutes = 0", f"{HERE}.steps.1.minutes"),
    "a step of two lengths": ("minutes = 20", "minutes = 20, days = 1", f"{HERE}.steps.1"),
    "no time": ('time = { th = "สองชั่วโมง", en = "Two hours", hours = 2, sure = "recalled" }', "", f"{HERE}.time"),
    "no fee": ('fee = { th = "ไม่มีค่าธรรมเนียม", en = "No fee", sure = "recalled" }', "", f"{HERE}.fee"),
    "blank fee": ('th = "ไม่มีค่าธรรมเนียม"', 'th = " "', f"{HERE}.fee.th"),
    "a fee nobody says how sure": ('"No fee", sure = "recalled"', '"No fee"', f"{HERE}.fee.sure"),
    "a sureness nobody knows": ('"No fee", sure = "recalled"', '"No fee", sure = "certain"', f"{HERE}.fee.sure"),
    "no law": ('law = { th = "พ.ร.บ.จัดหางานฯ พ.ศ. 2528", en = "Act B.E. 2528", sure = "confirmed" }', "", f"{HERE}.law"),
    "no day of checking": ("checked_on = 2026-11-21", "", f"{HERE}.checked_on"),
    "area in one language": ('agency = "doe"', 'agency = "doe"\narea_th = "ภาคเหนือ"', HERE),
    "no source": (SOURCE, "", f"{HERE}.sources"),
    "a source of no kind": ('kind = "official"', 'kind = "hearsay"', f"{HERE}.sources.0.kind"),
    "documents and none": ("checked_on", 'no_documents = { th = "ไม่มี", en = "None" }\nchecked_on', HERE),
    "document without issuer": ('issued_by_en = "Social Security Office"\n', "", f"{HERE}.documents.1.issued_by_en"),
    "document without copies": ("originals = 0\ncopies = 1", "originals = 0\ncopies = 0", f"{HERE}.documents.1"),
    "less than no copies": ("copies = 2", "copies = -1", f"{HERE}.documents.0.copies"),
    "neither record nor paper": (
        'paper_th = "ต้องใช้รูปถ่ายปัจจุบัน"\npaper_en = "A present-day photograph is needed"\n',
        "",
        f"{HERE}.documents.2",
    ),
    "record and paper": ("copies = 2", 'copies = 2\npaper_th = "กระดาษ"\npaper_en = "Paper"', f"{HERE}.documents.0"),
    "paper in one language": ('paper_en = "A present-day photograph is needed"\n', "", f"{HERE}.documents.2"),
    "condition in one language": ('condition_en = "Where there was work before"\n', "", f"{HERE}.documents.1"),
    "settled without a record": ("optional = true", "optional = true\nnot_found_settles = true", f"{HERE}.documents.2"),
    "settled by one of two records": (
        "originals = 0\ncopies = 1",
        "originals = 0\ncopies = 1\nnot_found_settles = true",
        f"{HERE}.documents.1",
    ),
    "something to check in one language": ("copies = 2", 'copies = 2\ncheck_en = "it is there"', f"{HERE}.documents.0"),
    "something to check in no record": (
        "optional = true",
        'optional = true\ncheck_en = "it is there"\ncheck_th = "มีอยู่"',
        f"{HERE}.documents.2",
    ),
    "a record that may lack everything": (
        'fields = ["first_name"]',
        'fields = ["first_name"]\nmay_lack = ["first_name"]',
        f"{HERE}.documents.0.records.0",
    ),
    "a record that may lack what is not asked for": (
        'fields = ["company_name", "left_on"]',
        'fields = ["company_name", "left_on"]\nmay_lack = ["wealth"]',
        f"{HERE}.documents.1.records.0",
    ),
    "record without fields": ('fields = ["first_name"]', "fields = []", f"{HERE}.documents.0.records.0.fields"),
    "record without source": ('record = "sso.employment"', 'record = "employment"', f"{HERE}.documents.1.records.0.record"),
    "the same document twice": ('id = "employment"', 'id = "id_card"', f"{HERE}.documents.id_card"),
    "unknown record": (
        'record = "dopa.person"\nfields = ["first_name"]',
        'record = "dopa.persons"\nfields = ["a"]',
        f"{HERE}.documents.id_card.dopa.persons",
    ),
    "a record of a source without any": ("sso.employment", "thaid.person", f"{HERE}.documents.employment.thaid.person"),
    "unknown field": ('fields = ["first_name"]', 'fields = ["first_name", "wealth"]', f"{HERE}.documents.id_card.dopa.person.wealth"),
    "unknown source": ("sso.employment", "bank.account", f"{HERE}.documents.employment.bank.account"),
}


@pytest.mark.parametrize(("before", "after", "key"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_reported_where_it_stands(
    before: str, after: str, key: str, tmp_path: Path, kinds: tuple[RecordKind, ...]
) -> None:
    assert before in SERVICES
    _, problems = read(tmp_path, kinds, SERVICES.replace(before, after, 1))
    assert [problem.key for problem in problems] == [key]


def test_no_documents_and_no_word_about_it_is_a_problem(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    _, problems = read(tmp_path, kinds, SERVICE)
    assert [problem.key for problem in problems] == [HERE]
    assert "no_documents" in problems[0].expected


def test_all_problems_of_a_file_come_at_once(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    text = (
        SERVICES.replace("sso.employment", "bank.account")
        .replace('["first_name"]', '["wealth"]')
        .replace('agency = "doe"', 'agency = "dlt"')
    )
    _, problems = read(tmp_path, kinds, text)
    assert {problem.key for problem in problems} == {
        f"{HERE}.agency",
        f"{HERE}.documents.id_card.dopa.person.wealth",
        f"{HERE}.documents.employment.bank.account",
    }


def test_agencies_that_cannot_be_told_are_not_compared(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    _, problems = read(tmp_path, kinds, SERVICES.replace("sso.employment", "bank.account"), Names(None, {"dopa"}))
    assert problems == []


def test_a_service_named_twice_and_no_service_at_all_are_problems(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    assert [p.key for p in read(tmp_path, kinds, SERVICES + SERVICES)[1]] == [f"{HERE}.id"]
    assert [p.key for p in read(tmp_path, kinds, "")[1]] == ["service"]


def test_a_folder_is_read_whole_and_an_id_stands_in_one_file_only(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "a.toml").write_text(SERVICES, encoding="utf-8")
    (folder / "b.toml").write_text(SERVICES.replace("jobseeker_registration", "job_fair"), encoding="utf-8")
    (folder / "notes.txt").write_text("not read", encoding="utf-8")
    problems: list[Problem] = []
    made, declared = read_catalogue(folder, kinds, NAMES, problems)
    assert problems == []
    assert sorted(declared or ()) == ["job_fair", "jobseeker_registration"]
    assert sorted(made.services) == ["job_fair", "jobseeker_registration"]

    (folder / "b.toml").write_text(SERVICE + DOCUMENTS, encoding="utf-8")
    again, _ = read_catalogue(folder, kinds, NAMES, problems)
    assert [(Path(p.file).name, p.key) for p in problems] == [("b.toml", f"{HERE}.id")]
    assert again.digest != made.digest


def test_a_file_that_cannot_be_read_leaves_nothing_declared(tmp_path: Path, kinds: tuple[RecordKind, ...]) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "a.toml").write_text(SERVICES, encoding="utf-8")
    (folder / "b.toml").write_text("[[service", encoding="utf-8")
    problems: list[Problem] = []
    made, declared = read_catalogue(folder, kinds, NAMES, problems)
    assert declared is None
    assert dict(made.services) == {}
    assert [Path(p.file).name for p in problems] == ["b.toml"]
