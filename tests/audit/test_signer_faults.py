"""The log's signer fails, errs, or is slow: nothing is recorded, no note leaves the process, and all goes on when it is well again."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linkage.audit.journal import Journal, JournalLimits
from linkage.errors import AuditUnavailable
from linkage.store.contract import StoreUnavailable
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer
from tests.audit.world import World, one_passage, until
from tests.small_log import SIGNER, append_one, draft, entries, fresh_log, verified

Fault = Callable[[bytes], bytes]


class Hardware:
    """A key in hardware that can be told to misbehave."""

    def __init__(self, signer: Signer) -> None:
        self._sound: Any = signer._private
        self.fault: Fault | None = None
        signer._private = self  # type: ignore[assignment]

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return bytes((self.fault or self._sound.sign)(message))

    def sign_another(self, message: bytes) -> bytes:
        """A sound signature, but of something else."""
        return bytes(self._sound.sign(message + b" "))


@pytest.fixture
def hardware() -> tuple[LogSigner, Hardware]:
    signer = Signer(SIGNER.verifier.name, bytes(range(32)))
    return LogSigner.of(signer), Hardware(signer)


def journal_on(world: World, signer: LogSigner, *, timeout: float = 5.0) -> Journal:
    """A journal of the world's log that signs with this."""
    journal = world.journal(limits=JournalLimits(append_timeout=timeout))
    world.log_of(journal)._appender._signer = signer
    return journal


def test_a_signer_that_raises_leaves_its_batch_rolled_back(tmp_path: Path, hardware: tuple[LogSigner, Hardware]) -> None:
    signer, device = hardware
    log = fresh_log(tmp_path / "log.db")
    log._appender._signer = signer
    append_one(log, draft())

    def gone(_message: bytes) -> bytes:
        raise OSError("the device is gone")

    device.fault = gone
    with pytest.raises(OSError, match="the device is gone"):
        log.append([draft()])
    device.fault = None
    assert append_one(log, draft()).index == 1
    log.close()
    assert verified(tmp_path / "log.db").clean


async def test_a_wrong_signature_is_refused_by_name_and_no_note_leaves_the_process(
    world: World, hardware: tuple[LogSigner, Hardware]
) -> None:
    signer, device = hardware
    journal = journal_on(world, signer)
    await one_passage(world, journal)
    await until(lambda: world.anchor.exists() and world.anchor.read_text().splitlines()[1] == "2")
    device.fault = device.sign_another
    with pytest.raises(StoreUnavailable, match="signer: own signature"):
        await one_passage(world, journal)
    assert "signer" in journal.health().reason
    assert not journal.health().poisoned
    assert len(entries(world.path)) == 2
    device.fault = None
    await one_passage(world, journal)
    assert world.verified().clean
    await journal.close()
    assert world.anchor.read_text().splitlines()[1] == "4"


async def test_a_slow_signer_refuses_in_time_and_what_it_signs_later_is_an_abandoned_intent(
    world: World, hardware: tuple[LogSigner, Hardware]
) -> None:
    signer, device = hardware
    journal = journal_on(world, signer, timeout=0.2)
    going = threading.Event()

    def slow(message: bytes) -> bytes:
        going.wait(30)
        return bytes(device._sound.sign(message))

    device.fault = slow
    with pytest.raises(AuditUnavailable, match=r"not durable after 0\.2 s"):
        await one_passage(world, journal)
    world.clock.advance(1)
    assert journal.health().reason == "a batch hangs"
    device.fault = None
    going.set()
    await until(lambda: world.said() == [("intent", ""), ("outcome", "abandoned")])
    assert journal.health().ok
    assert world.verified().clean
