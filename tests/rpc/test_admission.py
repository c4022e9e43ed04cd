"""Places and shares: nobody is crowded out, nobody waits, and everything that is taken is given back."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from linkage.errors import Reason, Refusal
from linkage.rpc.admission import Admission, Entered, Place


def _let_in(admission: Admission, caller: str, most: int = 10_000) -> list[Place]:
    """Ask for places, one after the other, until refused."""
    places: list[Place] = []
    with suppress(Refusal):
        while len(places) < most:
            places.append(admission.enter(caller))
    return places


def _refused(admission: Admission, caller: str) -> float:
    """The seconds to wait of a caller for whom there is no place."""
    with pytest.raises(Refusal) as caught:
        admission.enter(caller)
    assert caught.value.reason is Reason.OVERLOADED
    assert caught.value.retry_after is not None
    return caught.value.retry_after


def _silent(_: Entered) -> None: ...


@given(places=st.integers(1, 2000))
def test_one_caller_alone_comes_to_a_ninth_of_the_places_and_no_further(places: int) -> None:
    admission = Admission(places, _silent)

    assert (places + 8) // 9 == len(_let_in(admission, "a")) == admission.share


@given(storms=st.integers(1, 8), more=st.integers(0, 100))
def test_whoever_holds_nothing_is_let_in_while_others_storm_one_after_the_other(storms: int, more: int) -> None:
    admission = Admission(2**storms + more, _silent)
    for number in range(storms):
        _let_in(admission, f"storm {number}")

    assert 1 == len(_let_in(admission, "newcomer", 1))


def test_ten_callers_that_storm_come_to_an_eighteenth_each_whoever_was_first() -> None:
    admission = Admission(1800, _silent)
    held = {str(number): _let_in(admission, str(number)) for number in range(10)}
    assert 200 == len(held["0"]) > 2 * len(held["9"])

    for _ in range(200):
        for places in held.values():
            places.pop().leave()
        for caller in reversed(held):
            held[caller] += _let_in(admission, caller, 1)
        for caller in held:
            held[caller] += _let_in(admission, caller, 1)

    assert all(99 <= len(places) <= 101 for places in held.values())
    assert admission.taken <= 1010


@given(places=st.integers(514, 4096))
def test_the_largest_bundle_is_let_in_where_nobody_is_and_two_of_them_of_one_caller(places: int) -> None:
    admission = Admission(places, _silent)
    first, second = admission.enter("a"), admission.enter("a")

    first.weigh(50)
    second.weigh(50)

    assert min(100, admission.share // 2 * 2) == admission.taken


class Callers(RuleBasedStateMachine):
    """Any callers, any bundles, any order."""

    PLACES = 60

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[Entered] = Counter()
        self.admission = Admission(self.PLACES, lambda entered: self.counted.update([entered]))
        self.inside: list[tuple[str, Place, int]] = []

    def _held(self, caller: str) -> int:
        return sum(count for who, _, count in self.inside if who == caller)

    @rule(caller=st.sampled_from("abcd"), questions=st.integers(1, 60))
    def come(self, caller: str, questions: int) -> None:
        free, held = self.PLACES - self.admission.taken, self._held(caller)
        if 8 * held >= free:
            assert 0.0 < _refused(self.admission, caller) <= 2.0
            return
        place = self.admission.enter(caller)
        self.inside.append((caller, place, 1))
        try:
            place.weigh(questions)
        except Refusal:
            assert questions > 1
            return
        self.inside[-1] = caller, place, min(questions, self.admission.heaviest)

    @rule(which=st.integers(0, 100))
    def go(self, which: int) -> None:
        if self.inside:
            self.inside.pop(which % len(self.inside))[1].leave()

    @invariant()
    def what_is_taken_is_what_is_held(self) -> None:
        assert self.admission.taken == sum(count for _, _, count in self.inside) <= self.PLACES
        assert self.admission.callers == len({caller for caller, _, _ in self.inside})


TestCallers = Callers.TestCase


def test_a_bundle_larger_than_a_share_is_let_in_while_nobody_else_is_there() -> None:
    admission = Admission(36, _silent)
    place = admission.enter("a")

    place.weigh(50)

    assert 2 == admission.taken
    place.leave()
    assert (0, 0) == (admission.taken, admission.callers)


def test_a_bundle_that_finds_too_little_room_keeps_its_one_place_to_be_given_back() -> None:
    admission = Admission(45, _silent)
    others = [admission.enter(str(number)) for number in range(36)]
    place = admission.enter("a")

    with pytest.raises(Refusal):
        place.weigh(2)

    assert 37 == admission.taken
    for each in (place, *others):
        each.leave()
    assert 0 == admission.taken


def test_the_fuller_it_is_the_longer_the_wait_and_no_two_waits_are_alike() -> None:
    alone, full = Admission(100, _silent), Admission(100, _silent)
    _let_in(alone, "a")
    for number in range(100):
        _let_in(full, str(number))

    of_one, at_full = ([_refused(one, "a") for _ in range(200)] for one in (alone, full))

    assert len({*of_one}) > 150
    assert sum(of_one) < sum(at_full)
    assert max(at_full) <= 2.0


def test_why_nobody_was_let_in_is_counted_apart() -> None:
    counted = Counter[Entered]()
    admission = Admission(4, lambda entered: counted.update([entered]))

    for caller in ("a", "b", "c", "d"):
        _let_in(admission, caller)
    _let_in(admission, "e")

    assert {Entered.ADMITTED: 4, Entered.SHARE: 3, Entered.FULL: 2} == counted
