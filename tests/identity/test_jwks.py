"""Where issuers' keys come from, and what happens when they cannot be had."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from linkage.errors import Reason, Refusal
from linkage.identity import Issuer, KeySets
from linkage.identity.jwks import ANEW, FRESH, LOOK, RETRY
from linkage.identity.keys import LARGEST, KeysUnreadable, parse_keys
from linkage.terms import RecipientId

URL = "https://officers.doe.example/jwks.json"
ISSUER = Issuer("https://officers.doe.example", RecipientId("doe"), None, URL)


@dataclass
class Publisher:
    """The issuer's web server."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fails: bool = False
    gate: asyncio.Event | None = None
    fetches: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == URL
        self.fetches += 1
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise httpx.ConnectError("refused")
        return httpx.Response(self.status, stream=httpx.ByteStream(self.content), headers=self.headers)

    def publish(self, *signers: Any) -> None:
        self.content = json.dumps({"keys": [signer.jwk() for signer in signers]}).encode()


@pytest.fixture
def publisher(signer: Any) -> Publisher:
    made = Publisher()
    made.publish(signer("doe-1"))
    return made


@pytest.fixture
async def keys(publisher: Publisher, clock: Any) -> AsyncIterator[KeySets]:
    made = KeySets(clock, lambda _: httpx.AsyncClient(transport=httpx.MockTransport(publisher.answer)))
    yield made
    await made.close()


async def unavailable(keys: KeySets, kid: str = "doe-1") -> Refusal:
    with pytest.raises(Refusal) as refused:
        await keys.key(ISSUER, kid)
    assert refused.value.reason is Reason.OFFICER_KEYS_UNAVAILABLE
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= RETRY
    return refused.value


# ---- behind a URL ------------------------------------------------------------------------------------------------------


async def test_keys_are_fetched_once_and_again_when_they_are_old(keys: KeySets, publisher: Publisher, clock: Any) -> None:
    for _ in range(3):
        assert await keys.key(ISSUER, "doe-1") is not None
    clock.advance(FRESH - 1)
    await keys.key(ISSUER, "doe-1")
    assert publisher.fetches == 1
    clock.advance(1)
    await keys.key(ISSUER, "doe-1")
    assert publisher.fetches == 2


async def test_many_callers_share_one_fetch(keys: KeySets, publisher: Publisher) -> None:
    publisher.gate = asyncio.Event()
    callers = [asyncio.create_task(keys.key(ISSUER, "doe-1")) for _ in range(20)]
    await asyncio.sleep(0)
    publisher.gate.set()
    assert None not in await asyncio.gather(*callers)
    assert publisher.fetches == 1


async def test_an_unknown_key_id_fetches_anew_but_not_again_within_half_a_minute(
    keys: KeySets, publisher: Publisher, clock: Any, signer: Any
) -> None:
    await keys.key(ISSUER, "doe-1")
    clock.advance(ANEW)
    publisher.publish(signer("doe-2"))
    assert await keys.key(ISSUER, "doe-2") is not None
    assert publisher.fetches == 2
    for i in range(10):
        assert await keys.key(ISSUER, f"invented-{i}") is None
    assert publisher.fetches == 2
    clock.advance(ANEW)
    assert await keys.key(ISSUER, "invented") is None
    assert publisher.fetches == 3


