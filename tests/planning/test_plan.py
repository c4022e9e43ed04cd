"""The arithmetic of a plan, by what must hold for every demand."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.planning import Backend, Demand, plan, read_figures
from linkage.planning.plan import Line, shown

FIGURES = read_figures()
GROWING = (
    "processors",
    "workers",
    "replicas",
    "commits_s",
    "log_sqlite",
    "log_postgres",
    "keys",
    "index",
    "total",
    "handshakes_h",
    "network",
)
"""Lines that more of anything asked never makes smaller."""

demands: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    centres=st.integers(1, 5_000),
    counters=st.integers(1, 50),
    lookups=st.floats(0, 500),
    records=st.floats(1, 20),
    bundles=st.booleans(),
    agency_ms=st.floats(0, 30_000),
    agencies=st.integers(1, 20),
    spare=st.integers(0, 3),
    processors=st.integers(1, 64),
    peak=st.floats(1, 10),
    utilisation=st.floats(0.1, 1),
    backend=st.sampled_from(Backend),
)


def made(told: dict[str, Any], **changes: Any) -> Any:
    return plan(Demand.of({"centres": 10, "counters": 5, "lookups": 18.0} | told | changes), FIGURES)


@given(demands, st.sampled_from(["centres", "counters", "lookups", "peak", "years"]), st.integers(2, 5))
def test_more_of_anything_never_needs_less(told: dict[str, Any], which: str, times: int) -> None:
    whole = {"years": 1.0} | told
    more = min(whole[which] * times, 100.0) if which in {"peak", "years"} else whole[which] * times
    before, after = made(whole), made(whole, **{which: more})

    assert [key for key in GROWING if after[key] < before[key]] == []


def _in_hand(one: Any) -> int:
    spare: int = one.demand.spare
    return spare if one.demand.backend is Backend.POSTGRES else 0


@pytest.mark.parametrize(
    "changes",
    [
        {"agency_ms": 60_000.0, "lookups": 60.0, "centres": 200, "concurrency": 100_000},
        {"agency_ms": 10_000.0, "lookups": 60.0, "centres": 100, "max_concurrent": 100_000},
    ],
    ids=["a worker's places", "an agency's"],
)
def test_slow_agencies_need_workers_that_the_processor_does_not(changes: dict[str, Any]) -> None:
    one, quick = made({}, **changes), made({}, **{**changes, "agency_ms": 0.0})

    assert one["workers"] > quick["workers"]
    assert {"under_way", "under_way_agency"} <= {line.key for line in one.lines if line.fits}


@given(demands)
def test_the_busiest_second_takes_no_more_of_a_worker_than_was_allowed(told: dict[str, Any]) -> None:
    one = made(told)

    assert one["processors"] / one["workers"] <= one.demand.utilisation
    fewer = max(one["workers"] - 1, 1)
    under_way = one["under_way"] * one["workers_each"] * (one["replicas"] - _in_hand(one))
    at_one = one["under_way_agency"] * one["workers_each"] * (one["replicas"] - _in_hand(one))
    too_few = (
        one["processors"] / fewer > one.demand.utilisation
        or under_way / fewer > one.demand.max_concurrent
        or at_one / fewer > one.demand.concurrency
    )
    assert one["workers"] == 1 or too_few
    assert one["workers_each"] * (one["replicas"] - _in_hand(one)) >= one["workers"]


@given(demands)
def test_what_is_under_way_is_rate_times_latency(told: dict[str, Any]) -> None:
    one = made(told)
    left = one["replicas"] - _in_hand(one)
    seconds = (one.demand.agency_ms + FIGURES.own_time.value) / 1000

    assert one["under_way"] * left * one["workers_each"] == pytest.approx(one["calls_s"] * seconds)
    at_busiest = (one["visits_h"] + one["lookups_h"] / one.demand.agencies) * one.demand.peak / 3600
    assert one["under_way_agency"] * left * one["workers_each"] == pytest.approx(at_busiest * seconds)


@given(demands)
def test_nothing_asked_leaves_nothing_in_the_log_and_still_needs_a_gateway(told: dict[str, Any]) -> None:
    one = made(told, lookups=0.0)

    assert [
        one[key] for key in ("calls_s", "entries_s", "entries_year", "log_sqlite", "log_postgres", "keys", "index", "total", "under_way")
    ] == [0] * 9
    assert one["workers"] >= 1
    assert one["replicas"] >= 1
    assert one["handshakes_h"] > 0
    assert one["memory"] > 0


@given(demands)
def test_a_bundle_has_one_entry_more_a_visit(told: dict[str, Any]) -> None:
    one_by_one, together = made(told, bundles=False), made(told, bundles=True)

    assert together["entries_year"] - one_by_one["entries_year"] == pytest.approx(one_by_one["visits_year"])


@given(demands, st.integers(0, 3))
def test_each_machine_in_hand_is_one_more_and_carries_nothing(told: dict[str, Any], spare: int) -> None:
    without, with_them = (made(told, backend=Backend.POSTGRES, spare=number) for number in (0, spare))

    assert with_them["replicas"] == without["replicas"] + spare
    assert with_them["under_way"] == without["under_way"]
    assert with_them["memory"] == without["memory"]


@given(demands)
def test_a_log_in_a_file_has_one_machine(told: dict[str, Any]) -> None:
    one = made(told, backend=Backend.SQLITE)

    assert one["replicas"] == 1
    assert one["workers_each"] == one["workers"]
    assert "sessions" not in {line.key for line in one.lines}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"backend": Backend.SQLITE, "lookups": 3000.0, "centres": 200, "agency_ms": 0.0}, "workers_each"),
        ({"lookups": 5000.0, "centres": 1000, "agency_ms": 0.0, "agencies": 20}, "sequencer"),
    ],
)
def test_what_is_beyond_its_bound_is_named(changes: dict[str, Any], key: str) -> None:
    one = made({}, **changes)

    assert key in {line.key for line in one.lines if not line.fits}
    assert not one.fits
    assert made({}).fits


def test_each_line_has_a_key_of_its_own_and_says_how_it_came_about() -> None:
    lines = made({}).lines

    assert len({line.key for line in lines}) == len(lines)
    assert [line.key for line in lines if not (line.how and line.what)] == []
    assert {field.name for field in fields(Line)} >= {"key", "what", "value", "unit", "how", "at_most"}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (0.0123456, "0.0123"), (99.96, "100"), (99.5, "99.5"), (1234.5, "1,234"), (2e7, "20,000,000")],
)
def test_a_number_is_shown_to_three_digits_or_whole(value: float, text: str) -> None:
    assert text == shown(value)
