"""Requests to witnesses and their replies: one form each, and an exact error for everything else."""

import pytest

from linkage.tlog.errors import NoteInvalid, RequestInvalid, TlogInvalid
from linkage.tlog.witness_wire import MAX_REPLY, MAX_REQUEST, parse_cosignature, parse_request, parse_size, write_request, write_size
from tests.witnessed import COSIGNER, LOG, OTHER, GrowingLog

GROWN = GrowingLog(8)
GOOD = GROWN.request(3, 7)
NOTE = GROWN.note(7)
TEXT = NOTE.partition("\n\n")[0] + "\n"
HASH = GOOD.split(b"\n")[1]


def test_a_request_is_read_as_it_was_written() -> None:
    request = parse_request(GOOD)

    assert (3, GROWN.path(3, 7), NOTE.encode()) == (request.old, list(request.proof), request.note)
    assert GOOD == write_request(request.old, request.proof, request.note.decode())


def test_the_request_of_the_specification_is_read() -> None:
    proof = b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"

    request = parse_request(b"old 20852014\n" + proof + b"\nexample.com/behind-the-sofa\n20852163\n")

    assert (20_852_014, 2) == (request.old, len(request.proof))


MALFORMED = {
    "empty": b"",
    "no blank line": GOOD.replace(b"\n\n", b"\n"),
    "nothing after the blank line": b"old 3\n\n",
    "no old line": GOOD.partition(b"\n")[2],
    "old twice": b"old 3\n" + GOOD,
    "another word": GOOD.replace(b"old 3", b"Old 3"),
    "two spaces": GOOD.replace(b"old 3", b"old  3"),
    "leading zero": GOOD.replace(b"old 3", b"old 03"),
    "sign": GOOD.replace(b"old 3", b"old +3"),
    "negative": GOOD.replace(b"old 3", b"old -3"),
    "hexadecimal": GOOD.replace(b"old 3", b"old 0x3"),
    "full-width digit": GOOD.replace(b"old 3", "old ３".encode()),
    "no size": GOOD.replace(b"old 3", b"old "),
    "2**63": GOOD.replace(b"old 3", b"old %d" % 2**63),
    "trailing space": GOOD.replace(b"old 3", b"old 3 "),
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "short hash": GOOD.replace(HASH, HASH[:-4]),
    "unpadded hash": GOOD.replace(HASH, HASH.rstrip(b"=")),
    "url-safe hash": GOOD.replace(HASH, b"_" + HASH[1:]),
    "loose tail bits": GOOD.replace(HASH, HASH[:-2] + b"d="),
    "64 hashes": GOOD.replace(HASH, b"\n".join([HASH] * 64)),
    "not ASCII": GOOD.replace(HASH, b"\xff" + HASH[1:]),
    "too long": GOOD + b"x" * MAX_REQUEST,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_request_is_refused(what: str) -> None:
    with pytest.raises(RequestInvalid):
        parse_request(MALFORMED[what])


@pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
def test_a_size_is_read_as_it_was_written(size: int) -> None:
    assert size == parse_size(write_size(size))


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"7", b"7\n\n", b"07\n", b"-1\n", b"7 \n", b"\xff\n", b"9" * 19 + b"\n", b"1" * 30 + b"\n", b"<html>\n"]
)
def test_what_is_no_size_is_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalid):
        parse_size(body)


LINE = COSIGNER.cosign(TEXT, 1_700_000_000)


@pytest.mark.parametrize("more", ["", OTHER.cosign(TEXT, 1), COSIGNER.cosign(TEXT, 1_600_000_000)], ids=["alone", "another key", "twice"])
def test_a_witnesss_line_is_found_among_others(more: str) -> None:
    assert LINE == parse_cosignature((LINE + more).encode(), NOTE, COSIGNER.key)


WRONG_REPLIES = {
    "empty": b"",
    "another key's": OTHER.cosign(TEXT, 1).encode(),
    "of another checkpoint": COSIGNER.cosign(GROWN.note(6).partition("\n\n")[0] + "\n", 1).encode(),
    "the log's own line": NOTE.rpartition("\n\n")[2].encode(),
    "no newline": LINE.rstrip("\n").encode(),
    "a whole note": (NOTE + LINE).encode(),
    "a note after the line": (LINE + "\n" + LINE).encode(),
    "a page": b"<html></html>\n",
    "not UTF-8": LINE.encode() + b"\xff\n",
    "too long": LINE.encode() * (MAX_REPLY // len(LINE)),
}


@pytest.mark.parametrize("what", WRONG_REPLIES)
def test_what_is_no_cosignature_of_the_witness_is_refused(what: str) -> None:
    with pytest.raises(TlogInvalid) as refused:
        parse_cosignature(WRONG_REPLIES[what], NOTE, COSIGNER.key)

    assert isinstance(refused.value, RequestInvalid | NoteInvalid)


def test_the_logs_name_and_the_witnesss_may_be_one() -> None:
    twin = type(COSIGNER)(LOG.verifier.name, bytes(32))

    assert parse_cosignature(twin.cosign(TEXT, 5).encode(), NOTE, twin.key) == twin.cosign(TEXT, 5)
