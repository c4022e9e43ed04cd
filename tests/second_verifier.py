"""A second verifier of receipts, from the specifications alone: RFC 9162 2.1.3.2, C2SP's signed-note, tlog-checkpoint, tlog-proof.

It shares no code with `linkage.tlog`, so that one misreading cannot hide in both.
"""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_B64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SIGNATURE_LINE = re.compile(r"— ([^ ]+) ([^ ]+)")


class Rejected(Exception):
    """This is no receipt for this leaf."""


def _demand(condition: bool, why: str) -> None:
    if not condition:
        raise Rejected(why)


def _unbase64(text: str) -> bytes:
    _demand(_B64.fullmatch(text) is not None, "base64")
    raw = base64.standard_b64decode(text)
    _demand(base64.standard_b64encode(raw).decode() == text, "loose base64 bits")
    return raw


def _number(text: str) -> int:
    _demand(bool(re.fullmatch("[0-9]+", text)) and (text == "0" or text[0] != "0"), "decimal")
    _demand(len(text) < 20 and int(text) < 1 << 63, "number beyond 63 bits")
    return int(text)


def _trusted(vkey: str) -> tuple[str, bytes, Ed25519PublicKey]:
    name, rest = vkey.split("+", 1)
    key_id, material = rest.split("+", 1)
    raw = _unbase64(material)
    _demand(raw[:1] == b"\x01" and len(raw) == 33, "not an Ed25519 key")
    expected = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4]
    _demand(expected.hex() == key_id, "key id")
    return name, expected, Ed25519PublicKey.from_public_bytes(raw[1:])


def _bad_name(name: str) -> bool:
    return not name or "+" in name or re.search(r"\s", name) is not None


def _signed_text(note: bytes, vkey: str) -> str:
    name, key_id, key = _trusted(vkey)
    _demand(len(note) <= 1_000_000, "note too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise Rejected("not UTF-8") from None
    _demand(not any(ord(c) < 32 and c != "\n" for c in whole), "control character")
    head, cut, tail = whole.rpartition("\n\n")
    _demand(bool(cut) and tail.endswith("\n"), "form of the note")
    lines = tail[:-1].split("\n")
    _demand(len(lines) <= 100, "too many signatures")
    text, good = head + "\n", 0
    for line in lines:
        found = _SIGNATURE_LINE.fullmatch(line)
        _demand(found is not None, "signature line")
        assert found is not None
        blob = _unbase64(found[2])
        _demand(not _bad_name(found[1]) and len(blob) > 4, "signature line")
        if (found[1], blob[:4]) == (name, key_id):
            try:
                key.verify(blob[4:], text.encode())
            except InvalidSignature:
                raise Rejected("signature") from None
            good += 1
    _demand(good > 0, "not signed by the log")
    return text


def checked_checkpoint(note: bytes, vkey: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint that this key has signed; `Rejected` for anything else."""
    lines = _signed_text(note, vkey).split("\n")
    _demand(len(lines) >= 4 and lines.pop() == "" and all(lines), "form of the checkpoint")
    _demand(lines[0] == vkey.partition("+")[0], "origin")
    size, root = _number(lines[1]), _unbase64(lines[2])
    _demand(len(root) == 32, "root")
    _demand(size != 0 or root == hashlib.sha256().digest(), "root of the empty tree")
    return size, root


def _root_from(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """RFC 9162 2.1.3.2, steps 3 to 5."""
    first, last, running = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for sibling in path:
        _demand(last != 0, "path too long")
        if first % 2 == 1 or first == last:
            running = hashlib.sha256(b"\x01" + sibling + running).digest()
            while first % 2 == 0 and first != 0:
                first, last = first // 2, last // 2
        else:
            running = hashlib.sha256(b"\x01" + running + sibling).digest()
        first, last = first // 2, last // 2
    _demand(last == 0, "path too short")
    return running


def check_receipt(proof: bytes, leaf: bytes, vkey: str) -> int:
    """Give the index at which the log of this key holds the leaf.

    Raises:
        Rejected: the proof does not show it.
    """
    _demand(len(proof) <= 2_000_000, "proof too long")
    top, cut, note = proof.partition(b"\n\n")
    _demand(bool(cut) and top.isascii(), "form of the proof")
    lines = top.decode().split("\n")
    _demand(lines[0] == "c2sp.org/tlog-proof@v1", "first line")
    del lines[0]
    if lines and lines[0].startswith("extra "):
        _demand(len(_unbase64(lines.pop(0)[6:])) > 0, "extra")
    _demand(bool(lines) and lines[0].startswith("index "), "index line")
    index = _number(lines.pop(0)[6:])
    path = [_unbase64(line) for line in lines]
    _demand(len(path) <= 63 and all(len(each) == 32 for each in path), "path")
    size, root = checked_checkpoint(note, vkey)
    _demand(index < size, "index beyond the log")
    _demand(_root_from(index, size, leaf, path) == root, "root")
    return index


def check_cosignature(note: bytes, vkey: str, witness: str) -> int:
    """Give the time, Unix seconds, at which a witness (its vkey) says it saw the log of ``vkey`` at this checkpoint: tlog-cosignature.

    Raises:
        Rejected: the log did not sign the checkpoint, or the witness did not cosign it.
    """
    checked_checkpoint(note, vkey)
    name, key_id, material = witness.split("+", 2)
    raw = _unbase64(material)
    _demand(raw[:1] == b"\x04" and len(raw) == 33, "not a key for cosignatures")
    _demand(hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex() == key_id, "key id")
    head, _, tail = note.decode().rpartition("\n\n")
    times = []
    for line in tail.rstrip("\n").split("\n"):
        _, its_name, encoded = line.split(" ")
        blob = _unbase64(encoded)
        if its_name != name or blob[:4].hex() != key_id:
            continue
        _demand(len(blob) == 4 + 8 + 64 and blob[4] < 0x80, "form of the cosignature")
        time = int.from_bytes(blob[4:12], "big")
        try:
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(blob[12:], f"cosignature/v1\ntime {time}\n{head}\n".encode())
        except InvalidSignature:
            raise Rejected("cosignature") from None
        times.append(time)
    _demand(bool(times), "not cosigned by the witness")
    return max(times)
