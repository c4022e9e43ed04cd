"""How the commands on the whole log show what they are doing, and what they found."""

import sys
from collections.abc import Generator
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from linkage.audit.report import Indexes, Progress, Report
from linkage.cli.ending import err, out, say

_T = TypeVar("_T")

_MOST_SHOWN = 100


class _Speed(ProgressColumn):
    """Entries a second."""

    def render(self, task: Task) -> Text:
        """The column's text."""
        return Text("" if task.speed is None else f"{task.speed:,.0f}/s")


def follow(steps: Generator[Progress, None, _T], what: str, *, quiet: bool) -> _T:
    """Go through the steps with a progress bar on standard error, where that is a terminal; gives what they end with."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), _Speed(), TimeRemainingColumn())
    with Bar(*columns, console=err, disable=quiet or not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("")
        while True:
            try:
                at = next(steps)
            except StopIteration as end:
                found: _T = end.value
                return found
            bar.update(task, completed=at.done, total=at.total)


def tell_size(report: Report) -> str:
    """How many entries and checkpoints there are, in words."""
    entries = "1 entry" if report.size == 1 else f"{report.size} entries"
    return f"{entries}, 1 checkpoint" if report.checkpoints == 1 else f"{entries}, {report.checkpoints} checkpoints"


def tell_report(report: Report, *, as_json: bool, **more: Any) -> None:
    """Print a report; ``more`` goes into its JSON."""
    if as_json:
        say(
            {
                "ok": report.clean,
                "origin": report.origin,
                "entries": report.size,
                "checkpoints": report.checkpoints,
                "root": report.root.hex(),
                "findings": [{"what": one.what.value, "index": one.index, "why": one.why} for one in report.findings],
                "findings_not_named": report.uncounted,
                **_lists(report),
                "seconds": round(report.seconds, 3),
                "seconds_signatures": round(report.seconds_signatures, 3),
                **more,
            }
        )
        return
    word = Text("verified: ", style="bold green") if report.clean else Text("DOES NOT VERIFY: ", style="bold red")
    out.print(word + Text(f"{report.origin}, {tell_size(report)}"))
    for one in report.findings:
        out.print(Text(f"  {one.what.value} {one.index}: {one.why}", style="red"))
    if report.uncounted:
        out.print(Text(f"  and {report.uncounted} more", style="red"))
    tell_indexes("intents under way, without outcome yet", report.open)
    tell_indexes("intents without outcome", report.orphans)
    tell_indexes("closed as recovered", report.recovered)
    tell_indexes("outcomes that came late", report.late)


def tell_part(report: Report) -> None:
    """Say which part of the log was verified, and what that leaves out."""
    out.print(Text(f"  entries {report.first} to {report.last - 1} of {report.size}; their tree is part of the newest checkpoint's"))
    out.print(Text("  pairs of intent and outcome are checked within the part alone:", style="dim"))
    out.print(
        Text(
            f"  {report.closes_earlier} entries close what began before it, {report.closed_later} intents were closed after it", style="dim"
        )
    )


def tell_time(report: Report) -> None:
    """Say how long it took: entries, and apart from them the checkpoints' signatures."""
    entries = report.last - report.first
    rate = f", {entries / report.seconds:,.0f} a second" if report.seconds else ""
    signatures = f"{report.checkpoints} signatures in {report.seconds_signatures:.2f} s"
    out.print(Text(f"  {entries} entries in {report.seconds:.2f} s{rate}; {signatures}", style="dim"))


def _lists(report: Report) -> dict[str, Any]:
    lists = {name: getattr(report, name) for name in ("open", "orphans", "recovered", "late", "unpaired")}
    return {
        **lists,
        "not_listed": {name: indexes.unlisted for name, indexes in lists.items() if indexes.unlisted},
        "part": {
            "from": report.first,
            "to": report.last,
            "whole": report.whole,
            "closes_earlier": report.closes_earlier,
            "closed_later": report.closed_later,
        },
    }


def tell_indexes(what: str, indexes: Indexes) -> None:
    """Print indexes of entries under a name, the first hundred of them; nothing where there are none."""
    if indexes:
        more = len(indexes) + indexes.unlisted - _MOST_SHOWN
        named = ", ".join(str(index) for index in indexes[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
        out.print(Text(f"  {what}: {named}", style="yellow"))
