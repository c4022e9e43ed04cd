"""What people type: one normal form, or INVALID_ARGUMENT naming the field; never an echo of what was typed."""

import grpc
import pytest
from google.type import date_pb2

from linkage.errors import Reason
from linkage.terms import CitizenNumber
from linkage.v1 import agency_session_pb2 as session_pb
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, refusal
from tests.journeys.world import Desk, World

PERSON = "1100000000016"
THAI = PERSON.translate({ord(str(d)): chr(0x0E50 + d) for d in range(10)})
WIDE = PERSON.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})

SPELLINGS = [
    PERSON,
    "1-1000-00000-01-6",
    "1 1000 00000 01 6",
    f"  {PERSON}\t",
    THAI,
    WIDE,
    f"{THAI[:5]}-{WIDE[5:9]} {PERSON[9:]}",
    f"{PERSON}\n",
    f"\u00a0{PERSON}",
]

NOT_NUMBERS = {
    "empty": "",
    "blank": "   ",
    "wrong check digit": "1100000000017",
    "too short": "110000000001",
    "too long": "11000000000161",
    "ten kilobytes": "1" * 10_240,
    "ten kilobytes of blanks": PERSON + " " * 10_240,
    "NUL inside": "1100000\x00000016",
    "NUL behind": PERSON + "\x00",
    "right-to-left mark": "\u200f" + PERSON,
    "bidi override": "\u202e" + PERSON[::-1],
    "zero-width space": "1100000\u200b000016",
    "letters": "11O0000000016",
    "Arabic-Indic digits": PERSON.translate({ord(str(d)): chr(0x0660 + d) for d in range(10)}),
    "a plus sign": "+" + PERSON,
    "an exponent": "1.10000000016e12",
    "SQL": "' OR 1=1 --",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_every_spelling_of_a_number_is_one_person_to_the_agency_and_to_a_search(world: World, desk: Desk, spelling: str) -> None:
    reply = await desk.verify(PERSON, citizen_number=spelling)

    assert pb.VERDICT_MATCH == reply.verdict
    assert {world.pseudonym(CitizenNumber(PERSON))} == world.key_pseudonyms()


async def test_attempts_are_counted_for_the_person_however_the_number_is_typed(world: World, desk: Desk) -> None:
    for spelling in SPELLINGS[:5]:
        await desk.verify(PERSON, citizen_number=spelling, laser="ZZ0000000000")

    await refusal(world, desk.verify(PERSON, citizen_number=SPELLINGS[5]), Reason.ATTEMPTS_EXHAUSTED)


async def test_what_is_no_number_is_named_by_its_field_and_not_repeated(world: World, desk: Desk) -> None:
    for typed in NOT_NUMBERS.values():
        said = await refusal(world, desk.verify(PERSON, citizen_number=typed), Reason.MALFORMED_REQUEST)
        assert grpc.StatusCode.INVALID_ARGUMENT == said.code
        assert {"citizen_number"} == set(said.violations)
        shown = "".join([*said.violations.values(), *said.sentences.values(), *said.metadata.values()])
        assert not typed.strip() or typed not in shown
    assert [] == world.dopa.received
    assert [] == entries(world, "intent")


async def test_malformed_requests_are_counted_in_one_entry_for_their_counter(world: World, desk: Desk) -> None:
    for _ in range(7):
        await refusal(world, desk.verify(citizen_number="1"), Reason.MALFORMED_REQUEST)
    await world.gateway._tally.record(everything=True)

    counted = [leaf["facts"] for leaf in entries(world, "refused_many")]
    assert [(7, "MALFORMED_REQUEST")] == [(facts["count"], facts["reason"]) for facts in counted]
    assert counted[0]["counter"].endswith("/counter/1")


async def test_an_officers_own_number_is_read_alike(world: World, desk: Desk) -> None:
    ask = session_pb.BeginLoginRequest(recipient="doe", source="dopa", officer_number="1", thaid=session_pb.ThaidMethod())
    said = await refusal(world, desk.sessions.BeginLogin(ask, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)
    ask.officer_number = " 1-1000-00000-16-4"

    assert {"officer_number"} == set(said.violations)
    assert (await desk.sessions.BeginLogin(ask, metadata=desk.metadata, timeout=20)).offices


@pytest.mark.parametrize(
    "name", ["สม\nมติ", "สม\rมติ", "สม\u2028มติ", "สม\u2029มติ", "\x1b[31mสมมติ", "สม\x00มติ", "สม\u202eมติ", "", "ก" * 101, "ก" * 10_000]
)
async def test_names_that_could_forge_a_line_are_refused_by_field(world: World, desk: Desk, name: str) -> None:
    said = await refusal(world, desk.verify(first=name), Reason.MALFORMED_REQUEST)

    assert {"card_laser.name.first"} == set(said.violations)


async def test_every_wrong_field_is_named_at_once(world: World, desk: Desk) -> None:
    request = pb.VerifyIdentityRequest(client_request_id="x", recipient="DOE!", citizen_number="1", card_laser=pb.CardLaser(laser_code="1"))

    said = await refusal(world, desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    card = {"card_laser.name.first", "card_laser.name.last", "card_laser.birth_date", "card_laser.laser_code"}
    assert {"client_request_id", "recipient", "service", "citizen_number"} | card == set(said.violations)


@pytest.mark.parametrize("born", ["", "1987", "19870115", "25301301", "25300230", "25300001", "24830115", "๒๕๓๐๐๑๑๕", "2530-01-15"])
async def test_a_birth_date_that_is_none_is_named(world: World, desk: Desk, born: str) -> None:
    said = await refusal(world, desk.verify(born=born), Reason.MALFORMED_REQUEST)

    assert {"card_laser.birth_date"} == set(said.violations)


async def test_a_common_era_year_in_the_place_of_a_buddhist_one_is_named(world: World, desk: Desk) -> None:
    request = desk.card()
    request.card_laser.birth_date.common_era.CopyFrom(date_pb2.Date(year=2530, month=1, day=15))

    said = await refusal(world, desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    assert {"card_laser.birth_date"} == set(said.violations)


@pytest.mark.parametrize("laser", ["zz9-9000000-01", "ZZ9900000001", " zz 99 0000 0001 "])
async def test_a_laser_code_may_be_typed_as_it_is_printed(world: World, desk: Desk, laser: str) -> None:
    assert pb.VERDICT_MATCH == (await desk.verify(laser=laser)).verdict


async def test_wrong_names_in_a_lookup_are_told_by_place(world: World, desk: Desk) -> None:
    body = lookup_pb2.Subject(juristic_person=lookup_pb2.JuristicPerson(juristic_number="1", ground="Director\n"))
    call = desk.look_up("visit", "session\x00", "first_name", "First Name", "first_name", record_type="", service="\x1b", subject=body)

    said = await refusal(world, call, Reason.MALFORMED_REQUEST)

    juristic = {"subject.juristic_person.juristic_number", "subject.juristic_person.ground"}
    assert {"service", "record_type", "fields", "fields[1]", "agency_session_token"} | juristic == set(said.violations)
