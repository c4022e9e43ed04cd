"""An officer's login at an agency: sealed between its steps, and bound to counter and officer."""

from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason, Refusal
from linkage.terms import CitizenNumber, RecipientId, Secret, SourceName
from linkage.visits import AgencyLogin, AgencyLogins, LoginBegun, Sealer

DOE, DOPA = RecipientId("doe"), SourceName("dopa")
OWN = CitizenNumber("1100000000016")  # invented


@pytest.fixture
def logins(sealer: Sealer, clock: FakeClock) -> AgencyLogins:
    return AgencyLogins(sealer, clock)


@pytest.fixture
def begun(logins: AgencyLogins, caller: Any) -> str:
    return logins.seal_begun(caller(), DOE, DOPA, officer_number=OWN, chip_number=Secret("chip"), challenge="challenge", offices=[7, 12])


@pytest.fixture
def login(clock: FakeClock) -> AgencyLogin:
    now = clock.now_ms() // 1000
    return AgencyLogin(DOE, DOPA, Secret("the agency's own token"), expires_at=now + 3600, renewable_until=now + 7200)


@pytest.fixture
def session(logins: AgencyLogins, login: AgencyLogin, caller: Any) -> str:
    return logins.seal_session(caller(), login)


def reason_of(read: Any, *arguments: Any) -> Reason:
    with pytest.raises(Refusal) as refused:
        read(*arguments)
    return refused.value.reason


STRANGERS = [{"counter": 2}, {"officer": "officer-0002"}, {"issuer": "https://officers.dlpw.example"}]


# ---- between the two steps ---------------------------------------------------------------------------------------------------


def test_the_second_step_knows_the_first(begun: str, logins: AgencyLogins, caller: Any) -> None:
    assert logins.read_begun(begun, caller()) == LoginBegun(DOE, DOPA, OWN, Secret("chip"), "challenge", (7, 12))


def test_a_login_by_thaid_has_no_chip(logins: AgencyLogins, caller: Any) -> None:
    token = logins.seal_begun(caller(), DOE, DOPA, officer_number=OWN, chip_number=None, challenge="", offices=[])
    assert logins.read_begun(token, caller()).chip_number is None


def test_a_login_begun_is_good_for_five_minutes(begun: str, logins: AgencyLogins, clock: FakeClock, caller: Any) -> None:
    clock.advance(5 * 60 - 0.001)
    logins.read_begun(begun, caller())
    clock.advance(0.001)
    assert reason_of(logins.read_begun, begun, caller()) is Reason.AGENCY_LOGIN_EXPIRED


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_login_begun_is_nobody_else_s(stranger: dict[str, Any], begun: str, logins: AgencyLogins, caller: Any) -> None:
    assert reason_of(logins.read_begun, begun, caller(**stranger)) is Reason.AGENCY_LOGIN_NOT_YOURS


# ---- once it is done -------------------------------------------------------------------------------------------------------------


def test_a_session_is_read_as_it_was_sealed(session: str, login: AgencyLogin, logins: AgencyLogins, caller: Any) -> None:
    assert logins.read_session(session, caller(), DOE, DOPA) == login
    assert logins.read_any_session(session, caller()) == login


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_session_is_nobody_else_s(stranger: dict[str, Any], session: str, logins: AgencyLogins, clock: FakeClock, caller: Any) -> None:
    assert reason_of(logins.read_session, session, caller(**stranger), DOE, DOPA) is Reason.AGENCY_LOGIN_NOT_YOURS
    assert reason_of(logins.read_any_session, session, caller(**stranger)) is Reason.AGENCY_LOGIN_NOT_YOURS
    clock.advance(24 * 3600)
    assert reason_of(logins.read_any_session, session, caller(**stranger)) is Reason.AGENCY_LOGIN_NOT_YOURS


@pytest.mark.parametrize(("recipient", "source"), [("dlpw", "dopa"), ("doe", "thaid")])
def test_a_session_is_for_one_recipient_and_source(recipient: str, source: str, session: str, logins: AgencyLogins, caller: Any) -> None:
    asked = (session, caller(), RecipientId(recipient), SourceName(source))
    assert reason_of(logins.read_session, *asked) is Reason.AGENCY_LOGIN_INVALID


def test_a_session_is_read_until_the_agency_renews_it_no_more(
    session: str, login: AgencyLogin, logins: AgencyLogins, clock: FakeClock, caller: Any
) -> None:
    clock.advance(7199)
    assert logins.read_session(session, caller(), DOE, DOPA).expires_at < clock.now_ms() // 1000
    clock.advance(1)
    assert reason_of(logins.read_session, session, caller(), DOE, DOPA) is Reason.AGENCY_LOGIN_EXPIRED


def test_a_step_is_no_session_and_a_session_no_step(begun: str, session: str, logins: AgencyLogins, caller: Any) -> None:
    assert reason_of(logins.read_any_session, begun, caller()) is Reason.AGENCY_LOGIN_INVALID
    assert reason_of(logins.read_begun, session, caller()) is Reason.AGENCY_LOGIN_INVALID
    assert reason_of(logins.read_begun, "x", caller()) is Reason.AGENCY_LOGIN_INVALID


def test_nothing_secret_shows_in_a_repr(begun: str, login: AgencyLogin, logins: AgencyLogins, caller: Any) -> None:
    shown = repr(login) + repr(logins.read_begun(begun, caller()))
    for private in ("own token", "chip'", "'challenge'", OWN.reveal()):
        assert private not in shown
