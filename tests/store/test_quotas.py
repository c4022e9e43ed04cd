"""Quotas: counted by the day in Thailand, in the transaction that writes the intent, exact for however many processes write."""

import json
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason
from linkage.store.contract import Answered, Conclusion, Denied, Draft, Kind, Once, Placed, Result, WithinDay
from linkage.store.log_time import REFUSED_MS
from linkage.store.sqlite_log import SqliteLog
from tests.small_log import append_one, draft, entries, fresh_log, intent, opened, outcome, verified

EVERYBODY = WithinDay(b"agreement", 3, "agreement")
OFFICER = WithinDay(b"officer", 1, "officer")
ONCE = Once(b"key", b"digest")
THAI_MIDNIGHT = 1_767_225_600_000 + 17 * 3_600_000  # 2026-01-02 00:00 in Thailand
UNANSWERED, ANSWERED = Conclusion(unanswered=True), Conclusion()
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def evening() -> FakeClock:
    """Ten seconds before midnight in Thailand."""
    return FakeClock(THAI_MIDNIGHT - 10_000)


@pytest.fixture
def log(path: Path, evening: FakeClock) -> SqliteLog:
    return fresh_log(path, evening)


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


def spent(log: SqliteLog) -> list[int]:
    return [row[0] for row in log._connection.execute("SELECT spent FROM quota ORDER BY day, key")]


def open_units(log: SqliteLog) -> int:
    number: int = log._connection.execute("SELECT count(*) FROM quota_taken").get
    return number


def test_a_quota_is_spent_to_its_last_unit_and_the_wait_is_until_midnight_in_thailand(log: SqliteLog, evening: FakeClock) -> None:
    for _ in range(3):
        taken(log, EVERYBODY)
    evening.advance(2.5)

    refused = denied(log.append([intent(EVERYBODY)])[0])

    assert (refused.retry_after, refused.detail) == (7.5, "agreement")


def test_the_day_after_everything_is_there_again(log: SqliteLog, evening: FakeClock) -> None:
    for _ in range(3):
        taken(log, EVERYBODY)
    wait = denied(log.append([intent(EVERYBODY)])[0]).retry_after
    assert wait is not None

    evening.advance(wait - 0.001)
    denied(log.append([intent(EVERYBODY)])[0])
    evening.advance(0.001)

    taken(log, EVERYBODY)
    assert denied(log.append([intent(WithinDay(b"agreement", 1, "agreement"))])[0]).retry_after == 86_400


def test_an_intent_that_waits_over_midnight_counts_for_the_new_day(log: SqliteLog, evening: FakeClock) -> None:
    waiting = intent(OFFICER)
    evening.advance(10)

    append_one(log, waiting)

    denied(log.append([intent(OFFICER)])[0])


def test_a_unit_given_back_after_midnight_is_the_old_day_s(log: SqliteLog, evening: FakeClock) -> None:
    yesterday = taken(log, OFFICER)
    evening.advance(20)
    taken(log, OFFICER)

    append_one(log, outcome(yesterday, UNANSWERED))

    denied(log.append([intent(OFFICER)])[0])
    assert spent(log) == [0, 1]


def test_questions_in_one_batch_count_each_other(log: SqliteLog) -> None:
    results = log.append([intent(EVERYBODY) for _ in range(5)])
    assert [type(result) for result in results] == [Placed] * 3 + [Denied] * 2


def test_a_question_that_is_denied_by_one_quota_takes_nothing_of_another(log: SqliteLog) -> None:
    taken(log, OFFICER)

    assert denied(log.append([intent(EVERYBODY, OFFICER)])[0]).detail == "officer"

    assert spent(log) == [1]


def test_what_nobody_answered_is_given_back_and_what_was_answered_is_not(log: SqliteLog) -> None:
    asked = [taken(log, EVERYBODY, WithinDay(b"officer", 3, "officer")) for _ in range(3)]

    append_one(log, outcome(asked[0], UNANSWERED))
    append_one(log, outcome(asked[1], ANSWERED))
    append_one(log, outcome(asked[2], Conclusion(give_back=True)))

    assert spent(log) == [2, 2]
    taken(log, EVERYBODY)
    denied(log.append([intent(EVERYBODY)])[0])