async def test_a_caller_that_gives_up_leaves_the_next_one_free_to_fetch(keys: KeySets, publisher: Publisher) -> None:
    publisher.gate = asyncio.Event()
    impatient = asyncio.create_task(keys.key(ISSUER, "doe-1"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    publisher.gate.set()
    assert await keys.key(ISSUER, "doe-1") is not None


@pytest.mark.parametrize(
    "fault",
    [
        {"fails": True},
        {"status": 500},
        {"status": 302, "headers": {"location": "https://elsewhere.example/"}},
        {"content": b"<html>"},
        {"content": b"[" * 100_000},
        {"content": b'{"keys": []}'},
        {"content": b" " * (LARGEST + 1)},
        {"headers": {"content-encoding": "gzip"}},
    ],
    ids=["refused", "500", "redirect", "HTML", "nested", "empty", "too large", "compressed"],
)
async def test_keys_that_cannot_be_fetched_are_unavailable_and_not_asked_for_at_once(
    fault: dict[str, Any], keys: KeySets, publisher: Publisher, clock: Any, signer: Any
) -> None:
    for name, value in fault.items():
        setattr(publisher, name, value)
    await unavailable(keys)
    await unavailable(keys)
    assert publisher.fetches == 1
    clock.advance(RETRY)
    publisher.fails, publisher.status, publisher.headers = False, 200, {}
    publisher.publish(signer("doe-1"))
    assert await keys.key(ISSUER, "doe-1") is not None


async def test_an_endless_answer_is_cut_off(clock: Any) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 20 * LARGEST:
            sent += 65_536
            yield b" " * 65_536

    answer = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    keys = KeySets(clock, lambda _: httpx.AsyncClient(transport=answer))
    await unavailable(keys)
    await keys.close()
    assert sent <= LARGEST + 2 * 65_536


async def test_a_new_key_that_cannot_be_fetched_is_unavailable_rather_than_unknown(keys: KeySets, publisher: Publisher, clock: Any) -> None:
    await keys.key(ISSUER, "doe-1")
    clock.advance(ANEW)
    publisher.fails = True
    await unavailable(keys, "doe-2")
    assert await keys.key(ISSUER, "doe-1") is not None  # a known one still is


async def test_officers_recognised_before_work_on_while_the_issuer_is_down(keys: KeySets, publisher: Publisher, clock: Any) -> None:
    key = await keys.key(ISSUER, "doe-1")
    assert key is not None
    publisher.fails = True
    clock.advance(FRESH)
    assert await keys.still_holds(ISSUER, key)
    await unavailable(keys)


async def test_officers_recognised_before_do_not_wait_for_a_fetch_under_way(keys: KeySets, publisher: Publisher, clock: Any) -> None:
    key = await keys.key(ISSUER, "doe-1")
    assert key is not None
    clock.advance(FRESH)
    publisher.gate = asyncio.Event()
    publisher.asked.clear()
    fetching = asyncio.create_task(keys.key(ISSUER, "doe-1"))
    await publisher.asked.wait()
    assert await keys.still_holds(ISSUER, key)
    publisher.gate.set()
    await fetching


async def test_a_withdrawn_key_is_noticed_when_the_set_is_fetched_again(
    keys: KeySets, publisher: Publisher, clock: Any, signer: Any
) -> None:
    key = await keys.key(ISSUER, "doe-1")
    assert key is not None
    publisher.publish(signer("doe-1"))
    clock.advance(FRESH)
    assert not await keys.still_holds(ISSUER, key)


# ---- in a file ---------------------------------------------------------------------------------------------------------


async def test_a_changed_file_is_read_at_once(desk: Any, signer: Any) -> None:
    issuer = desk.register.issuers["https://officers.doe.example"]
    old = await desk.keys.key(issuer, "doe-1")
    new = signer("doe-2")
    desk.publish("doe", new)
    assert await desk.keys.key(issuer, "doe-2") is not None
    assert await desk.keys.key(issuer, "doe-1") is None
    assert not await desk.keys.still_holds(issuer, old)


async def test_a_key_that_left_its_file_holds_no_longer_than_until_the_next_look(desk: Any, signer: Any) -> None:
    issuer = desk.register.issuers["https://officers.doe.example"]
    old = await desk.keys.key(issuer, "doe-1")
    desk.publish("doe", signer("doe-2"))
    assert await desk.keys.still_holds(issuer, old)
    desk.clock.advance(LOOK)
    assert not await desk.keys.still_holds(issuer, old)


async def test_a_file_half_written_is_unavailable_and_leaves_known_officers_alone(desk: Any) -> None:
    issuer = desk.register.issuers["https://officers.doe.example"]
    key = await desk.keys.key(issuer, "doe-1")
    (desk.folder / "doe.jwks.json").write_text('{"keys": [')
    desk.clock.advance(LOOK)
    with pytest.raises(Refusal) as refused:
        await desk.keys.key(issuer, "doe-1")
    assert refused.value.reason is Reason.OFFICER_KEYS_UNAVAILABLE
    assert await desk.keys.still_holds(issuer, key)
    (desk.folder / "doe.jwks.json").unlink()
    assert await desk.keys.still_holds(issuer, key)


# ---- which keys are used ---------------------------------------------------------------------------------------------------


def jwk_of(algorithm: Any, key: Any, **more: Any) -> dict[str, Any]:
    return {**algorithm.to_jwk(key, as_dict=True), **more}


def test_keys_of_other_kinds_and_weak_ones_are_passed_over(signer: Any) -> None:
    good = signer("good")
    weak = rsa.generate_private_key(65537, 1024).public_key()
    written = [
        {"kty": "oct", "k": base64.urlsafe_b64encode(b"x" * 32).decode(), "kid": "shared secret"},
        jwk_of(RSAAlgorithm, weak, kid="1024 bits"),
        jwk_of(ECAlgorithm, ec.generate_private_key(ec.SECP384R1()).public_key(), kid="P-384"),
        jwk_of(OKPAlgorithm, ed448.Ed448PrivateKey.generate().public_key(), kid="Ed448"),
        {
            "kty": "OKP",
            "crv": "X25519",
            "x": base64.urlsafe_b64encode(x25519.X25519PrivateKey.generate().public_key().public_bytes_raw()).decode(),
        },
        signer("encryption").jwk(use="enc"),
        signer("other algorithm").jwk(alg="RS256"),
        signer("signs only").jwk(key_ops=["sign"]),
        jwk_of(OKPAlgorithm, good.key, kid="private"),
        {"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "cut"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "no point"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "without x"},
        {"kty": ["OKP"], "crv": {}},
        {"kty": "RSA", "n": 7, "e": "AQAB"},
        "text",
        good.jwk(kid=7),
        good.jwk(),
    ]
    assert [key.kid for key in parse_keys(json.dumps({"keys": written}).encode()).keys] == ["good"]


def test_a_key_set_of_more_than_256_kib_is_not_read(signer: Any) -> None:
    content = json.dumps({"keys": [signer("a").jwk()]}).encode()
    assert parse_keys(content.ljust(LARGEST)).find("a") is not None
    with pytest.raises(KeysUnreadable, match="256 KiB"):
        parse_keys(content.ljust(LARGEST + 1))


def test_two_keys_of_one_id_make_the_set_unusable(signer: Any) -> None:
    with pytest.raises(KeysUnreadable, match="two keys of one kid"):
        parse_keys(json.dumps({"keys": [signer("a").jwk(), signer("a").jwk()]}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b'{"keys": ["a"]}', b"[" * 100_000, b" " * (LARGEST + 1)])
def test_what_is_no_key_set_is_unreadable_and_not_quoted(content: bytes) -> None:
    with pytest.raises(KeysUnreadable):
        parse_keys(content)
