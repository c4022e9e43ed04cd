"""What the journal acknowledges is durable; what it cannot record it refuses, at once and by name."""

import asyncio
import threading
from pathlib import Path

import pytest

from linkage.audit.journal import Journal, JournalLimits
from linkage.audit.record import Entry, EntryInvalid, Kind
from linkage.clock import SystemClock
from linkage.errors import AuditUnavailable, Reason, Refusal, Violation
from linkage.ids import id_text
from linkage.store.contract import CLOSING, NotEnded, SpaceLimits, StorePoisoned, VisitEnd
from linkage.tlog.proof import verify_proof
from tests.audit.world import FACTS, World, one_passage, until
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER
from tests.store.failing_disk import Fault

BRIEF = JournalLimits(queue=24, append_timeout=0.2)


async def test_an_entry_is_durable_and_proved_when_its_receipt_is_there(world: World, journal: Journal) -> None:
    eid = world.id()
    receipt = await journal.record(Entry(Kind.CONFIG, eid, {"digests": {"register": "ab"}}))
    assert receipt.entry_id == id_text(eid)
    assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index == 0
    assert world.leaves()[0]["facts"] == {"digests": {"register": "ab"}}


async def test_a_denial_says_why_and_repeats_no_value(world: World, journal: Journal) -> None:
    refusal = Refusal(
        Reason.FIELD_NOT_AGREED, source="dopa", detail="dopa.person", violations=(Violation("fields[0]", "is not in the agreement"),)
    )
    receipt = await journal.deny(world.id(), FACTS, refusal)
    verify_proof(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier)
    leaf = world.leaves()[0]
    assert leaf["kind"] == "denied"
    assert leaf["facts"] == {
        **FACTS, "reason": "FIELD_NOT_AGREED", "source": "dopa", "detail": "dopa.person", "violations": ["fields[0]"]
    }  # fmt: skip


async def test_after_a_visit_has_ended_no_intent_of_it_is_recorded(world: World, journal: Journal) -> None:
    visit = b"v" * 16
    await one_passage(world, journal, NotEnded(visit))
    await journal.end_visit(world.id(), FACTS, VisitEnd(visit, world.clock.now_ms() + 1000))
    with pytest.raises(Refusal) as caught:
        await one_passage(world, journal, NotEnded(visit))
    assert caught.value.reason is Reason.VISIT_ENDED
    assert caught.value.receipt is not None
    assert world.said() == [("intent", ""), ("outcome", "found"), ("visit_end", ""), ("denied", "VISIT_ENDED")]


async def test_entries_that_come_together_share_a_commit_and_a_signature(world: World, journal: Journal) -> None:
    world.disk.gate.clear()
    first = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
    await until(lambda: journal._writer._busy_since is not None)
    rest = [asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD))) for _ in range(300)]
    await until(lambda: journal.health().queued == 300)
    world.disk.gate.set()
    receipts = await asyncio.gather(first, *rest)
    for receipt in receipts:
        assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index
    assert world.verified().checkpoints == 1 + 1 + 2  # the empty log's, one entry, 256, 44


async def test_a_full_queue_refuses_at_once_and_keeps_a_third_for_outcomes(world: World) -> None:
    journal = world.journal(limits=JournalLimits(queue=24, append_timeout=20))
    async with asyncio.TaskGroup() as group:
        passages = [journal.passage(world.id(), FACTS) for _ in range(20)]
        for passage in passages[:10]:
            await passage.__aenter__()
        world.disk.gate.clear()
        group.create_task(passages[10].__aenter__())
        await until(lambda: journal._writer._busy_since is not None)
        waiting = [group.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD))) for _ in range(16)]
        await until(lambda: journal.health().queued == 16)
        with pytest.raises(Refusal) as caught:
            await journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD))
        with pytest.raises(Refusal):
            await passages[11].__aenter__()
        assert (caught.value.reason, caught.value.receipt) == (Reason.OVERLOADED, None)
        for passage in passages[:10]:
            passage.conclude("found")
            group.create_task(passage.__aexit__(None, None, None))
        await until(lambda: journal.health().queued == 26)
        world.disk.gate.set()
    assert len(waiting) == 16
    kinds = [kind for kind, _ in world.said()]
    assert kinds[11:21] == ["outcome"] * 10, "outcomes go before everything that waited longer"
    assert kinds[21:] == ["denied"] * 16
    assert CLOSING == {Kind.OUTCOME, Kind.RECOVERED}


