"""Bundles about juristic persons: asked only where the counter names one and why, and compared with the answer."""

from pathlib import Path

import pytest

from linkage.errors import Reason
from linkage.v1 import lookup_pb2 as pb
from tests.journeys.joint import PAPER_ONLY, joint_counter, needs, results
from tests.journeys.logbook import entries, refusal

COMPANY = "0995500000014"
JURISTIC = """
[[agreement]]
id = "doe-dbd-joint"
title = "Test: juristic persons"
recipient = "doe"
source = "dbd"
services = ["joint_counter_demo", "juristic_service"]
least_assurance = "CARD_LASER"
legal_basis = "invented"
valid_from = 2026-01-01
valid_until = 2035-12-31
grounds = ["director"]
[agreement.records]
"dbd.juristic_person" = ["name_th", "status"]

[[agreement]]
id = "doe-gdx-joint"
title = "Test: persons and juristic persons at one source"
recipient = "doe"
source = "gdx"
services = ["joint_counter_demo"]
least_assurance = "CARD_LASER"
legal_basis = "invented"
valid_from = 2026-01-01
valid_until = 2035-12-31
grounds = ["director"]
[agreement.records]
"gdx.person" = ["first_name"]
"gdx.juristic_person" = ["name_th"]
"""
JURISTIC_SERVICE = PAPER_ONLY.replace("paper_only", "juristic_service").replace(
    'paper_th = "แพทย์ออกเป็นกระดาษ"\npaper_en = "Doctors write it on paper"',
    '[[service.documents.records]]\nrecord = "dbd.juristic_person"\nabout = "juristic"\nfields = ["name_th", "status"]',
)


def with_companies(folder: Path) -> None:
    (folder / "services" / "juristic.toml").write_text(JURISTIC_SERVICE, encoding="utf-8")
    (folder / "agreements" / "dbd.toml").write_text(JURISTIC, encoding="utf-8")
    agreed = folder / "agreements" / "agreements-joint-counter.toml"
    agreed.write_text(agreed.read_text(encoding="utf-8").replace('["joint_counter_demo"]', '["joint_counter_demo", "juristic_service"]'))


async def test_a_company_is_asked_about_only_where_the_counter_names_it_and_why(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        visit = await joint.visit(service="juristic_service")
        company = pb.JuristicPerson(juristic_number=COMPANY, ground="director")

        await refusal(joint.world, joint.bundle(visit, service="juristic_service"), Reason.NOTHING_TO_ASK)
        records, summary = await joint.bundle(visit, service="juristic_service", juristic_person=company)
        company.ground = "friend"
        others, _ = await joint.bundle(visit, service="juristic_service", juristic_person=company)

        found = records["dbd.juristic_person"].found
        assert found.record.fields[0].value.text == "บริษัท สมมติการค้า จำกัด"
        assert found.person_check == pb.PERSON_CHECK_NUMBER
        assert needs(summary) == {"medical_certificate": "NO_COPY"}
        assert others["dbd.juristic_person"].refused.reason == "GROUND_NOT_AGREED"
        facts = next(leaf["facts"] for leaf in entries(joint.world, "intent") if leaf["facts"].get("source") == "dbd")
        assert (facts["subject"], facts["ground"]) == ("juristic", "director")
        assert COMPANY not in (joint.world.folder / "log.db").read_bytes().decode("latin-1")


async def test_a_record_about_another_company_is_withheld(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        visit = await joint.visit(service="juristic_service")
        joint.simulators["dbd"].knobs.wrong_person = True

        company = pb.JuristicPerson(juristic_number=COMPANY, ground="director")
        records, summary = await joint.bundle(visit, service="juristic_service", juristic_person=company)

        assert records["dbd.juristic_person"].refused.reason == "RECORD_OF_ANOTHER_PERSON"
        assert needs(summary) == {"medical_certificate": "ASK"}


@pytest.mark.parametrize("record_type", ["dbd.juristic_person", "dopa.person"])
async def test_a_record_is_asked_only_about_whom_it_is_kept(tmp_path: Path, record_type: str) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        visit = await joint.visit()
        company = pb.Subject(juristic_person=pb.JuristicPerson(juristic_number=COMPANY, ground="director"))
        subject = pb.Subject(visit_person=pb.VisitPerson()) if record_type.startswith("dbd") else company
        fields = ["name_th"] if record_type.startswith("dbd") else ["title"]
        before = (joint.asked("dbd"), joint.asked("dopa"))

        records, _ = await joint.bundle(visit, records=[pb.RecordQuestion(record_type=record_type, fields=fields, subject=subject)])

        assert records[record_type].refused.reason == "SUBJECT_NOT_TAKEN"
        assert (joint.asked("dbd"), joint.asked("dopa")) == before


async def test_a_record_whose_subject_the_counter_named_is_about_nobody_else(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        company = pb.JuristicPerson(juristic_number=COMPANY, ground="director")
        asked = pb.RecordQuestion(record_type="dbd.juristic_person", fields=["name_th"], subject=pb.Subject(visit_person=pb.VisitPerson()))

        records, _ = await joint.bundle(await joint.visit(), records=[asked], juristic_person=company)

        assert records["dbd.juristic_person"].refused.reason == "SUBJECT_NOT_TAKEN"


async def test_a_person_and_a_company_are_never_asked_about_in_one_request(tmp_path: Path) -> None:
    async with joint_counter(tmp_path / "world", prepare=with_companies) as joint:
        company = pb.JuristicPerson(juristic_number=COMPANY, ground="director")
        asked = [
            pb.RecordQuestion(record_type="gdx.person", fields=["first_name"]),
            pb.RecordQuestion(record_type="gdx.juristic_person", fields=["name_th"]),
        ]

        records, _ = await joint.bundle(await joint.visit(), records=asked, juristic_person=company)

        assert results(records) == {"gdx.person": "found", "gdx.juristic_person": "found"}
        assert records["gdx.person"].found.record.fields[0].value.text == "สมมติ"
        assert records["gdx.juristic_person"].found.record.fields[0].value.text == "บริษัท สมมติการค้า จำกัด"
