"""Good inputs, mutilated: cut, doubled, with pieces that parsers are known to stumble over put in."""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

PIECES = (
    b"",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\x00",
    b"\xff",
    b"\x1b[31m",
    b"=",
    b"==",
    b"+",
    b"-",
    b"_",
    b"/",
    b".",
    b"#",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"[",
    b"]",
    b"[" * 3_000,
    b"{" * 3_000,
    b"9" * 5_000,
    b"0",
    b"00",
    b"9223372036854775807",
    b"9223372036854775808",
    b"1e400",
    b"nan",
    b"A",
    b"A" * 44,
    "\u2014".encode(),
    "\u2014 ".encode(),
    "\u2028".encode(),
    "\u0661".encode(),
    b"\xed\xa0\x80",
)


def mutilated(goods: Sequence[bytes], *pieces: bytes) -> SearchStrategy[bytes]:
    """One of these, with some edits; ``pieces``: more that fits this format. Sometimes any bytes at all."""
    piece = st.one_of(st.sampled_from((*PIECES, *pieces)), st.binary(max_size=6))
    edit = st.tuples(st.floats(0, 1), st.integers(0, 12), piece)
    bent = st.builds(_edited, st.sampled_from(list(goods)), st.lists(edit, max_size=4))
    flipped = st.builds(_flipped, st.sampled_from([good for good in goods if good]), st.floats(0, 1), st.integers(0, 7))
    return st.one_of(bent, flipped, bent, st.binary(max_size=200))


def mutilated_text(goods: Sequence[str], *pieces: str) -> SearchStrategy[str]:
    """The same for texts."""
    made = mutilated([good.encode() for good in goods], *(piece.encode() for piece in pieces))
    return made.map(lambda raw: raw.decode("utf-8", "replace"))


def _edited(good: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for place, cut, put in edits:
        at = int(place * len(good))
        good = good[:at] + put + good[at + cut :]
    return good


def _flipped(good: bytes, place: float, bit: int) -> bytes:
    at = min(int(place * len(good)), len(good) - 1)
    return good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :]
