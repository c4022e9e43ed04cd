"""The catalogue as the contract says it: our names and the contract's are the same, and nothing is lost on the way."""

from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from google.type import date_pb2

from linkage.agreements import Book
from linkage.catalogue import FieldClass, FieldKind, NamesSubject, SourceKind, Sureness, load_records, read_catalogue
from linkage.identity import read_register
from linkage.in_force import InForce
from linkage.rpc.encode_catalogue import encode_entry, encode_record_type, encode_summary
from linkage.terms import RecordType, ServiceId, SubjectKind
from linkage.v1 import catalogue_pb2 as pb
from tests.catalogue.written import NAMES, RECORDS, write_services

REGISTER = """
revoked_serials = []
[[agency]]
id = "doe"
name_th = "กรมการจัดหางาน"
name_en = "Department of Employment"
"""


@pytest.fixture
def files(tmp_path: Path) -> InForce:
    (tmp_path / "records.toml").write_text(RECORDS, encoding="utf-8")
    (tmp_path / "register.toml").write_text(REGISTER, encoding="utf-8")
    register, _ = read_register(tmp_path / "register.toml", [])
    catalogue, _ = read_catalogue(write_services(tmp_path), load_records([tmp_path / "records.toml"]), NAMES, [])
    return InForce(register, catalogue, Book(()), "d" * 64)


ENUMS: list[tuple[type[Enum], Any, str]] = [
    (Sureness, pb.Sureness, "SURENESS_"),
    (SourceKind, pb.OriginKind, "ORIGIN_KIND_"),
    (SubjectKind, pb.SubjectKind, "SUBJECT_KIND_"),
    (NamesSubject, pb.SubjectNaming, "SUBJECT_NAMING_"),
    (FieldKind, pb.ValueKind, "VALUE_KIND_"),
    (FieldClass, pb.FieldClass, "FIELD_CLASS_"),
]


@pytest.mark.parametrize(("ours", "theirs", "prefix"), ENUMS, ids=[prefix for _, _, prefix in ENUMS])
def test_our_names_are_the_contract_s(ours: type[Enum], theirs: Any, prefix: str) -> None:
    assert [each.name for each in ours] == [name.removeprefix(prefix) for name in theirs.keys()[1:]]


def test_a_service_is_told_whole(files: InForce) -> None:
    entry = encode_entry(files.catalogue.services[ServiceId("jobseeker_registration")], files)

    assert ("กรมการจัดหางาน", "Department of Employment") == (entry.summary.agency.name.th, entry.summary.agency.name.en)
    assert ["doe"] == [agency.agency for agency in entry.offered_by]
    assert [False, True] == [step.HasField("span") for step in entry.steps]
    assert 20 == entry.steps[1].span.minutes
    assert (120, pb.SURENESS_RECALLED) == (entry.time.span.minutes, entry.time.sureness)
    assert ("ไม่มีค่าธรรมเนียม", False) == (entry.fee.text.th, entry.fee.HasField("span"))
    assert date_pb2.Date(year=2026, month=11, day=21) == entry.checked_on
    assert date_pb2.Date(year=2024, month=2, day=3) == entry.origins[0].published
    assert not entry.HasField("no_documents")


def test_a_document_is_connected_only_where_all_its_records_are(files: InForce) -> None:
    service = files.catalogue.services[ServiceId("jobseeker_registration")]
    card, employment, photograph = encode_entry(service, files).documents
    summary = encode_summary(service, files)

    assert (True, False, False) == (card.connected, employment.connected, photograph.connected)
    assert [("sso.employment", False), ("dopa.person", True)] == [(need.record_type, need.connected) for need in employment.needs]
    assert card.not_found_settles
    assert (3, 1) == (summary.documents, summary.documents_connected)
    assert "A present-day photograph is needed" == photograph.paper.en
    assert not card.HasField("paper")


def test_a_record_type_says_who_it_is_about_and_how_much_care_each_field_needs(files: InForce) -> None:
    told = encode_record_type(files.catalogue.records[RecordType("dopa.person")], "an assumption")

    assert ("dopa", "Department of Provincial Administration") == (told.source, told.legal_owner)
    assert ([pb.SUBJECT_KIND_PERSON], pb.SUBJECT_NAMING_NOBODY) == (list(told.subjects), told.subject_naming)
    assert [("first_name", pb.FIELD_CLASS_ORDINARY), ("religion", pb.FIELD_CLASS_SENSITIVE)] == [
        (field.name, field.field_class) for field in told.fields
    ]
    assert ("ศาสนา", "Religion", pb.VALUE_KIND_TEXT) == (told.fields[1].label.th, told.fields[1].label.en, told.fields[1].kind)
    assert "an assumption" == told.assumed
