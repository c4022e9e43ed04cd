"""The catalogue: names that exist, and everything that can be wrong with them."""

from pathlib import Path

import pytest

from linkage.catalogue import FieldClass, FieldKind, RecordKind, load_records, read_catalogue
from linkage.errors import Problem, Reason, Refusal, SettingsInvalid
from linkage.terms import FieldName, RecordType, ServiceId

RECORDS = """
[[record]]
type = "dopa.person"
title_th = "ข้อมูลบุคคล"
title_en = "Person"
legal_owner = "Department of Provincial Administration"
fields = [
  { name = "first_name", label_th = "ชื่อตัว", label_en = "First name", kind = "text", class = "ordinary" },
  { name = "religion", label_th = "ศาสนา", label_en = "Religion", kind = "text", class = "sensitive" },
]
"""

SERVICES = """
[[service]]
id = "jobseeker_registration"
name_th = "ขึ้นทะเบียนหางาน"
name_en = "Job-seeker registration"
agency = "doe"
"""


def records(folder: Path, text: str = RECORDS) -> tuple[RecordKind, ...]:
    (folder / "records.toml").write_text(text)
    return load_records([folder / "records.toml"])


def services(folder: Path, text: str) -> dict[str, Problem]:
    (folder / "services.toml").write_text(text)
    problems: list[Problem] = []
    read_catalogue(folder / "services.toml", records(folder), {"doe"}, problems)
    return {problem.key: problem for problem in problems}


def test_records_and_services_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "services.toml").write_text(SERVICES)
    made, _ = read_catalogue(tmp_path / "services.toml", records(tmp_path), {"doe"}, [])
    kind = made.record(RecordType("dopa.person"))
    assert kind is not None
    assert (kind.source, kind.legal_owner) == ("dopa", "Department of Provincial Administration")
    assert list(kind.fields) == ["first_name", "religion"]
    assert kind.fields[FieldName("religion")].sort is FieldClass.SENSITIVE
    assert kind.fields[FieldName("religion")].kind is FieldKind.TEXT
    assert made.record(RecordType("dopa.persons")) is None
    service = made.service(ServiceId("jobseeker_registration"))
    assert service is not None
    assert (service.name_th, service.agency) == ("ขึ้นทะเบียนหางาน", "doe")
    assert made.service(ServiceId("house_move")) is None


def test_a_name_nobody_knows_is_refused_with_the_place_it_stands_at(tmp_path: Path) -> None:
    (tmp_path / "services.toml").write_text(SERVICES)
    made, _ = read_catalogue(tmp_path / "services.toml", records(tmp_path), {"doe"}, [])
    person, first = RecordType("dopa.person"), FieldName("first_name")
    assert made.expect_service(ServiceId("jobseeker_registration")).agency == "doe"
    assert made.expect_record(person, [first]).type == person

    with pytest.raises(Refusal) as refused:
        made.expect_service(ServiceId("1100000000016"))
    assert refused.value.reason is Reason.UNKNOWN_SERVICE
    with pytest.raises(Refusal) as refused:
        made.expect_record(RecordType("dopa.1100000000016"), [first])
    assert refused.value.reason is Reason.UNKNOWN_RECORD_TYPE
    with pytest.raises(Refusal) as refused:
        made.expect_record(person, [FieldName("1100000000016"), first, FieldName("x")])
    assert refused.value.reason is Reason.UNKNOWN_FIELD
    assert [violation.field for violation in refused.value.violations] == ["fields[0]", "fields[2]"]
    assert "1100000000016" not in repr(refused.value.violations)


def test_the_digest_follows_services_and_fields(tmp_path: Path) -> None:
    (tmp_path / "services.toml").write_text(SERVICES)
    digests = set()
    for services_text, records_text in [
        (SERVICES, RECORDS),
        (SERVICES.replace("Job-seeker", "Jobseeker"), RECORDS),
        (SERVICES, RECORDS.replace('"sensitive"', '"ordinary"')),
        (SERVICES, RECORDS.replace('"religion"', '"faith"')),
    ]:
        (tmp_path / "services.toml").write_text(services_text)
        made, _ = read_catalogue(tmp_path / "services.toml", records(tmp_path, records_text), {"doe"}, [])
        digests.add(made.digest)
    assert len(digests) == 4


WRONG_SERVICES = {
    "unknown key": ('agency = "doe"', 'agency = "doe"\nfee = 0', "service[jobseeker_registration].fee"),
    "missing key": ('agency = "doe"', "", "service[jobseeker_registration].agency"),
    "unknown agency": ('"doe"', '"sso"', "service[jobseeker_registration].agency"),
    "bad id": ("jobseeker_registration", "Job seeker", "service[Job seeker].id"),
    "empty name": ('"Job-seeker registration"', '""', "service[jobseeker_registration].name_en"),
    "unknown top-level key": ("[[service]]", "[[services]]\n[[service]]", "services"),
}


@pytest.mark.parametrize(("before", "after", "key"), WRONG_SERVICES.values(), ids=WRONG_SERVICES.keys())
def test_what_is_wrong_with_services_is_reported_where_it_stands(before: str, after: str, key: str, tmp_path: Path) -> None:
    assert before in SERVICES
    assert set(services(tmp_path, SERVICES.replace(before, after, 1))) == {key}


def test_a_service_named_twice_and_no_service_at_all_are_problems(tmp_path: Path) -> None:
    assert set(services(tmp_path, SERVICES + SERVICES)) == {"service[jobseeker_registration].id"}
    assert set(services(tmp_path, "")) == {"service"}


WRONG_RECORDS = {
    "unknown kind": ('kind = "text", class = "ordinary"', 'kind = "string", class = "ordinary"', "record[dopa.person].fields.0.kind"),
    "unknown class": ('class = "sensitive"', 'class = "secret"', "record[dopa.person].fields.1.class"),
    "no class": (', class = "sensitive"', "", "record[dopa.person].fields.1.class"),
    "field twice": ('"religion"', '"first_name"', "record[dopa.person].fields.first_name"),
    "type without source": ('"dopa.person"', '"person"', "record[person].type"),
    "unknown key": ('title_en = "Person"', 'title_en = "Person"\nowner = "x"', "record[dopa.person].owner"),
    "camel case": ('"first_name"', '"firstName"', "record[dopa.person].fields.0.name"),
}


@pytest.mark.parametrize(("before", "after", "key"), WRONG_RECORDS.values(), ids=WRONG_RECORDS.keys())
def test_what_is_wrong_with_record_types_is_reported_where_it_stands(before: str, after: str, key: str, tmp_path: Path) -> None:
    assert before in RECORDS
    with pytest.raises(SettingsInvalid) as invalid:
        records(tmp_path, RECORDS.replace(before, after, 1))
    assert [problem.key for problem in invalid.value.problems] == [key]


def test_one_record_type_of_two_adapters_is_a_problem(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(RECORDS)
    with pytest.raises(SettingsInvalid) as invalid:
        load_records([tmp_path / "a.toml", tmp_path / "b.toml"])
    assert [(p.key, Path(p.file).name) for p in invalid.value.problems] == [("record[dopa.person].type", "b.toml")]


def test_problems_of_all_record_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("nothing")
    with pytest.raises(SettingsInvalid) as invalid:
        load_records([tmp_path / "a.toml", tmp_path / "none.toml"])
    assert len(invalid.value.problems) == 2
