"""The log says which of its keys are used, each once: log keys, sealing keys, and a new pseudonym key with every month."""

import hmac
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from linkage.audit.boot import new_origin
from linkage.audit.journal import Journal
from linkage.audit.key_changes import in_use, say_once
from linkage.audit.keys_apart import KeysApart
from linkage.audit.rewrapping import expect_keks
from linkage.audit.sealing import KekGone, Sealing
from linkage.errors import AuditUnavailable, SettingsInvalid
from linkage.keyring import KeyRing
from linkage.runtime.key_care import KeyCare
from linkage.store.backend import KeyRow
from linkage.store.sqlite_keys import SqliteKeys
from linkage.telemetry import Metrics
from linkage.terms import CitizenNumber
from linkage.tlog.log_keys import LogKey, LogVerifier
from linkage.tlog.note import Signer
from tests.audit.world import FACTS, NUMBER, OTHER_NUMBER, World, ring
from tests.small_log import SIGNER

OLD_KEK, NEW_KEK = ring(1).current, ring(3).current
MONTH_S = 31 * 86_400


def said(world: World) -> list[tuple[str, str, str]]:
    facts = [leaf["facts"] for leaf in world.leaves() if leaf["kind"] == "key"]
    return [(each["key_use"], each["key_id"], each["key_state"]) for each in facts]


def care(world: World, journal: Journal, sealing: Sealing | None = None) -> tuple[KeyCare, Metrics]:
    metrics = Metrics()
    assert isinstance(metrics.registry, CollectorRegistry)
    keys = KeysApart(lambda: SqliteKeys(world.keys_path))
    return KeyCare(journal, keys, sealing or world.sealing, world.clock, metrics), metrics


def sealing_of(world: World, *, keks: KeyRing | None = None, pseudonyms: KeyRing | None = None, keep_days: int | None = None) -> Sealing:
    return Sealing(SIGNER.verifier.name, keks or ring(1), pseudonyms or ring(2), world.clock, keep_days=keep_days)


def stored(world: World, *rows: KeyRow) -> None:
    keys = SqliteKeys(world.keys_path)
    keys.put(rows)
    keys.close()


def held(world: World, sealing: Sealing, number: CitizenNumber = NUMBER) -> list[KeyRow]:
    """The rows that a search for the person finds."""
    keys = SqliteKeys(world.keys_path)
    try:
        return [row for pseudonym in sealing.pseudonyms(number, keys.epochs()) for row in keys.of_pseudonym(pseudonym)]
    finally:
        keys.close()


async def test_a_start_says_which_keys_are_used_and_the_next_says_nothing_again(world: World, journal: Journal) -> None:
    first, _ = care(world, journal)
    await first.begin(SIGNER.verifier)
    other, _ = care(world, world.journal(origin=new_origin("b")))  # another gateway on the same log
    await other.begin(SIGNER.verifier)
    key_id = SIGNER.verifier.current.key_id.hex()
    assert said(world) == [("log", key_id, "begun"), ("sealing", "k1", "begun"), ("pseudonym", "k2.2026-01", "begun")]
    begun = world.leaves()[0]["facts"]
    assert (begun["vkey"], begun["first_size"]) == (SIGNER.verifier.text, 0)
    assert world.verified().clean
    await first.close()
    await other.close()


async def test_a_retired_log_key_is_named_with_its_last_size(world: World, journal: Journal) -> None:
    former = LogKey(Signer(SIGNER.verifier.name, bytes(32)).verifier, 0, 7)
    for change in in_use(LogVerifier((*SIGNER.verifier.keys, former)), world.sealing)[:3]:
        await say_once(journal, change.entry)
        world.clock.advance(1)
        await say_once(world.journal(origin=new_origin("b")), change.entry)
    old, new = former.key.key_id.hex(), SIGNER.verifier.current.key_id.hex()
    assert said(world) == [("log", old, "begun"), ("log", old, "ended"), ("log", new, "begun")]
    assert world.leaves()[1]["facts"]["last_size"] == 7


async def test_pseudonyms_change_with_the_month_in_thailand_and_both_months_find_the_person(world: World, journal: Journal) -> None:
    keeper, _ = care(world, journal)
    await keeper.begin(SIGNER.verifier)
    january = world.sealing.new_key(NUMBER).row
    world.clock.advance(MONTH_S - 7 * 3600 - 1)  # 23:59:59 on 31 January in Thailand
    assert world.sealing.epoch == "k2.2026-01"
    await keeper.look()
    world.clock.advance(1)
    assert world.sealing.epoch == "k2.2026-02"
    february = world.sealing.new_key(NUMBER).row
    assert february.pseudonym != january.pseudonym
    stored(world, january, february, world.sealing.new_key(OTHER_NUMBER).row)
    assert {january.id, february.id} == {row.id for row in held(world, world.sealing)}
    await keeper.look()
    await keeper.look()
    assert [each for each in said(world) if each[0] == "pseudonym"] == [
        ("pseudonym", "k2.2026-01", "begun"),
        ("pseudonym", "k2.2026-02", "begun"),
    ]
    await keeper.close()


