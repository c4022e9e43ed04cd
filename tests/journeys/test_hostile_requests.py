"""Messages of the right size that hold too much of one thing: refused by name, counted, and the gateway goes on."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from linkage.errors import Reason
from linkage.v1 import lookup_pb2
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import entries, refusal
from tests.journeys.world import Desk, World

LOOKUP = "/linkage.v1.LookupService/Lookup"
BUNDLE = "/linkage.v1.LookupService/LookupBundle"
NESTED = b"\xfb\x01" * 1000 + b"\xfc\x01" * 1000
"""A group in a group, a thousand deep, of a field that nobody knows."""


@pytest.fixture(autouse=True)
async def _still_there(world: World, desk: Desk) -> AsyncIterator[None]:
    """Whatever was thrown at it, the gateway answers the next counter, and asked nobody."""
    yield
    assert [] == entries(world, "intent")
    await world.gateway._tally.record(everything=True)
    assert ["refused_many"] == [leaf["kind"] for leaf in entries(world)[-1:]]
    assert b'linkage_refusals_total{reason="MALFORMED_REQUEST"}' in world.metrics()
    assert pb.VERDICT_MATCH == (await desk.verify()).verdict


def _raw(desk: Desk, method: str, sent: bytes) -> Awaitable[bytes]:
    call = desk.channel.unary_unary(method, request_serializer=lambda b: b, response_deserializer=lambda b: b)
    return call(sent, metadata=desk.metadata, timeout=20)


async def test_two_hundred_thousand_fields_are_refused_unread(world: World, desk: Desk) -> None:
    await refusal(world, _raw(desk, LOOKUP, b"\x2a\x00" * 200_000), Reason.MALFORMED_REQUEST)


@pytest.mark.parametrize(("method", "sent"), [(LOOKUP, b"\x2a\x00"), (BUNDLE, b"\x22\x00"), (BUNDLE, b"\x32\x00")])
async def test_a_hundred_thousand_of_anything_repeated_are_refused_whole(world: World, desk: Desk, method: str, sent: bytes) -> None:
    said = await refusal(world, _raw(desk, method, sent * 100_000), Reason.MALFORMED_REQUEST)

    assert len(said.violations) <= 20


async def test_a_hundred_thousand_fields_nobody_knows_are_read_over(world: World, desk: Desk) -> None:
    said = await refusal(world, _raw(desk, LOOKUP, b"\xf8\x01\x01" * 80_000), Reason.MALFORMED_REQUEST)

    assert "visit_token" in said.violations


async def test_groups_a_thousand_deep_are_no_message(world: World, desk: Desk) -> None:
    request = lookup_pb2.LookupRequest(visit_token="v", service="s", record_type="r").SerializeToString()

    said = await refusal(world, _raw(desk, LOOKUP, request + NESTED), Reason.MALFORMED_REQUEST)

    assert {} == said.violations
