"""The catalogue: names that exist, and everything that can be wrong with them."""

from pathlib import Path

import pytest

from linkage.catalogue import Catalogue, FieldClass, FieldKind, RecordKind, load_records, read_catalogue
from linkage.errors import Reason, Refusal, SettingsInvalid
from linkage.terms import FieldName, RecordType, ServiceId
from tests.catalogue.written import NAMES, RECORDS, SERVICES, write_services


def records(folder: Path, text: str = RECORDS) -> tuple[RecordKind, ...]:
    (folder / "records.toml").write_text(text)
    return load_records([folder / "records.toml"])


def catalogue(folder: Path) -> Catalogue:
    made, _ = read_catalogue(write_services(folder), records(folder), NAMES, [])
    return made


def test_records_and_services_are_found_by_name(tmp_path: Path) -> None:
    made = catalogue(tmp_path)
    kind = made.record(RecordType("dopa.person"))
    assert kind is not None
    assert (kind.source, kind.legal_owner) == ("dopa", "Department of Provincial Administration")
    assert list(kind.fields) == ["first_name", "religion"]
    assert kind.fields[FieldName("religion")].sort is FieldClass.SENSITIVE
    assert kind.fields[FieldName("religion")].kind is FieldKind.TEXT
    assert made.record(RecordType("dopa.persons")) is None
    service = made.service(ServiceId("jobseeker_registration"))
    assert service is not None
    assert (service.name.th, service.agency) == ("ขึ้นทะเบียนหางาน", "doe")
    assert made.service(ServiceId("house_move")) is None


def test_a_name_nobody_knows_is_refused_with_the_place_it_stands_at(tmp_path: Path) -> None:
    made = catalogue(tmp_path)
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


def test_the_digest_follows_services_and_records(tmp_path: Path) -> None:
    digests = set()
    for services_text, records_text in [
        (SERVICES, RECORDS),
        (SERVICES.replace("Job-seeker", "Jobseeker"), RECORDS),
        (SERVICES, RECORDS.replace('"sensitive"', '"ordinary"')),
        (SERVICES, RECORDS.replace('"religion"', '"faith"')),
        (SERVICES, RECORDS.replace("[[record]]", '[[record]]\nnames_subject = "number"')),
        (SERVICES, RECORDS.replace("[[record]]", '[[record]]\nsubjects = ["person", "juristic"]')),
    ]:
        made, _ = read_catalogue(write_services(tmp_path, services_text), records(tmp_path, records_text), NAMES, [])
        digests.add(made.digest)
    assert len(digests) == 6


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
