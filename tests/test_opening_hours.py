"""Opening hours: Thai time, public holidays, and lines that are none."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from linkage.errors import Problem
from linkage.identity import read_register
from linkage.opening_hours import OpeningHours, read_opening_hours
from linkage.thresholds import Findings
from tests.audit.logbook import at

HOURS = read_opening_hours(["mon-fri 08:30-16:30", "sat 09:00-12:00", "holiday 10:00-11:00"])
HOLIDAYS = [date(2026, 12, 7)]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23 08:29", False),
        ("2026-11-23 08:30", True),
        ("2026-11-27 16:29", True),
        ("2026-11-27 16:30", False),
        ("2026-11-28 11:59", True),
        ("2026-11-28 12:00", False),
        ("2026-11-29 10:30", False),
        ("2026-12-07 09:00", False),
        ("2026-12-07 10:30", True),
    ],
)
def test_a_centre_is_open_at_its_hours_in_thailand(moment: str, is_open: bool) -> None:
    assert is_open is HOURS.open_at(at(moment), holidays=HOLIDAYS)


def test_a_margin_opens_the_doors_earlier_and_closes_them_later() -> None:
    before, after = at("2026-11-23 08:00"), at("2026-11-23 16:59")

    assert [False, False] == [HOURS.open_at(moment, margin=29) for moment in (before, after)]
    assert [True, True] == [HOURS.open_at(moment, margin=30) for moment in (before, after)]


def test_a_centre_may_be_open_all_day_and_every_day() -> None:
    always = read_opening_hours(["mon-sun 00:00-24:00", "holiday 00:00-24:00"])

    assert all(always.open_at(at(f"2026-12-{day:02d} {clock}"), holidays=HOLIDAYS) for day in range(1, 9) for clock in ("00:00", "23:59"))


@pytest.mark.parametrize(
    "line",
    [
        *("", "mon", "mon 08:30", "mon 8:30-16:30", "mon-fri 16:30-08:30", "mon 08:30-08:30", "mon 08:30-24:01", "mon 25:00-26:00"),
        *("fri-mon 08:30-16:30", "mon-holiday 08:30-16:30", "holiday-mon 08:30-16:30", "MON 08:30-16:30", "day 08:30-16:30"),
        *("mon 08:60-16:30", "mon  08:30-16:30", "mon 08:30-16:30\n", "mon ๐๘:30-16:30", "mon ๐๘:๓๐-๑๖:๓๐"),
    ],
)
def test_a_line_that_is_none_is_refused_with_what_one_looks_like(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_opening_hours([line])


def registered(folder: Path, hours: str) -> tuple[OpeningHours | None, list[Problem]]:
    """The opening hours of a centre of a register that says so, and what is wrong with it."""
    register, problems = folder / "register.toml", list[Problem]()
    agency = '[[agency]]\nid = "doe"\nname_th = "กรมการจัดหางาน"\nname_en = "Department of Employment"\n'
    centre = '[[centre]]\nid = "cm-01"\nname_th = "ศูนย์"\nname_en = "Centre"\nprovince = "เชียงใหม่"\nagency = "doe"\n'
    register.write_text(f'{agency}{centre}opening_hours = ["{hours}"]\n', encoding="utf-8")
    read, _ = read_register(register, problems)
    return (read.centres["cm-01"].opening_hours if "cm-01" in read.centres else None), problems


def test_hours_that_are_none_are_a_problem_of_the_register_and_of_the_settings(tmp_path: Path) -> None:
    assert (read_opening_hours(["mon-fri 08:30-16:30"]), []) == registered(tmp_path, "mon-fri 08:30-16:30")
    assert ["centre[cm-01].opening_hours.0"] == [problem.key for problem in registered(tmp_path, "weekdays")[1]]
    with pytest.raises(ValidationError, match="expected lines such as"):
        Findings(opening_hours=["weekdays"])
