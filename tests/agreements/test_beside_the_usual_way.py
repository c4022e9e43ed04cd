"""Decisions about what stands beside the usual way: visits by exception, and codes exchanged on the way of a login."""

from datetime import date
from typing import Any

import pytest

from linkage.agreements import Deny, Permit, decide_code_exchange, decide_lookup
from linkage.errors import Reason
from linkage.terms import Assurance, CitizenNumber, FieldName, RecordType, ServiceId, VisitPerson

TODAY = date(2026, 6, 1)
NUMBER = CitizenNumber("1100000000016")  # invented


def reason(decision: Permit | Deny) -> Reason:
    assert isinstance(decision, Deny)
    assert NUMBER.reveal() not in decision.detail
    return decision.reason


@pytest.fixture
def lookup(book: Any, neighbours: Any, caller: Any) -> Any:
    """Ask for a person's name in a visit by exception, with changes."""

    def ask(*agreements: Any, **changes: Any) -> Permit | Deny:
        asked: dict[str, Any] = {
            "recipient": "doe",
            "service": ServiceId("jobseeker_registration"),
            "record_type": RecordType("dopa.person"),
            "fields": (FieldName("first_name"),),
            "assurance": Assurance.EXCEPTION,
            "subject": VisitPerson(NUMBER),
            "today": TODAY,
        }
        return decide_lookup(book(*agreements), neighbours, caller(), **{**asked, **changes})

    return ask


def test_a_visit_by_exception_is_granted_nothing_by_an_agreement_that_does_not_name_that_exception(lookup: Any, agreement: Any) -> None:
    unnamed = agreement(id="a", least_assurance=Assurance.EXCEPTION, exceptions={})
    naming = agreement(id="b", least_assurance=Assurance.EXCEPTION)

    assert reason(lookup(unnamed, exception="bedridden")) is Reason.EXCEPTION_NOT_AGREED
    assert reason(lookup(naming, exception="no_time")) is Reason.EXCEPTION_NOT_AGREED
    assert reason(lookup(naming)) is Reason.EXCEPTION_NOT_AGREED
    decision = lookup(unnamed, naming, exception="bedridden")
    assert isinstance(decision, Permit)
    assert decision.grant.agreement_id == "b"


@pytest.fixture
def exchange(book: Any, neighbours: Any, caller: Any, agreement: Any) -> Any:
    def ask(**changes: Any) -> Permit | Deny:
        asked: dict[str, Any] = {"recipient": "doe", "source": "thaid", "today": changes.pop("today", TODAY)}
        app = agreement(**{"id": "doe-thaid", "source": "thaid", "evidence": frozenset({Assurance.THAID}), "login": False, **changes})
        return decide_code_exchange(book(agreement(), app), neighbours, caller(), **asked)

    return ask


def test_a_code_is_exchanged_under_an_agreement_with_the_source_that_exchanges_it(exchange: Any) -> None:
    for changes in ({}, {"evidence": frozenset(), "login": True}):
        decision = exchange(**changes)
        assert isinstance(decision, Permit)
        assert decision.grant.agreement_id == "doe-thaid"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"source": "dbd"}, Reason.NO_AGREEMENT),
        ({"today": date(2027, 1, 1)}, Reason.AGREEMENT_NOT_IN_FORCE),
        ({"evidence": frozenset()}, Reason.LOGIN_NOT_AGREED),
    ],
)
def test_each_exchange_outside_the_agreement_is_refused_by_its_own_reason(changes: dict[str, Any], expected: Reason, exchange: Any) -> None:
    assert reason(exchange(**changes)) is expected
