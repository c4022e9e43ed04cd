"""Claims: checked in the transaction that writes the intent; a failed one becomes a denied entry, a repeated request nothing."""

import json

import pytest

from linkage.clock import FakeClock
from linkage.errors import Reason
from linkage.store.backend import LogStore
from linkage.store.contract import Answered, Conclusion, Denied, InProgress, Kind, NotEnded, Once, Result, VisitEnd, Within
from tests.small_log import append_one, draft, intent, outcome, placed
from tests.store.contract.places import Place, entries, verified

VISIT = b"v" * 16
ONCE = Once(b"key", b"digest")
THREE = Within(b"officer", 3, 60)


def denied(result: Result, reason: Reason) -> Denied:
    assert isinstance(result, Denied)
    assert result.reason is reason
    leaf = json.loads(result.placed.leaf)
    assert (leaf["kind"], leaf["facts"]["reason"]) == ("denied", reason.value)
    return result


def rows(place: Place, table: str) -> int:
    number: int = place.ask(f"SELECT count(*) FROM {table}")[0][0]
    return number


def test_an_ended_visit_admits_no_intent_anywhere(log: LogStore, place: Place, clock: FakeClock) -> None:
    elsewhere = place.open(clock)
    append_one(log, intent(NotEnded(VISIT)))
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, clock.now_ms() + 900_000)))
    refused = intent(NotEnded(VISIT))
    result = denied(elsewhere.append([refused])[0], Reason.VISIT_ENDED)
    assert result.placed.eid == refused.eid
    append_one(elsewhere, intent(NotEnded(b"w" * 16)))
    elsewhere.close()
    report = verified(place)
    assert report.clean
    assert len(report.orphans) == 2


def test_a_visit_that_ends_in_the_same_batch_has_ended_for_what_comes_behind_it(log: LogStore, clock: FakeClock) -> None:
    end = draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, clock.now_ms() + 900_000))
    before, _, behind = log.append([intent(NotEnded(VISIT)), end, intent(NotEnded(VISIT))])
    placed(before)
    denied(behind, Reason.VISIT_ENDED)


def test_a_visit_ended_twice_stays_ended_for_the_longer_time(log: LogStore, clock: FakeClock) -> None:
    now = clock.now_ms()
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, now + 900_000)))
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, now + 1)))
    clock.advance(400)
    log.purge(clock.now_ms())
    denied(log.append([intent(NotEnded(VISIT))])[0], Reason.VISIT_ENDED)


def test_attempts_are_counted_in_a_moving_window_and_the_wait_is_told(log: LogStore, clock: FakeClock) -> None:
    for _ in range(3):
        append_one(log, intent(THREE))
        clock.advance(10)
    result = denied(log.append([intent(THREE)])[0], Reason.ATTEMPTS_EXHAUSTED)
    assert result.retry_after == 30
    append_one(log, intent(Within(b"another officer", 3, 60)))
    clock.advance(30)
    append_one(log, intent(THREE))
    denied(log.append([intent(THREE)])[0], Reason.ATTEMPTS_EXHAUSTED)


def test_attempts_in_one_batch_count_each_other(log: LogStore) -> None:
    results = log.append([intent(THREE) for _ in range(5)])
    assert [type(result).__name__ for result in results] == ["Placed"] * 3 + ["Denied"] * 2


def test_a_denied_attempt_takes_none(log: LogStore, place: Place) -> None:
    person = Within(b"person", 1, 60)
    append_one(log, intent(person))
    denied(log.append([intent(THREE, person)])[0], Reason.ATTEMPTS_EXHAUSTED)
    assert rows(place, "attempt") == 1


def test_a_limit_of_zero_never_frees_an_attempt(log: LogStore) -> None:
    assert denied(log.append([intent(Within(b"nobody", 0, 60))])[0], Reason.ATTEMPTS_EXHAUSTED).retry_after is None


def test_attempts_given_back_can_be_claimed_again(log: LogStore) -> None:
    begun = [intent(THREE) for _ in range(3)]
    log.append(begun)
    append_one(log, outcome(begun[0], Conclusion(give_back=True)))
    append_one(log, outcome(begun[1], Conclusion()))
    append_one(log, intent(THREE))
    denied(log.append([intent(THREE)])[0], Reason.ATTEMPTS_EXHAUSTED)


def test_an_attempt_given_back_is_free_for_what_comes_behind_it_in_the_same_batch(log: LogStore) -> None:
    one = Within(b"officer", 1, 60)
    begun = intent(one)
    append_one(log, begun)
    before, _, behind, last = log.append([intent(one), outcome(begun, Conclusion(give_back=True)), intent(one), intent(one)])
    denied(before, Reason.ATTEMPTS_EXHAUSTED)
    placed(behind)
    denied(last, Reason.ATTEMPTS_EXHAUSTED)


