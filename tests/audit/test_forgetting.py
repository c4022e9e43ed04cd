"""Forgetting: said in the log first, then every trace of the key is gone from the disk; entries, proofs and other people stay."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from linkage.audit.forgetting import EpochsLost, Forgetting, Ground
from linkage.audit.journal import Journal
from linkage.audit.keys_apart import KeysApart
from linkage.audit.retention import AT_ONCE, forget_expired
from linkage.audit.sealing import SUBJECT, FreshKey, Sealing
from linkage.errors import AuditUnavailable
from linkage.keyring import KeyRing
from linkage.store.contract import SpaceLimits, StoreUnavailable
from linkage.store.sqlite_keys import SqliteKeys
from linkage.terms import CitizenNumber
from tests.audit.world import FACTS, NUMBER, OTHER_NUMBER, World, ring
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER

VISIT_MS = 15 * 60_000
DAY_S = 86_400


@pytest.fixture
async def keys(world: World) -> AsyncIterator[KeysApart]:
    keys = KeysApart(lambda: SqliteKeys(world.keys_path))
    yield keys
    await keys.close()


async def accessed(world: World, journal: Journal, number: CitizenNumber, sealing: Sealing | None = None) -> tuple[FreshKey, Any]:
    """One access to a person's record: its data key and its receipt."""
    key = (sealing or world.sealing).new_key(number)
    async with journal.passage(world.id(), FACTS, key=key, sealed={SUBJECT: number.reveal()}) as passage:
        passage.conclude("found")
    return key, passage.receipt


def forgetting(world: World, journal: Journal, keys: KeysApart, sealing: Sealing | None = None) -> Forgetting:
    return Forgetting(journal, keys, sealing or world.sealing, world.clock, open_ms=VISIT_MS)


def shreds(world: World) -> list[dict[str, Any]]:
    return [leaf["facts"] for leaf in world.leaves() if leaf["kind"] == "shred"]


def on_disk(world: World, traces: Iterable[bytes]) -> list[str]:
    """The files of the key store that hold one of these."""
    files = [
        path for path in world.keys_path.parent.glob("keys.db*") if not path.name.endswith(".unfinished")
    ]  # of the anchor: comes and goes
    return [path.name for path in files if any(trace in path.read_bytes() for trace in traces)]


def traces(*keys: FreshKey) -> list[bytes]:
    return [part for key in keys for part in (key.row.wrapped, key.row.pseudonym or b"", key.id)]


def is_there(world: World, key_id: bytes) -> bool:
    store = SqliteKeys(world.keys_path)
    try:
        return store.get(key_id) is not None
    finally:
        store.close()


async def test_a_person_is_forgotten_over_all_epochs_and_nobody_else_is(world: World, journal: Journal, keys: KeysApart) -> None:
    january, receipt = await accessed(world, journal, NUMBER)
    stranger, _ = await accessed(world, journal, OTHER_NUMBER)
    world.clock.advance(40 * DAY_S)
    february, _ = await accessed(world, journal, NUMBER)
    world.clock.advance(DAY_S)
    later, _ = await accessed(world, journal, NUMBER)
    before = later.row.made_ms
    world.clock.advance(DAY_S)
    assert on_disk(world, traces(january, february))

    done = await forgetting(world, journal, keys).forget(NUMBER, before, Ground.PDPA_33)

    assert (done.count, done.left) == (2, 0)
    assert shreds(world) == [{"why": "request", "ground": "pdpa-33", "count": 2, "before_ms": before}]
    gone = [*traces(january), february.row.wrapped, february.id]  # the pseudonym of February is also that of the key that is kept
    assert not on_disk(world, gone), "not in the file, not in its WAL"
    assert on_disk(world, [stranger.row.wrapped])
    assert is_there(world, stranger.id)
    assert is_there(world, later.id)
    assert world.verified().clean
    assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index
    assert done.receipt is not None
    assert NUMBER.reveal().encode() not in world.path.read_bytes() + done.receipt.leaf


async def test_a_person_nobody_has_asked_about_leaves_no_entry(world: World, journal: Journal, keys: KeysApart) -> None:
    await accessed(world, journal, OTHER_NUMBER)
    world.clock.advance(DAY_S)
    done = await forgetting(world, journal, keys).forget(NUMBER, world.clock.now_ms(), Ground.COURT)
    assert (done.count, done.left, done.receipt) == (0, 0, None)
    assert shreds(world) == []


async def test_keys_of_visits_that_may_be_open_are_left_and_counted(world: World, journal: Journal, keys: KeysApart) -> None:
    old, _ = await accessed(world, journal, NUMBER)
    world.clock.advance(VISIT_MS / 1000 + 1)
    fresh, _ = await accessed(world, journal, NUMBER)
    world.clock.advance(VISIT_MS / 1000)
    done = await forgetting(world, journal, keys).forget(NUMBER, world.clock.now_ms(), Ground.REGULATOR)
    assert (done.count, done.left) == (1, 1)
    assert not is_there(world, old.id)
    assert is_there(world, fresh.id)


