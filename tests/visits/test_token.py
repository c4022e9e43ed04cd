"""Sealed tokens: opened by the same keys for the same purpose, and by nothing else."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from linkage.keyring import KeyRing, NamedKey
from linkage.visits import Sealer, TokenInvalid
from linkage.visits.token import LONGEST

KEYS = KeyRing((NamedKey("k2", b"\x02" * 32), NamedKey("k1", b"\x01" * 32)))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_what_was_sealed_is_opened(payload: dict[str, Any]) -> None:
    sealer = Sealer(KEYS)
    assert sealer.open("visit", sealer.seal("visit", payload)) == payload


def test_any_gateway_with_the_ring_opens_it_also_after_a_new_key_has_come(sealer: Sealer) -> None:
    old = Sealer(KeyRing((KEYS.keys[1],))).seal("visit", {"a": 1})
    assert sealer.open("visit", old) == {"a": 1}


def test_a_key_that_left_the_ring_opens_nothing(sealer: Sealer) -> None:
    token = sealer.seal("visit", {"a": 1})
    with pytest.raises(TokenInvalid):
        Sealer(KeyRing((KEYS.keys[1],))).open("visit", token)


def test_another_key_of_the_same_id_opens_nothing(sealer: Sealer) -> None:
    token = sealer.seal("visit", {"a": 1})
    with pytest.raises(TokenInvalid):
        Sealer(KeyRing((NamedKey("k2", b"\x03" * 32),))).open("visit", token)


def test_a_token_for_one_purpose_opens_for_no_other(sealer: Sealer) -> None:
    with pytest.raises(TokenInvalid):
        sealer.open("agency session", sealer.seal("visit", {"a": 1}))


def test_one_payload_never_makes_one_token_twice_and_shows_nothing(sealer: Sealer) -> None:
    tokens = {sealer.seal("visit", {"number": "1100000000016"}) for _ in range(50)}
    assert len(tokens) == 50
    sealed = b"".join(base64.urlsafe_b64decode(token + "==") for token in tokens)
    assert b"1100000000016" not in sealed


def test_a_token_changed_in_any_one_character_opens_nothing(sealer: Sealer) -> None:
    token = sealer.seal("visit", {"a": 1})
    for at, character in enumerate(token):
        for other in {"A", "B", "_"} - {character}:
            with pytest.raises(TokenInvalid):
                sealer.open("visit", token[:at] + other + token[at + 1 :])


def test_a_token_cut_or_lengthened_opens_nothing(sealer: Sealer) -> None:
    token = sealer.seal("visit", {"a": 1})
    for changed in [*(token[:length] for length in range(len(token))), token + "A", token + "=", " " + token, token + "\n"]:
        with pytest.raises(TokenInvalid):
            sealer.open("visit", changed)


@pytest.mark.parametrize("length", range(3))
def test_a_token_with_its_padding_is_no_second_text(length: int, sealer: Sealer) -> None:
    token = sealer.seal("visit", {"a": "x" * length})
    assert sealer.open("visit", token) == {"a": "x" * length}
    for padding in ("=", "==", "===", "===="):
        with pytest.raises(TokenInvalid):
            sealer.open("visit", token + padding)


def test_a_token_in_the_standard_alphabet_is_no_second_text(sealer: Sealer) -> None:
    token = next(token for _ in range(1000) if {"-", "_"} <= set(token := sealer.seal("visit", {"a": 1})))
    for other in (token.replace("-", "+"), token.replace("_", "/")):
        with pytest.raises(TokenInvalid):
            sealer.open("visit", other)


def test_spare_bits_of_the_last_character_make_no_second_text(sealer: Sealer) -> None:
    token = next(t for t in (sealer.seal("visit", {"a": "x" * n}) for n in range(3)) if len(t) % 4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    opened = 0
    for last in alphabet:
        try:
            sealer.open("visit", token[:-1] + last)
        except TokenInvalid:
            continue
        opened += 1
    assert opened == 1


def crafted(version: int, purpose: str, clear: bytes) -> str:
    """A token made from the description alone."""
    key = HKDF(SHA256(), 32, salt=None, info=b"linkage token 1 " + purpose.encode()).derive(b"\x02" * 32)
    header, nonce = bytes([version, 2]) + b"k2", b"\x05" * 12
    return base64.urlsafe_b64encode(header + nonce + AESGCM(key).encrypt(nonce, clear, header)).decode().rstrip("=")


def test_the_format_is_as_described_and_of_version_1_alone(sealer: Sealer) -> None:
    assert sealer.open("visit", crafted(1, "visit", b'{"a":1}')) == {"a": 1}
    with pytest.raises(TokenInvalid):
        sealer.open("visit", crafted(2, "visit", b'{"a":1}'))


@given(st.text() | st.binary(max_size=200).map(lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")))
def test_whatever_else_comes_is_invalid(text: str) -> None:
    with pytest.raises(TokenInvalid):
        Sealer(KEYS).open("visit", text)


@given(st.binary(max_size=60))
def test_a_right_beginning_alone_opens_nothing(rest: bytes) -> None:
    text = base64.urlsafe_b64encode(b"\x01\x02k2" + rest).decode().rstrip("=")
    with pytest.raises(TokenInvalid):
        Sealer(KEYS).open("visit", text)


def test_a_token_of_more_than_8192_characters_is_neither_made_nor_looked_into(sealer: Sealer) -> None:
    with pytest.raises(ValueError, match="too large"):
        sealer.seal("visit", {"a": "x" * LONGEST})
    large = sealer.seal("reply", {"a": "x" * LONGEST}, longest=None)
    assert sealer.open("reply", large, longest=None) == {"a": "x" * LONGEST}
    with pytest.raises(TokenInvalid):
        sealer.open("reply", large)


def test_a_tag_is_equal_for_equal_content_under_one_key_and_purpose_alone(sealer: Sealer) -> None:
    tag = sealer.tag("attempts", b"content")
    assert len(tag) == 32
    assert tag == Sealer(KEYS).tag("attempts", b"content")
    others = [
        sealer.tag("attempts", b"contents"),
        sealer.tag("requests", b"content"),
        Sealer(KeyRing((KEYS.keys[1],))).tag("attempts", b"content"),
    ]
    assert len({tag, *others}) == 4
