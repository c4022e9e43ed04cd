"""What the log of a world says, and whether a refusal is told and recorded as it must be."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from grpc.aio import AioRpcError

from linkage.errors import Reason
from linkage.rpc.refusals import COUNTED, DAMPED
from linkage.store.sqlite_read import SqliteReader
from linkage.v1 import receipt_pb2
from tests.journeys.world import Place, Refused, refused
from tests.second_verifier import check_receipt

UNRECORDED = COUNTED | {Reason.AUDIT_UNAVAILABLE}


def entries(place: Place, *kinds: str) -> list[dict[str, Any]]:
    """All entries of these kinds, oldest first; without kinds, all."""
    with SqliteReader(place.folder / "log.db") as log:
        leaves = [json.loads(entry.leaf) for entry in log.entries(0, 100_000)]
    return [leaf for leaf in leaves if not kinds or leaf["kind"] in kinds]


def proved(place: Place, receipt: receipt_pb2.Receipt) -> dict[str, Any]:
    """The entry that a receipt proves, once the second verifier agrees."""
    assert receipt.index == check_receipt(receipt.tlog_proof.encode(), receipt.leaf, place.vkey)
    leaf: dict[str, Any] = json.loads(receipt.leaf)
    assert leaf["eid"] == receipt.entry_id
    return leaf


async def until(comes: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Wait for something that is on its way.

    Raises:
        TimeoutError: it did not come.
    """
    async with asyncio.timeout(seconds):
        while not comes():  # noqa: ASYNC110 (what is waited for is another program's doing)
            await asyncio.sleep(0.01)


async def refusal(place: Place, call: Awaitable[Any], reason: Reason) -> Refused:
    """What a call is refused with: the reason, both sentences, the request id, and the entry that its receipt proves."""
    with pytest.raises(AioRpcError) as caught:
        await call
    said = refused(caught.value)
    assert reason.value == said.reason
    assert said.sentences["th"]
    assert said.sentences["en"]
    assert "{" not in said.sentences["th"] + said.sentences["en"]
    request_id = str(UUID(said.metadata["request_id"]))
    if reason in UNRECORDED:
        assert said.receipt is None
    elif said.receipt is None:
        assert reason in DAMPED  # not the minute's first
    else:
        assert said.receipt is not None
        leaf = proved(place, said.receipt)
        assert leaf["kind"] in ("denied", "outcome")
        assert request_id == leaf["eid" if leaf["kind"] == "denied" else "ref"]
        assert leaf["facts"].get("reason") == reason.value or leaf["facts"].get("result") == "failed"
    return said
