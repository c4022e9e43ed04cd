"""The day in Thailand: seven hours before the day in Greenwich begins."""

from datetime import date

import pytest

from linkage.clock import thai_day, thai_day_number, until_thai_midnight

MIDNIGHT = 1_767_225_600_000  # 2026-01-01 00:00 UTC


@pytest.mark.parametrize(
    ("ms", "day"),
    [
        (MIDNIGHT, date(2026, 1, 1)),
        (MIDNIGHT - 7 * 3_600_000, date(2026, 1, 1)),
        (MIDNIGHT - 7 * 3_600_000 - 1, date(2025, 12, 31)),
        (MIDNIGHT + 17 * 3_600_000 - 1, date(2026, 1, 1)),
        (MIDNIGHT + 17 * 3_600_000, date(2026, 1, 2)),
    ],
)
def test_an_agreement_s_day_begins_at_midnight_in_thailand(ms: int, day: date) -> None:
    assert thai_day(ms) == day


@pytest.mark.parametrize("ms", [0, MIDNIGHT, MIDNIGHT + 17 * 3_600_000 - 1, MIDNIGHT + 17 * 3_600_000, MIDNIGHT + 123_456_789])
def test_the_number_of_a_day_grows_by_one_at_the_midnight_that_is_waited_for(ms: int) -> None:
    wait = until_thai_midnight(ms)

    assert 1 <= wait <= 86_400_000
    assert thai_day(ms + wait - 1) == thai_day(ms)
    assert (thai_day(ms + wait) - thai_day(ms)).days == 1
    assert thai_day_number(ms + wait - 1) == thai_day_number(ms)
    assert thai_day_number(ms + wait) == thai_day_number(ms) + 1
