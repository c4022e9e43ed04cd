"""Rows of a batch in few steps: around each step of SQLite the interpreter is let go, and must be had again from whoever is busy."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import apsw

_AT_ONCE: Final = (32, 16, 8, 4, 2, 1)
"""Rows of one step: few numbers, so that every statement stays prepared."""


def run_rows(connection: apsw.Connection, before: str, rows: Sequence[tuple[Any, ...]], after: str = "") -> list[Any]:
    """Run a statement for rows (``before``, a group in brackets for each row with commas between them, ``after``), and give what it finds."""
    done = 0
    found: list[Any] = []
    while done < len(rows):
        many = next(each for each in _AT_ONCE if each <= len(rows) - done)
        found += connection.execute(_statement(before, len(rows[0]), many, after), tuple(chain(*rows[done : done + many])))
        done += many
    return found


@lru_cache(maxsize=64)
def _statement(before: str, width: int, many: int, after: str) -> str:
    return before + ", ".join([f"({', '.join('?' * width)})"] * many) + after
