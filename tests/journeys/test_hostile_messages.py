"""Messages that are too much: refused before a handler sees them, or told in a status that still fits; the gateway goes on."""

import asyncio

import grpc
import pytest
from grpc.aio import AioRpcError

from linkage.errors import Reason
from linkage.v1 import lookup_pb2, receipt_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, refusal, until
from tests.journeys.world import Desk, World

VERIFY = "/linkage.v1.VerificationService/VerifyIdentity"


@pytest.fixture(autouse=True)
async def _still_there(world: World, desk: Desk) -> object:
    """Whatever was thrown at it, the gateway answers the next counter."""
    yield
    assert pb.VERDICT_MATCH == (await desk.verify()).verdict


async def _code(call: object) -> grpc.StatusCode:
    with pytest.raises(AioRpcError) as error:
        await call  # type: ignore[misc]
    code: grpc.StatusCode = error.value.code()
    return code


def _misused(world: World, how: str) -> bool:
    return f'linkage_misuses_total{{how="{how}"}}'.encode() in world.metrics()


@pytest.mark.parametrize("size", [262_145, 500_000])
async def test_a_request_beyond_the_limit_is_refused_by_name_and_counted(world: World, desk: Desk, size: int) -> None:
    raw = desk.channel.unary_unary(VERIFY, request_serializer=lambda b: b, response_deserializer=lambda b: b)

    said = await refusal(world, raw(b"\0" * size, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    assert {"request": "at most 262144 bytes"} == said.violations
    assert _misused(world, "message")


async def test_a_request_of_five_megabytes_is_refused_unread_and_counted(world: World, desk: Desk) -> None:
    request = desk.card(first="ก" * 2_000_000)

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == await _code(desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20))
    await until(lambda: _misused(world, "unread"))


@pytest.mark.parametrize("size", [10, 64 * 2**20])
async def test_a_compressed_request_is_refused_packed_and_counted(world: World, desk: Desk, size: int) -> None:
    raw = desk.channel.unary_unary(VERIFY, request_serializer=lambda b: b, response_deserializer=lambda b: b)
    call = raw(b"\0" * size, metadata=desk.metadata, timeout=60, compression=grpc.Compression.Gzip)

    assert await _code(call) in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL)
    assert [] == entries(world, "intent")
    await until(lambda: _misused(world, "unread"))


async def test_metadata_of_any_size_up_to_its_limit_always_arrives(world: World, desk: Desk) -> None:
    for _ in range(10):
        more = (*desk.metadata, ("x-heap", "a" * 14_000))
        reply = await desk.verification.VerifyIdentity(desk.card(), metadata=more, timeout=20)
        assert pb.VERDICT_MATCH == reply.verdict


@pytest.mark.parametrize("heap", [[("x-heap", "a" * 17_000)], [(f"x-{n}", "a" * 100) for n in range(300)]], ids=["one", "many"])
async def test_metadata_beyond_its_limit_is_always_refused_by_name_and_counted(
    world: World, desk: Desk, heap: list[tuple[str, str]]
) -> None:
    for _ in range(10):
        call = desk.verification.VerifyIdentity(desk.card(), metadata=(*desk.metadata, *heap), timeout=20)
        said = await refusal(world, call, Reason.MALFORMED_REQUEST)
        assert {"metadata": "at most 16384 bytes"} == said.violations
    assert _misused(world, "metadata")
    assert [] == entries(world, "intent")


async def test_a_heap_of_metadata_is_always_refused_by_grpc_itself_and_counted(world: World, desk: Desk) -> None:
    for _ in range(10):
        call = desk.verification.VerifyIdentity(desk.card(), metadata=(*desk.metadata, ("x-heap", "a" * 70_000)), timeout=20)
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == await _code(call)
    await until(lambda: _misused(world, "unread"))
    assert [] == entries(world, "intent")


