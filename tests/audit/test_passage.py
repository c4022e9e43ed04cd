"""Every way out of a passage leaves one outcome; only an outcome that is durable releases anything."""

import asyncio
import json
from typing import Any

import pytest

from linkage.audit.journal import AlreadyAnswered, AlreadyAsked, IntentClosed, Journal, JournalLimits
from linkage.audit.passage import Passage
from linkage.errors import AuditUnavailable, Reason, Refusal
from linkage.store.contract import NoRoom, Once, Within
from linkage.tlog.proof import verify_proof
from tests.audit.world import FACTS, World, one_passage, until
from tests.small_log import SIGNER
from tests.store.failing_disk import Fault

ONCE = Once(b"key", b"digest")
TWO = Within(b"officer", 2, 60)


def last(world: World) -> dict[str, Any]:
    facts: dict[str, Any] = world.leaves()[-1]["facts"]
    return facts


async def test_a_block_that_ends_leaves_the_outcome_it_concluded(world: World, journal: Journal) -> None:
    request = world.id()
    async with journal.passage(request, FACTS) as passage:
        assert world.said() == [("intent", "")], "the intent is durable before anybody is asked"
        with pytest.raises(RuntimeError, match="only after the block"):
            _ = passage.receipt
        passage.learn(attempts=2)
        passage.conclude("found", person="NUMBER", dropped=["religion"])
    assert last(world) == {"attempts": 2, "result": "found", "person": "NUMBER", "dropped": ["religion"]}
    intent, outcome = world.leaves()
    assert outcome["ref"] == intent["eid"]
    assert intent["facts"] == FACTS
    receipt = passage.receipt
    assert json.loads(receipt.leaf) == outcome
    verify_proof(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier)


async def test_a_refusal_is_recorded_with_its_reason_and_carries_the_receipt(world: World, journal: Journal) -> None:
    refusal = Refusal(Reason.RECORD_OF_ANOTHER_PERSON, source="dopa")

    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS) as passage:
            passage.learn(person="mismatch")
            raise refusal

    with pytest.raises(Refusal) as caught:
        await pass_through()
    assert caught.value is refusal
    assert last(world) == {"person": "mismatch", "result": "refused", "reason": "RECORD_OF_ANOTHER_PERSON"}
    assert json.loads(refusal.receipt.leaf)["kind"] == "outcome"  # type: ignore[attr-defined]


async def test_any_other_exception_is_recorded_as_failed_without_its_text(world: World, journal: Journal) -> None:
    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS):
            raise KeyError("1100000000008 Somchai")

    with pytest.raises(Refusal) as caught:
        await pass_through()
    assert caught.value.reason is Reason.INTERNAL
    assert isinstance(caught.value.__cause__, KeyError)
    assert last(world) == {"result": "failed"}
    assert b"Somchai" not in world.path.read_bytes() + world.path.with_name("log.db-wal").read_bytes()


async def test_a_block_that_concludes_nothing_is_a_defect_and_recorded_as_failed(world: World, journal: Journal) -> None:
    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS) as passage:
            passage.learn(attempts=1)

    with pytest.raises(Refusal) as caught:
        await pass_through()
    assert caught.value.reason is Reason.INTERNAL
    assert last(world) == {"attempts": 1, "result": "failed"}


async def test_facts_that_cannot_be_recorded_cost_the_reply_and_not_the_outcome(world: World, journal: Journal) -> None:
    passage = journal.passage(world.id(), FACTS)

    async def pass_through() -> None:
        async with passage:
            passage.conclude("found", surname="x")

    with pytest.raises(AuditUnavailable):
        await pass_through()
    assert last(world) == {"result": "failed"}
    with pytest.raises(RuntimeError):
        _ = passage.receipt


async def test_an_answer_leaves_its_keyed_tag_and_nothing_else(world: World, journal: Journal) -> None:
    key = world.sealing.new_key(None)
    for surname in ("Jaidee", "Jaidee", "Jaidii"):
        async with journal.passage(world.id(), FACTS, key=key) as passage:
            passage.conclude("found", answer={"last_name": surname})
    tags = [leaf["facts"]["answer"] for leaf in world.leaves() if leaf["kind"] == "outcome"]
    assert tags[0] == tags[1] != tags[2]
    assert b"Jaid" not in world.path.with_name("log.db-wal").read_bytes()


async def test_an_answer_without_a_data_key_is_a_defect(world: World, journal: Journal) -> None:
    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS) as passage:
            passage.conclude("found", answer={"last_name": "Jaidee"})

    with pytest.raises(Refusal) as caught:
        await pass_through()
    assert caught.value.reason is Reason.INTERNAL
    assert last(world)["result"] == "failed"


async def test_an_outcome_that_is_not_durable_releases_nothing(world: World) -> None:
    journal = world.journal(limits=JournalLimits(append_timeout=0.2))
    passage = journal.passage(world.id(), FACTS)

    async def pass_through() -> None:
        async with passage:
            passage.conclude("found")
            world.disk.gate.clear()

    with pytest.raises(AuditUnavailable):
        await pass_through()
    with pytest.raises(RuntimeError):
        _ = passage.receipt


async def test_an_outcome_whose_commit_is_unknown_releases_nothing(world: World, journal: Journal) -> None:
    passage = journal.passage(world.id(), FACTS)

    async def pass_through() -> None:
        async with passage:
            passage.conclude("found")
            world.disk.arm(Fault("sync", 0, persisted=True))

    with pytest.raises(AuditUnavailable):
        await pass_through()
    with pytest.raises(RuntimeError):
        _ = passage.receipt


