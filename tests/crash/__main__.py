"""``make crash``: kill -9 a hundred times under load, then account for every query and every answer."""

import argparse
import asyncio
import secrets
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.crash.account import Account, draw_up
from tests.crash.campaign import Course, Moment, Plan, run
from tests.crash.processes import DidNotComeUp

FOLDER = Path(".crash")
_MOST_SHOWN, _LONGEST = 5, 160
"""Faults of one claim, and characters of one fault."""


def main(arguments: Sequence[str]) -> int:
    """Run a campaign; 0 if everything is accounted for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills under load")
    parser.add_argument("--births", type=int, default=8, help="gateways killed during their very first start")
    parser.add_argument(
        "--seed",
        type=int,
        default=secrets.randbelow(10**6),
        help="of what is drawn; when a kill lands is not repeatable to the microsecond",
    )
    parser.add_argument(
        "--workers", type=int, default=1, help="processes of the gateway; with several, a kill hits any of them or the supervisor"
    )
    parser.add_argument("--keep", action="store_true", help=f"leave {FOLDER}/ even if all is well")
    given = parser.parse_args(arguments)
    console = Console()
    console.print(f"seed {given.seed}: {given.kills} kills under load, {given.births} during a first start")
    shutil.rmtree(FOLDER, ignore_errors=True)
    plan = Plan(FOLDER.resolve(), given.seed, given.kills, given.births, given.workers)
    try:
        course, account = _watched(plan, console)
    except DidNotComeUp as failure:
        console.print(f"The gateway did not come up again: {failure}", style="bold red", markup=False)
        console.print(f"Its files are in {FOLDER}/.")
        return 1
    show(console, course, account)
    if account.settled and not given.keep:
        shutil.rmtree(FOLDER)
    elif not account.settled:
        console.print(f"Everything is left in {FOLDER}/.")
    return 0 if account.settled else 1


def _watched(plan: Plan, console: Console) -> tuple[Course, Account]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("")

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        course, evidence = asyncio.run(run(plan, tell))
        return course, draw_up(evidence, tell)


def show(console: Console, course: Course, account: Account) -> None:
    """The account as a table, the figures, and every kind of fault."""
    table = Table("claim", "cases", "faults")
    table.columns[0].no_wrap = True
    table.columns[1].justify = table.columns[2].justify = "right"
    for line in account.lines:
        table.add_row(line.claim, str(line.cases), f"[red]{len(line.faults)}" if line.faults else "0")
    console.print(table)
    for line in account.lines:
        for fault in line.faults[:_MOST_SHOWN]:
            console.print(f"{line.claim}: {fault[:_LONGEST]}", style="red", markup=False)
    kills = {
        "kills at any moment": course.kills[Moment.ANY],
        "kills as a query reached the agency": course.kills[Moment.ASKED],
        "kills as the agency's answer went out": course.kills[Moment.ANSWERED],
        "kills during a start": course.kills[Moment.STARTING],
        "of all these, kills of one worker": course.of_workers,
        "starts": course.starts,
        "kills during a first start": course.births,
        "of them with half of the files there": course.half_born,
    }
    figures = Table.grid(padding=(0, 2))
    for name, number in (kills | account.figures | {"seconds": round(course.seconds)}).items():
        figures.add_row(name, str(number))
    console.print(figures)
    verdict = "[bold green]Everything is accounted for." if account.settled else "[bold red]NOT everything is accounted for."
    console.print(verdict)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
