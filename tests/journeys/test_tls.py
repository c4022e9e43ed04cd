"""Who is turned away before a word is spoken: TLS asks for a certificate of the counters' own CA."""

from datetime import timedelta

import grpc
import pytest
from grpc.aio import AioRpcError

from linkage.clock import FakeClock, SystemClock
from linkage.runtime.pki import load_authority, make_authority, make_counter
from linkage.v1 import receipt_pb2, receipt_pb2_grpc
from tests.journeys.logbook import entries
from tests.journeys.world import COUNTER_1, World, refused


async def _failure(world: World, credentials: grpc.ChannelCredentials) -> AioRpcError:
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(f"localhost:{world.gateway.port}", credentials, options=options) as channel:
        with pytest.raises(AioRpcError) as error:
            await receipt_pb2_grpc.ReceiptServiceStub(channel).GetCheckpoint(receipt_pb2.GetCheckpointRequest(), timeout=10)
    return error.value


def _turned_away(world: World, failure: AioRpcError, before: int) -> None:
    """What a counter sees when TLS refuses it: UNAVAILABLE, without a word of the gateway's; and the log knows nothing of it."""
    assert grpc.StatusCode.UNAVAILABLE == failure.code()
    assert "" == refused(failure).reason
    assert before == len(entries(world))


async def test_without_a_certificate_the_connection_is_refused(world: World) -> None:
    before = len(entries(world))
    root = (world.folder / "ca.pem").read_bytes()

    failure = await _failure(world, grpc.ssl_channel_credentials(root))

    _turned_away(world, failure, before)


async def test_a_certificate_of_another_ca_is_refused_whatever_it_names(world: World) -> None:
    before = len(entries(world))
    folder = world.folder
    make_authority(folder / "other-ca.pem", folder / "other-ca.key", name="Another CA", clock=SystemClock())
    other = load_authority(folder / "other-ca.pem", folder / "other-ca.key")
    make_counter(other, folder / "other.pem", folder / "other.key", uri=COUNTER_1, clock=SystemClock())
    root = (folder / "ca.pem").read_bytes()

    credentials = grpc.ssl_channel_credentials(root, (folder / "other.key").read_bytes(), (folder / "other.pem").read_bytes())

    _turned_away(world, await _failure(world, credentials), before)


async def test_a_certificate_that_has_expired_is_refused(world: World) -> None:
    before = len(entries(world))
    folder = world.folder
    long_ago = FakeClock(SystemClock().now_ms() - round(timedelta(days=400).total_seconds() * 1000))
    make_counter(
        load_authority(folder / "ca.pem", folder / "ca.key"), folder / "old.pem", folder / "old.key", uri=COUNTER_1, clock=long_ago, days=30
    )
    root = (folder / "ca.pem").read_bytes()

    credentials = grpc.ssl_channel_credentials(root, (folder / "old.key").read_bytes(), (folder / "old.pem").read_bytes())

    _turned_away(world, await _failure(world, credentials), before)


async def test_a_gateway_of_another_ca_is_refused_by_the_counter(world: World) -> None:
    folder = world.folder
    make_authority(folder / "other-ca.pem", folder / "other-ca.key", name="Another CA", clock=SystemClock())
    certificate, key = world.certificate(COUNTER_1, "counter-1")

    credentials = grpc.ssl_channel_credentials((folder / "other-ca.pem").read_bytes(), key.read_bytes(), certificate.read_bytes())

    assert grpc.StatusCode.UNAVAILABLE == (await _failure(world, credentials)).code()


async def test_a_plain_connection_gets_no_answer(world: World) -> None:
    async with grpc.aio.insecure_channel(f"localhost:{world.gateway.port}") as channel:
        ask = receipt_pb2_grpc.ReceiptServiceStub(channel).GetCheckpoint
        with pytest.raises(AioRpcError) as error:
            await ask(receipt_pb2.GetCheckpointRequest(), timeout=10)

    assert grpc.StatusCode.UNAVAILABLE == error.value.code()
