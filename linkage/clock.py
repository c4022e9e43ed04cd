"""The one place that reads the time: the log clamps it, tests step it."""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """Wall time for what is recorded and expires, monotonic time for deadlines."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; unaffected by steps of the wall clock."""
        ...


class SystemClock:
    """The machine's clock."""

    monotonic = staticmethod(time.monotonic)

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FakeClock:
    """A clock that stands still until stepped; shipped because adapters' tests need it, too."""

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:  # 2026-01-01
        self._now_ms = now_ms
        self._monotonic = 1_000.0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks move."""
        self._now_ms += round(seconds * 1000)
        self._monotonic += seconds

    def step_wall(self, seconds: float) -> None:
        """Step the wall clock alone, as an administrator or a bad time server would."""
        self._now_ms += round(seconds * 1000)


def utc(ms: int) -> datetime:
    """Milliseconds since 1970 as an aware UTC datetime."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


_THAILAND = timezone(timedelta(hours=7))
"""Asia/Bangkok has been UTC+7 without summer time since 1920: no time zone database is needed for it."""
_AHEAD_MS, DAY_MS = 7 * 3_600_000, 86_400_000
_DAY_0 = date(1970, 1, 1).toordinal()


def thai_day(ms: int) -> date:
    """The calendar day in Thailand at this moment, in milliseconds since 1970: the day agreements are in force on."""
    return date.fromordinal(_DAY_0 + thai_day_number(ms))


def thai_day_number(ms: int) -> int:
    """The same day as a number that grows by one at each midnight in Thailand: what is counted by day is counted under it."""
    return (ms + _AHEAD_MS) // DAY_MS


def until_thai_midnight(ms: int) -> int:
    """Milliseconds from this moment to the next midnight in Thailand, 1 to 86,400,000: a whole day at midnight itself."""
    return DAY_MS - (ms + _AHEAD_MS) % DAY_MS


def thai_time(ms: int) -> str:
    """The time of day in Thailand at this moment, as ``HH:MM``."""
    return datetime.fromtimestamp(ms / 1000, tz=_THAILAND).strftime("%H:%M")


def thai_midnight(day: date) -> int:
    """The moment, in milliseconds since 1970, at which this day begins in Thailand."""
    return round(datetime(day.year, day.month, day.day, tzinfo=_THAILAND).timestamp() * 1000)