async def test_outcomes_that_wait_push_intents_back_and_not_the_other_way_round(world: World) -> None:
    journal = world.journal(limits=JournalLimits(queue=24, append_timeout=20))
    passages = [journal.passage(world.id(), FACTS) for _ in range(18)]
    for passage in passages:
        await passage.__aenter__()
        passage.conclude("found")
    async with asyncio.TaskGroup() as group:
        world.disk.gate.clear()
        group.create_task(passages[0].__aexit__(None, None, None))
        await until(lambda: journal._writer._busy_since is not None)
        for passage in passages[1:]:
            group.create_task(passage.__aexit__(None, None, None))
        await until(lambda: journal.health().queued == 17)
        with pytest.raises(Refusal):
            await journal.passage(world.id(), FACTS).__aenter__()
        world.disk.gate.set()
    assert world.verified().orphans == []


async def test_an_append_that_is_not_durable_in_time_is_refused(world: World) -> None:
    journal = world.journal(limits=BRIEF)
    world.disk.gate.clear()
    with pytest.raises(AuditUnavailable, match="not durable after"):
        await journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD))
    world.disk.gate.set()
    await journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_RECIPIENT))
    assert world.verified().clean


async def test_what_still_waits_when_its_caller_gives_up_is_never_written(world: World) -> None:
    journal = world.journal(limits=BRIEF)
    world.disk.gate.clear()
    first = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
    await until(lambda: journal._writer._busy_since is not None)
    late = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_SOURCE)))
    await asyncio.gather(first, late, return_exceptions=True)
    world.disk.gate.set()
    await journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_RECIPIENT))
    assert world.said() == [("denied", "UNKNOWN_FIELD"), ("denied", "UNKNOWN_RECIPIENT")]


async def test_the_health_tells_what_is_and_gets_well_by_itself(world: World) -> None:
    journal = world.journal(space=SpaceLimits(1000, 10))
    log = world.log_of(journal)
    assert journal.health() == journal.health()
    assert (journal.health().ok, journal.health().last_commit_ms, journal.health().size) == (True, None, 0)
    await one_passage(world, journal)
    await until(lambda: journal.health().size == 2)
    healthy = journal.health()
    assert healthy.ok
    assert healthy.committed_at_ms == world.clock.now_ms()
    log._free = lambda path: 999
    assert (journal.health().ok, journal.health().reason) == (False, "little disk space")
    with pytest.raises(AuditUnavailable, match="little disk space"):
        await one_passage(world, journal)
    log._free = lambda path: 10**9
    world.clock.advance(6)
    assert journal.health().ok
    await one_passage(world, journal)


async def test_little_space_refuses_intents_and_still_takes_the_outcomes_of_what_was_begun(world: World) -> None:
    journal = world.journal(space=SpaceLimits(1000, 10))
    async with journal.passage(world.id(), FACTS) as passage:
        world.log_of(journal)._free = lambda path: 11
        with pytest.raises(AuditUnavailable):
            await one_passage(world, journal)
        passage.conclude("found")
    assert world.said() == [("intent", ""), ("outcome", "found")]


async def test_a_batch_that_hangs_shows_in_the_health(world: World) -> None:
    journal = world.journal(limits=BRIEF)
    world.disk.gate.clear()
    with pytest.raises(AuditUnavailable):
        await one_passage(world, journal)
    world.clock.advance(1)
    assert journal.health().reason == "a batch hangs"
    world.disk.gate.set()
    await until(lambda: journal.health().ok)


async def test_a_log_file_moved_away_is_refused_from_the_next_entry_on(world: World, journal: Journal) -> None:
    await one_passage(world, journal)
    world.path.rename(world.path.with_name("elsewhere.db"))
    assert journal.health().reason == "log file moved or removed"
    for _ in range(2):
        with pytest.raises(StorePoisoned, match="moved or removed"):
            await one_passage(world, journal)


async def test_data_keys_moved_away_are_noticed_at_once_and_no_entry_is_sealed_under_a_lost_key(world: World, journal: Journal) -> None:
    await one_passage(world, journal)
    world.keys_path.rename(world.keys_path.with_name("elsewhere.db"))
    assert "moved or removed" in journal.health().reason
    assert journal.health().poisoned
    with pytest.raises(AuditUnavailable, match="moved or removed"):
        async with journal.passage(world.id(), FACTS, key=world.sealing.new_key(None)):
            pytest.fail("nobody may be asked")