async def test_a_refusal_whose_outcome_is_not_durable_becomes_unavailable(world: World, journal: Journal) -> None:
    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS):
            world.disk.arm(Fault("sync", 0, persisted=False))
            raise Refusal(Reason.AGENCY_UNAVAILABLE)

    with pytest.raises(AuditUnavailable):
        await pass_through()


async def test_an_outcome_tries_again_while_the_log_cannot_take_it(world: World, journal: Journal) -> None:
    log, append = world.log_of(journal), world.log_of(journal).append
    refused = 0

    async with journal.passage(world.id(), FACTS) as passage:

        def full(drafts: Any) -> Any:
            nonlocal refused
            refused += 1
            return append(drafts) if refused > 2 else [NoRoom(draft.eid) for draft in drafts]

        log.append = full  # type: ignore[method-assign]
        passage.conclude("found")
    assert refused == 3
    assert world.said() == [("intent", ""), ("outcome", "found")]


async def test_an_outcome_after_the_sweeper_closed_its_intent_is_withheld(world: World, journal: Journal) -> None:
    request = world.id()

    async def pass_through() -> None:
        async with journal.passage(request, FACTS) as passage:
            assert await journal.recover(request, "no outcome in time")
            passage.conclude("found")

    with pytest.raises(IntentClosed):
        await pass_through()
    assert not await journal.recover(request, "no outcome in time")
    assert [kind for kind, _ in world.said()] == ["intent", "recovered"]


async def test_a_request_in_progress_and_one_that_was_answered_are_told_apart(world: World, journal: Journal) -> None:
    request = world.id()
    async with journal.passage(request, FACTS, claims=(ONCE,)) as passage:
        with pytest.raises(AlreadyAsked) as asked:
            await one_passage(world, journal, ONCE)
        passage.conclude("found")
        passage.reply(lambda: b"sealed")
    assert asked.value.eid == request
    with pytest.raises(AlreadyAnswered) as answered:
        await one_passage(world, journal, ONCE)
    assert (answered.value.eid, answered.value.reply) == (request, b"sealed")
    assert len(world.leaves()) == 2


async def test_of_a_hundred_equal_requests_at_once_one_asks(world: World, journal: Journal) -> None:
    asked: list[bytes] = []
    told: list[bytes] = []

    async def request() -> None:
        own = world.id()
        try:
            async with journal.passage(own, FACTS, claims=(ONCE,)) as passage:
                asked.append(own)
                await until(lambda: len(told) == 99)  # however many batches they come in
                passage.conclude("found")
                passage.reply(lambda: b"sealed")
        except AlreadyAsked as already:
            told.append(already.eid)

    async with asyncio.timeout(30):
        await asyncio.gather(*(request() for _ in range(100)))
    assert len(asked) == 1
    assert told == asked * 99
    with pytest.raises(AlreadyAnswered):
        await one_passage(world, journal, ONCE)


@pytest.mark.parametrize("way", ["refused", "failed", "retryable"])
async def test_a_request_that_released_nothing_may_be_made_anew(way: str, world: World, journal: Journal) -> None:
    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS, claims=(ONCE,)) as passage:
            if way == "refused":
                raise Refusal(Reason.AGENCY_UNAVAILABLE)
            if way == "failed":
                raise ValueError
            passage.conclude("unavailable", retryable=True)
            raise Refusal(Reason.AGENCY_UNAVAILABLE)

    with pytest.raises(Refusal):
        await pass_through()
    await one_passage(world, journal, ONCE)


async def test_a_reply_is_made_only_where_retries_are_recognised(world: World, journal: Journal) -> None:
    made = 0

    def make() -> bytes:
        nonlocal made
        made += 1
        return b"sealed"

    for claims in ((), (ONCE,)):
        async with journal.passage(world.id(), FACTS, claims=claims) as passage:
            passage.conclude("found")
            passage.reply(make)
    assert made == 1


async def test_a_reply_that_cannot_be_made_fails_the_passage(world: World, journal: Journal) -> None:
    def broken() -> bytes:
        raise ValueError("too long")

    async def pass_through() -> None:
        async with journal.passage(world.id(), FACTS, claims=(ONCE,)) as passage:
            passage.conclude("found")
            passage.reply(broken)

    with pytest.raises(Refusal):
        await pass_through()
    assert last(world)["result"] == "failed"


@pytest.mark.parametrize(
    ("way", "given_back"),
    [("match", True), ("no match", False), ("agency down", True), ("refused", False), ("refused, given back", True), ("failed", False)],
)
async def test_attempts_come_back_only_where_nothing_was_learned_of_the_evidence(
    way: str, given_back: bool, world: World, journal: Journal
) -> None:
    def end(passage: Passage) -> None:
        if way == "agency down":
            raise Refusal(Reason.AGENCY_UNAVAILABLE)
        if way == "failed":
            raise ValueError
        if way != "refused":
            passage.conclude(way, give_back=way in ("match", "refused, given back"))
        if "refused" in way:
            raise Refusal(Reason.EVIDENCE_REFUSED)

    for _ in range(2):
        try:
            async with journal.passage(world.id(), FACTS, claims=(TWO,)) as passage:
                end(passage)
        except Refusal:
            continue
    if given_back:
        await one_passage(world, journal, TWO)
        return
    with pytest.raises(Refusal) as caught:
        await one_passage(world, journal, TWO)
    assert caught.value.reason is Reason.ATTEMPTS_EXHAUSTED
    assert caught.value.retry_after == 60
