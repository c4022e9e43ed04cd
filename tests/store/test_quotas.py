"""Quotas: counted by the day in Thailand, in the transaction that writes the intent, exact for however many processes write."""

import json
from pathlib import Path

import apsw
import pytest

from linkage.errors import Reason
from linkage.store.contract import Conclusion, Denied, Draft, Once, Result, WithinDay
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import append_one, draft, entries, fresh_log, intent, opened, verified

EVERYBODY = WithinDay(b"agreement", 3, "agreement")
OFFICER = WithinDay(b"officer", 1, "officer")
ONCE = Once(b"key", b"digest")
THAI_MIDNIGHT = 1_767_225_600_000 + 17 * 3_600_000  # 2026-01-02 00:00 in Thailand
UNANSWERED, ANSWERED = Conclusion(unanswered=True), Conclusion()
ROOT = Path(__file__).parent.parent.parent


def denied(result: Result) -> Denied:
    assert isinstance(result, Denied)
    assert result.reason is Reason.AGENCY_QUOTA_EXHAUSTED
    leaf = json.loads(result.placed.leaf)
    assert (leaf["kind"], leaf["facts"]["reason"], leaf["facts"]["detail"]) == ("denied", result.reason.value, result.detail)
    return result


def taken(log: SqliteLog, *claims: WithinDay) -> Draft:
    asked = intent(*claims)
    append_one(log, asked)
    return asked


def test_a_log_of_before_quotas_is_opened_with_its_entries_as_they_were_and_counts_from_now_on(path: Path) -> None:
    log = fresh_log(path)
    for _ in range(5):
        append_one(log, draft())
    log.close()
    _as_before_quotas(path)
    before = entries(path)
    assert verified(path).clean, "a reader needs nothing that is added"

    later, beside = opened(path), opened(path)

    taken(later, OFFICER)
    denied(beside.append([intent(OFFICER)])[0])
    later.close()
    beside.close()
    assert entries(path)[:5] == before
    assert verified(path).clean


def test_a_database_that_is_no_log_gets_no_tables_of_ours(path: Path) -> None:
    stranger = apsw.Connection(str(path))
    stranger.execute("CREATE TABLE theirs (x)")
    stranger.close()

    with pytest.raises(Exception, match="head"):
        opened(path)

    stranger = apsw.Connection(str(path))
    assert stranger.execute("SELECT group_concat(name) FROM sqlite_schema").get == "theirs"
    stranger.close()


def _as_before_quotas(path: Path) -> None:
    old = apsw.Connection(str(path))
    old.execute("DROP TABLE quota_taken; DROP TABLE quota")
    old.close()