def test_a_unit_is_given_back_once(log: SqliteLog) -> None:
    asked = taken(log, EVERYBODY)
    taken(log, EVERYBODY)
    append_one(log, draft(Kind.RECOVERED, asked.eid, conclusion=UNANSWERED))

    log.append([outcome(asked, UNANSWERED)])

    assert spent(log) == [1]


def test_an_answered_retry_is_answered_though_the_quota_is_spent(log: SqliteLog) -> None:
    first = intent(ONCE, OFFICER)
    append_one(log, first)
    append_one(log, outcome(first, Conclusion(reply=b"sealed")))

    assert log.append([intent(ONCE, OFFICER)]) == [Answered(first.eid, b"sealed")]
    assert spent(log) == [1]
    denied(log.append([intent(OFFICER)])[0])


def test_an_intent_written_before_is_counted_once_and_not_denied_by_its_own_unit(log: SqliteLog, path: Path) -> None:
    lonely, among = intent(OFFICER), intent(EVERYBODY)
    for asked in (lonely, among):
        assert append_one(log, asked).index == append_one(log, asked).index
    assert spent(log) == [1, 1]
    assert len(entries(path)) == 2


def test_a_day_of_questions_keeps_one_row_and_only_what_is_open_beside_it(log: SqliteLog) -> None:
    many = WithinDay(b"many", 100_000, "agreement")
    for _ in range(20):
        asked = [intent(many) for _ in range(100)]
        log.append(asked)
        log.append([outcome(each, ANSWERED) for each in asked])
    taken(log, many)

    assert spent(log) == [2001]
    assert open_units(log) == 1


def test_days_that_are_over_are_purged_but_for_as_long_as_the_clock_may_be_set_back(log: SqliteLog, evening: FakeClock) -> None:
    taken(log, EVERYBODY, OFFICER)
    evening.advance(10 + REFUSED_MS / 1000 - 0.001)
    assert log.purge(evening.now_ms()) == 0
    taken(log, OFFICER)
    evening.advance(0.001)

    assert [log.purge(evening.now_ms(), 1) for _ in range(3)] == [2, 2, 0]

    assert (spent(log), open_units(log)) == ([1], 1)


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


RACE = """
import random, sys, time
from pathlib import Path
from linkage.clock import FakeClock
from linkage.store.contract import Conclusion, Placed, StoreUnavailable, WithinDay
from tests.small_log import intent, opened, outcome
log = opened(Path(sys.argv[1]), FakeClock())  # one day for all of them
claim = WithinDay(b"agreement", 150, "agreement")
print("open", flush=True)
sys.stdin.readline()
def written(drafts):
    while True:
        try:
            return log.append(drafts)
        except StoreUnavailable:  # a neighbour holds the lock for long: again, with the same ids
            continue
got = 0
for number in range(60):
    time.sleep(random.uniform(0, 0.01))  # one alone would take them all before the others wake up
    asked = intent(claim)
    if not isinstance(written([asked])[0], Placed):
        continue
    if number % 7 == 0:  # nobody answered: another may have it
        written([outcome(asked, Conclusion(unanswered=True))])
    else:
        got += 1
log.close()
print(got, flush=True)
"""


def test_three_processes_that_race_for_the_last_fifty_units_get_exactly_fifty(path: Path) -> None:
    log = fresh_log(path, FakeClock())
    log.append([intent(WithinDay(b"agreement", 150, "agreement")) for _ in range(100)])
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, str(path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "open\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    told = [int(racer.communicate(timeout=60)[0]) for racer in racers]

    assert sum(told) == 50
    assert sorted(told)[1] > 0, "at least two of them raced"
    assert spent(log) == [150]
    denied(log.append([intent(WithinDay(b"agreement", 150, "agreement"))])[0])
    log.close()
    assert verified(path).clean
