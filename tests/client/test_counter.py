"""A counter written with the client meets a whole gateway: mutual TLS, log, simulated agencies."""

import time
from asyncio import to_thread
from typing import Any

import pytest

from adapters.dopa.simulator_linkage import card_envelope
from linkage.client import Counter, Refused, record_values, save_receipt
from linkage.client.receipts import check_reply
from linkage.client.refused import NO_ANSWER_IN_TIME, NOT_REACHED
from linkage.errors import SettingsInvalid
from linkage.terms import PartialDate, Value
from linkage.tlog.errors import ProofInvalid, TlogInvalid
from linkage.v1 import agency_session_pb2, lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.place import DOE, OFFICER, SERVICE
from tests.journeys.world import World
from tests.second_verifier import check_receipt as check_by_the_second_verifier

NUMBER = "1100000000016"


def card(laser: str = "ZZ9900000001") -> pb.CardLaser:
    name = pb.PersonName(first="สมมติ", last="ทดสอบระบบ")
    return pb.CardLaser(name=name, birth_date=pb.BirthDate(as_on_card="25300115"), laser_code=laser)


async def verified(counter: Counter, evidence: Any = None, **more: Any) -> pb.VerifyIdentityResponse:
    asked = {"recipient": "doe", "service": SERVICE, "citizen_number": NUMBER} | more
    return await to_thread(counter.verify, evidence=evidence or card(), **asked)


async def logged_in(world: World, counter: Counter) -> agency_session_pb2.ConfirmLoginResponse:
    officer = world.dopa.people[OFFICER]
    begun = await to_thread(counter.begin_login, recipient="doe", source="dopa", officer_number=OFFICER, chip_number=officer.chip)
    return await to_thread(counter.confirm_login, begun.login_token, begun.offices[0].id, card_envelope(begun.challenge, officer.chip))


async def refusal_of(call: Any, *args: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        await to_thread(call, *args, **more)
    return refused.value


async def test_a_visit_from_login_to_end_and_every_receipt_holds_offline(world: World, counter: Counter) -> None:
    session = await logged_in(world, counter)
    reply = await verified(counter)
    record = await to_thread(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name", "birth_date", "middle_name"])
    ended = await to_thread(counter.end_visit, reply.visit.token)
    refused = await refusal_of(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])

    values: dict[str, Value | None] = {str(name): value for name, value in record_values(record.record).items()}
    assert {"first_name": "สมมติ", "birth_date": PartialDate(1987, 1, 15), "middle_name": None} == values
    assert "VISIT_ENDED" == refused.reason
    vkey = world.gateway.equipment.keys.signer.verifier.text
    for receipt in (session.receipt, reply.receipt, record.receipt, ended.receipt, refused.receipt):
        assert receipt is not None
        assert receipt.index == check_reply(receipt, vkey).index
        check_by_the_second_verifier(receipt.tlog_proof.encode(), receipt.leaf, vkey)


async def test_a_refusal_says_why_who_can_mend_it_and_what_to_tell_the_officer(world: World, counter: Counter) -> None:
    await logged_in(world, counter)
    reply = await verified(counter)

    refused = await refusal_of(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name", "father_number"])

    assert ("FIELD_NOT_AGREED", "PERMISSION_DENIED") == (refused.reason, refused.code)
    assert refused.who == "counter"
    assert refused.sentence_th
    assert refused.sentence_en
    assert refused.receipt is not None
    kinds = {str(check_reply(one, world.gateway.equipment.keys.signer.verifier.text).entry["kind"]) for one in [refused.receipt]}
    assert {"denied"} == kinds
    assert [refused.receipt.entry_id] == [one.entry_id for one in await to_thread(counter.receipt, refused.request_id)]


async def test_a_malformed_request_names_each_wrong_field_and_repeats_none(counter: Counter) -> None:
    refused = await refusal_of(
        counter.verify, recipient="doe", service=SERVICE, citizen_number="1100000000017", evidence=card(laser="not a laser code")
    )

    assert "MALFORMED_REQUEST" == refused.reason
    assert {"citizen_number", "card_laser.laser_code"} == {violation.field for violation in refused.violations}
    assert "1100000000017" not in repr(refused)
    assert "not a laser code" not in repr(refused.violations)


async def test_an_agency_that_is_down_is_told_at_once_with_how_long_to_wait(world: World, counter: Counter) -> None:
    await logged_in(world, counter)
    reply = await verified(counter)
    world.dopa.knobs.down = True
    asked_before, began = len(world.dopa.received), time.monotonic()

    refused = await refusal_of(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])

    assert ("AGENCY_UNAVAILABLE", "UNAVAILABLE", "agency") == (refused.reason, refused.code, refused.who)
    assert refused.source == "dopa"
    assert refused.retry_after is not None
    assert refused.retry_after > 2
    assert time.monotonic() - began < 8  # a pushback slept out inside the call would have ended at its deadline, without the reason
    assert asked_before + 1 == len(world.dopa.received)


async def test_the_same_client_request_id_is_the_same_request(world: World, counter: Counter) -> None:
    asked_before = len(world.dopa.received)
    request_id = "123e4567-e89b-42d3-a456-426614174000"

    first = await verified(counter, client_request_id=request_id)
    asked_once = len(world.dopa.received)
    again = await verified(counter, client_request_id=request_id)

    assert asked_before < asked_once
    assert asked_once == len(world.dopa.received)
    assert (first.request_id, first.visit.token) == (again.request_id, again.visit.token)


async def test_a_login_renewed_on_the_way_is_used_from_then_on(world: World, counter: Counter) -> None:
    await logged_in(world, counter)
    world.clock.advance(55 * 60)
    reply = await verified(counter)

    renewing = await to_thread(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])
    world.clock.advance(10 * 60)  # the first session is over by now
    after = await to_thread(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])

    assert renewing.HasField("renewed_session")
    assert not after.HasField("renewed_session")
    assert lookup_pb2.ANSWER_FOUND == after.answer


