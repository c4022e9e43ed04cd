"""The second wall: whatever a source sends, only what was granted is left."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.agreements import Grant, Minimised, minimise
from linkage.agreements.minimise import UNNAMED
from linkage.terms import FieldName, RecipientId, SourceName, Value

FIRST, LAST, RELIGION = FieldName("first_name"), FieldName("last_name"), FieldName("religion")


def reduced(answered: Mapping[FieldName, Value | None], granted: tuple[FieldName, ...]) -> Minimised:
    return minimise(Grant("doe-dopa", "d1", "Act", RecipientId("doe"), SourceName("dopa"), fields=granted), answered)


def test_what_was_asked_is_kept_in_the_order_asked() -> None:
    kept = reduced({LAST: "ไม่จริง", FIRST: "สมมุติ"}, (FIRST, LAST))
    assert list(kept.fields.items()) == [(FIRST, "สมมุติ"), (LAST, "ไม่จริง")]
    assert kept.excess == kept.missing == ()


def test_excess_is_dropped_and_named() -> None:
    kept = reduced({FIRST: "สมมุติ", RELIGION: "พุทธ", LAST: "ไม่จริง"}, (FIRST,))
    assert kept.fields == {FIRST: "สมมุติ"}
    assert kept.excess == ("last_name", "religion")
    assert "พุทธ" not in repr(kept)


def test_a_field_the_agency_holds_no_value_for_is_kept_as_such() -> None:
    kept = reduced({FIRST: None}, (FIRST,))
    assert kept.fields == {FIRST: None}
    assert kept.missing == ()


def test_a_field_the_answer_does_not_speak_of_is_missing_and_not_absent() -> None:
    kept = reduced({}, (FIRST,))
    assert kept.fields == {}
    assert kept.missing == (FIRST,)


def test_a_key_that_is_no_field_name_may_be_a_value_and_is_not_repeated() -> None:
    kept = reduced({FieldName("1100000000016"): "x", FieldName("สมมุติ"): "y", FieldName("a\nb"): "z"}, (FIRST,))
    assert kept.excess == (UNNAMED,)


names = st.text("abc_", min_size=1, max_size=3).map(FieldName)


@given(st.dictionaries(names, st.one_of(st.none(), st.text(), st.booleans(), st.just(Decimal(1)))), st.lists(names, unique=True).map(tuple))
def test_nothing_outside_the_grant_is_ever_left(answered: dict[FieldName, Any], granted: tuple[FieldName, ...]) -> None:
    kept = reduced(answered, granted)
    assert list(kept.fields) == [name for name in granted if name in answered]
    assert all(answered[name] is value for name, value in kept.fields.items())
    assert set(kept.missing) == set(granted) - set(answered)


@pytest.mark.parametrize("name", ["n1100000000016", "of_1100000000016_a", "x11000000000161"])
def test_a_name_that_holds_a_citizen_number_is_not_repeated(name: str) -> None:
    assert reduced({FieldName(name): "x"}, (FIRST,)).excess == (UNNAMED,)
