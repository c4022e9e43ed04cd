"""The day in Thailand: seven hours before the day in Greenwich begins."""

from datetime import date

import pytest

from linkage.clock import thai_day

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
