"""The sample catalogue against every record type an adapter of ours discloses: whole, bilingual, and asking for no more than it needs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.catalogue import Catalogue, FieldClass, Names, Service, Sureness, Text, load_records, read_catalogue
from linkage.errors import Problem
from linkage.identity import read_register
from linkage.terms import ServiceId

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "sample"
THAI = re.compile("[ก-๙]")
GIVEN = {
    "electricity_connection_pea",
    "electricity_connection_mea",
    "electricity_meter_transfer",
    "water_connection_pwa",
    "water_connection_mwa",
    "water_meter_transfer",
    "work_permit_renewal",
    "jobseeker_registration",
    "unemployment_benefit",
    "labour_complaint",
    "justice_fund",
    "bankruptcy_certificate",
    "factory_licence_transfer",
    "commercial_registration",
    "driving_licence_renewal",
    "elderly_allowance",
    "disability_card",
    "disability_allowance",
    "child_grant",
    "id_card_renewal",
    "house_move",
}
DEMO = ServiceId("joint_counter_demo")


def read() -> tuple[Catalogue, list[Problem]]:
    problems: list[Problem] = []
    kinds = load_records(sorted(ROOT.glob("adapters/*/records.toml")))
    _, agencies = read_register(SAMPLE / "register.toml", problems)
    catalogue, _ = read_catalogue(SAMPLE / "services", kinds, Names(agencies, {kind.source for kind in kinds}), problems)
    return catalogue, [problem for problem in problems if "jwks" not in problem.key]  # officers' keys are made with the demo


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read()[0]


def texts(service: Service) -> Iterator[Text]:
    yield service.name
    yield from (step.text for step in service.steps)
    yield from (fact.text for fact in (service.time, service.fee, service.law))
    for document in service.documents:
        yield from (text for text in (document.name, document.issued_by, document.condition, document.paper) if text is not None)


def test_every_need_is_disclosed_by_an_adapter_of_ours() -> None:
    catalogue, problems = read()
    assert problems == []
    needs = {need.record_type for service in catalogue.services.values() for document in service.documents for need in document.needs}
    assert {record_type for record_type in needs if not catalogue.connected(record_type)} == set()


def test_the_services_that_certified_centres_give_are_there(catalogue: Catalogue) -> None:
    assert set(catalogue.services) == {*GIVEN, DEMO}
    assert [service.id for service in catalogue.services.values() if service.invented] == [DEMO]


def test_every_sentence_stands_in_both_languages(catalogue: Catalogue) -> None:
    said = [text for service in catalogue.services.values() for text in texts(service)]
    assert [text for text in said if THAI.search(text.en) or not THAI.search(text.th)] == []


def test_what_is_not_known_says_who_must_be_asked(catalogue: Catalogue) -> None:
    given = [service for service in catalogue.services.values() if not service.invented]
    unknown = [fact for service in given for fact in (service.time, service.fee, service.law) if fact.sure is Sureness.UNKNOWN]
    assert unknown
    assert [fact.text.en for fact in unknown if not re.search(r"\b(ask|see) the\b", fact.text.en)] == []
    assert [fact.text.th for fact in unknown if not re.search("ให้(ถาม|ดู)", fact.text.th)] == []


def test_sensitive_fields_are_needed_only_where_the_paper_is_the_disability_card(catalogue: Catalogue) -> None:
    sensitive = set()
    for service in catalogue.services.values():
        for need in service.needs():
            kind = catalogue.records[need.record_type]
            sensitive |= {(need.record_type, name) for name in need.fields if kind.fields[name].sort is not FieldClass.ORDINARY}
    assert sensitive == {("dep.disability_card", "card_expires_on")}


def test_the_demonstration_is_six_documents_from_six_agencies(catalogue: Catalogue) -> None:
    demo = catalogue.services[DEMO]
    assert [[need.record_type for need in document.needs] for document in demo.documents] == [
        ["dopa.person"],
        ["sso.employment"],
        ["led.bankruptcy"],
        ["dlt.driving_licence"],
        ["dep.disability_card"],
        ["moj.justice_fund_case"],
    ]
    assert [document.id for document in demo.documents if document.not_found_settles] == ["bankruptcy_certificate"]
    assert "invented" in demo.name.en
