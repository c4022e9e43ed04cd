from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.sources.adapter import Malformed
from linkage.sources.rest.expressions import ABSENT, Expression

PLAIN = ("@", "a", "a.b", "a[0]", "a[-1].b", '"a-b".c', "[0]")
COMPUTED = (
    "a[].b",
    "a[*].b",
    "a.*",
    "a || b",
    "join('-', [a, b])",
    "length(a)",
    "sum(a)",
    "sort_by(a, &b)",
    "max(a)",
    "a | b",
    "{x: a}",
    "to_number(a)",
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "a-b", "c"]), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "body", "value"),
    [
        ("a", {"a": 1}, 1),
        ("a", {"a": None}, None),
        ("a", {}, ABSENT),
        ("a.b", {"a": {"b": "x"}}, "x"),
        ("a.b", {"a": {}}, ABSENT),
        ("a.b", {"a": None}, None),
        ("a.b", {}, ABSENT),
        ("a[0].b", {"a": [{"b": 1}]}, 1),
        ("a[0].b", {"a": []}, ABSENT),
        ("a[-1]", {"a": [1, 2]}, 2),
        ("@", [1], [1]),
        ("join('-', [a, b])", {"a": "1", "b": "2"}, "1-2"),
        ("a || b", {"a": None, "b": None}, ABSENT),
        ("a.b | c", {"a": {"b": {"c": 1}}}, 1),
    ],
)
def test_absent_is_told_from_null(text: str, body: Any, value: object) -> None:
    assert Expression(text).of(body) == value


@pytest.mark.parametrize(("text", "body"), [("a.b", {"a": "x"}), ("a.b", {"a": [1]}), ("a[0]", {"a": {"0": 1}}), ("a", [1]), ("a", "text")])
def test_a_path_through_another_shape_is_malformed(text: str, body: Any) -> None:
    with pytest.raises(Malformed):
        Expression(text).of(body)


@settings(deadline=None)
@given(st.sampled_from(PLAIN + COMPUTED), json_values)
def test_no_value_makes_an_expression_raise_anything_but_malformed(text: str, body: Any) -> None:
    expression, said = Expression(text), f"expected {text}"
    try:
        expression.of(body)
        assert expression.holds(body) in (True, False)
    except Malformed as refused:
        said = str(refused)
    assert said.startswith("expected ")
    assert text in said


def deep(levels: int) -> Any:
    body: Any = "secret-value"
    for _ in range(levels):
        body = {"a": body}
    return body


@pytest.mark.parametrize("text", ["to_string(@)", "length(to_string(a))"])
def test_a_deep_body_is_malformed_and_no_crash(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        Expression(f"{text} && `null`").of(deep(100_000))
    assert "secret" not in str(caught.value)


def test_a_condition_of_another_value_does_not_hold() -> None:
    assert not Expression("a == 'x'").holds({"a": 5})
    assert not Expression("a == 'x'").holds(None)


@pytest.mark.parametrize("body", [{"a": 5}, {}, None])
def test_a_condition_that_cannot_be_computed_is_malformed_and_not_false(body: Any) -> None:
    with pytest.raises(Malformed) as caught:
        Expression("length(a) > `0`").holds(body)
    assert "5" not in str(caught.value)


def test_a_condition_holds_only_where_it_is_true_itself() -> None:
    assert Expression("a").holds({"a": True})
    for other in ("yes", 1, ["x"], {"x": 1}):
        assert not Expression("a").holds({"a": other})


def test_an_exact_fraction_is_equal_to_itself() -> None:
    assert Expression("a == `1.5`").holds({"a": Decimal("1.5")})


@pytest.mark.parametrize(
    "text", ["", "a.", "a[", "nonsense(a)", "join('-')", "length(a, b)", "contains(a, nonsense(b))", "a" * 301, "not_null()"]
)
def test_what_does_not_compile_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        Expression(text)


def test_it_knows_every_key_that_it_mentions() -> None:
    assert Expression("a.b[?c == 'x'].{d: e}").names == {"a", "b", "c", "e"}


@pytest.mark.parametrize(
    "text",
    [
        "[@,@][]" + "|[@,@][]" * 4,
        "to_string(" * 7 + "a" + ")" * 7,
        "join(a, b)",
        "{a: a, b: b, c: c, d: d}.[a, b, c, d, a]",
        "to_string(to_string(a))",
        "to_string([to_string(a)])",
        "to_string(a) | to_string([@])",
        "to_string(a).to_string([@])",
        "map(&to_string([@]), [to_string(a)])",
    ],
)
def test_what_could_multiply_a_reply_is_refused(text: str) -> None:
    """A reply of a few megabytes, multiplied by an expression, would be more than the gateway has."""
    with pytest.raises(ValueError, match="expression"):
        Expression(text)


def test_a_date_in_three_keys_is_put_together() -> None:
    expression = Expression("join('-', [to_string(y), to_string(m), d])")
    assert expression.of({"y": 2568, "m": 1, "d": "31"}) == "2568-1-31"


@pytest.mark.parametrize(
    ("text", "negates"),
    [("a == 'x'", False), ("contains(a, 'x')", False), ("a != 'x'", True), ("!a", True), ("b == 'y' && !(a == 'x')", True),
     ("length([a][?@ != 'x']) > `0`", True), ("(a == 'x') == `false`", True)],
)  # fmt: skip
def test_an_expression_that_says_what_something_is_not_is_known(text: str, negates: bool) -> None:
    assert Expression(text).negates is negates
