"""What is personal is sealed: to its entry, under a key that the entry commits to, and nowhere in the clear."""

import hmac
import json
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.audit.journal import AlreadyAnswered, Journal
from linkage.audit.record import Kind
from linkage.audit.recorder import Sealable
from linkage.audit.sealing import FreshKey, SealBroken, Sealing, answer_tag
from linkage.clock import FakeClock
from linkage.errors import Refusal
from linkage.keyring import KeyRing
from linkage.store.contract import Answered, Conclusion, Within
from linkage.store.sqlite_keys import SqliteKeys
from linkage.terms import DataKey
from linkage.tlog.encoding import from_base64, to_base64
from tests.audit.world import FACTS, NUMBER, OTHER_NUMBER, World, ring

SEALING = Sealing("linkage.example/audit", ring(1), ring(2), FakeClock())
EID = bytes(range(16))
FIELDS = {"subject": NUMBER.reveal(), "reason": "ผู้ป่วยติดเตียง"}


def derived(key: DataKey, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, purpose.encode()).derive(key.key)


def sealed_by(key: DataKey, kind: Kind = Kind.INTENT, eid: bytes = EID) -> dict[str, Any]:
    return dict(SEALING.seal(key, kind, eid, FIELDS))


def test_sealed_fields_open_with_their_key_and_their_entry() -> None:
    key = SEALING.new_key(NUMBER)
    assert SEALING.open(key, Kind.INTENT, EID, sealed_by(key)) == FIELDS


def test_the_leaf_holds_commitment_and_tag_as_they_are_defined() -> None:
    key = SEALING.new_key(NUMBER)
    sealed = sealed_by(key)
    assert sealed["key"] == key.id.hex()
    assert sealed["commit"] == to_base64(hmac.digest(derived(key, "commit"), b"linkage-commit-v1", "sha256"))
    assert sealed["subject"] == to_base64(hmac.digest(derived(key, "subject"), EID + NUMBER.reveal().encode(), "sha256"))
    assert answer_tag(key, b"answer") == to_base64(hmac.digest(derived(key, "answer"), b"answer", "sha256"))
    assert set(sealed["fields"]) == set(FIELDS)


def test_the_same_person_has_another_tag_and_ciphertext_in_every_entry() -> None:
    key = SEALING.new_key(NUMBER)
    one, again, other = sealed_by(key), sealed_by(key), sealed_by(key, eid=bytes(16))
    assert one["subject"] == again["subject"] != other["subject"]
    assert one["fields"]["subject"] != again["fields"]["subject"]
    assert SEALING.is_about(key, EID, one, NUMBER.reveal())
    assert not SEALING.is_about(key, EID, one, OTHER_NUMBER.reveal())
    assert not SEALING.is_about(key, bytes(16), one, NUMBER.reveal())


def test_a_ciphertext_moved_to_another_entry_kind_field_or_log_does_not_open() -> None:
    key = SEALING.new_key(NUMBER)
    sealed = sealed_by(key)
    swapped = {**sealed, "fields": {"subject": sealed["fields"]["reason"], "reason": sealed["fields"]["subject"]}}
    elsewhere = Sealing("linkage.example/other", ring(1), ring(2), FakeClock())
    for opener, kind, eid, what in [
        (SEALING, Kind.INTENT, bytes(16), sealed),
        (SEALING, Kind.DENIED, EID, sealed),
        (SEALING, Kind.INTENT, EID, swapped),
        (elsewhere, Kind.INTENT, EID, sealed),
    ]:
        with pytest.raises(SealBroken, match="does not open"):
            opener.open(key, kind, eid, what)


