"""Presence by an agreement's named exception: two officers' word, and nobody is asked."""

from collections.abc import Callable
from typing import Any

import pytest

from linkage.errors import Reason
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.world import COUNTER_2, Desk, World

PERSON = "3100000000012"
REASON = "ผู้ป่วยติดเตียง เจ้าหน้าที่เยี่ยมที่บ้าน"

Open = Callable[..., Desk]


async def _vouch(desk: Desk, second: str, **changes: Any) -> pb.VerifyIdentityResponse:
    shown = pb.PresenceException(name=changes.get("name", "bedridden"), reason=changes.get("reason", REASON), second_officer_token=second)
    request = pb.VerifyIdentityRequest(
        recipient=changes.get("recipient", "dla"),
        service=changes.get("service", "elderly_allowance"),
        citizen_number=PERSON,
        exception=shown,
    )
    return await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)


async def test_two_officers_of_one_counter_open_a_visit_and_nobody_is_asked(world: World, desk: Desk) -> None:
    reply = await _vouch(desk, world.token(desk.certificate, subject="officer-0002"))

    assert (pb.VERDICT_MATCH, pb.ASSURANCE_EXCEPTION) == (reply.verdict, reply.visit.assurance)
    assert [] == world.dopa.received
    proved(world, reply.receipt)
    intent = entries(world, "intent")[-1]
    assert ("bedridden", "officer-0002") == (intent["facts"]["exception"], intent["facts"]["second_officer"]["sub"])
    assert {"reason", "subject"} == set(intent["sealed"]["fields"])


async def test_the_second_officer_is_another_one_logged_in_at_the_same_counter(world: World, desk: Desk, open_desk: Open) -> None:
    elsewhere = open_desk(COUNTER_2).certificate
    tokens = {
        "the same officer": world.token(desk.certificate),
        "at another counter": world.token(elsewhere, subject="officer-0002"),
        "suspended": world.token(desk.certificate, subject="officer-0099"),
        "of another agency": world.token(desk.certificate, subject="officer-0002", issuer="https://officers.dlpw.example"),
        "for another system": world.token(desk.certificate, subject="officer-0002", audience="elsewhere"),
        "none at all": "rubbish",
    }
    for token in tokens.values():
        await refusal(world, _vouch(desk, token), Reason.SECOND_OFFICER_NOT_ACCEPTED)
    assert [] == entries(world, "intent")


async def test_a_missing_second_officer_is_named(world: World, desk: Desk) -> None:
    said = await refusal(world, _vouch(desk, ""), Reason.MALFORMED_REQUEST)

    assert {"exception.second_officer_token"} == set(said.violations)


async def test_a_reason_of_too_few_words_is_named(world: World, desk: Desk) -> None:
    second = world.token(desk.certificate, subject="officer-0002")

    said = await refusal(world, _vouch(desk, second, reason="ป่วย"), Reason.MALFORMED_REQUEST)

    assert {"exception.reason"} == set(said.violations)


@pytest.mark.parametrize("changes", [{"name": "lost_card"}, {"recipient": "doe", "service": "jobseeker_registration"}])
async def test_an_exception_that_no_agreement_names_is_refused(world: World, desk: Desk, changes: dict[str, str]) -> None:
    second = world.token(desk.certificate, subject="officer-0002")

    await refusal(world, _vouch(desk, second, **changes), Reason.EXCEPTION_NOT_AGREED)


async def test_a_visit_by_exception_fetches_what_its_agreement_grants_and_says_what_cannot_be_told(world: World, desk: Desk) -> None:
    session = await desk.login("dla")
    verified = await _vouch(desk, world.token(desk.certificate, subject="officer-0002"))

    reply = await desk.look_up(verified.visit.token, session, "first_name", service="elderly_allowance")

    assert world.dopa.people[PERSON].first == reply.record.fields[0].value.text
    assert 3 == reply.person_check  # cannot be told: the exception showed neither name nor birth date


async def test_a_visit_by_exception_is_granted_nothing_by_an_agreement_that_does_not_name_it(world: World, desk: Desk) -> None:
    session = await desk.login("dla")
    verified = await _vouch(desk, world.token(desk.certificate, subject="officer-0002"))
    before = world.gateway._watched.current
    world.change("agreements.toml", 'name = "bedridden"', 'name = "hospitalised"')
    await until(lambda: world.gateway._watched.current is not before)
    asked = len(world.dopa.received)

    await refusal(
        world, desk.look_up(verified.visit.token, session, "first_name", service="elderly_allowance"), Reason.EXCEPTION_NOT_AGREED
    )

    assert asked == len(world.dopa.received)


async def test_two_officers_who_vouch_again_and_again_come_to_an_end(world: World, desk: Desk) -> None:
    second = world.token(desk.certificate, subject="officer-0002")
    for _ in range(5):
        assert pb.VERDICT_MATCH == (await _vouch(desk, second)).verdict

    await refusal(world, _vouch(desk, second), Reason.ATTEMPTS_EXHAUSTED)
