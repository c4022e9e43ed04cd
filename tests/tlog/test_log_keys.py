"""One log, several keys: both sign while one follows the other, each counts for its own sizes, and old receipts stay good."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.tlog.checkpoint import open_checkpoint, sign_checkpoint
from linkage.tlog.encoding import to_base64
from linkage.tlog.errors import NoteInvalid, ProofInvalid, TlogInvalid
from linkage.tlog.log_keys import MAX_KEYS, LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer, split_note
from linkage.tlog.proof import verify_proof, write_proof
from linkage.tlog.tree import EMPTY_ROOT, inclusion_path
from tests.second_verifier import Rejected, check_receipt

NAME = "linkage.example/audit"
OLD, NEW, THIRD = (Signer(NAME, bytes([seed]) * 32) for seed in (1, 2, 3))
BOTH = LogSigner((NEW, OLD), LogVerifier((LogKey(NEW.verifier, 5), LogKey(OLD.verifier))))
AFTER = LogVerifier((LogKey(NEW.verifier, 5), LogKey(OLD.verifier, 0, 8)))
ROOT = bytes(range(32))


def note(signer: LogSigner | Signer, size: int) -> bytes:
    return sign_checkpoint(signer if isinstance(signer, LogSigner) else LogSigner.of(signer), size, ROOT if size else EMPTY_ROOT).encode()


def test_every_current_key_signs_the_newest_first() -> None:
    text, signatures = split_note(note(BOTH, 6))
    assert [(NAME, NEW.verifier.key_id), (NAME, OLD.verifier.key_id)] == [each[:2] for each in signatures]
    assert text == f"{NAME}\n6\n{to_base64(ROOT)}\n"
    assert note(LogSigner.of(OLD), 6) == OLD.sign(text).encode(), "one key alone signs as it always did"


@pytest.mark.parametrize("known", [LogVerifier.of(OLD.verifier), LogVerifier.of(NEW.verifier), BOTH.verifier, AFTER])
def test_whoever_knows_one_of_two_keys_accepts_what_both_sign(known: LogVerifier) -> None:
    assert open_checkpoint(note(BOTH, 6), known).size == 6


def test_the_other_keys_bad_signature_rejects_what_a_known_key_has_signed() -> None:
    text, _ = split_note(note(BOTH, 6))
    bad = f"— {NAME} {to_base64(OLD.verifier.key_id + bytes(64))}\n"
    forged = (NEW.sign(text) + bad).encode()
    assert open_checkpoint(forged, LogVerifier.of(NEW.verifier)).size == 6, "an unknown key's line says nothing"
    with pytest.raises(NoteInvalid, match="does not hold"):
        open_checkpoint(forged, BOTH.verifier)


@pytest.mark.parametrize(
    ("signer", "size", "good"),
    [(OLD, 0, True), (OLD, 8, True), (OLD, 9, False), (NEW, 4, False), (NEW, 5, True), (BOTH, 9, True), (BOTH, 4, True), (THIRD, 6, False)],
)
def test_a_key_counts_for_its_own_sizes_only(signer: LogSigner | Signer, size: int, good: bool) -> None:
    signed = note(signer, size)
    if good:
        assert open_checkpoint(signed, AFTER).size == size
    else:
        with pytest.raises(NoteInvalid, match="counts at its size" if signer is not THIRD else "none of a known key"):
            open_checkpoint(signed, AFTER)


def test_receipts_of_before_during_and_after_a_change_hold_by_both_verifiers(tree: Any) -> None:
    for signer, size, vkeys in ((LogSigner.of(OLD), 4, [OLD]), (BOTH, 7, [OLD, NEW]), (LogSigner.of(NEW), 300, [NEW])):
        proof = write_proof(2, inclusion_path(2, size, tree.read), sign_checkpoint(signer, size, tree.roots[size])).encode()
        assert verify_proof(proof, b"leaf-2", AFTER).size == size
        for each in vkeys:
            assert check_receipt(proof, b"leaf-2", each.verifier.text) == 2
        for stranger in {OLD, NEW} - set(vkeys):
            with pytest.raises(Rejected):
                check_receipt(proof, b"leaf-2", stranger.verifier.text)
            with pytest.raises((NoteInvalid, ProofInvalid)):
                verify_proof(proof, b"leaf-2", LogVerifier.of(stranger.verifier))


def test_the_list_of_keys_is_read_as_it_is_written_and_a_vkey_alone_is_one() -> None:
    assert LogVerifier.parse(AFTER.lines) == AFTER
    assert AFTER.lines == f"{NEW.verifier.text} 5 -\n{OLD.verifier.text} 0 8\n"
    assert LogVerifier.parse(f"# ours\n\n{OLD.verifier.text}\n") == LogVerifier.of(OLD.verifier)
    assert LogVerifier.parse(OLD.verifier.text).text == OLD.verifier.text


MALFORMED = {
    "nothing": "",
    "a comment alone": "# no key\n",
    "one size": f"{OLD.verifier.text} 0",
    "three sizes": f"{OLD.verifier.text} 0 1 2",
    "two spaces": f"{OLD.verifier.text}  0 -",
    "a size with a leading zero": f"{OLD.verifier.text} 00 -",
    "no first size": f"{OLD.verifier.text} - -",
    "an end before the beginning": f"{OLD.verifier.text} 5 4",
    "a size beyond 63 bits": f"{OLD.verifier.text} 0 {2**63}",
    "a private key": OLD.skey,
    "a key twice": f"{OLD.verifier.text}\n{OLD.verifier.text} 3 -",
    "two names": f"{OLD.verifier.text}\n{Signer('other.example/log', bytes(32)).verifier.text}",
    "too many": "".join(f"{Signer(NAME, bytes([seed]) * 32).verifier.text}\n" for seed in range(MAX_KEYS + 1)),
}


@pytest.mark.parametrize("fault", sorted(MALFORMED))
def test_a_list_of_keys_in_another_form_is_refused(fault: str) -> None:
    with pytest.raises(NoteInvalid) as caught:
        LogVerifier.parse(MALFORMED[fault])
    assert "PRIVATE" not in str(caught.value)


@given(st.text(max_size=200) | st.lists(st.sampled_from([OLD.verifier.text, " ", "0", "-", "\n", "7", "#"]), max_size=8).map("".join))
def test_any_text_is_a_list_of_keys_or_refused_by_name(text: str) -> None:
    try:
        read = LogVerifier.parse(text)
    except TlogInvalid:
        return
    assert LogVerifier.parse(read.lines) == read


@pytest.mark.parametrize(
    ("signers", "verifier"),
    [
        ((), None),
        ((OLD, OLD), None),
        ((NEW,), LogVerifier.of(OLD.verifier)),
        ((OLD,), AFTER),
        ((NEW, OLD), AFTER),
        ((OLD, NEW), BOTH.verifier),
    ],
    ids=["none", "one twice", "a stranger", "a retired one", "a retired one beside the current", "the older first"],
)
def test_only_keys_that_are_known_to_sign_make_a_signer(signers: tuple[Signer, ...], verifier: LogVerifier | None) -> None:
    with pytest.raises(NoteInvalid):
        LogSigner(signers, verifier)


def test_no_private_key_shows_when_shown() -> None:
    assert OLD.skey.rpartition("+")[2] not in f"{BOTH!r} {LogSigner.of(OLD)!r}"
