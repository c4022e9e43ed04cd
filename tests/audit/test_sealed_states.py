"""What a reader is told of what is sealed: readable, forgotten or broken; the proof holds in each case."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from linkage.audit.access import access_of
from linkage.audit.journal import Journal
from linkage.audit.record import Kind, canonical
from linkage.audit.sealing import SUBJECT, FreshKey, Sealing
from linkage.audit.seals import Seals, SealState
from linkage.keyring import KeyRing
from linkage.store.contract import StoredEntry
from linkage.store.sqlite_keys import SqliteKeys
from tests.audit.world import FACTS, NUMBER, OTHER_NUMBER, World, ring
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER, entries

Opens = Callable[..., Seals]


@pytest.fixture
def seals(world: World) -> Iterator[Opens]:
    """Opens the reader's side, with other rings if they are given."""
    opened: list[Seals] = []

    def open_one(keks: KeyRing | None = None) -> Seals:
        sealing = Sealing(SIGNER.verifier.name, keks or ring(1), ring(2), world.clock)
        opened.append(Seals(sealing, SqliteKeys(world.keys_path)))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


async def accessed(world: World, journal: Journal) -> tuple[FreshKey, list[StoredEntry]]:
    """An access that leaves an intent and its outcome, and the two."""
    key = world.sealing.new_key(NUMBER)
    async with journal.passage(world.id(), FACTS, key=key, sealed={SUBJECT: NUMBER.reveal()}) as passage:
        passage.conclude("found")
    receipt = passage.receipt
    assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index
    return key, entries(world.path)[-2:]


async def test_what_is_sealed_is_readable_until_its_key_is_destroyed_and_forgotten_then(
    world: World, journal: Journal, seals: Opens
) -> None:
    key, (intent, outcome) = await accessed(world, journal)
    access = access_of(intent, outcome)
    assert seals().state(access) is SealState.READABLE
    store = SqliteKeys(world.keys_path)
    store.forget([key.id])
    store.close()
    assert seals().state(access) is SealState.FORGOTTEN
    assert world.verified().clean


async def test_what_a_destroyed_sealing_key_wrapped_is_forgotten(world: World, journal: Journal, seals: Opens) -> None:
    _, (intent, outcome) = await accessed(world, journal)
    assert seals(ring(3)).state(access_of(intent, outcome)) is SealState.FORGOTTEN
    assert world.verified().clean


async def test_a_ciphertext_moved_to_another_entry_is_broken(world: World, journal: Journal, seals: Opens) -> None:
    _, (mine, _) = await accessed(world, journal)
    _, (other, _) = await accessed(world, journal)
    moved = canonical({**json.loads(other.leaf), "sealed": json.loads(mine.leaf)["sealed"]})
    assert seals().state(access_of(replace(other, leaf=moved), None)) is SealState.BROKEN


async def test_a_forgery_under_a_second_data_key_is_broken_by_the_commitment(world: World, journal: Journal, seals: Opens) -> None:
    _, (mine, _) = await accessed(world, journal)
    forged = world.sealing.new_key(OTHER_NUMBER)
    store = SqliteKeys(world.keys_path)
    store.put([forged.row])
    store.close()
    leaf = json.loads(mine.leaf)
    again = world.sealing.seal(forged, Kind(mine.kind), mine.eid, {SUBJECT: OTHER_NUMBER.reveal()})
    shown = {**leaf, "sealed": {**leaf["sealed"], "fields": again["fields"], "key": forged.id.hex()}}
    assert seals().state(access_of(replace(mine, leaf=canonical(shown)), None)) is SealState.BROKEN
    whole = {**shown, "sealed": again}
    assert seals().state(access_of(replace(mine, leaf=canonical(whole)), None)) is SealState.READABLE, (
        "only the commitment stood in the way"
    )
