"""Claims: checked in the transaction that writes the intent; a failed one becomes a denied entry, a repeated request nothing."""

from pathlib import Path

import apsw

from linkage.clock import FakeClock
from linkage.store.contract import Conclusion, Once, Within
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import intent, outcome

VISIT = b"v" * 16
ONCE = Once(b"key", b"digest")
THREE = Within(b"officer", 3, 60)


def test_a_sealed_reply_is_nowhere_in_the_log_after_it_was_purged(log: SqliteLog, path: Path, clock: FakeClock) -> None:
    secret = b"sealed" * 50
    for number in range(20):
        asked = intent(Once(b"key %d" % number, b"digest", keep_s=10))
        log.append([asked])
        log.append([outcome(asked, Conclusion(reply=secret))])
    log._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert secret in path.read_bytes()
    clock.advance(11)
    assert log.purge(clock.now_ms()) == 20
    log._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert secret not in path.read_bytes()