def test_older_attempts_stand_in_for_one_given_back_where_the_limit_was_lowered(log: LogStore) -> None:
    begun = [intent(Within(b"officer", 5, 60)) for _ in range(5)]
    for each in begun:
        append_one(log, each)
    _, behind = log.append([outcome(begun[4], Conclusion(give_back=True)), intent(THREE)])
    denied(behind, Reason.ATTEMPTS_EXHAUSTED)


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in two"])
def test_a_late_outcome_does_not_conclude_the_request_that_took_its_place(together: bool, log: LogStore, clock: FakeClock) -> None:
    short = Once(b"key", b"digest", keep_s=10)
    first, second = intent(short), intent(short)
    append_one(log, first)
    clock.advance(11)
    late = outcome(first, Conclusion(reply=b"late"))
    for batch in [[second, late]] if together else [[second], [late]]:
        log.append(batch)
    assert log.append([intent(short)]) == [InProgress(second.eid)]


def test_a_request_is_claimed_once_and_answered_from_then_on(log: LogStore, place: Place) -> None:
    first = intent(ONCE)
    append_one(log, first)
    assert log.append([intent(ONCE)]) == [InProgress(first.eid)]
    append_one(log, outcome(first, Conclusion(reply=b"sealed")))
    assert log.append([intent(ONCE)]) == [Answered(first.eid, b"sealed")]
    assert len(entries(place)) == 2


def test_the_same_request_id_for_another_request_is_refused(log: LogStore) -> None:
    append_one(log, intent(ONCE))
    denied(log.append([intent(Once(b"key", b"another digest"))])[0], Reason.REQUEST_ID_REUSED)
    append_one(log, intent(Once(b"another key", b"digest")))


def test_a_retryable_request_is_claimed_anew_and_a_late_outcome_of_the_first_changes_nothing(log: LogStore) -> None:
    first, second = intent(ONCE), intent(ONCE)
    append_one(log, first)
    append_one(log, draft(Kind.RECOVERED, first.eid, conclusion=Conclusion(retryable=True)))
    append_one(log, second)
    log.append([outcome(first, Conclusion(reply=b"late"))])
    assert log.append([intent(ONCE)]) == [InProgress(second.eid)]
    append_one(log, outcome(second, Conclusion(reply=b"good")))
    assert log.append([intent(ONCE)]) == [Answered(second.eid, b"good")]


def test_claims_are_looked_at_in_order_and_none_is_taken_when_one_fails(log: LogStore, place: Place, clock: FakeClock) -> None:
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, clock.now_ms() + 900_000)))
    denied(log.append([intent(ONCE, THREE, NotEnded(VISIT))])[0], Reason.VISIT_ENDED)
    assert (rows(place, "request"), rows(place, "attempt")) == (0, 0)
    first = intent(ONCE)
    append_one(log, first)
    assert log.append([intent(ONCE, NotEnded(VISIT))]) == [InProgress(first.eid)]
    denied(log.append([intent(NotEnded(VISIT), ONCE)])[0], Reason.VISIT_ENDED)


def test_of_many_equal_requests_in_one_batch_one_is_claimed(log: LogStore, place: Place) -> None:
    results = log.append([intent(ONCE) for _ in range(100)])
    owner = placed(results[0])
    assert results[1:] == [InProgress(owner.eid)] * 99
    assert len(entries(place)) == 1


def test_an_intent_written_before_is_not_denied_by_its_own_claims(log: LogStore, place: Place) -> None:
    begun = intent(Within(b"one", 1, 60), ONCE)
    index = append_one(log, begun).index
    assert append_one(log, begun).index == index
    asked = intent(Once(b"another key", b"digest"))
    assert append_one(log, asked).index == append_one(log, asked).index == 1
    assert len(entries(place)) == 2


def test_an_intent_written_before_in_the_same_millisecond_takes_no_second_attempt(log: LogStore, place: Place) -> None:
    begun = intent(THREE)
    index = append_one(log, begun).index
    assert [append_one(log, begun).index, append_one(log, draft()).index] == [index, 1]
    assert rows(place, "attempt") == 1


def test_what_is_over_is_purged_and_what_is_not_stays(log: LogStore, place: Place, clock: FakeClock) -> None:
    short = Once(b"short", b"digest", keep_s=10)
    append_one(log, intent(ONCE, short, THREE))
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, clock.now_ms() + 1000)))
    assert log.purge(clock.now_ms()) == 0
    clock.advance(61)
    append_one(log, intent(short))  # also before it is purged, what is over is over
    assert log.purge(clock.now_ms()) == 1
    clock.advance(300)
    assert log.purge(clock.now_ms()) == 2
    assert (rows(place, "request"), rows(place, "attempt"), rows(place, "visit_end")) == (1, 0, 0)


def test_an_ended_visit_stays_ended_when_the_clock_is_set_back_after_a_purge(log: LogStore, clock: FakeClock) -> None:
    append_one(log, draft(Kind.VISIT_END, visit_end=VisitEnd(VISIT, clock.now_ms() + 1000)))
    clock.advance(300)
    log.purge(clock.now_ms())
    clock.step_wall(-299.5)
    (result,) = log.append([intent(NotEnded(VISIT))])
    assert isinstance(result, Denied)
    assert result.reason is Reason.VISIT_ENDED


def test_purging_takes_no_more_than_it_is_told(log: LogStore, clock: FakeClock) -> None:
    log.append([intent(Within(b"many", 100, 1)) for _ in range(10)])
    clock.advance(5)
    assert [log.purge(clock.now_ms(), 4) for _ in range(4)] == [4, 4, 2, 0]
