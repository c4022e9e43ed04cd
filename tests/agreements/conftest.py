from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from linkage.agreements import Agreement, Book, NamedException
from linkage.terms import (
    Agency,
    Assurance,
    Caller,
    Counter,
    FieldName,
    Officer,
    RecipientId,
    RecordType,
    ServiceId,
    SourceName,
)

TODAY = date(2026, 6, 1)
DOE = "https://officers.doe.example"


@dataclass(frozen=True)
class Neighbours:
    """Who exists: two labour agencies and the officers they send."""

    agencies: dict[RecipientId, Agency]
    issuers: dict[str, RecipientId]

    def agency_of_issuer(self, issuer: str) -> RecipientId | None:
        return self.issuers.get(issuer)


def make_agreement(**changes: Any) -> Agreement:
    """An agreement of the Department of Employment with DOPA, with changes."""
    bedridden = NamedException("bedridden", "ผู้ป่วยติดเตียง", "Bedridden")
    said: dict[str, Any] = {
        "id": "doe-dopa",
        "title": "Sample",
        "recipient": RecipientId("doe"),
        "acting": frozenset({RecipientId("doe")}),
        "source": SourceName("dopa"),
        "services": frozenset({ServiceId("jobseeker_registration")}),
        "records": {
            RecordType("dopa.person"): frozenset({FieldName("first_name"), FieldName("last_name"), FieldName("birth_date")}),
            RecordType("dopa.house"): frozenset({FieldName("province")}),
        },
        "evidence": frozenset({Assurance.CARD_LASER, Assurance.CARD_CHIP}),
        "login": True,
        "least_assurance": Assurance.CARD_LASER,
        "legal_basis": "Act B.E. 2565 s. 12",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "grounds": frozenset({"director"}),
        "exceptions": {"bedridden": bedridden},
        "digest": "d1",
    }
    return Agreement(**{**said, **changes})


def make_caller(agency: str = "doe", *, subject: str = "officer-0001") -> Caller:
    counter = Counter("spiffe://linkage.example/centre/cm-01/counter/1", "cm-01", RecipientId(agency), "thumbprint")
    return Caller(counter, Officer(DOE, subject))


@pytest.fixture
def agreement() -> Any:
    return make_agreement


@pytest.fixture
def book() -> Any:
    """A book of these agreements, in the order of their ids as `read_book` leaves them."""
    return lambda *agreements: Book(tuple(sorted(agreements, key=lambda a: a.id)))


@pytest.fixture
def caller() -> Any:
    return make_caller


@pytest.fixture
def neighbours() -> Neighbours:
    names = {"doe": "Employment", "dlpw": "Labour Protection"}
    return Neighbours(
        {RecipientId(i): Agency(RecipientId(i), name, name) for i, name in names.items()},
        {DOE: RecipientId("doe"), "https://more.doe.example": RecipientId("doe"), "https://officers.dlpw.example": RecipientId("dlpw")},
    )