def test_a_new_pseudonym_key_in_front_of_the_ring_finds_also_what_the_old_one_and_its_months_have_named(world: World) -> None:
    before = world.sealing.new_key(NUMBER).row
    ancient = replace(world.sealing.new_key(NUMBER).row, epoch="k2", pseudonym=_of_the_ring_itself())
    rotated = sealing_of(world, pseudonyms=KeyRing((ring(5).current, ring(2).current)))
    after = rotated.new_key(NUMBER).row
    assert after.epoch == "k5.2026-01"
    stored(world, before, ancient, after)
    assert {before.id, ancient.id, after.id} == {row.id for row in held(world, rotated)}
    alone = sealing_of(world, pseudonyms=ring(5))
    assert [row.id for row in held(world, alone)] == [after.id]
    assert alone.lost_epochs(("k2", "k2.2026-01", "k5.2026-01")) == ("k2", "k2.2026-01")


def _of_the_ring_itself() -> bytes:
    """The pseudonym as rows of before the months have it."""
    return hmac.digest(ring(2).current.key, b"linkage-pseudonym-v1\x00" + NUMBER.reveal().encode(), "sha256")


async def test_a_new_sealing_key_wraps_everything_anew_and_the_log_says_when_the_old_one_may_go(world: World, journal: Journal) -> None:
    fresh = [world.sealing.new_key(NUMBER) for _ in range(300)]
    stored(world, *(key.row for key in fresh))
    rotated = sealing_of(world, keks=KeyRing((NEW_KEK, OLD_KEK)))
    keeper, metrics = care(world, journal, rotated)
    await keeper.begin(SIGNER.verifier)
    assert ("sealing", "k1", "ended") not in said(world)
    await keeper.look()
    await keeper.look()
    assert said(world).count(("sealing", "k1", "ended")) == 1
    assert metrics.registry.get_sample_value("linkage_data_keys_to_rewrap") == 0
    rows = {row.id: row for row in held(world, rotated)}
    assert {row.kek for row in rows.values()} == {"k3"}
    alone = sealing_of(world, keks=KeyRing((NEW_KEK,)))
    assert all(alone.unwrap(rows[key.id]).key == key.key for key in fresh), "the old key is needed no more"
    assert {rows[key.id].made_ms for key in fresh} == {key.row.made_ms for key in fresh}
    await keeper.close()


async def test_a_data_key_that_does_not_unwrap_keeps_the_old_sealing_key_in_use(world: World, journal: Journal) -> None:
    broken = replace(world.sealing.new_key(NUMBER).row, wrapped=bytes(60))
    stored(world, broken, world.sealing.new_key(NUMBER).row)
    keeper, metrics = care(world, journal, sealing_of(world, keks=KeyRing((NEW_KEK, OLD_KEK))))
    await keeper.look()
    assert ("sealing", "k1", "ended") not in said(world)
    assert metrics.registry.get_sample_value("linkage_data_keys_to_rewrap") == 1
    await keeper.close()


def test_a_ring_without_a_key_that_data_keys_are_wrapped_under_is_refused_by_name(world: World) -> None:
    stored(world, world.sealing.new_key(NUMBER).row)
    keys = SqliteKeys(world.keys_path)
    expect_keks(world.sealing, keys, "kek.keys")
    without = sealing_of(world, keks=KeyRing((NEW_KEK,)))
    with pytest.raises(SettingsInvalid) as caught:
        expect_keks(without, keys, "kek.keys")
    (problem,) = caught.value.problems
    assert (problem.file, problem.got) == ("kek.keys", "no key 'k1'")
    assert "put it back" in problem.expected
    with pytest.raises(KekGone):
        without.unwrap(keys.of_pseudonym(without.pseudonyms(NUMBER, ())[0])[0])
    keys.close()


async def test_without_a_key_store_nothing_is_looked_after_and_the_next_round_goes_on(world: World, journal: Journal) -> None:
    expiring = sealing_of(world, keep_days=1)
    stored(world, expiring.new_key(NUMBER).row)
    world.clock.advance(2 * 86_400)
    away = world.keys_path.with_name("away.db")
    world.keys_path.rename(away)
    keeper, metrics = care(world, journal, expiring)
    with pytest.raises(AuditUnavailable):
        await keeper.look()
    away.rename(world.keys_path)
    await keeper.look()
    stored(world, expiring.new_key(NUMBER).row)
    world.clock.advance(2 * 86_400)
    world.keys_path.rename(away)  # under the open connection
    with pytest.raises(AuditUnavailable):
        await keeper.look()
    away.rename(world.keys_path)
    await keeper.look()
    assert metrics.registry.get_sample_value("linkage_data_keys_forgotten_total") == 2
    await keeper.close()


async def test_without_a_key_store_nothing_is_sealed_and_what_needs_it_is_refused(world: World) -> None:
    journal = world.journal()
    for each in world.keys_path.parent.glob("keys.db*"):
        if each != world.anchor:
            each.rename(each.with_name(f"away-{each.name}"))
    with pytest.raises(AuditUnavailable):
        await journal.passage(world.id(), FACTS, key=world.sealing.new_key(NUMBER), sealed={"subject": NUMBER.reveal()}).__aenter__()
    assert world.leaves() == []
    assert not journal.health().ok