@pytest.mark.parametrize("sent", [b"\xff1100000000016" * 20, b"\x12\x02\xff\xfe", b"\x0a\x7f", b"\x22\xff\xff\xff\xff\x7f"])
async def test_bytes_that_are_no_message_are_malformed_like_any_other_and_counted(world: World, desk: Desk, sent: bytes) -> None:
    raw = desk.channel.unary_unary(VERIFY, request_serializer=lambda b: b, response_deserializer=lambda b: b)

    said = await refusal(world, raw(sent, metadata=desk.metadata, timeout=20), Reason.MALFORMED_REQUEST)

    assert grpc.StatusCode.INVALID_ARGUMENT == said.code
    await world.gateway._tally.record(everything=True)
    assert ["refused_many"] == [leaf["kind"] for leaf in entries(world)[-1:]]


async def test_a_method_that_does_not_exist_is_unimplemented_and_counted(world: World, desk: Desk) -> None:
    for method in ("/linkage.v1.LookupService/LookupEverything", "/linkage.v9.Nothing/At"):
        call = desk.channel.unary_unary(method, request_serializer=lambda b: b, response_deserializer=lambda b: b)
        assert grpc.StatusCode.UNIMPLEMENTED == await _code(call(b"", metadata=desk.metadata, timeout=20))

    assert b"linkage_unknown_methods_total 2.0" in world.metrics()


@pytest.mark.parametrize("field", ["x" * 64, "X" * 64, "nothing_of_this_name"])
async def test_two_hundred_wrong_fields_are_told_in_a_status_that_fits(world: World, desk: Desk, field: str) -> None:
    visit = (await desk.verify()).visit.token
    wrong = [f"{field[:-4]}{n:04d}" for n in range(200)]
    reason = Reason.MALFORMED_REQUEST if field.isupper() else Reason.UNKNOWN_FIELD

    for _ in range(5):
        said = await refusal(world, desk.look_up(visit, "session", *wrong), reason)
        assert 1 < len(said.violations) <= 200
        assert "fields[0]" in said.violations


async def test_more_fields_than_any_record_has_are_refused_whole(world: World, desk: Desk) -> None:
    visit = (await desk.verify()).visit.token

    said = await refusal(world, desk.look_up(visit, "session", *["first_name"] * 5_000), Reason.MALFORMED_REQUEST)

    assert {"fields"} == set(said.violations)


async def test_a_proof_between_impossible_sizes_is_refused_by_field(world: World, desk: Desk) -> None:
    size = len(entries(world))
    for old, new in ((2, 1), (0, size + 1000), (2**64 - 1, 2**64 - 1), (0, 2**63)):
        ask = receipt_pb2.GetConsistencyProofRequest(old_size=old, new_size=new)
        said = await refusal(world, desk.receipts.GetConsistencyProof(ask, timeout=20), Reason.MALFORMED_REQUEST)
        assert {"new_size"} == set(said.violations)


async def test_a_receipt_for_what_is_no_id_is_refused_by_field(world: World, desk: Desk) -> None:
    plain = "0190f2a0-0000-7000-8000-000000000000"
    for text in ("", "x" * 36, "1" * 10_000, f"{{{plain}}}", f"urn:uuid:{plain}", plain.replace("-", ""), f" {plain}"):
        ask = receipt_pb2.GetReceiptRequest(request_id=text)
        said = await refusal(world, desk.receipts.GetReceipt(ask, timeout=20), Reason.MALFORMED_REQUEST)
        assert {"request_id"} == set(said.violations)


async def test_a_storm_of_wrong_requests_leaves_one_entry_and_an_open_door(world: World, desk: Desk) -> None:
    before = len(entries(world))

    codes = [code for _ in range(5) for code in await asyncio.gather(*(_code(desk.verify(citizen_number="x")) for _ in range(40)))]

    assert {grpc.StatusCode.INVALID_ARGUMENT} == set(codes)
    await world.gateway._tally.record(everything=True)
    assert ["refused_many"] == [leaf["kind"] for leaf in entries(world)[before:]]
    assert lookup_pb2.LookupRequest().ByteSize() == 0
