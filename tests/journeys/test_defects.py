"""Mistakes of ours: the caller gets INTERNAL and a request id at once, the log an entry, and nobody a word of what was in it."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from decimal import Context, Decimal

import grpc
import pytest
import structlog
from grpc.aio import AioRpcError

from adapters.dopa import Dopa
from linkage.errors import Reason
from linkage.sources.adapter import Answer, Found, Link, Query
from linkage.telemetry import configure_logging
from linkage.terms import FieldName, RecordType
from linkage.v1 import lookup_pb2
from tests.journeys.logbook import entries, proved, refusal
from tests.journeys.world import Desk, World, refused

SECRET = "1100000000016 สมมติ ทดสอบระบบ"


class _Raises:
    """An attribute that cannot be read: what an adapter says of itself is asked outside the seam that catches its failures."""

    def __init__(self, failure: BaseException) -> None:
        self._failure = failure

    def __get__(self, _one: object, _kind: type | None = None) -> object:
        raise self._failure


def _broken(attribute: str, failure: BaseException) -> Dopa:
    kind: type[Dopa] = type("Broken", (Dopa,), {attribute: _Raises(failure)})
    return kind()


@pytest.fixture
async def lines() -> AsyncIterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("attribute", ["needs_login", "renew_before"])
@pytest.mark.parametrize("with_id", [False, True])
async def test_a_defect_is_internal_with_a_request_id_a_receipt_and_nothing_of_its_text(
    lines: io.StringIO, world: World, desk: Desk, attribute: str, *, with_id: bool
) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    asked = len(world.dopa.received)
    world.adapt(_broken(attribute, RuntimeError(SECRET)))
    once = "0190f2a0-0000-7000-8000-000000000001" if with_id else ""

    said = await refusal(world, desk.look_up(visit, "" if attribute == "needs_login" else session, client_request_id=once), Reason.INTERNAL)

    assert grpc.StatusCode.INTERNAL == said.code
    assert asked == len(world.dopa.received)
    assert said.receipt is not None
    leaf = proved(world, said.receipt)
    assert ("denied" if attribute == "needs_login" else "outcome") == leaf["kind"]
    everything = lines.getvalue() + json.dumps(entries(world), ensure_ascii=False) + world.metrics().decode() + str(said)
    assert not [word for word in SECRET.split() if word in everything]
    line = next(line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "defect")
    assert (said.metadata["request_id"], "RuntimeError") == (line["request_id"], line["exception"])
    assert line["where"].startswith("test_defects.py:")


@pytest.mark.parametrize("attribute", ["needs_login", "renew_before"])
async def test_a_cancellation_that_nobody_asked_for_is_told_at_once(world: World, desk: Desk, attribute: str) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(_broken(attribute, asyncio.CancelledError()))

    async with asyncio.timeout(5):
        said = await refusal(world, desk.look_up(visit, "" if attribute == "needs_login" else session, timeout=30), Reason.INTERNAL)

    assert said.receipt is not None
    assert not {leaf["eid"] for leaf in entries(world, "intent")} - {leaf["ref"] for leaf in entries(world, "outcome")}


async def test_an_adapter_that_raises_is_an_agency_that_cannot_tell(world: World, desk: Desk) -> None:
    class Raising(Dopa):
        async def fetch(self, *_: object) -> object:  # type: ignore[override]
            raise ValueError(SECRET)

    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(Raising())

    said = await refusal(world, desk.look_up(visit, session), Reason.AGENCY_UNAVAILABLE)

    assert SECRET not in str(said)


class _Unwritable(Decimal):
    """A number that can be tagged, and not be written."""

    def __format__(self, form: str, context: Context | None = None, /) -> str:
        raise RuntimeError(SECRET)


async def test_a_defect_after_the_outcome_is_internal_too_and_the_outcome_stands(world: World, desk: Desk) -> None:
    class Odd(Dopa):
        async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
            answers = await super().fetch(query, link)
            return {
                kind: replace(found, fields={FieldName("first_name"): _Unwritable(1)})
                for kind, found in answers.items()
                if isinstance(found, Found)
            }

    session, visit = await desk.login(), (await desk.verify()).visit.token
    world.adapt(Odd())

    with pytest.raises(AioRpcError) as error:
        await desk.look_up(visit, session, "first_name")

    said = refused(error.value)
    assert "INTERNAL" == said.reason
    own = [leaf["kind"] for leaf in entries(world) if said.metadata["request_id"] in (leaf["eid"], leaf.get("ref"))]
    assert ["intent", "outcome"] == own


async def test_after_a_defect_the_same_request_may_be_made_again(world: World, desk: Desk) -> None:
    session, visit = await desk.login(), (await desk.verify()).visit.token
    once = "0190f2a0-0000-7000-8000-000000000002"
    world.adapt(_broken("renew_before", RuntimeError(SECRET)))
    await refusal(world, desk.look_up(visit, session, client_request_id=once), Reason.INTERNAL)
    world.adapt(Dopa())

    assert lookup_pb2.ANSWER_FOUND == (await desk.look_up(visit, session, client_request_id=once)).answer
