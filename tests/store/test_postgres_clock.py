"""Gateways on several machines write one log: each machine's clock is held against the database server's."""

import pytest

from linkage.audit.boot import clock_steps
from linkage.clock import FakeClock, SystemClock
from linkage.store.contract import StoreUnavailable
from linkage.store.postgres_log import PostgresLog
from tests.small_log import ORIGIN, SIGNER, append_one, draft
from tests.store.contract.places import PostgresPlace, entries


def gateway(place: PostgresPlace, clock: FakeClock) -> PostgresLog:
    return PostgresLog(place.address.removeprefix("postgres "), signer=SIGNER, clock=clock, clock_entry=clock_steps(clock, ORIGIN))


@pytest.mark.parametrize("ahead_s", [3_650 * 86_400, -120])
def test_a_gateway_that_starts_with_a_wrong_clock_writes_nothing_and_keeps_no_other_out(ahead_s: int, place: PostgresPlace) -> None:
    right = place.open()
    append_one(right, draft())
    clock = FakeClock(SystemClock().now_ms() + 1000 * ahead_s)
    wrong = gateway(place, clock)
    assert wrong.trouble().startswith("clock: "), "told before anything is written"
    with pytest.raises(StoreUnavailable, match=r"^clock: .* on this machine, .* on the database server, at most 60 s apart"):
        wrong.append([draft()])
    append_one(right, draft())
    clock.step_wall(-ahead_s)
    append_one(wrong, draft())
    assert wrong.trouble() == ""
    assert len(entries(place)) == 3
    wrong.close()


def test_the_server_is_asked_for_its_time_with_every_batch_and_every_purge(place: PostgresPlace) -> None:
    clock = FakeClock(SystemClock().now_ms())
    log = gateway(place, clock)
    append_one(log, draft())
    clock.advance(600)  # a whole machine that runs fast, its monotonic clock too: nothing shows it but the server
    assert log.trouble() == ""
    log.purge(clock.now_ms())
    assert log.trouble().startswith("clock: ")
    clock.step_wall(-600)
    append_one(log, draft())
    clock.advance(600)
    with pytest.raises(StoreUnavailable, match=r"^clock: "):
        log.append([draft()])
    log.close()