def test_another_key_is_refused_by_the_commitment_before_anything_is_decrypted() -> None:
    """Two keys, one ciphertext: AES-GCM may open under both; the entry has committed to one."""
    mine, forged = SEALING.new_key(NUMBER), SEALING.new_key(NUMBER)
    sealed = sealed_by(mine)
    nonce = os.urandom(12)
    context = b"".join(len(part).to_bytes(4, "big") + part for part in (b"linkage.example/audit", b"1", b"intent", EID, b"subject"))
    under_forged = nonce + AESGCM(derived(forged, "seal")).encrypt(nonce, OTHER_NUMBER.reveal().encode(), context)
    shown = {**sealed, "fields": {"subject": to_base64(under_forged)}}
    with pytest.raises(SealBroken, match="committed to another key"):
        SEALING.open(forged, Kind.INTENT, EID, shown)
    matching = {**shown, "commit": sealed_by(forged)["commit"]}
    assert SEALING.open(forged, Kind.INTENT, EID, matching) == {"subject": OTHER_NUMBER.reveal()}, "only the commitment stands in the way"


@pytest.mark.parametrize("broken", [{}, {"commit": 1}, {"commit": "***"}, {"commit": ""}])
def test_a_missing_commitment_is_no_commitment(broken: dict[str, Any]) -> None:
    key = SEALING.new_key(NUMBER)
    with pytest.raises(SealBroken):
        SEALING.open(key, Kind.INTENT, EID, {"fields": sealed_by(key)["fields"], **broken})


@pytest.mark.parametrize("text", ["", "AAAA", "***", 7, to_base64(bytes(40))])
def test_a_field_that_is_no_ciphertext_does_not_open(text: Any) -> None:
    key = SEALING.new_key(NUMBER)
    with pytest.raises(SealBroken):
        SEALING.open(key, Kind.INTENT, EID, {**sealed_by(key), "fields": {"subject": text}})


def test_a_flipped_bit_does_not_open() -> None:
    key = SEALING.new_key(NUMBER)
    sealed = sealed_by(key)
    raw = bytearray(from_base64(sealed["fields"]["subject"]) or b"")
    for place in (0, 12, len(raw) - 1):
        flipped = bytearray(raw)
        flipped[place] ^= 1
        with pytest.raises(SealBroken):
            SEALING.open(key, Kind.INTENT, EID, {**sealed, "fields": {"subject": to_base64(bytes(flipped))}})


def test_a_data_key_is_wrapped_under_the_current_key_and_unwraps_with_any_of_the_ring() -> None:
    old, new = ring(1).current, ring(3).current
    key = SEALING.new_key(NUMBER)
    assert key.row.kek == old.id
    assert key.key not in key.row.wrapped
    rotated = Sealing("linkage.example/audit", KeyRing((new, old)), ring(2), FakeClock())
    assert rotated.unwrap(key.row) == DataKey(key.id, key.key)
    assert rotated.new_key(NUMBER).row.kek == new.id
    gone = Sealing("linkage.example/audit", KeyRing((new,)), ring(2), FakeClock())
    with pytest.raises(SealBroken, match="does not hold"):
        gone.unwrap(key.row)


def test_a_wrapped_key_given_to_another_row_does_not_unwrap() -> None:
    one, two = SEALING.new_key(NUMBER).row, SEALING.new_key(NUMBER).row
    for broken in (type(one)(two.id, one.wrapped, one.kek, None, None, 0), type(one)(one.id, b"short", one.kek, None, None, 0)):
        with pytest.raises(SealBroken, match="does not unwrap"):
            SEALING.unwrap(broken)


def test_a_person_has_one_pseudonym_for_each_key_of_the_ring_and_the_row_the_current_one() -> None:
    key = SEALING.new_key(NUMBER)
    both = Sealing("linkage.example/audit", ring(1), KeyRing((ring(5).current, ring(2).current)), FakeClock())
    current, former = both.pseudonyms(NUMBER, ["k2.2026-01"])
    assert key.row.pseudonym == former != current
    assert both.new_key(NUMBER).row.pseudonym == current
    assert key.row.epoch == "k2.2026-01"
    assert SEALING.pseudonyms(NUMBER, ()) != SEALING.pseudonyms(OTHER_NUMBER, ())
    assert NUMBER.reveal().encode() not in former