async def test_what_gets_well_by_itself_is_not_poisoned_and_a_poisoned_log_is(world: World, journal: Journal) -> None:
    world.log_of(journal)._space = SpaceLimits(1000, 10)
    world.log_of(journal)._free = lambda path: 999
    assert (journal.health().ok, journal.health().poisoned) == (False, False)
    world.log_of(journal)._free = lambda path: 10**9
    world.disk.arm(Fault("sync", 0, persisted=True))
    with pytest.raises(StorePoisoned):
        await one_passage(world, journal)
    assert journal.health().poisoned


async def test_an_unknown_commit_refuses_everything_from_then_on(world: World, journal: Journal) -> None:
    await one_passage(world, journal)
    world.disk.arm(Fault("sync", 0, persisted=True))
    with pytest.raises(StorePoisoned):
        await one_passage(world, journal)
    world.disk.arm(None)
    with pytest.raises(StorePoisoned):
        await one_passage(world, journal)
    with pytest.raises(StorePoisoned):
        await journal.with_log(lambda log: log.head.size)
    assert not journal.health().ok
    report = world.verified()
    assert report.clean, "what the log holds is sound, whichever way the commit went"


async def test_a_failed_sync_of_the_keys_refuses_what_needs_a_fresh_key_and_nothing_else(world: World, tmp_path: Path) -> None:
    journal = world.journal()
    keys = journal._writer._keys
    assert keys is not None
    keys.close()
    with pytest.raises(AuditUnavailable, match="keys"):
        async with journal.passage(world.id(), FACTS, key=world.sealing.new_key(None)):
            pytest.fail("nobody may be asked")
    await one_passage(world, journal)
    assert "keys" in journal.health().reason
    assert world.said() == [("intent", ""), ("outcome", "found")]


async def test_facts_that_cannot_be_recorded_are_refused_before_anything_is_asked(world: World, journal: Journal) -> None:
    with pytest.raises(EntryInvalid):
        async with journal.passage(world.id(), {"surname": "x"}):
            pytest.fail("nobody may be asked")
    assert world.leaves() == []


async def test_closing_finishes_what_waits_and_takes_nothing_more(world: World, journal: Journal) -> None:
    async with journal.passage(world.id(), FACTS) as passage:
        closing = asyncio.create_task(journal._recorder.drain(5))
        await asyncio.sleep(0)
        with pytest.raises(AuditUnavailable, match="closing"):
            await journal.passage(world.id(), FACTS).__aenter__()
        await asyncio.sleep(0.05)
        assert not closing.done()
        passage.conclude("found")
    assert await closing
    await asyncio.gather(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)), journal.close())
    with pytest.raises(AuditUnavailable):
        await journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD))
    assert not journal.health().ok
    report = world.verified()
    assert (report.clean, report.size, report.orphans) == (True, 3, [])


async def test_a_clock_far_behind_is_refused_and_named(world: World, journal: Journal) -> None:
    await one_passage(world, journal)
    world.clock.step_wall(-3600)
    with pytest.raises(AuditUnavailable, match="behind the log"):
        await one_passage(world, journal)
    assert "behind the log" in journal.health().reason
    world.clock.step_wall(3600)
    await one_passage(world, journal)
    assert journal.health().ok


async def test_a_defect_in_the_writing_thread_ends_it_and_hangs_nobody(
    world: World, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[BaseException | None] = []
    monkeypatch.setattr("threading.excepthook", lambda args: seen.append(args.exc_value))
    going = threading.Event()

    def broken(drafts: object) -> object:
        going.wait(30)
        raise RuntimeError("a defect")

    world.log_of(journal).append = broken  # type: ignore[method-assign, assignment]
    first = asyncio.create_task(journal.deny(world.id(), FACTS, Refusal(Reason.UNKNOWN_FIELD)))
    await until(lambda: journal._writer._busy_since is not None)
    waiting = [asyncio.create_task(one_passage(world, journal)), asyncio.create_task(journal.with_log(lambda log: log.head.size))]
    await until(lambda: journal.health().queued == 1)
    going.set()
    for each in (first, *waiting, asyncio.create_task(one_passage(world, journal))):
        with pytest.raises(StorePoisoned):  # at once, not after the timeout: that would be StoreUnavailable
            await each
    await until(lambda: not journal._writer._thread.is_alive())
    assert not journal.health().ok
    assert [str(each) for each in seen] == ["a defect"]


def test_the_clock_of_the_machine_fits() -> None:
    assert SystemClock().now_ms() > 1_700_000_000_000
