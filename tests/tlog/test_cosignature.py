"""Cosignatures: the vectors' byte for byte, by both verifiers, and nothing that is merely like one."""

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.cosignature import Cosigner, CosignerKey, cosigned_by
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import VerifierKey
from tests.second_verifier import Rejected, check_cosignature
from tests.witnessed import COSIGNER, LOG, OTHER, GrowingLog

TIME = 1_679_315_147
VECTORS = Path(__file__).parents[1] / "vectors"
NOTE = (VECTORS / "cp-7").read_text(encoding="utf-8")
TEXT = NOTE.partition("\n\n")[0] + "\n"
COSIGNED = (VECTORS / "cp-7-cosigned").read_bytes()
LOG_VKEY, VKEY = LOG.verifier.text, COSIGNER.key.text


def cosigned(cosigner: Cosigner = COSIGNER, time_s: int = TIME, text: str = TEXT) -> bytes:
    return (NOTE + cosigner.cosign(text, time_s)).encode()


def line_of(blob: bytes, name: str = "witness.example/w1") -> bytes:
    return f"{NOTE}— {name} {b64encode(blob).decode()}\n".encode()


def blob_of(note: bytes) -> bytes:
    return b64decode(note.decode().rstrip("\n").rpartition(" ")[2])


def test_key_and_cosignature_are_those_of_the_vectors() -> None:
    assert (VECTORS / "witness.vkey").read_text().strip() == VKEY
    assert COSIGNED == cosigned()


def test_both_verifiers_read_the_time_of_the_vector() -> None:
    assert {COSIGNER.key: TIME} == cosigned_by(COSIGNED, (CosignerKey.parse(VKEY), OTHER.key))
    assert TIME == check_cosignature(COSIGNED, LOG_VKEY, VKEY)
    assert 7 == open_checkpoint(COSIGNED, LOG.verifier).size


def test_a_private_key_is_read_as_it_is_written_and_shows_nothing() -> None:
    again = Cosigner.parse(COSIGNER.skey)

    assert again.key == COSIGNER.key
    assert COSIGNER.skey.rpartition("+")[2] not in repr(again)


def test_of_two_lines_of_one_key_the_later_time_counts() -> None:
    both = cosigned() + COSIGNER.cosign(TEXT, TIME + 5).encode()

    assert {COSIGNER.key: TIME + 5} == cosigned_by(both, (COSIGNER.key,))


def test_lines_of_unknown_keys_are_ignored_a_post_quantum_one_among_them() -> None:
    ml_dsa = f"— witness.example/w1 {b64encode(bytes(4 + 8 + 2420)).decode()}\n".encode()

    assert {} == cosigned_by(cosigned(OTHER) + ml_dsa, (COSIGNER.key,))
    assert {COSIGNER.key: TIME} == cosigned_by(cosigned() + ml_dsa, (COSIGNER.key,))


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(cosigned(text=TEXT.replace("\n7\n", "\n8\n")), id="of another checkpoint"),
        pytest.param(line_of(blob_of(COSIGNED)[:-1] + b"\x00"), id="last byte"),
        pytest.param(line_of(blob_of(COSIGNED)[:4] + bytes(7) + b"\x01" + blob_of(COSIGNED)[12:]), id="another time"),
        pytest.param(line_of(blob_of(COSIGNED)[:4] + b"\xff" * 8 + blob_of(COSIGNED)[12:]), id="time beyond 63 bits"),
        pytest.param(line_of(blob_of(COSIGNED)[:-4]), id="too short"),
        pytest.param(line_of(blob_of(COSIGNED) + bytes(1)), id="too long"),
        pytest.param(line_of(blob_of(COSIGNED)[:4] + blob_of(COSIGNED)[12:]), id="without a time"),
    ],
)
def test_a_known_witnesss_bad_cosignature_refuses_the_whole_note_by_both_verifiers(note: bytes) -> None:
    with pytest.raises(NoteInvalid, match="cosignature of a known witness"):
        cosigned_by(note, (COSIGNER.key,))
    with pytest.raises(Rejected):
        check_cosignature(note, LOG_VKEY, VKEY)


@pytest.mark.parametrize(
    "vkey",
    [
        LOG_VKEY,
        VKEY.replace("+20324abe+", "+20324abf+"),
        VKEY.replace("w1+", "w2+", 1),
        VKEY[:-1],
        VKEY.replace("+", " "),
        "",
        "a+b",
        VKEY.replace("BCms", "BSms"),
    ],
    ids=range(8),
)
def test_what_is_no_vkey_of_a_witness_is_refused(vkey: str) -> None:
    with pytest.raises(NoteInvalid):
        CosignerKey.parse(vkey)


@pytest.mark.parametrize(
    "skey", ["", LOG.signers[0].skey, COSIGNER.skey[:-4], COSIGNER.skey.replace("w1", "w2"), COSIGNER.key.text], ids=range(5)
)
def test_what_is_no_private_key_of_a_witness_is_refused_without_being_repeated(skey: str) -> None:
    with pytest.raises(NoteInvalid) as refused:
        Cosigner.parse(skey)

    assert not skey or skey.rpartition("+")[2] not in str(refused.value)


def test_a_time_beyond_63_bits_is_refused_although_it_is_signed() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
    time_s = 2**63
    blob = COSIGNER.key.key_id + time_s.to_bytes(8, "big") + private.sign(f"cosignature/v1\ntime {time_s}\n{TEXT}".encode())

    with pytest.raises(NoteInvalid):
        cosigned_by(line_of(blob), (COSIGNER.key,))
    with pytest.raises(Rejected):
        check_cosignature(line_of(blob), LOG_VKEY, VKEY)


def test_a_witnesss_key_is_no_logs_key() -> None:
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(VKEY)


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(NoteInvalid):
        Cosigner("witness.example/w1", bytes(31))


def test_a_log_that_grows_is_cosigned_at_every_size() -> None:
    log = GrowingLog(9)
    for size in range(10):
        text = log.note(size).partition("\n\n")[0] + "\n"
        assert size == check_cosignature((log.note(size) + COSIGNER.cosign(text, size)).encode(), LOG_VKEY, VKEY)
