"""What a counter keeps: receipts that prove, checkpoints that only grow, and its own receipts again on asking."""

import asyncio
import base64
import hashlib
import http.client

from linkage.v1 import receipt_pb2 as pb
from tests.journeys.logbook import entries, proved
from tests.journeys.world import Desk, Place, World, build_place, running
from tests.ports import free_port


async def test_every_entry_of_a_request_can_be_fetched_again_and_proves_the_same(world: World, desk: Desk) -> None:
    session = await desk.login()
    verified = await desk.verify()
    found = await desk.look_up(verified.visit.token, session)

    for reply in (verified, found):
        receipts = (await desk.receipts.GetReceipt(pb.GetReceiptRequest(request_id=reply.request_id))).receipts
        intent, outcome = (proved(world, receipt) for receipt in receipts)
        assert (reply.request_id, reply.request_id) == (intent["eid"], outcome["ref"])
        assert reply.receipt.leaf == receipts[1].leaf


async def test_two_checkpoints_are_of_one_log_that_has_only_grown(world: World, desk: Desk) -> None:
    old = await desk.receipts.GetCheckpoint(pb.GetCheckpointRequest())
    for _ in range(5):
        await desk.verify()
    new = await desk.receipts.GetCheckpoint(pb.GetCheckpointRequest())

    assert world.vkey == old.vkey == new.vkey
    (first, first_root), (second, second_root) = _head(old.checkpoint), _head(new.checkpoint)
    assert first < second
    hashes = (await desk.receipts.GetConsistencyProof(pb.GetConsistencyProofRequest(old_size=first, new_size=second))).hashes
    assert _consistent(first, second, first_root, second_root, list(hashes))
    assert not _consistent(first, second, hashlib.sha256().digest(), second_root, list(hashes))


async def test_receipts_and_checkpoints_need_no_officer(world: World, desk: Desk) -> None:
    request_id = (await desk.verify()).request_id
    desk.metadata = ()

    assert 2 == len((await desk.receipts.GetReceipt(pb.GetReceiptRequest(request_id=request_id))).receipts)


async def test_the_metrics_page_is_served_where_the_settings_say(place: Place) -> None:
    port = free_port()
    elsewhere = build_place(place.folder.parent / "page")
    elsewhere.change("linkage.toml", 'metrics_listen = ""', f'metrics_listen = "127.0.0.1:{port}"')
    async with running(elsewhere) as world:
        page = await asyncio.to_thread(_get, port)
        assert b"linkage_log_ok 1.0" in page
        assert len(entries(world)) > 0


def _get(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read()
    finally:
        connection.close()


def _head(checkpoint: str) -> tuple[int, bytes]:
    _, size, root, *_ = checkpoint.split("\n")
    return int(size), base64.b64decode(root)


def _consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    """RFC 9162 2.1.4.2, for 0 < old < new."""
    if old & (old - 1) == 0:
        path = [old_root, *path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(sibling, fr), _node(sibling, sr)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old_root, new_root)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
