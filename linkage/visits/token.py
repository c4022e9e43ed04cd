"""Sealed tokens: what one gateway hands to a counter, any gateway with the same key ring can open, and nobody else.

A token is base64url without padding of: version 1 (1 byte), length of the key's id (1), key's id, nonce (12, random), and the
JSON payload under AES-256-GCM. The key is derived with HKDF-SHA256 for the purpose, so that a token sealed for one purpose opens
for no other; everything before the nonce is authenticated, too.
"""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from linkage.errors import LinkageError
from linkage.keyring import KeyRing, NamedKey

LONGEST = 8192
"""Characters of a token, as the contract promises."""

_VERSION = 1
_STANDARD = bytes.maketrans(b"-_+/=", b"+/!!!")
"""From base64url to the standard alphabet, whose own two characters and padding no token has."""
_NONCE = 12
_read_json = json.JSONDecoder().raw_decode


class TokenInvalid(LinkageError):
    """Not a token of ours for this purpose: tampered with, cut, or sealed by a key that left the ring. Never says which."""


class Sealer:
    """Seals and opens tokens with a key ring. Safe to share."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._named = {_header(key): key for key in keys.keys}
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}
        self._tag_keys: dict[tuple[str, str], bytes] = {}

    def seal(self, purpose: str, payload: Mapping[str, Any], *, longest: int | None = LONGEST) -> str:
        """Seal a payload of JSON values under the current key. ``longest``: characters of the token; None for what never leaves us.

        Raises:
            ValueError: the token would be longer.
        """
        header, nonce = _header(self._keys.current), os.urandom(_NONCE)
        clear = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        sealed = header + nonce + self._cipher(header, purpose).encrypt(nonce, clear, header)
        token = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        if longest is not None and len(token) > longest:
            raise ValueError("payload too large for a token")
        return token

    def open(self, purpose: str, token: str, *, longest: int | None = LONGEST) -> dict[str, Any]:
        """Give back the payload that was sealed for this purpose. A token of more than ``longest`` characters is not looked into.

        Raises:
            TokenInvalid: it was not, or not by a key of this ring, or it was changed since.
        """
        if longest is not None and len(token) > longest:
            raise TokenInvalid
        sealed = _decoded(token)
        end = 2 + sealed[1] if len(sealed) > 1 else 0
        header, nonce, ciphertext = sealed[:end], sealed[end : end + _NONCE], sealed[end + _NONCE :]
        cipher = self._cipher(header, purpose)
        if len(nonce) < _NONCE:
            raise TokenInvalid
        try:
            clear = cipher.decrypt(nonce, ciphertext, header)
        except InvalidTag:
            raise TokenInvalid from None
        payload: dict[str, Any] = _read_json(clear.decode())[0]  # authenticated: written by `seal`
        return payload

    def tag(self, purpose: str, content: bytes) -> bytes:
        """A keyed tag of 32 bytes: equal for equal content on every gateway with the same current key, telling nothing without it."""
        current = self._keys.current
        key = self._tag_keys.get((current.id, purpose))
        if key is None:
            key = self._tag_keys[current.id, purpose] = _derived(current, "tag", purpose)
        return hmac.digest(key, content, "sha256")

    def _cipher(self, header: bytes, purpose: str) -> AESGCM:
        """What seals and opens tokens that begin so.

        Raises:
            TokenInvalid: they are of another version, or of no key of the ring.
        """
        cipher = self._ciphers.get((header, purpose))
        if cipher is None:
            key = self._named.get(header)
            if key is None:
                raise TokenInvalid
            cipher = self._ciphers[header, purpose] = AESGCM(_derived(key, "token", purpose))
        return cipher


def _header(key: NamedKey) -> bytes:
    """What a token that this key seals begins with."""
    return bytes([_VERSION, len(key.id)]) + key.id.encode()


def _derived(key: NamedKey, use: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"linkage {use} 1 {purpose}".encode()).derive(key.key)


def _decoded(token: str) -> bytes:
    """The token's bytes; one text for one token, so no padding, no other alphabet, no spare bits."""
    try:
        standard = token.encode("ascii").translate(_STANDARD) + b"=" * (-len(token) % 4)
        sealed = binascii.a2b_base64(standard)
    except (UnicodeEncodeError, binascii.Error):
        raise TokenInvalid from None
    if binascii.b2a_base64(sealed, newline=False) != standard:
        raise TokenInvalid
    return sealed