def test_a_person_who_is_known_later_is_bound_to_the_same_key() -> None:
    key = SEALING.new_key(None)
    assert (key.row.pseudonym, key.row.epoch) == (None, None)
    bound = SEALING.bind(key, NUMBER)
    assert (bound.id, bound.key, bound.row.wrapped) == (key.id, key.key, key.row.wrapped)
    assert (bound.row.pseudonym,) == SEALING.pseudonyms(NUMBER, ())


def test_nothing_secret_shows_when_shown() -> None:
    key = SEALING.new_key(NUMBER)
    held = (Sealable(key, FIELDS), Conclusion(reply=key.key), Answered(EID, key.key), AlreadyAnswered(EID, key.key))
    shown = f"{key!r} {key.row!r} {SEALING!r} {ring(1)!r} {DataKey(key.id, key.key)!r} {held!r}"
    assert NUMBER.reveal() not in shown
    for secret in (key.key, key.row.wrapped, key.row.pseudonym or b"", ring(1).current.key):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
    with pytest.raises(SealBroken) as caught:
        SEALING.open(SEALING.new_key(NUMBER), Kind.INTENT, EID, sealed_by(key))
    assert NUMBER.reveal() not in str(caught.value)


async def test_a_passage_seals_its_subject_and_its_fresh_key_is_stored_before_the_intent(world: World, journal: Journal) -> None:
    key = world.sealing.new_key(NUMBER)
    async with journal.passage(world.id(), FACTS, key=key, sealed=FIELDS) as passage:
        keys = SqliteKeys(world.keys_path)
        row = keys.get(key.id)
        keys.close()
        passage.conclude("found")
    assert row == key.row
    sealed = world.leaves()[0]["sealed"]
    eid = bytes.fromhex(world.leaves()[0]["eid"].replace("-", ""))
    assert world.sealing.open(world.sealing.unwrap(row), Kind.INTENT, eid, sealed) == FIELDS
    everything = b"".join(each.read_bytes() for each in world.path.parent.iterdir())
    for clear in (NUMBER.reveal().encode(), FIELDS["reason"].encode(), key.key):
        assert clear not in everything


async def test_a_passage_that_learns_its_person_late_seals_the_outcome_and_binds_the_key(world: World, journal: Journal) -> None:
    key = world.sealing.new_key(None)
    async with journal.passage(world.id(), FACTS, key=key) as passage:
        passage.seal(world.sealing.bind(key, NUMBER), {"subject": NUMBER.reveal()})
        passage.conclude("match")
    intent, outcome = world.leaves()
    assert "sealed" not in intent
    eid = bytes.fromhex(outcome["eid"].replace("-", ""))
    assert world.sealing.open(key, Kind.OUTCOME, eid, outcome["sealed"]) == {"subject": NUMBER.reveal()}
    keys = SqliteKeys(world.keys_path)
    assert [row.id for row in keys.of_pseudonym(world.sealing.pseudonyms(NUMBER, ())[0])] == [key.id]
    keys.close()


async def test_a_visits_later_passages_write_no_key_row(world: World, journal: Journal) -> None:
    fresh = world.sealing.new_key(NUMBER)
    assert isinstance(fresh, FreshKey)
    key = DataKey(fresh.id, fresh.key)
    async with journal.passage(world.id(), FACTS, key=key, sealed={"subject": NUMBER.reveal()}) as passage:
        passage.conclude("found")
    keys = SqliteKeys(world.keys_path)
    assert keys.get(key.id) is None
    keys.close()


async def test_an_intent_that_is_denied_in_its_transaction_is_sealed_as_the_denial_it_is(world: World, journal: Journal) -> None:
    key = world.sealing.new_key(NUMBER)
    with pytest.raises(Refusal) as caught:
        await journal.passage(world.id(), FACTS, key=key, sealed=FIELDS, claims=(Within(b"k", 0, 60),)).__aenter__()
    leaf = json.loads(caught.value.receipt.leaf)  # type: ignore[attr-defined]
    eid = bytes.fromhex(leaf["eid"].replace("-", ""))
    assert world.sealing.open(key, Kind.DENIED, eid, leaf["sealed"]) == FIELDS
    with pytest.raises(SealBroken):
        world.sealing.open(key, Kind.INTENT, eid, leaf["sealed"])
