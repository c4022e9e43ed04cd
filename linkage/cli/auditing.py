"""What the commands share that show an auditor what the log says: who reads, and how far the reading is."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from linkage.audit.asked import Told
from linkage.cli.ending import err
from linkage.clock import DAY_MS, thai_midnight
from linkage.runtime.auditors_desk import AuditorsDesk, auditors_desk

T = TypeVar("T")

Auditor = Annotated[
    str | None,
    typer.Option("--auditor", metavar="URI", help="Who reads: the uri of an auditor of the register. The reading is recorded in the log."),
]

Since = Annotated[
    str, typer.Option("--since", metavar="DATE|DAYS", help="From this day in Thailand on (YYYY-MM-DD), or of so many last days.")
]
_MOST_DAYS = 36_600
_FIRST_YEAR, _BUDDHIST = 1970, 2400
"""Years of the Common Era that are taken; what is beyond is the Buddhist year of one."""
_COMMON_ERA = "years are of the Common Era: 2026, not 2569"


def at_the_desk(config: Path, auditor: str | None, work: Callable[[AuditorsDesk], Awaitable[T]]) -> T:
    """Do an auditor's work at the opened log.

    Raises:
        typer.BadParameter: no auditor was named.
        SettingsInvalid, AuditUnavailable, LogCorrupt: as `auditors_desk`, and as the work itself.
    """
    if auditor is None:
        raise typer.BadParameter("--auditor URI is required: the uri of an [[auditor]] of the register, in whose name the log is read")
    uri = auditor

    async def run() -> T:
        async with auditors_desk(config, uri) as desk:
            return await work(desk)

    return asyncio.run(run())


@contextmanager
def reading(what: str, *, as_json: bool) -> Iterator[Told]:
    """A bar on a terminal's standard error, while the log is read; nothing where there is no terminal, or JSON is wanted."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("entries"), TimeRemainingColumn())
    with Progress(*columns, console=err, disable=as_json or not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("")
        yield lambda done, total: progress.update(task, completed=done, total=total)


def beginning(text: str, now_ms: int) -> int:
    """The first moment that ``--since`` means, Unix time in ms.

    Raises:
        typer.BadParameter: it means none, or one that is still to come.
    """
    try:
        if text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_DAYS:
            return now_ms - int(text) * DAY_MS
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--since takes a day of the Common Era such as 2026-11-01, or a number of days such as 31") from None
    return begun(day, now_ms)


def begun(day: date, now_ms: int) -> int:
    """The first moment of a day in Thailand that has begun: what ``--since`` may name. Unix time in ms.

    Raises:
        typer.BadParameter: the day is still to come, or its year is not of the Common Era.
    """
    since_ms = thai_midnight(in_common_era("--since", day))
    if since_ms > now_ms:
        raise typer.BadParameter(f"--since lies in the future; {_COMMON_ERA}")
    return since_ms


def in_common_era(option: str, day: date) -> date:
    """The day.

    Raises:
        typer.BadParameter: its year is a Buddhist one, or before 1970.
    """
    if not _FIRST_YEAR <= day.year < _BUDDHIST:
        raise typer.BadParameter(f"{option} takes a day from 1970 on; {_COMMON_ERA}")
    return day