async def test_another_officer_does_not_inherit_the_login(world: World, counter: Counter) -> None:
    await logged_in(world, counter)
    certificate, _ = world.certificate("spiffe://linkage.example/centre/cm-01/counter/1", "cm-01-counter-1")
    counter.change_officer(world.token(certificate, subject="officer-0002", issuer=DOE))
    reply = await verified(counter)

    refused = await refusal_of(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])

    assert "AGENCY_LOGIN_REQUIRED" == refused.reason


async def test_a_login_that_was_ended_is_sent_no_more(world: World, counter: Counter) -> None:
    await logged_in(world, counter)
    await to_thread(counter.end_login, "dopa")

    with pytest.raises(KeyError):
        await to_thread(counter.end_login, "dopa")
    reply = await verified(counter)
    refused = await refusal_of(counter.lookup, reply.visit.token, SERVICE, "dopa.person", ["first_name"])
    assert "AGENCY_LOGIN_REQUIRED" == refused.reason


async def test_a_receipt_that_claims_another_place_is_refused(world: World, counter: Counter) -> None:
    reply = await verified(counter)
    vkey = world.gateway.equipment.keys.signer.verifier.text

    for change in ({"index": reply.receipt.index + 1}, {"entry_id": reply.request_id}):
        claimed = type(reply.receipt)(**({field.name: value for field, value in reply.receipt.ListFields()} | change))
        with pytest.raises(ProofInvalid):
            check_reply(claimed, vkey)
    altered = type(reply.receipt)(
        entry_id=reply.receipt.entry_id,
        index=reply.receipt.index,
        leaf=reply.receipt.leaf.replace(b'"outcome"', b'"denied"'),
        tlog_proof=reply.receipt.tlog_proof,
    )
    with pytest.raises(TlogInvalid):
        check_reply(altered, vkey)


async def test_a_saved_receipt_is_byte_for_byte_what_came(world: World, counter: Counter) -> None:
    reply = await verified(counter)

    save_receipt(reply.receipt, world.folder / "receipts", "one")

    assert reply.receipt.leaf == (world.folder / "receipts" / "one.leaf").read_bytes()
    assert reply.receipt.tlog_proof.encode() == (world.folder / "receipts" / "one.tlog-proof").read_bytes()


async def test_the_log_is_shown_to_have_only_grown(world: World, counter: Counter) -> None:
    await verified(counter)
    size = world.gateway.journal.health().size

    assert await to_thread(counter.consistency, 1, size)
    assert world.gateway.equipment.keys.signer.verifier.text == (await to_thread(counter.checkpoint)).vkey


async def test_a_gateway_that_is_not_there_is_unavailable_with_a_sentence(world: World) -> None:
    certificate, key = world.certificate("spiffe://linkage.example/centre/cm-01/counter/1", "cm-01-counter-1")
    with Counter.connect("localhost:1", world.folder / "ca.pem", certificate, key, "token", deadline_s=10) as nowhere:
        refused = await refusal_of(nowhere.end_visit, "token")

    assert (NOT_REACHED, "UNAVAILABLE", "") == (refused.reason, refused.code, refused.request_id)
    assert refused.sentence_th
    assert "localhost" not in str(refused)


async def test_a_gateway_that_never_answers_is_no_answer_in_time(world: World, silent_port: int) -> None:
    certificate, key = world.certificate("spiffe://linkage.example/centre/cm-01/counter/1", "cm-01-counter-1")
    with Counter.connect(f"localhost:{silent_port}", world.folder / "ca.pem", certificate, key, "token", deadline_s=0.5) as nowhere:
        refused = await refusal_of(nowhere.end_visit, "token")

    assert NO_ANSWER_IN_TIME == refused.reason


async def test_a_counter_never_shows_its_officers_token(counter: Counter, world: World) -> None:
    await logged_in(world, counter)

    assert "eyJ" not in repr(counter) + repr(vars(counter))


def test_a_key_that_is_no_pem_file_is_named_before_anything_is_called(world: World) -> None:
    wrong = world.folder / "token.keys"

    with pytest.raises(SettingsInvalid) as refused:
        Counter.connect("localhost:1", wrong, wrong, wrong, "token")

    assert str(wrong) == refused.value.problems[0].file
