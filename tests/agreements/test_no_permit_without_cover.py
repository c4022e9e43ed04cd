"""Whatever is agreed and whatever is asked: a permit stands on one single agreement that covers all of it, and on the first such."""

from datetime import date, timedelta
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from linkage.agreements import Agreement, Book, Deny, Permit, decide_lookup
from linkage.terms import (
    Agency,
    Assurance,
    Caller,
    CitizenNumber,
    Counter,
    JuristicNumber,
    JuristicPerson,
    Officer,
    RecipientId,
    VisitPerson,
)

AGENCIES = ["doe", "dlpw", "dla"]
FIELDS = ["f1", "f2", "f3"]
TYPES = ["dopa.person", "dopa.house", "dbd.profile"]
SERVICES = ["s1", "s2"]
GROUNDS = ["director", "attorney"]
DAY = date(2026, 6, 1)
days = st.integers(-2, 2).map(lambda n: DAY + timedelta(days=n))


def some(names: list[str]) -> Any:
    return st.frozensets(st.sampled_from(names))


@st.composite
def agreements(draw: Any) -> Agreement:
    source = draw(st.sampled_from(["dopa", "dbd"]))
    recipient = draw(st.sampled_from(AGENCIES))
    of_source = [t for t in TYPES if t.startswith(source)]
    return Agreement(
        id=draw(st.text("abc", min_size=1, max_size=3)),
        title="",
        recipient=recipient,
        acting=draw(some(AGENCIES)) | {recipient},
        source=source,
        services=draw(some(SERVICES)),
        records=draw(st.dictionaries(st.sampled_from(of_source), some(FIELDS))),
        evidence=frozenset(),
        login=False,
        least_assurance=draw(st.sampled_from(Assurance)),
        legal_basis="",
        valid_from=draw(days),
        valid_until=draw(days),
        grounds=draw(some(GROUNDS)),
        exceptions={},
        digest="",
    )


books = st.lists(agreements(), max_size=8, unique_by=lambda a: a.id)
requests = st.fixed_dictionaries(
    {
        "recipient": st.sampled_from([*AGENCIES, "nobody"]),
        "service": st.sampled_from(SERVICES),
        "record_type": st.sampled_from(TYPES),
        "fields": st.lists(st.sampled_from(FIELDS), max_size=3, unique=True).map(tuple),
        "assurance": st.sampled_from(Assurance),
        "ground": st.sampled_from([None, *GROUNDS]),
        "today": days,
    }
)


class Everybody:
    def __init__(self) -> None:
        self.agencies = {RecipientId(i): Agency(RecipientId(i), i, i) for i in AGENCIES}

    def agency_of_issuer(self, issuer: str) -> RecipientId | None:
        return None


def covers(a: Agreement, by: str, r: dict[str, Any]) -> bool:
    """Written from the house's words, not from the policy's steps."""
    granted = a.records.get(r["record_type"], frozenset())
    return bool(
        a.recipient == r["recipient"]
        and by in a.acting
        and r["service"] in a.services
        and r["fields"]
        and set(r["fields"]) <= granted
        and r["assurance"] is not Assurance.EXCEPTION  # no exception is named here, and only a named one stands on it
        and r["assurance"].value >= a.least_assurance.value
        and not (r["today"] < a.valid_from or r["today"] > a.valid_until)
        and (r["ground"] is None or r["ground"] in a.grounds)
    )


@given(books, requests, st.sampled_from(AGENCIES))
def test_a_permit_stands_on_the_first_single_agreement_that_covers_everything(
    agreed: list[Agreement], request: dict[str, Any], by: str
) -> None:
    caller = Caller(Counter("spiffe://x.example/c", "c", RecipientId(by), ""), Officer("i", "s"))
    ground = request["ground"]
    subject = VisitPerson(CitizenNumber("1100000000016"))
    about = subject if ground is None else JuristicPerson(JuristicNumber("0999000000001"), ground)
    asked = {name: value for name, value in request.items() if name != "ground"}

    book = Book(tuple(sorted(agreed, key=lambda a: a.id)))
    decision = decide_lookup(book, Everybody(), caller, subject=about, **asked)

    covering = sorted(a.id for a in agreed if covers(a, by, request))
    match decision:
        case Permit(grant):
            event("permit")
            assert grant.agreement_id == covering[0]
            assert grant.fields == request["fields"]
        case Deny():
            event("deny")
            assert covering == []
