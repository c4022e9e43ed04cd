"""Malformed proofs: each is refused by name, by both verifiers, and never with anything but that name."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.tlog.errors import ProofInvalid, TlogInvalid
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from linkage.tlog.proof import parse_proof, verify_proof
from tests.second_verifier import Rejected, check_receipt

GOOD = (Path(__file__).parent.parent / "vectors" / "p5.tlog-proof").read_bytes()
SIGNER = LogSigner.of(Signer("linkage.example/audit", bytes(range(32))))
OTHER = Signer("other.example/log", bytes(32))
HEAD, NOTE = GOOD.split(b"\n\n", 1)
TEXT, SIGNATURE = NOTE.decode().split("\n\n")
LINES = HEAD.split(b"\n")


def with_lines(*lines: bytes) -> bytes:
    return b"\n".join(lines) + b"\n\n" + NOTE


def with_note(note: str) -> bytes:
    return HEAD + b"\n\n" + note.encode()


def signed(size: int | str) -> bytes:
    return with_note(SIGNER.sign(f"linkage.example/audit\n{size}\nCwB/uRXrmyoUb1SxyG7FO2ZPjkVbdmCwtu4T7cDZIcA=\n"))


def verdicts(proof: bytes, leaf: bytes = b"leaf-5") -> tuple[bool, bool]:
    """Whether the first and the second verifier accept; anything but their own named error is let through, and fails the test."""
    try:
        verify_proof(proof, leaf, SIGNER.verifier)
        first = True
    except TlogInvalid:
        first = False
    try:
        check_receipt(proof, leaf, SIGNER.verifier.text)
        second = True
    except Rejected:
        second = False
    return first, second


MALFORMED = {
    "empty": b"",
    "truncated in the path": GOOD[: len(HEAD) - 10],
    "truncated in the checkpoint": GOOD[:-10],
    "no final newline": GOOD[:-1],
    "one hash too few": with_lines(*LINES[:-1]),
    "one hash too many": with_lines(*LINES, LINES[-1]),
    "sixty-four hashes": with_lines(*LINES[:3], *[LINES[-1]] * 64),
    "hashes in another order": with_lines(*LINES[:3], *reversed(LINES[3:])),
    "a hash of 31 bytes": with_lines(*LINES[:5], b"A" * 42 + b"=="),
    "URL-safe hash": with_lines(*LINES[:5], LINES[5].replace(b"/", b"_")),
    "another header": with_lines(b"c2sp.org/tlog-proof@v2", *LINES[1:]),
    "index of another leaf": with_lines(*LINES[:2], b"index 4", *LINES[3:]),
    "index at the size": with_lines(*LINES[:2], b"index 7", *LINES[3:]),
    "index beyond the size": with_lines(*LINES[:2], b"index 8", *LINES[3:]),
    "index 2^63": with_lines(*LINES[:2], b"index 9223372036854775808", *LINES[3:]),
    "index of 5000 digits": with_lines(*LINES[:2], b"index " + b"9" * 5000, *LINES[3:]),
    "leading zero": with_lines(*LINES[:2], b"index 05", *LINES[3:]),
    "signed index": with_lines(*LINES[:2], b"index +5", *LINES[3:]),
    "negative index": with_lines(*LINES[:2], b"index -5", *LINES[3:]),
    "no index": with_lines(*LINES[:2], *LINES[3:]),
    "index twice": with_lines(*LINES[:3], *LINES[2:]),
    "empty extra": with_lines(LINES[0], b"extra ", *LINES[2:]),
    "extra that is no base64": with_lines(LINES[0], b"extra ***", *LINES[2:]),
    "extra after the index": with_lines(LINES[0], LINES[2], LINES[1], *LINES[3:]),
    "CRLF": GOOD.replace(b"\n", b"\r\n"),
    "a byte that is no ASCII": with_lines(LINES[0], b"extra \xff", *LINES[2:]),
    "no blank line": GOOD.replace(b"\n\n", b"\n"),
    "two blank lines": GOOD.replace(b"\n\n", b"\n\n\n", 1),
    "size 0": signed(0),
    "size 2^63": signed(2**63),
    "size with a leading zero": signed("07"),
    "another size": signed(6),
    "another key": with_note(OTHER.sign(TEXT + "\n")),
    "another origin": with_note(SIGNER.sign(TEXT.replace("audit", "other") + "\n")),
    "another root": with_note(SIGNER.sign(TEXT.replace("CwB/", "CwB+") + "\n")),
    "bad second signature of the log": GOOD + SIGNATURE.replace("PeojUI", "PeojUJ").encode(),
    "101 signatures": GOOD + OTHER.sign(TEXT + "\n").split("\n\n")[1].encode() * 100,
    "blank line in the checkpoint": with_note(SIGNER.sign(TEXT + "\n\nmore\n")),
    "too large": GOOD + b"\n" * 2_000_000,
}

ACCEPTED = {
    "as it is": GOOD,
    "without extra": with_lines(LINES[0], *LINES[2:]),
    "signed twice": GOOD + SIGNATURE.encode(),
    "sixteen unknown signatures": GOOD + OTHER.sign(TEXT + "\n").split("\n\n")[1].encode() * 16,
    "cosigned": with_note((Path(__file__).parent.parent / "vectors" / "cp-7-cosigned").read_text()),
}


@pytest.mark.parametrize("fault", list(MALFORMED))
def test_a_malformed_proof_is_refused_by_name_by_both_verifiers(fault: str) -> None:
    assert verdicts(MALFORMED[fault]) == (False, False)
    with pytest.raises(TlogInvalid, match=r"got .*, expected"):
        verify_proof(MALFORMED[fault], b"leaf-5", SIGNER.verifier)


@pytest.mark.parametrize("variety", list(ACCEPTED))
def test_a_good_proof_is_accepted_by_both_verifiers(variety: str) -> None:
    assert verdicts(ACCEPTED[variety]) == (True, True)


def test_a_good_proof_of_another_leaf_is_refused() -> None:
    assert verdicts(GOOD, b"leaf-4") == (False, False)
    assert verdicts(GOOD, b"leaf-5\n") == (False, False)


def test_a_refusal_repeats_nothing_of_what_came() -> None:
    marked = with_lines(*LINES[:3], b"SECRETVALUE", *LINES[4:])
    with pytest.raises(ProofInvalid) as caught:
        parse_proof(marked)
    assert "SECRET" not in str(caught.value)
    assert (caught.value.got, caught.value.expected) == ("another form", "base64 of 32 bytes")


def test_a_proof_longer_than_any_tree_is_high_is_refused_as_it_is_read() -> None:
    with pytest.raises(ProofInvalid, match="got 64 hashes, expected at most 63"):
        parse_proof(MALFORMED["sixty-four hashes"])
    assert len(parse_proof(with_lines(*LINES[:3], *[LINES[-1]] * 63)).path) == 63


pieces = st.sampled_from(
    [
        *[
            b"",
            b"\n",
            b"\n\n",
            b"\r\n",
            b" ",
            b"0",
            b"9",
            b"+",
            b"=",
            b"A",
            b"\x00",
            b"\xff",
            "—".encode(),
            b"index ",
            b"extra AA==\n",
            LINES[3],
        ],
        NOTE,
    ]
)


@settings(max_examples=600, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.one_of(pieces, st.binary(max_size=6))), min_size=1, max_size=4
    )
)
def test_both_verifiers_agree_on_every_mutilated_proof(edits: list[tuple[int, int, bytes]]) -> None:
    mutilated = GOOD
    for at, cut, put in edits:
        mutilated = mutilated[:at] + put + mutilated[at + cut :]
    first, second = verdicts(mutilated)
    assert first == second


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60), size=st.integers(0, 2**64), extra=st.lists(st.text(max_size=10), max_size=3))
def test_both_verifiers_agree_on_signed_checkpoints_of_any_text(text: str, size: int, extra: list[str]) -> None:
    body = "\n".join([text, str(size), TEXT.split("\n")[2], *extra]) + "\n"
    try:
        note = SIGNER.sign(body)
    except (TlogInvalid, UnicodeEncodeError):
        return
    first, second = verdicts(with_note(note))
    assert first == second


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_a_verifier_stumble(raw: bytes) -> None:
    assert verdicts(raw) == (False, False)
