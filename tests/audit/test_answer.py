"""One answer, one spelling: whatever differs in an answer differs in its bytes."""

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.audit.answer import answer_bytes
from linkage.terms import Image, PartialDate, Value

ANSWERS: list[Mapping[str, Value | None]] = [
    {},
    {"a": None},
    {"a": ""},
    {"a": "1"},
    {"a": Decimal(1)},
    {"a": True},
    {"a": False},
    {"a": PartialDate(2000)},
    {"a": PartialDate(2000, 1)},
    {"a": "2000-01-00"},
    {"a": Image("image/jpeg", b"x")},
    {"a": Image("image/png", b"x")},
    {"a": Image("image/jpeg", b"y")},
    {"a": ()},
    {"a": ("1",)},
    {"a": ("1", "2")},
    {"a": ("2", "1")},
    {"a": {}},
    {"a": {"b": "1"}},
    {"a": {"b": None}},
    {"a": {"number": "1"}},
    {"b": "1"},
    {"a": "1", "b": "1"},
    {"a": "สมหญิง"},
    {"a": "\ud800"},
]


def test_different_answers_are_spelt_differently() -> None:
    spelt = [answer_bytes(answer) for answer in ANSWERS]
    assert len(set(spelt)) == len(ANSWERS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}),
        ({"a": Decimal("1.0")}, {"a": Decimal("1.00")}),
        ({"a": Decimal(100)}, {"a": Decimal("1E+2")}),
        ({"a": {"x": "1", "y": None}}, {"a": {"y": None, "x": "1"}}),
    ],
)
def test_equal_answers_are_spelt_alike(one: Mapping[str, Value], other: Mapping[str, Value]) -> None:
    assert answer_bytes(one) == answer_bytes(other)


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.text()))
def test_the_spelling_is_that_of_the_tags_in_every_log(answer: dict[str, Value | None]) -> None:
    spelt = json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert answer_bytes(answer) == spelt.encode()
