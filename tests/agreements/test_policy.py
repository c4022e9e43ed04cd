"""Decisions: what one agreement permits, and a reason for everything else."""

from datetime import date, timedelta
from typing import Any

import pytest

from linkage.agreements import Deny, Permit, decide_login, decide_lookup, decide_verification
from linkage.errors import Reason, Refusal
from linkage.terms import (
    Assurance,
    CardChip,
    CardLaser,
    CitizenNumber,
    Evidence,
    FieldName,
    JuristicNumber,
    JuristicPerson,
    Officer,
    PartialDate,
    PersonName,
    PresenceException,
    RecordType,
    Secret,
    ServiceId,
    ThaidCode,
    VisitPerson,
)

TODAY = date(2026, 6, 1)
NUMBER = CitizenNumber("1100000000016")  # invented
PERSON = VisitPerson(NUMBER)
COMPANY = JuristicPerson(JuristicNumber("0999000000001"), "director")
FIRST, LAST, BORN, PROVINCE = FieldName("first_name"), FieldName("last_name"), FieldName("birth_date"), FieldName("province")

LASER = CardLaser(NUMBER, PersonName("สมมุติ", "ไม่จริง"), PartialDate(1990, 1, 1), Secret("AA0000000000"))
CHIP = CardChip(NUMBER, Secret("0" * 16), Secret("0" * 14), PartialDate(1990, 1, 1))
THAID = ThaidCode(Secret("code"), "https://counter.example/")


def excused(exception: str = "bedridden", issuer: str = "https://officers.doe.example", subject: str = "officer-0002") -> PresenceException:
    return PresenceException(NUMBER, exception, Secret("..."), Officer(issuer, subject))


@pytest.fixture
def lookup(book: Any, neighbours: Any, caller: Any, agreement: Any) -> Any:
    """Ask for a person's names, with changes."""

    def ask(*agreements: Any, by: str = "doe", **changes: Any) -> Permit | Deny:
        asked: dict[str, Any] = {
            "recipient": "doe",
            "service": ServiceId("jobseeker_registration"),
            "record_type": RecordType("dopa.person"),
            "fields": (LAST, FIRST),
            "assurance": Assurance.CARD_LASER,
            "subject": PERSON,
            "today": TODAY,
        }
        return decide_lookup(book(*(agreements or (agreement(),))), neighbours, caller(by), **{**asked, **changes})

    return ask


@pytest.fixture
def verification(book: Any, neighbours: Any, caller: Any, agreement: Any) -> Any:
    def ask(evidence: Evidence, *agreements: Any, by: str = "doe", **changes: Any) -> Permit | Deny:
        asked: dict[str, Any] = {"recipient": "doe", "service": ServiceId("jobseeker_registration"), "today": TODAY}
        return decide_verification(book(*(agreements or (agreement(),))), neighbours, caller(by), evidence=evidence, **{**asked, **changes})

    return ask


@pytest.fixture
def login(book: Any, neighbours: Any, caller: Any, agreement: Any) -> Any:
    def ask(*agreements: Any, by: str = "doe", **changes: Any) -> Permit | Deny:
        asked: dict[str, Any] = {"recipient": "doe", "source": "dopa", "today": TODAY}
        return decide_login(book(*(agreements or (agreement(),))), neighbours, caller(by), **{**asked, **changes})

    return ask


def reason(decision: Permit | Deny) -> Reason:
    assert isinstance(decision, Deny)
    assert NUMBER.reveal() not in decision.detail
    return decision.reason


# ---- lookups -------------------------------------------------------------------------------------------------------------


def test_what_the_agreement_covers_is_permitted_in_the_order_asked(lookup: Any) -> None:
    decision = lookup()

    assert isinstance(decision, Permit)
    grant = decision.grant
    assert (grant.agreement_id, grant.agreement_digest, grant.legal_basis) == ("doe-dopa", "d1", "Act B.E. 2565 s. 12")
    assert (grant.recipient, grant.source, grant.service) == ("doe", "dopa", "jobseeker_registration")
    assert (grant.record_type, grant.fields, grant.assurance) == ("dopa.person", (LAST, FIRST), Assurance.CARD_LASER)
    assert grant.facts() == {
        "agreement": "doe-dopa",
        "agreement_digest": "d1",
        "legal_basis": "Act B.E. 2565 s. 12",
        "source": "dopa",
    }


