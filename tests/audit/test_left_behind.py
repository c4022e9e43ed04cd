"""Before a log key ends, the log itself shows which gateways have not taken up the newer one."""

from pathlib import Path

import pytest

from linkage.audit.boot import new_origin, open_log
from linkage.audit.left_behind import _AT_ONCE, left_behind
from linkage.audit.record import Entry, Origin, frame
from linkage.clock import FakeClock
from linkage.ids import new_id
from linkage.store.contract import Draft, Kind
from linkage.store.sqlite_log import create_log
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer

NEW, OLD_KEY = (Signer("linkage.example/audit", bytes([seed]) * 32) for seed in (1, 2))
OLD = LogSigner.of(OLD_KEY)
BOTH = LogSigner((NEW, OLD_KEY), LogVerifier((LogKey(NEW.verifier, 1), LogKey(OLD_KEY.verifier))))


class Gateways:
    """A log, and what is written into it by whomever."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._clock = FakeClock()
        create_log(path, OLD)
        self.write(OLD, "begun")

    def write(self, signer: LogSigner, replica: str, kind: Kind = Kind.READ) -> None:
        """One entry by one process, which ends then."""
        origin: Origin = new_origin(replica)
        log = open_log(self.path, signer=signer, clock=self._clock, origin=origin)
        entry = Entry(kind, new_id(self._clock), {})
        log.append([Draft(entry.kind, entry.eid, frame(entry, origin))])
        log.close()

    def behind(self) -> tuple[str, ...]:
        with SqliteReader(self.path) as reader:
            return left_behind(reader, NEW.verifier, 1)


@pytest.fixture
def gateways(tmp_path: Path) -> Gateways:
    return Gateways(tmp_path / "log.db")


def test_one_gateway_that_was_started_with_both_keys_says_nothing_about_another(gateways: Gateways) -> None:
    for replica in "ab":
        gateways.write(OLD, replica)
    assert gateways.behind() == ("a", "b")
    gateways.write(BOTH, "a", Kind.BOOT)
    assert gateways.behind() == ("b",)
    gateways.write(OLD, "b", Kind.BOOT)
    assert gateways.behind() == ("b",), "started, but with the old file"
    gateways.write(BOTH, "b", Kind.BOOT)
    assert gateways.behind() == ()


def test_a_command_beside_a_gateway_that_signs_with_both_keys_says_nothing_about_the_gateway(gateways: Gateways) -> None:
    gateways.write(OLD, "a")
    gateways.write(BOTH, "a")
    assert gateways.behind() == ("a",)


def test_however_much_was_written_since_all_of_it_is_looked_at(gateways: Gateways) -> None:
    gateways.write(OLD, "a")
    gateways.write(OLD, "b")
    for _ in range(2 * _AT_ONCE):
        gateways.write(BOTH, "c")
    gateways.write(BOTH, "a", Kind.BOOT)
    gateways.write(OLD, "d")
    assert gateways.behind() == ("b", "d")


def test_what_was_written_before_the_change_does_not_count(gateways: Gateways) -> None:
    gateways.write(BOTH, "a")
    assert gateways.behind() == ()
