"""The leaf's bytes: one spelling, nothing personal, nothing that another reader could read otherwise."""

import json
from enum import IntEnum
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from linkage.audit.record import JSON, Entry, EntryInvalid, Kind, Origin, canonical, frame, parse_leaf
from linkage.clock import FakeClock
from linkage.ids import id_text, new_id
from linkage.store.contract import MAX_LEAF
from tests.audit.world import NUMBER

ORIGIN = Origin("a", bytes(range(16)))
EID = bytes(range(16))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
keys = st.text(st.characters(codec="ascii"), max_size=10)
values = st.recursive(
    texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


def personal(value: object) -> bool:
    """Whether the canonical form may be refused because of digits that look like a citizen number."""
    return sum(c.isdigit() for c in json.dumps(value)) >= 13


@given(st.dictionaries(keys, values, max_size=6))
def test_the_spelling_is_that_of_rfc_8785(value: dict[str, Any]) -> None:
    try:
        spelt = canonical(value)
    except EntryInvalid:
        assert personal(value)
        return
    assert spelt == rfc8785.dumps(value)
    assert parse_leaf(spelt) == value


@given(st.dictionaries(keys, values, max_size=6), st.data())
def test_only_the_one_spelling_is_read(value: dict[str, Any], draw: st.DataObject) -> None:
    spelt = rfc8785.dumps(value)
    assert parse_leaf(spelt) == value
    at = draw.draw(st.integers(0, len(spelt) - 1))
    other = spelt[:at] + bytes([draw.draw(st.integers(0, 255))]) + spelt[at + 1 :]
    try:
        read = parse_leaf(other)
    except EntryInvalid:
        return
    assert rfc8785.dumps(read) == other


@given(st.recursive(values | st.none() | st.floats() | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_what_no_leaf_may_hold_is_not_read(value: Any) -> None:
    leaf = json.dumps({"a": value}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    try:
        expected: bytes | None = canonical({"a": value})
    except EntryInvalid:
        expected = None
    try:
        assert parse_leaf(leaf) == {"a": value}
    except EntryInvalid:
        assert expected is None
    else:
        assert expected == leaf or personal(value)


@pytest.mark.parametrize(
    "text",
    [
        "\u2028\u2029",
        "\x00\x01\x1f\x7f",
        '"\\/',
        "\b\f\n\r\t",
        "\u00e9\u0301",
        "\U0001f600",
        "กรุงเทพ",
        "\x1b[31m",
        "— key sig\n\n— x",
        "\ufffe\uffff",
    ],
)
def test_awkward_texts_are_spelt_as_rfc_8785_spells_them(text: str) -> None:
    assert canonical({"detail": text}) == rfc8785.dumps({"detail": text})


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    "value",
    [
        1.5, float("nan"), None, b"bytes", {1, 2}, object(), 2**53, -(2**53), Number.ONE,
        "\ud800", "a\udfff", {"\ud800": 1}, {"ก": 1}, {1: "a"}, [None], {"a": {"b": None}}, [[[[[[[[["deepest text"]]]]]]]]],
    ],
    ids=lambda value: "an object" if type(value) is object else repr(value),
)  # fmt: skip
def test_what_has_no_single_spelling_is_refused_without_being_repeated(value: Any) -> None:
    with pytest.raises(EntryInvalid) as caught:
        canonical({"x": value})
    assert "deepest text" not in str(caught.value)


@pytest.mark.parametrize(
    "form",
    ["{}", "number {}.", "1-1000-00000-00-8", "({})", "a {} b", "line\n{}", "tab\t{}", "\x1b{}", "x{}", "{}1", "1.1000.00000.00.8 {}"],
)
def test_a_text_with_a_citizen_number_is_refused(form: str) -> None:
    for value in (form.format(NUMBER.reveal()), [form.format(NUMBER.reveal())], {form.format(NUMBER.reveal()): "x"}):
        with pytest.raises(EntryInvalid, match="citizen number") as caught:
            frame(Entry(Kind.DENIED, EID, {"fields": [value]}), ORIGIN)
        assert NUMBER.reveal() not in str(caught.value)


@pytest.mark.parametrize("zero", ["\u0e50", "\uff10", "\u0660"], ids=["Thai", "full width", "Arabic"])
def test_a_citizen_number_in_other_digits_is_refused_too(zero: str) -> None:
    foreign = "".join(chr(ord(zero) + int(digit)) for digit in NUMBER.reveal())
    for text in (foreign, f"เลข {foreign}", NUMBER.reveal()[:6] + foreign[6:], "\u00a0".join(NUMBER.reveal())):
        with pytest.raises(EntryInvalid, match="citizen number"):
            canonical({"detail": text})


@pytest.mark.parametrize(
    "text",
    [
        "1100000000009",
        "x" + "0" * 11,
        "1100000000008abcdef" + "0" * 13,
        "0123456789abcdef" * 4,
        "2026-11-21",
        "11000000-0000-4081-8000-000000000000",
    ],
)
def test_digits_that_are_no_citizen_number_pass(text: str) -> None:
    canonical({"detail": text})


def test_a_leaf_has_its_members_in_order_and_its_time_in_its_gap() -> None:
    leaf = frame(Entry(Kind.OUTCOME, EID, {"result": "found"}, bytes(16)), ORIGIN, {"commit": "x"}).at(1_767_225_600_123)
    assert leaf == (
        b'{"boot":"000102030405060708090a0b0c0d0e0f","eid":"00010203-0405-0607-0809-0a0b0c0d0e0f","facts":{"result":"found"},'
        b'"kind":"outcome","ref":"00000000-0000-0000-0000-000000000000","replica":"a","sealed":{"commit":"x"},"t":1767225600123,"v":1}'
    )
    assert leaf == rfc8785.dumps(json.loads(leaf))


def test_every_kind_can_be_recorded() -> None:
    assert {kind.value for kind in Kind} >= {
        "boot",
        "config",
        "clock",
        "intent",
        "outcome",
        "denied",
        "refused_many",
        "recovered",
        "visit_end",
    }
    for kind in Kind:
        assert parse_leaf(frame(Entry(kind, EID, {}), ORIGIN).at(1))["kind"] == kind.value


@pytest.mark.parametrize(
    "facts", [{"surname": "x"}, {"counter": 1}, {"attempts": "1"}, {"attempts": True}, {"types": "x"}, {"officer": ["x"]}]
)
def test_a_fact_that_is_not_listed_or_of_another_type_is_refused(facts: dict[str, JSON]) -> None:
    with pytest.raises(EntryInvalid, match="facts"):
        frame(Entry(Kind.DENIED, EID, facts), ORIGIN)


groups = st.dictionaries(keys, values, max_size=4)
said = st.fixed_dictionaries(
    {}, optional={"detail": texts, "count": st.integers(), "types": st.lists(values, max_size=4), "sought": groups}
)


@given(said)
def test_whatever_is_framed_is_read_again_as_it_was(facts: dict[str, Any]) -> None:
    try:
        leaf = frame(Entry(Kind.DENIED, EID, facts), ORIGIN).at(1)
    except EntryInvalid:
        assert personal(facts) or sum(map(json.dumps(facts).count, "[{")) > 7
        return
    assert leaf == rfc8785.dumps(json.loads(leaf))
    assert parse_leaf(leaf)["facts"] == facts


def _nested(levels: int) -> Any:
    return {"a": _nested(levels - 1)} if levels else "deepest text"


@pytest.mark.parametrize(
    "facts",
    [
        {"attempts": 2**53},
        {"count": -(2**53)},
        {"types": [None]},
        {"fields": [1.5]},
        {"officer": {"iss": None}},
        {"officer": {"ก": "x"}},
        {"detail": "\ud800"},
        {"sought": {"a": ["x", "\udfff"]}},
        {"sought": _nested(7)},
    ],
    ids=repr,
)
def test_a_fact_that_no_leaf_may_hold_is_refused_and_not_repeated(facts: dict[str, Any]) -> None:
    with pytest.raises(EntryInvalid) as caught:
        frame(Entry(Kind.DENIED, EID, facts), ORIGIN)
    assert "deepest text" not in str(caught.value)


def test_facts_may_be_nested_as_deeply_as_a_leaf_is_read() -> None:
    leaf = frame(Entry(Kind.DENIED, EID, {"sought": _nested(6)}), ORIGIN).at(1)
    assert parse_leaf(leaf)["facts"] == {"sought": _nested(6)}


def test_no_citizen_number_is_sealed_in_the_clear_and_no_replica_is_named_by_one() -> None:
    with pytest.raises(EntryInvalid, match="citizen number"):
        frame(Entry(Kind.DENIED, EID, {}), ORIGIN, {"fields": {"subject": NUMBER.reveal()}})
    with pytest.raises(EntryInvalid, match="citizen number"):
        frame(Entry(Kind.DENIED, EID, {}), Origin(f"gw {NUMBER.reveal()}", bytes(16)))


@pytest.mark.parametrize("form", ["{}", '"{}"', "{}-", "a-{}", "{}, {}"])
@pytest.mark.parametrize("known", ["0123456789abcdef" * 2, "0123456789abcdef" * 4, "01234567-89ab-7def-8123-456789abcdef"])
def test_a_citizen_number_beside_an_id_is_found_and_an_id_is_none(known: str, form: str) -> None:
    beside = form.format(known, known)
    canonical({"visit": known, "detail": beside})
    for text in (NUMBER.reveal(), f"{known} {NUMBER.reveal()}", f'"{NUMBER.reveal()}"{beside}"', f"{beside} {NUMBER.reveal()}"):
        with pytest.raises(EntryInvalid, match="citizen number"):
            canonical({"visit": known, "detail": text})


@pytest.mark.parametrize(("eid", "ref"), [(b"", None), (bytes(15), None), (bytes(17), None), (EID, b"x")])
def test_ids_have_sixteen_bytes(eid: bytes, ref: bytes | None) -> None:
    with pytest.raises(EntryInvalid, match="expected 16 bytes"):
        frame(Entry(Kind.OUTCOME, eid, {}, ref), ORIGIN)


def test_a_leaf_never_grows_beyond_what_a_bundle_can_state_also_when_it_becomes_a_denial() -> None:
    def largest(length: int) -> int:
        return len(frame(Entry(Kind.INTENT, EID, {"detail": "x" * length}), ORIGIN).at(2**63 - 1))

    empty = largest(0)
    fits = MAX_LEAF - 128 - len(b',"v":1}') - (empty - 19 - len(b',"v":1}'))
    assert largest(fits) <= MAX_LEAF
    with pytest.raises(EntryInvalid, match="expected less than 65535"):
        largest(fits + 1)
    denied = frame(Entry(Kind.DENIED, EID, {"detail": "x" * (fits - 100), "reason": "R" * 60}), ORIGIN)
    assert len(denied.at(2**63 - 1)) <= MAX_LEAF


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"[]",
        b"{",
        b'{"a":1, "b":2}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":"\\u0041"}',
        b'{"a":NaN}',
        b'{"a":null}',
        b"\xff",
        b"[" * 5000,
    ],
)
def test_a_leaf_in_another_spelling_is_not_read(leaf: bytes) -> None:
    with pytest.raises(EntryInvalid):
        parse_leaf(leaf)


def test_a_time_whose_digits_could_be_a_citizen_number_passes() -> None:
    ms = int(NUMBER.reveal())
    facts: dict[str, JSON] = {"count": 3, "since_ms": ms, "until_ms": ms}
    assert parse_leaf(frame(Entry(Kind.REFUSED_MANY, EID, facts), ORIGIN).at(ms))["facts"] == facts


def test_ids_are_uuids_of_version_seven_ordered_by_time() -> None:
    clock = FakeClock()
    first = new_id(clock)
    clock.advance(0.001)
    second = new_id(clock)
    assert first < second
    assert (id_text(first)[14], first[8] >> 6) == ("7", 2)
    assert len({new_id(clock) for _ in range(1000)}) == 1000
