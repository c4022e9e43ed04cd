"""Which counter it is: one URI name in its certificate, and the register's word on it, on every call."""

from collections.abc import Callable

import grpc
from cryptography import x509

from linkage.errors import Reason
from linkage.v1 import receipt_pb2
from tests.journeys.logbook import entries, proved, refusal, until
from tests.journeys.names import leaf_with
from tests.journeys.world import COUNTER_1, COUNTER_2, Desk, World

AUDITOR = "spiffe://linkage.example/auditor/labour"
SUSPENDED = "spiffe://linkage.example/centre/cm-01/counter/4"
UNKNOWN = "spiffe://linkage.example/centre/cm-01/counter/77"

Open = Callable[..., Desk]


def _desk_with(world: World, *names: x509.GeneralName) -> Desk:
    certificate, key = leaf_with(world, *names)
    return Desk(world, certificate, key, "")


async def test_a_certificate_without_a_uri_name_opens_nothing_and_its_common_name_is_not_looked_at(world: World) -> None:
    for desk in (_desk_with(world), _desk_with(world, x509.DNSName("counter.example"))):
        said = await refusal(world, desk.verify(), Reason.CERTIFICATE_NOT_NAMED)
        assert grpc.StatusCode.UNAUTHENTICATED == said.code
        await desk.close()


async def test_a_certificate_with_two_uri_names_opens_nothing_even_if_both_are_registered(world: World) -> None:
    desk = _desk_with(world, x509.UniformResourceIdentifier(COUNTER_1), x509.UniformResourceIdentifier(COUNTER_2))

    await refusal(world, desk.verify(), Reason.CERTIFICATE_NOT_NAMED)

    await desk.close()


async def test_a_counter_that_is_not_registered_is_refused_and_counted_in_the_log(world: World, open_desk: Open) -> None:
    desk = open_desk(UNKNOWN)

    for _ in range(3):
        await refusal(world, desk.verify(), Reason.COUNTER_UNKNOWN)
    await world.gateway._tally.record(everything=True)

    counted = entries(world, "refused_many")[-1]["facts"]
    assert (3, "COUNTER_UNKNOWN") == (counted["count"], counted["reason"])
    assert "counter" not in counted


async def test_a_suspended_counter_is_refused_and_each_refusal_is_in_the_log(world: World, open_desk: Open) -> None:
    said = await refusal(world, open_desk(SUSPENDED).verify(), Reason.COUNTER_SUSPENDED)

    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert (SUSPENDED, "VerifyIdentity") == (facts["counter"], facts["method"])


async def test_a_withdrawn_certificate_is_refused_from_the_next_call_on_though_its_connection_is_open(world: World, desk: Desk) -> None:
    await desk.verify()
    serial = x509.load_pem_x509_certificate(desk.certificate.read_bytes()).serial_number
    world.change("register.toml", "revoked_serials = []", f'revoked_serials = ["{serial.to_bytes(20, "big").hex()}"]')
    await _until_reloaded(world)

    await refusal(world, desk.verify(), Reason.CERTIFICATE_REVOKED)


async def test_a_counter_suspended_while_its_connection_is_open_is_refused_at_its_next_call(world: World, desk: Desk) -> None:
    await desk.verify()
    world.change("register.toml", f'uri = "{COUNTER_1}"\n', f'uri = "{COUNTER_1}"\nsuspended = true\n')
    await _until_reloaded(world)

    await refusal(world, desk.verify(), Reason.COUNTER_SUSPENDED)


async def test_an_auditor_may_read_receipts_and_ask_nothing(world: World, desk: Desk, open_desk: Open) -> None:
    request_id = (await desk.verify()).request_id
    auditor = open_desk(AUDITOR)

    said = await refusal(world, auditor.look_up("visit", "session"), Reason.ROLE_NOT_ALLOWED)
    await refusal(world, auditor.verify(), Reason.ROLE_NOT_ALLOWED)
    read = await auditor.receipts.GetReceipt(receipt_pb2.GetReceiptRequest(request_id=request_id))

    assert said.receipt is not None
    facts = proved(world, said.receipt)["facts"]
    assert AUDITOR == facts["auditor"]
    assert "counter" not in facts
    assert ["intent", "outcome"] == [proved(world, receipt)["kind"] for receipt in read.receipts]


async def test_a_counter_sees_receipts_of_its_own_requests_alone(world: World, desk: Desk, open_desk: Open) -> None:
    request_id = (await desk.verify()).request_id
    ask = receipt_pb2.GetReceiptRequest(request_id=request_id)

    await refusal(world, open_desk(COUNTER_2).receipts.GetReceipt(ask), Reason.ENTRY_UNKNOWN)
    unknown = receipt_pb2.GetReceiptRequest(request_id="0190f2a0-0000-7000-8000-000000000000")
    await refusal(world, desk.receipts.GetReceipt(unknown), Reason.ENTRY_UNKNOWN)

    assert 2 == len((await desk.receipts.GetReceipt(ask)).receipts)


async def _until_reloaded(world: World) -> None:
    configured = len(entries(world, "config"))
    await until(lambda: len(entries(world, "config")) > configured)
