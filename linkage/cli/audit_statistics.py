"""`linkage audit statistics`: what a centre shows of itself. No persons, no officers."""

import re
from typing import Annotated

import typer
from rich.text import Text

from linkage.audit.statistics import Month, Statistics, count
from linkage.cli.auditing import Auditor, at_the_desk, reading
from linkage.cli.ending import echo, ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.statistics_page import Names, months_text, statistics_csv, statistics_page, statistics_tables

From = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM", help="First month in Thailand. Without it: the last one shown.")]
To = Annotated[str | None, typer.Option("--to", metavar="YYYY-MM", help="Last month in Thailand. Without it: this month.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of text.")]

_FIRST_YEAR, _BUDDHIST = 2000, 2400
"""Years of the Common Era that are taken; what is beyond is the Buddhist year of one."""


def statistics(
    config: Config = DEFAULT_CONFIG,
    auditor: Auditor = None,
    from_month: From = None,
    to_month: To = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Count visits, records, copies not needed, times and unavailability, per centre, service and month."""
    with ending(as_json=as_json):
        if as_json and as_csv:
            raise typer.BadParameter("--json or --csv, not both")
        first, last = _months(from_month, to_month, Month.of(SystemClock().now_ms()))

        async def look(desk: AuditorsDesk) -> tuple[Names, Statistics]:
            await desk.record("statistics", {"from": str(first), "to": str(last)})
            with desk.storage.open_reader() as reader, reading("counting", as_json=as_json) as progress:
                return Names(desk.files), count(reader, desk.view.shows, first, last, progress=progress)

        names, counted = at_the_desk(config, auditor, look)
        if as_json:
            say({"from": str(first), "to": str(last), "auditor": auditor, **statistics_page(counted, names)})
        elif as_csv:
            echo(statistics_csv(counted))
        elif not counted.figures:
            out.print(Text(f"nothing was recorded: {months_text(first, last)}"))
        else:
            for table in statistics_tables(counted, names):
                out.print(table, width=max(out.width, _LEAST_WIDTH), crop=False)


_LEAST_WIDTH = 80
"""Columns of a terminal that the tables need; in a narrower one their lines are broken, and no figure is cut off."""


def _months(from_month: str | None, to_month: str | None, now: Month) -> tuple[Month, Month]:
    last = now if to_month is None else _month("--to", to_month)
    first = (last if to_month is not None else now) if from_month is None else _month("--from", from_month)
    if first > last:
        raise typer.BadParameter("--from must not be later than --to")
    return first, last


def _month(option: str, text: str) -> Month:
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text)
    if found is None:
        raise typer.BadParameter(f"{option} takes a month of the Common Era such as 2026-11")
    year = int(found[1])
    if not _FIRST_YEAR <= year < _BUDDHIST:
        raise typer.BadParameter(f"{option} takes a month of the Common Era: 2026-11, not 2569-11")
    return Month(year, int(found[2]))
