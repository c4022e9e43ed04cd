"""A counter that acts for several agencies keeps one login for each source and recipient, and sends the right one."""

from asyncio import to_thread

import pytest

from adapters.dopa.simulator_linkage import card_envelope
from linkage.client import Counter, Refused
from linkage.client.sessions import AgencySessions
from linkage.v1 import agency_session_pb2 as session
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.place import OFFICER, SERVICE
from tests.journeys.world import World

NUMBER, COMPLAINT = "1100000000016", "labour_complaint"


def login(source: str, recipient: str, token: str) -> session.AgencySession:
    return session.AgencySession(source=source, recipient=recipient, token=token)


def kept(*logins: session.AgencySession) -> AgencySessions:
    sessions = AgencySessions()
    for one in logins:
        sessions.keep(one)
    return sessions


def sent(sessions: AgencySessions, source: str, recipient: str | None) -> str | None:
    found = sessions.at(source, recipient)
    return found[1].reveal() if found else None


def test_a_login_goes_with_its_own_source_and_recipient_alone() -> None:
    sessions = kept(login("dopa", "doe", "a"), login("dopa", "dlpw", "b"), login("sso", "doe", "c"))

    assert [sent(sessions, *at) for at in (("dopa", "doe"), ("dopa", "dlpw"), ("sso", "doe"))] == ["a", "b", "c"]
    assert sent(sessions, "sso", "dlpw") is None
    assert {token.reveal() for token in sessions.of("doe")} == {"a", "c"}
    assert {token.reveal() for token in sessions.of(None)} == {"a", "b", "c"}


def test_a_login_that_names_no_recipient_serves_any_until_one_of_their_own_is_there() -> None:
    sessions = kept(login("dopa", "", "old"), login("dopa", "doe", "new"))

    assert (sent(sessions, "dopa", "doe"), sent(sessions, "dopa", "dlpw")) == ("new", "old")
    assert [token.reveal() for token in sessions.of("dlpw")] == ["old"]


def test_where_nothing_tells_the_recipient_the_only_login_is_sent_and_of_several_none() -> None:
    assert sent(kept(login("dopa", "doe", "a"), login("sso", "dlpw", "b")), "dopa", None) == "a"
    with pytest.raises(ValueError, match="several recipients"):
        kept(login("dopa", "doe", "a"), login("dopa", "dlpw", "b")).at("dopa", None)


def test_a_renewed_login_takes_the_place_of_the_one_it_was_renewed_from() -> None:
    sessions = kept(login("dopa", "", "old"))

    sessions.keep(login("dopa", "doe", "new"), renews="")

    assert sent(sessions, "dopa", None) == "new"


def test_visits_are_remembered_by_recipient_and_the_oldest_forgotten_first() -> None:
    sessions = AgencySessions()
    for number in range(300):
        sessions.opened(pb.Visit(token=f"visit {number}"), "doe" if number % 2 else "dlpw")

    assert (sessions.recipient_of("visit 299"), sessions.recipient_of("visit 298")) == ("doe", "dlpw")
    assert sessions.recipient_of("visit 0") is None
    sessions.ended("visit 299")
    assert sessions.recipient_of("visit 299") is None


async def logged_in(world: World, counter: Counter, recipient: str) -> session.AgencySession:
    officer = world.dopa.people[OFFICER]
    begun = await to_thread(counter.begin_login, recipient=recipient, source="dopa", officer_number=OFFICER, chip_number=officer.chip)
    envelope = card_envelope(begun.challenge, officer.chip)
    return (await to_thread(counter.confirm_login, begun.login_token, begun.offices[0].id, envelope)).session


async def by_chip(world: World, counter: Counter, recipient: str, service: str) -> str:
    person = world.dopa.people[NUMBER]
    card = pb.CardChip(chip_number=person.chip, card_number=person.card_number, birth_date=pb.BirthDate(as_on_card=f"{person.born:08d}"))
    reply = await to_thread(counter.verify, recipient=recipient, service=service, evidence=card, citizen_number=NUMBER)
    return reply.visit.token


async def test_a_counter_of_a_joint_centre_looks_up_for_both_agencies_in_turn(world: World, counter: Counter) -> None:
    sessions = [await logged_in(world, counter, recipient) for recipient in ("doe", "dlpw")]
    assert ["doe", "dlpw"] == [one.recipient for one in sessions]
    ours, theirs = await by_chip(world, counter, "doe", SERVICE), await by_chip(world, counter, "dlpw", COMPLAINT)

    for visit, service in ((ours, SERVICE), (theirs, COMPLAINT), (ours, SERVICE)):
        reply = await to_thread(counter.lookup, visit, service, "dopa.person", ["first_name"])
        assert lookup_pb2.ANSWER_FOUND == reply.answer

    with pytest.raises(ValueError, match="several recipients"):
        await to_thread(counter.end_login, "dopa")
    await to_thread(counter.end_login, "dopa", "doe")
    with pytest.raises(Refused) as refused:
        await to_thread(counter.lookup, ours, SERVICE, "dopa.person", ["first_name"])
    assert "AGENCY_LOGIN_REQUIRED" == refused.value.reason
    assert lookup_pb2.ANSWER_FOUND == (await to_thread(counter.lookup, theirs, COMPLAINT, "dopa.person", ["first_name"])).answer


async def test_a_visit_opened_elsewhere_is_looked_up_with_the_recipient_named(world: World, counter: Counter) -> None:
    for recipient in ("doe", "dlpw"):
        await logged_in(world, counter, recipient)
    visit = await by_chip(world, counter, "dlpw", COMPLAINT)
    with Counter(counter._channel, counter._token.reveal()) as another:
        for one in [await logged_in(world, another, recipient) for recipient in ("doe", "dlpw")]:
            another.use_session(one)
        with pytest.raises(ValueError, match="several recipients"):
            await to_thread(another.lookup, visit, COMPLAINT, "dopa.person", ["first_name"])

        reply = await to_thread(another.lookup, visit, COMPLAINT, "dopa.person", ["first_name"], recipient="dlpw")

    assert lookup_pb2.ANSWER_FOUND == reply.answer
