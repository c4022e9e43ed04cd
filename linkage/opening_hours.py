"""Opening hours of a centre, in Thai time, as an operator writes them.

One line for each stretch: ``mon-fri 08:30-16:30``, ``sat 09:00-12:00``, ``holiday 10:00-18:00``. Days are ``mon tue wed thu fri sat
sun``, one or a range of them; ``holiday`` is every public holiday, on whichever weekday it falls: a centre without such a line is
closed then. Times are hours and minutes of Thai time, from 00:00 to 24:00, the second later than the first.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from linkage.clock import thai_day, until_thai_midnight

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_HOLIDAY: Final = 7
_DAY_MINUTES: Final = 1440
_LINE: Final = re.compile(r"([a-z]+)(?:-([a-z]+))? ([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")

USUAL: Final = "mon-fri 08:30-16:30"
"""The hours of Thai public offices."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    days: frozenset[int]
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """When a centre is open."""

    stretches: tuple[_Stretch, ...]

    def open_at(self, ms: int, *, holidays: Collection[date] = (), margin: int = 0) -> bool:
        """Whether the centre is open at a moment (Unix time in ms).

        Args:
            ms: the moment.
            holidays: public holidays, as days in Thailand.
            margin: minutes before and after every stretch that still count as open; never beyond midnight.
        """
        today = thai_day(ms)
        day = _HOLIDAY if today in holidays else today.weekday()
        minute = _DAY_MINUTES - until_thai_midnight(ms) / 60_000
        return any(day in one.days and one.opens - margin <= minute < one.closes + margin for one in self.stretches)


def read_opening_hours(lines: Iterable[str]) -> OpeningHours:
    """Read lines as the module describes them.

    Raises:
        ValueError: a line is none; the message says what a line looks like.
    """
    return OpeningHours(tuple(map(_stretch, lines)))


def _stretch(line: str) -> _Stretch:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"expected lines such as {USUAL!r}")
    first, last, *times = found.groups()
    opening, opening_minute, closing, closing_minute = map(int, times)
    opens, closes = opening * 60 + opening_minute, closing * 60 + closing_minute
    if first not in _DAYS or (last is not None and (last not in _DAYS[:_HOLIDAY] or first not in _DAYS[:_HOLIDAY])):
        raise ValueError(f"expected days of {', '.join(_DAYS)}")
    start = _DAYS.index(first)
    end = start if last is None else _DAYS.index(last)
    if start > end or not opens < closes <= _DAY_MINUTES:
        raise ValueError("expected the earlier day and time first, 24:00 at the latest")
    return _Stretch(frozenset(range(start, end + 1)), opens, closes)