REFUSED: dict[str, tuple[dict[str, Any], Reason]] = {
    "an unknown recipient": ({"recipient": "sso"}, Reason.UNKNOWN_RECIPIENT),
    "an agency that may not act": ({"by": "dlpw"}, Reason.NOT_ACTING_FOR_RECIPIENT),
    "a recipient without agreements": ({"recipient": "dlpw", "by": "dlpw"}, Reason.NO_AGREEMENT),
    "a source without agreement": ({"record_type": "dbd.profile"}, Reason.NO_AGREEMENT),
    "a source whose name only begins alike": ({"record_type": "dopax.person"}, Reason.NO_AGREEMENT),
    "a record type without a source": ({"record_type": "person"}, Reason.NO_AGREEMENT),
    "the day before": ({"today": date(2025, 12, 31)}, Reason.AGREEMENT_NOT_IN_FORCE),
    "the day after": ({"today": date(2027, 1, 1)}, Reason.AGREEMENT_NOT_IN_FORCE),
    "another service": ({"service": "house_move"}, Reason.SERVICE_NOT_AGREED),
    "another record type": ({"record_type": "dopa.id_card"}, Reason.RECORD_TYPE_NOT_AGREED),
    "a field outside": ({"fields": (FIRST, FieldName("religion"))}, Reason.FIELD_NOT_AGREED),
    "a field of another record type": ({"fields": (PROVINCE,)}, Reason.FIELD_NOT_AGREED),
    "no field at all": ({"fields": ()}, Reason.FIELD_NOT_AGREED),
    "too weak an assurance": ({"assurance": Assurance.EXCEPTION}, Reason.ASSURANCE_TOO_LOW),
    "another ground": ({"subject": JuristicPerson(COMPANY.number, "shareholder")}, Reason.GROUND_NOT_AGREED),
}


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_each_lookup_outside_the_agreement_is_refused_by_its_own_reason(changes: dict[str, Any], expected: Reason, lookup: Any) -> None:
    assert reason(lookup(**changes)) is expected


def test_the_first_reason_in_order_is_given(lookup: Any) -> None:
    wrong: dict[str, Any] = {}
    order = ["another ground", "too weak an assurance", "a field outside", "another record type", "another service", "the day after"]
    for name in [*order, "a source without agreement", "an agency that may not act", "an unknown recipient"]:
        changes, expected = REFUSED[name]
        wrong = {**wrong, **changes}
        assert reason(lookup(**wrong)) is expected


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_the_first_and_the_last_day_are_in_force(day: date, lookup: Any) -> None:
    assert isinstance(lookup(today=day), Permit)


def test_a_stronger_assurance_than_needed_is_enough(lookup: Any) -> None:
    assert all(isinstance(lookup(assurance=assurance), Permit) for assurance in Assurance if assurance >= Assurance.CARD_LASER)


def test_a_named_ground_lets_a_person_act_for_a_company(lookup: Any) -> None:
    assert isinstance(lookup(subject=COMPANY), Permit)


def test_another_agency_s_counter_acts_where_the_agreement_says_so(lookup: Any, agreement: Any) -> None:
    assert isinstance(lookup(agreement(acting=frozenset({"doe", "dlpw"})), by="dlpw"), Permit)


def test_two_agreements_are_never_added_up(lookup: Any, agreement: Any) -> None:
    names = agreement(id="a", records={"dopa.person": frozenset({FIRST})})
    dates = agreement(id="b", records={"dopa.person": frozenset({BORN})})
    assert reason(lookup(names, dates, fields=(FIRST, BORN))) is Reason.FIELD_NOT_AGREED

    strong = agreement(id="c", least_assurance=Assurance.THAID)
    old = agreement(id="d", valid_until=TODAY - timedelta(days=1))
    assert reason(lookup(strong, old)) is Reason.ASSURANCE_TOO_LOW

    elsewhere = agreement(id="e", acting=frozenset({"doe", "dlpw"}), services=frozenset({"house_move"}))
    assert reason(lookup(agreement(), elsewhere, by="dlpw")) is Reason.SERVICE_NOT_AGREED


def test_the_log_s_reader_is_told_which_agreements_came_furthest(lookup: Any, agreement: Any) -> None:
    old, ended = (agreement(id=name, valid_until=TODAY - timedelta(days=1)) for name in "ad")
    names = agreement(id="b", records={"dopa.person": frozenset({FIRST})})
    dates = agreement(id="c", records={"dopa.person": frozenset({BORN})})

    assert lookup(old, names, dates, ended, fields=(FIRST, BORN)).detail == "considered: b, c"
    assert lookup(recipient="dlpw", by="dlpw").detail == "no agreement of the recipient"


def test_of_several_that_permit_the_first_by_id_is_taken(lookup: Any, agreement: Any) -> None:
    decision = lookup(agreement(id="z"), agreement(id="m"), agreement(id="b", least_assurance=Assurance.THAID))
    assert isinstance(decision, Permit)
    assert decision.grant.agreement_id == "m"


def test_another_recipient_s_agreement_grants_nothing(lookup: Any, agreement: Any) -> None:
    assert reason(lookup(agreement(recipient="dlpw", acting=frozenset({"dlpw", "doe"})))) is Reason.NO_AGREEMENT


# ---- verifications -------------------------------------------------------------------------------------------------------------


