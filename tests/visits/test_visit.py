"""Visits: this counter, this officer, this service, for a short time."""

import gc
from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason, Refusal
from linkage.keyring import KeyRing
from linkage.terms import (
    Assurance,
    CitizenNumber,
    DataKey,
    Officer,
    PartialDate,
    PersonName,
    RecipientId,
    Secret,
    ServiceId,
    SourceName,
)
from linkage.visits import AgencyLogin, AgencyLogins, Sealer, Visits
from linkage.visits.visit import LONGEST, Visit

NUMBER = CitizenNumber("1100000000016")  # invented
SERVICE = ServiceId("jobseeker_registration")
MINUTES = 15


@pytest.fixture
def visits(sealer: Sealer, clock: FakeClock) -> Visits:
    return Visits(sealer, clock, MINUTES)


def test_nothing_of_a_visit_or_login_is_kept_once_it_was_read(sealer: Sealer, clock: FakeClock, visits: Visits, caller: Any) -> None:
    number, session = "1100000000024", "an agency's session that is nowhere else"  # invented
    who = (RecipientId("doe"), SERVICE, Assurance.CARD_CHIP, CitizenNumber(number), DataKey(b"id", b"\x07" * 32))
    logins = AgencyLogins(sealer, clock)
    tokens = [
        visits.open_visit(b"\x0a" * 16, caller(), *who)[0],
        logins.seal_session(caller(), AgencyLogin(who[0], SourceName("dopa"), Secret(session), expires_at=2**40, renewable_until=2**40)),
    ]
    del who
    for _ in range(2):
        visits.read(tokens[0], caller(), SERVICE)
        logins.read_any_session(tokens[1], caller())
    gc.collect()
    kept = gc.get_objects()
    assert not [each for each in kept if isinstance(each, Visit) and each.number.reveal() == number]
    assert not [each for each in kept if isinstance(each, dict) and each.get("session") == session]


@pytest.fixture
def opened(visits: Visits, caller: Any) -> Any:
    def open_one(**changes: Any) -> Any:
        said: dict[str, Any] = {
            "recipient": RecipientId("doe"),
            "service": SERVICE,
            "assurance": Assurance.CARD_CHIP,
            "number": NUMBER,
            "key": DataKey(b"id of the key", b"\x07" * 32),
            "name": PersonName("สมมุติ", "ไม่จริง", "กลาง"),
            "birth_date": PartialDate(1938, 0, 0),
        }
        return visits.open_visit(b"\x09" * 16, caller(), **{**said, **changes})

    return open_one


def reason_of(visits: Visits, token: str, caller: Any, service: ServiceId = SERVICE) -> Reason:
    with pytest.raises(Refusal) as refused:
        visits.read(token, caller, service)
    return refused.value.reason


@pytest.mark.parametrize("known", [{}, {"name": None, "birth_date": None}, {"assurance": Assurance.EXCEPTION, "exception": "bedridden"}])
def test_a_visit_is_read_as_it_was_opened(known: dict[str, Any], opened: Any, visits: Visits, clock: FakeClock, caller: Any) -> None:
    token, visit = opened(**known)
    assert visits.read(token, caller(), SERVICE) == visit
    assert (visit.id, visit.counter_uri) == (b"\x09" * 16, caller().counter.uri)
    assert visit.officer == Officer("https://officers.doe.example", "officer-0001")
    assert visit.expires_at_ms == clock.now_ms() + MINUTES * 60_000


def test_a_visit_is_good_at_another_gateway_with_the_same_keys(opened: Any, keys: KeyRing, clock: FakeClock, caller: Any) -> None:
    token, visit = opened()
    assert Visits(Sealer(keys), clock, 1).read(token, caller(), SERVICE) == visit


def test_a_visit_ends_by_itself_to_the_millisecond(opened: Any, visits: Visits, clock: FakeClock, caller: Any) -> None:
    token, visit = opened()
    clock.advance(MINUTES * 60 - 0.001)
    assert visits.read(token, caller(), SERVICE) == visit
    clock.advance(0.001)
    assert reason_of(visits, token, caller()) is Reason.VISIT_EXPIRED


@pytest.mark.parametrize(
    "stranger",
    [{"counter": 2}, {"officer": "officer-0002"}, {"issuer": "https://officers.dlpw.example"}],
    ids=["counter", "officer", "issuer"],
)
def test_a_visit_opens_nothing_for_anybody_else(
    stranger: dict[str, Any], opened: Any, visits: Visits, clock: FakeClock, caller: Any
) -> None:
    token, _ = opened()
    assert reason_of(visits, token, caller(**stranger)) is Reason.VISIT_NOT_YOURS
    with pytest.raises(Refusal) as refused:
        visits.read_to_end(token, caller(**stranger))
    assert refused.value.reason is Reason.VISIT_NOT_YOURS
    clock.advance(3600)
    assert reason_of(visits, token, caller(**stranger)) is Reason.VISIT_NOT_YOURS  # strangers do not learn whether it is over


def test_a_visit_is_for_one_service(opened: Any, visits: Visits, caller: Any) -> None:
    token, _ = opened()
    assert reason_of(visits, token, caller(), ServiceId("house_move")) is Reason.VISIT_FOR_ANOTHER_SERVICE


def test_a_visit_that_is_over_can_still_be_ended(opened: Any, visits: Visits, clock: FakeClock, caller: Any) -> None:
    token, visit = opened()
    clock.advance(24 * 3600)
    assert visits.read_to_end(token, caller()) == visit


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "ก"])
def test_text_that_is_no_visit_is_invalid(token: str, visits: Visits, caller: Any) -> None:
    assert reason_of(visits, token, caller()) is Reason.VISIT_INVALID
    with pytest.raises(Refusal) as refused:
        visits.read_to_end(token, caller())
    assert refused.value.reason is Reason.VISIT_INVALID


def test_an_agency_session_is_no_visit(visits: Visits, sealer: Sealer, clock: FakeClock, caller: Any) -> None:
    login = AgencyLogin(RecipientId("doe"), SourceName("dopa"), Secret("token"), 0, 0)
    token = AgencyLogins(sealer, clock).seal_session(caller(), login)
    assert reason_of(visits, token, caller()) is Reason.VISIT_INVALID


def test_a_long_thai_name_fits_into_the_promised_4096_characters(opened: Any, visits: Visits, caller: Any) -> None:
    token, _ = opened(name=PersonName("ก" * 200, "ข" * 200, "ค" * 200))
    assert len(token) <= LONGEST
    with pytest.raises(ValueError, match="too large"):
        opened(name=PersonName("ก" * 1200, "ข"))


def test_a_longer_token_is_not_looked_into(opened: Any, visits: Visits, sealer: Sealer, caller: Any) -> None:
    token, _ = opened()
    padded = sealer.seal("visit", {**sealer.open("visit", token), "padding": "x" * 4000})
    assert reason_of(visits, padded, caller()) is Reason.VISIT_INVALID


def test_nothing_about_the_person_shows_in_a_repr(opened: Any) -> None:
    _, visit = opened()
    shown = repr(visit)
    for private in (NUMBER.reveal(), "สมมุติ", "ไม่จริง", "1938", repr(b"\x07" * 32)):
        assert private not in shown


def test_a_visit_sealed_before_exceptions_were_named_is_read_without_one(opened: Any, visits: Visits, sealer: Sealer, caller: Any) -> None:
    token, _ = opened(assurance=Assurance.EXCEPTION, exception="bedridden")
    payload = sealer.open("visit", token)
    del payload["exception"]
    assert visits.read(sealer.seal("visit", payload), caller(), SERVICE).exception is None
