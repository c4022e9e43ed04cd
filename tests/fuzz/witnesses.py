"""What goes between a log and its witnesses, and who is believed: only the named error, and no cosignature that nobody made."""

from linkage.errors import LinkageError
from linkage.tlog.cosignature import cosigned_by
from linkage.tlog.errors import NoteInvalid, PolicyInvalid, RequestInvalid
from linkage.tlog.policy import parse_policy
from linkage.tlog.witness_wire import parse_cosignature, parse_request, parse_size, write_request, write_size
from tests.fuzz.formats import KEY, NOTES, WITNESS
from tests.fuzz.mutilated import mutilated
from tests.fuzz.rounds import Target


def _request(raw: bytes) -> None:
    try:
        asked = parse_request(raw)
    except RequestInvalid:
        return
    assert raw == write_request(asked.old, asked.proof, "") + asked.note


def _size(raw: bytes) -> None:
    try:
        assert raw == write_size(parse_size(raw))
    except RequestInvalid:
        return


def _cosignature(raw: bytes) -> None:
    note = NOTES[1].decode()
    try:
        line = parse_cosignature(raw, note, WITNESS)
    except (RequestInvalid, NoteInvalid):
        return
    assert WITNESS in cosigned_by((note + line).encode(), (WITNESS,))
    assert line.encode() in raw


def _policy(raw: bytes) -> None:
    try:
        policy = parse_policy(raw)
    except PolicyInvalid:
        return
    for note in NOTES:
        try:
            assert policy.judge(note).origin in {key.name for key in policy.logs}
        except LinkageError:
            continue


COSIGNED = b"\xe2\x80\x94 witness.example/w1 " + NOTES[3].rpartition(b" ")[2]
POLICY = f"""log {KEY.text} https://linkage.example/log
witness w1 {WITNESS.text} https://witness.example
group some 1 w1
quorum some
""".encode()

TARGETS = (
    Target("witness request", mutilated([write_request(3, [bytes(32)] * 2, NOTES[1].decode())], b"old 3"), _request),
    Target("witness size", mutilated([b"7\n", b"9223372036854775807\n"]), _size),
    Target("witness reply", mutilated([COSIGNED, COSIGNED * 2], COSIGNED), _cosignature),
    Target("policy", mutilated([POLICY], b"log ", b"witness ", b"group ", b"quorum ", b"none", b"all", b"any", b"some", b"w1"), _policy),
)