def test_the_agreement_that_names_the_evidence_names_the_source(verification: Any, agreement: Any) -> None:
    app = agreement(id="doe-thaid", source="thaid", evidence=frozenset({Assurance.THAID}))
    for evidence, source, assurance in [
        (LASER, "dopa", Assurance.CARD_LASER),
        (CHIP, "dopa", Assurance.CARD_CHIP),
        (THAID, "thaid", Assurance.THAID),
    ]:
        decision = verification(evidence, agreement(), app)
        assert isinstance(decision, Permit)
        assert (decision.grant.source, decision.grant.assurance, decision.grant.exception) == (source, assurance, None)
        assert (decision.grant.service, decision.grant.record_type, decision.grant.fields) == ("jobseeker_registration", None, ())


@pytest.mark.parametrize(
    ("evidence", "changes", "expected"),
    [
        (LASER, {"recipient": "sso"}, Reason.UNKNOWN_RECIPIENT),
        (LASER, {"by": "dlpw"}, Reason.NOT_ACTING_FOR_RECIPIENT),
        (LASER, {"recipient": "dlpw", "by": "dlpw"}, Reason.NO_AGREEMENT),
        (excused(), {"recipient": "dlpw", "by": "dlpw"}, Reason.NO_AGREEMENT),
        (THAID, {}, Reason.EVIDENCE_NOT_AGREED),
        (LASER, {"today": date(2027, 1, 1)}, Reason.AGREEMENT_NOT_IN_FORCE),
        (LASER, {"service": "house_move"}, Reason.SERVICE_NOT_AGREED),
        (excused("no_time"), {}, Reason.EXCEPTION_NOT_AGREED),
        (excused(), {"today": date(2027, 1, 1)}, Reason.AGREEMENT_NOT_IN_FORCE),
        (excused(), {"service": "house_move"}, Reason.SERVICE_NOT_AGREED),
        (excused(subject="officer-0001"), {}, Reason.SECOND_OFFICER_NOT_ACCEPTED),
        (excused(issuer="https://more.doe.example", subject="officer-0001"), {}, Reason.SECOND_OFFICER_NOT_ACCEPTED),
        (excused(issuer="https://officers.dlpw.example"), {}, Reason.SECOND_OFFICER_NOT_ACCEPTED),
        (excused(issuer="https://officers.elsewhere.example"), {}, Reason.SECOND_OFFICER_NOT_ACCEPTED),
    ],
)
def test_each_verification_outside_the_agreement_is_refused_by_its_own_reason(
    evidence: Evidence, changes: dict[str, Any], expected: Reason, verification: Any
) -> None:
    assert reason(verification(evidence, **changes)) is expected


def test_an_officer_of_no_known_agency_has_no_second_officer(
    verification: Any, book: Any, neighbours: Any, caller: Any, agreement: Any
) -> None:
    neighbours.issuers.clear()
    assert reason(verification(excused())) is Reason.SECOND_OFFICER_NOT_ACCEPTED


def test_a_named_exception_is_permitted_with_a_second_officer_of_the_same_agency(verification: Any) -> None:
    for issuer in ("https://officers.doe.example", "https://more.doe.example"):
        decision = verification(excused(issuer=issuer))
        assert isinstance(decision, Permit)
        assert decision.grant.exception is not None
        assert (decision.grant.exception.name, decision.grant.assurance) == ("bedridden", Assurance.EXCEPTION)


def test_evidence_of_one_agreement_does_not_open_the_service_of_another(verification: Any, agreement: Any) -> None:
    without = agreement(id="b", evidence=frozenset(), services=frozenset({"house_move"}))
    assert reason(verification(LASER, agreement(), without, service="house_move")) is Reason.SERVICE_NOT_AGREED


# ---- logins -----------------------------------------------------------------------------------------------------------------


def test_officers_may_log_in_where_the_agreement_says_so(login: Any) -> None:
    decision = login()
    assert isinstance(decision, Permit)
    assert (decision.grant.source, decision.grant.service, decision.grant.fields) == ("dopa", None, ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipient": "sso"}, Reason.UNKNOWN_RECIPIENT),
        ({"by": "dlpw"}, Reason.NOT_ACTING_FOR_RECIPIENT),
        ({"source": "thaid"}, Reason.NO_AGREEMENT),
        ({"today": date(2027, 1, 1)}, Reason.AGREEMENT_NOT_IN_FORCE),
    ],
)
def test_each_login_outside_the_agreement_is_refused_by_its_own_reason(changes: dict[str, Any], expected: Reason, login: Any) -> None:
    assert reason(login(**changes)) is expected


def test_an_agreement_without_login_grants_none(login: Any, agreement: Any) -> None:
    assert reason(login(agreement(login=False))) is Reason.LOGIN_NOT_AGREED


def test_a_denial_is_a_value_that_can_be_raised_as_a_refusal() -> None:
    refusal = Deny(Reason.NO_AGREEMENT, "considered: doe-dopa").refusal()
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.detail) == (Reason.NO_AGREEMENT, "considered: doe-dopa")
