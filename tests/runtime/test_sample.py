"""The sample register and agreements: what they promise a reader."""

import tomllib
from pathlib import Path

import pytest

from linkage.agreements import Deny, Permit, decide_login, decide_lookup, decide_verification
from linkage.catalogue import FieldClass, load_records
from linkage.clock import thai_day
from linkage.errors import Reason
from linkage.in_force import InForce
from linkage.runtime.files import load_files
from linkage.settings import Settings
from linkage.terms import (
    Assurance,
    Caller,
    CardChip,
    CardLaser,
    CitizenNumber,
    Counter,
    Evidence,
    FieldName,
    Officer,
    PartialDate,
    PersonName,
    PresenceException,
    RecipientId,
    RecordType,
    Secret,
    ServiceId,
    SourceName,
    VisitPerson,
)

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "sample"
KINDS = load_records([ROOT / "adapters" / "dopa" / "records.toml"])
PERSON, FIRST = RecordType("dopa.person"), FieldName("first_name")
TODAY = thai_day(1_800_000_000_000)
NUMBER = CitizenNumber("1100000000016")  # invented
LASER = CardLaser(NUMBER, PersonName("สมมุติ", "ไม่จริง"), PartialDate(1990, 1, 1), Secret("AA0000000000"))
CHIP = CardChip(NUMBER, Secret("0" * 16), Secret("0" * 14), PartialDate(1990, 1, 1))
DOE, DLPW, DLA = RecipientId("doe"), RecipientId("dlpw"), RecipientId("dla")
JOBS, COMPLAINT, ELDERLY = ServiceId("jobseeker_registration"), ServiceId("labour_complaint"), ServiceId("elderly_allowance")


@pytest.fixture(scope="module")
def sample() -> InForce:
    absent = Path("/absent")
    log = dict.fromkeys(("path", "signing_key", "data_keys", "key_encryption_keys", "pseudonym_keys"), absent)
    said = {
        "server": {"certificate": absent, "key": absent, "client_ca": absent},
        "log": {"origin": "linkage.example/audit", **log},
        "tokens": {"keys": absent},
        "files": {
            name: SAMPLE / file
            for name, file in (("register", "register.toml"), ("agreements", "agreements.toml"), ("services", "services"))
        },
        "sources": {name: {"adapter": name, "recipients": {key: {} for key in ("doe", "dlpw", "dla")}} for name in ("dopa", "thaid")},
    }
    return load_files(Settings.model_validate(said), KINDS)


def at(sample: InForce, centre: str) -> Caller:
    agency = sample.register.centres[centre].agency
    counter = Counter(f"spiffe://linkage.example/centre/{centre}/counter/1", centre, agency, "thumbprint")
    assert counter.uri in sample.register.counters
    return Caller(counter, Officer(f"https://officers.{agency}.example", "officer-0001"))


def test_no_sensitive_field_and_no_parent_s_number_is_granted(sample: InForce) -> None:
    for agreement in sample.book.agreements:
        for record_type, fields in agreement.records.items():
            kind = sample.catalogue.record(record_type)
            assert kind is not None
            granted = [kind.fields[name] for name in fields]
            assert all(field.sort is FieldClass.ORDINARY for field in granted)
            assert not any("number" in field.name for field in granted)


def test_a_joint_centre_s_counter_acts_for_both_labour_departments(sample: InForce) -> None:
    for recipient, service, assurance in [(DOE, JOBS, Assurance.CARD_LASER), (DLPW, COMPLAINT, Assurance.CARD_CHIP)]:
        decision = decide_lookup(
            sample.book,
            sample.register,
            at(sample, "cm-01"),
            recipient=recipient,
            service=service,
            record_type=PERSON,
            fields=[FIRST],
            assurance=assurance,
            subject=VisitPerson(NUMBER),
            today=TODAY,
        )
        assert isinstance(decision, Permit)


def test_the_other_department_s_own_counter_does_not_act_for_the_first(sample: InForce) -> None:
    decision = decide_verification(
        sample.book, sample.register, at(sample, "lp-01"), recipient=DOE, service=JOBS, evidence=LASER, today=TODAY
    )
    assert isinstance(decision, Deny)
    assert decision.reason is Reason.NOT_ACTING_FOR_RECIPIENT


def test_a_labour_complaint_needs_the_chip(sample: InForce) -> None:
    shown: list[tuple[Evidence, Reason | None]] = [(LASER, Reason.EVIDENCE_NOT_AGREED), (CHIP, None)]
    for evidence, reason in shown:
        decision = decide_verification(
            sample.book, sample.register, at(sample, "cm-01"), recipient=DLPW, service=COMPLAINT, evidence=evidence, today=TODAY
        )
        assert (decision.reason if isinstance(decision, Deny) else None) is reason


def test_a_bedridden_person_s_allowance_is_an_exception_of_two_officers(sample: InForce) -> None:
    caller = at(sample, "cm-01")
    evidence = PresenceException(NUMBER, "bedridden", Secret("..."), Officer(caller.officer.issuer, "officer-0002"))
    decision = decide_verification(sample.book, sample.register, caller, recipient=DLA, service=ELDERLY, evidence=evidence, today=TODAY)
    assert isinstance(decision, Permit)
    assert (decision.grant.source, decision.grant.assurance) == ("dopa", Assurance.EXCEPTION)


def test_officers_log_in_at_dopa(sample: InForce) -> None:
    decision = decide_login(sample.book, sample.register, at(sample, "cm-01"), recipient=DOE, source=SourceName("dopa"), today=TODAY)
    assert isinstance(decision, Permit)


def test_every_officers_key_of_the_sample_is_public_only() -> None:
    for path in SAMPLE.glob("*.json"):
        assert '"d"' not in path.read_text()
    assert "jwks_file" in str(tomllib.loads((SAMPLE / "register.toml").read_text()))
