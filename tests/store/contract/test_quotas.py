"""Quotas: counted by the day in Thailand, in the transaction that writes the intent, exact for however many processes write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason
from linkage.store.backend import LogStore
from linkage.store.contract import Answered, Conclusion, Denied, Draft, Kind, Once, Placed, Result, WithinDay
from linkage.store.log_time import REFUSED_MS
from tests.small_log import append_one, draft, intent, outcome
from tests.store.contract.places import Place, entries, verified

EVERYBODY = WithinDay(b"agreement", 3, "agreement")
OFFICER = WithinDay(b"officer", 1, "officer")
ONCE = Once(b"key", b"digest")
THAI_MIDNIGHT = 1_767_225_600_000 + 17 * 3_600_000  # 2026-01-02 00:00 in Thailand
UNANSWERED, ANSWERED = Conclusion(unanswered=True), Conclusion()
ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def evening() -> FakeClock:
    """Ten seconds before midnight in Thailand."""
    return FakeClock(THAI_MIDNIGHT - 10_000)


@pytest.fixture
def log(place: Place, evening: FakeClock) -> LogStore:
    return place.open(evening)


def denied(result: Result) -> Denied:
    assert isinstance(result, Denied)
    assert result.reason is Reason.AGENCY_QUOTA_EXHAUSTED
    leaf = json.loads(result.placed.leaf)
    assert (leaf["kind"], leaf["facts"]["reason"], leaf["facts"]["detail"]) == ("denied", result.reason.value, result.detail)
    return result


def taken(log: LogStore, *claims: WithinDay) -> Draft:
    asked = intent(*claims)
    append_one(log, asked)
    return asked


def spent(place: Place) -> list[int]:
    return [row[0] for row in place.ask("SELECT spent FROM quota ORDER BY day, key")]


def open_units(place: Place) -> int:
    number: int = place.ask("SELECT count(*) FROM quota_taken")[0][0]
    return number


def test_a_quota_is_spent_to_its_last_unit_and_the_wait_is_until_midnight_in_thailand(log: LogStore, evening: FakeClock) -> None:
    for _ in range(3):
        taken(log, EVERYBODY)
    evening.advance(2.5)

    refused = denied(log.append([intent(EVERYBODY)])[0])

    assert (refused.retry_after, refused.detail) == (7.5, "agreement")


def test_the_day_after_everything_is_there_again(log: LogStore, evening: FakeClock) -> None:
    for _ in range(3):
        taken(log, EVERYBODY)
    wait = denied(log.append([intent(EVERYBODY)])[0]).retry_after
    assert wait is not None

    evening.advance(wait - 0.001)
    denied(log.append([intent(EVERYBODY)])[0])
    evening.advance(0.001)

    taken(log, EVERYBODY)
    assert denied(log.append([intent(WithinDay(b"agreement", 1, "agreement"))])[0]).retry_after == 86_400


def test_an_intent_that_waits_over_midnight_counts_for_the_new_day(log: LogStore, evening: FakeClock) -> None:
    waiting = intent(OFFICER)
    evening.advance(10)

    append_one(log, waiting)

    denied(log.append([intent(OFFICER)])[0])


def test_a_unit_given_back_after_midnight_is_the_old_day_s(log: LogStore, place: Place, evening: FakeClock) -> None:
    yesterday = taken(log, OFFICER)
    evening.advance(20)
    taken(log, OFFICER)

    append_one(log, outcome(yesterday, UNANSWERED))

    denied(log.append([intent(OFFICER)])[0])
    assert spent(place) == [0, 1]


def test_questions_in_one_batch_count_each_other(log: LogStore) -> None:
    results = log.append([intent(EVERYBODY) for _ in range(5)])
    assert [type(result) for result in results] == [Placed] * 3 + [Denied] * 2


def test_a_question_that_is_denied_by_one_quota_takes_nothing_of_another(log: LogStore, place: Place) -> None:
    taken(log, OFFICER)

    assert denied(log.append([intent(EVERYBODY, OFFICER)])[0]).detail == "officer"

    assert spent(place) == [1]


def test_what_nobody_answered_is_given_back_and_what_was_answered_is_not(log: LogStore, place: Place) -> None:
    asked = [taken(log, EVERYBODY, WithinDay(b"officer", 3, "officer")) for _ in range(3)]

    append_one(log, outcome(asked[0], UNANSWERED))
    append_one(log, outcome(asked[1], ANSWERED))
    append_one(log, outcome(asked[2], Conclusion(give_back=True)))

    assert spent(place) == [2, 2]
    taken(log, EVERYBODY)
    denied(log.append([intent(EVERYBODY)])[0])


def test_a_unit_is_given_back_once(log: LogStore, place: Place) -> None:
    asked = taken(log, EVERYBODY)
    taken(log, EVERYBODY)
    append_one(log, draft(Kind.RECOVERED, asked.eid, conclusion=UNANSWERED))

    log.append([outcome(asked, UNANSWERED)])

    assert spent(place) == [1]


def test_an_answered_retry_is_answered_though_the_quota_is_spent(log: LogStore, place: Place) -> None:
    first = intent(ONCE, OFFICER)
    append_one(log, first)
    append_one(log, outcome(first, Conclusion(reply=b"sealed")))

    assert log.append([intent(ONCE, OFFICER)]) == [Answered(first.eid, b"sealed")]
    assert spent(place) == [1]
    denied(log.append([intent(OFFICER)])[0])


def test_an_intent_written_before_is_counted_once_and_not_denied_by_its_own_unit(log: LogStore, place: Place) -> None:
    lonely, among = intent(OFFICER), intent(EVERYBODY)
    for asked in (lonely, among):
        assert append_one(log, asked).index == append_one(log, asked).index
    assert spent(place) == [1, 1]
    assert len(entries(place)) == 2


def test_a_day_of_questions_keeps_one_row_and_only_what_is_open_beside_it(log: LogStore, place: Place) -> None:
    many = WithinDay(b"many", 100_000, "agreement")
    for _ in range(20):
        asked = [intent(many) for _ in range(100)]
        log.append(asked)
        log.append([outcome(each, ANSWERED) for each in asked])
    taken(log, many)

    assert spent(place) == [2001]
    assert open_units(place) == 1


def test_days_that_are_over_are_purged_but_for_as_long_as_the_clock_may_be_set_back(
    log: LogStore, place: Place, evening: FakeClock
) -> None:
    taken(log, EVERYBODY, OFFICER)
    evening.advance(10 + REFUSED_MS / 1000 - 0.001)
    assert log.purge(evening.now_ms()) == 0
    taken(log, OFFICER)
    evening.advance(0.001)

    assert [log.purge(evening.now_ms(), 1) for _ in range(3)] == [2, 2, 0]

    assert (spent(place), open_units(place)) == ([1], 1)


RACE = """
import random, sys, time
from linkage.clock import FakeClock
from linkage.store.contract import Conclusion, Placed, StoreUnavailable, WithinDay
from tests.small_log import intent, outcome
from tests.store.contract.places import at
log = at(sys.argv[1]).open(FakeClock())  # one day for all of them
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
print(got, flush=True)
try:
    log.close()
except StoreUnavailable:  # a neighbour is in the way of tidying up
    pass
"""


def test_three_processes_that_race_for_the_last_fifty_units_get_exactly_fifty(place: Place) -> None:
    log = place.open(FakeClock())
    log.append([intent(WithinDay(b"agreement", 150, "agreement")) for _ in range(100)])
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, place.address], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
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
    assert spent(place) == [150]
    denied(log.append([intent(WithinDay(b"agreement", 150, "agreement"))])[0])
    log.close()
    assert verified(place).clean