async def test_nobody_is_forgotten_in_part_because_a_pseudonym_key_is_missing(world: World, journal: Journal, keys: KeysApart) -> None:
    key, _ = await accessed(world, journal, NUMBER)
    world.clock.advance(DAY_S)
    other = Sealing(SIGNER.verifier.name, ring(1), KeyRing((ring(5).current,)), world.clock)
    with pytest.raises(EpochsLost) as caught:
        await forgetting(world, journal, keys, other).forget(NUMBER, world.clock.now_ms(), Ground.COURT)
    assert caught.value.epochs == ("k2.2026-01",)
    assert is_there(world, key.id)
    assert shreds(world) == []


async def test_what_the_log_cannot_say_is_not_destroyed(world: World, journal: Journal, keys: KeysApart) -> None:
    lasting = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=1)
    key, _ = await accessed(world, journal, NUMBER, lasting)
    world.clock.advance(2 * DAY_S)
    full = world.journal(space=SpaceLimits(1 << 62, 1 << 61))
    with pytest.raises(AuditUnavailable):
        await forgetting(world, full, keys).forget(NUMBER, world.clock.now_ms(), Ground.COURT)
    with pytest.raises(AuditUnavailable):
        await forget_expired(full, keys, world.clock)
    assert is_there(world, key.id)


class CutOff(SqliteKeys):
    """A key store whose process ends before anything is destroyed."""

    def forget(self, key_ids: Iterable[bytes]) -> None:
        raise StoreUnavailable("ended")


async def test_what_was_said_and_not_destroyed_is_finished_at_the_next_round_and_said_once(world: World, journal: Journal) -> None:
    lasting = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=1)
    key, receipt = await accessed(world, journal, NUMBER, lasting)
    world.clock.advance(DAY_S)
    cut_off = KeysApart(lambda: CutOff(world.keys_path))
    with pytest.raises(AuditUnavailable):
        await forget_expired(journal, cut_off, world.clock)
    await cut_off.close()
    assert len(shreds(world)) == 1
    assert is_there(world, key.id)
    again = KeysApart(lambda: SqliteKeys(world.keys_path))
    assert await forget_expired(world.journal(), again, world.clock) == 1
    await again.close()
    assert len(shreds(world)) == 1
    assert not on_disk(world, traces(key))
    assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index


async def test_keys_whose_time_is_over_are_forgotten_by_themselves_in_bounded_batches(
    world: World, journal: Journal, keys: KeysApart
) -> None:
    lasting = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=3)
    expiring = [lasting.new_key(NUMBER).row for _ in range(AT_ONCE + 44)]
    kept, by_agreement = lasting.new_key(NUMBER, [3, 5]).row, world.sealing.new_key(NUMBER).row
    await keys.ask(lambda store: store.put([*expiring, kept, by_agreement]))
    world.clock.advance(3 * DAY_S - 0.001)
    assert await forget_expired(journal, keys, world.clock) == 0
    world.clock.advance(0.001)
    assert await forget_expired(journal, keys, world.clock) == AT_ONCE + 44
    assert [each["count"] for each in shreds(world)] == [AT_ONCE, 44]
    assert {key for each in shreds(world) for key in each["keys"]} == {row.id.hex() for row in expiring}
    assert {each["why"] for each in shreds(world)} == {"retention"}
    assert is_there(world, kept.id)
    assert is_there(world, by_agreement.id)
    assert world.verified().clean


def test_the_longest_of_several_retentions_counts_and_a_silent_agreement_means_the_settings(world: World) -> None:
    def days(sealing: Sealing, *retentions: int | None) -> float | None:
        row = sealing.new_key(NUMBER, retentions).row
        return None if row.expires_ms is None else (row.expires_ms - row.made_ms) / (DAY_S * 1000)

    lasting = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=10)
    assert [days(lasting), days(lasting, 3), days(lasting, 3, 20), days(lasting, 3, None), days(lasting, None)] == [10, 3, 20, 10, 10]
    assert [days(world.sealing), days(world.sealing, 3), days(world.sealing, 3, None)] == [None, 3, None]
    late = lasting.bind(lasting.new_key(None, [4]), NUMBER).row
    assert late.expires_ms == late.made_ms + 4 * DAY_S * 1000


async def test_two_gateways_forget_side_by_side_and_a_reader_does_not_keep_the_wal(world: World, journal: Journal, keys: KeysApart) -> None:
    lasting = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=1)
    rows = [lasting.new_key(NUMBER).row for _ in range(40)]
    await keys.ask(lambda store: store.put(rows))
    world.clock.advance(DAY_S)
    other = KeysApart(lambda: SqliteKeys(world.keys_path))
    await asyncio.gather(forget_expired(journal, keys, world.clock), forget_expired(world.journal(), other, world.clock))
    await other.close()
    assert len(shreds(world)) == 1
    assert not on_disk(world, [row.wrapped for row in rows])
