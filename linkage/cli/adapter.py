"""`linkage adapter`: list the adapters that are installed, and check one, installed or not."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from linkage.catalogue.records import load_records
from linkage.cli.ending import Exit, ending, err, out, say
from linkage.cli.options import Json
from linkage.errors import SettingsInvalid
from linkage.sources.adapter import Adapter, ExchangesCode, Fetches, LogsIn, Probes, Verifies
from linkage.sources.conformance import CHECKS, Outcome, Result, run_checks
from linkage.sources.installed import Candidate, Listed, find, list_installed

app = typer.Typer(no_args_is_help=True, help="Adapters: one for each agency that can be asked.")

Which = Annotated[str, typer.Argument(metavar="PATH_OR_NAME", help="An installed adapter's name, or the folder it is written in.")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="CHECK", help="Run this check alone. May be given several times.")]

_ABILITIES: Mapping[str, type] = {
    "fetches": Fetches,
    "verifies": Verifies,
    "logs in": LogsIn,
    "exchanges codes": ExchangesCode,
    "probes": Probes,
}
_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.DOES_NOT_APPLY: "dim"}


@app.command()
def check(path_or_name: Which, only: Only = None, as_json: Json = False) -> None:
    """Try an adapter against its own simulator, over real sockets on this machine. Anything it does not keep to: exit code 1."""
    with ending(as_json=as_json):
        _refuse_unknown(only or [])
        candidate = find(path_or_name)
        results = _checked(candidate, only or [], quiet=as_json)
        failed = [one for one in results if one.outcome is Outcome.FAILED]
        if as_json:
            say({"ok": not failed, "adapter": candidate.name, "checks": [_page(one) for one in results]})
        else:
            _show(candidate, results)
        if failed:
            raise typer.Exit(Exit.FINDING)


def _refuse_unknown(only: Sequence[str]) -> None:
    unknown = sorted(set(only) - set(CHECKS))
    if unknown:
        raise typer.BadParameter(f"no check is called {', '.join(unknown)}; there are: {', '.join(CHECKS)}", param_hint="--only")


def _checked(candidate: Candidate, only: Sequence[str], *, quiet: bool) -> tuple[Result, ...]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        task = progress.add_task(candidate.name, total=len(only) or len(CHECKS))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the gateway itself
            return runner.run(run_checks(candidate, told=lambda _: progress.advance(task), only=only))


def _page(one: Result) -> dict[str, Any]:
    return {
        "name": one.name,
        "outcome": one.outcome.value,
        "because": one.because,
        "seen": list(one.seen),
        "what_to_do": one.remedy if one.outcome is Outcome.FAILED else "",
        "seconds": round(one.seconds, 2),
    }


def _show(candidate: Candidate, results: Sequence[Result]) -> None:
    table = Table(title=f"{candidate.name} {candidate.version}".strip(), title_justify="left", header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("because, or what was seen", overflow="fold")
    for one in results:
        table.add_row(one.name, Text(one.outcome.value.replace("_", " "), style=_STYLES[one.outcome]), _told(one))
    out.print(table)
    counted = {outcome: sum(one.outcome is outcome for one in results) for outcome in Outcome}
    summary = f"{counted[Outcome.PASSED]} passed, {counted[Outcome.FAILED]} failed, {counted[Outcome.DOES_NOT_APPLY]} do not apply"
    out.print(Text(summary, style="bold red" if counted[Outcome.FAILED] else "bold green"))


def _told(one: Result) -> Text:
    if one.outcome is Outcome.PASSED:
        return Text(one.because, style="dim")
    if one.outcome is Outcome.DOES_NOT_APPLY:
        return Text("; ".join(one.seen), style="dim")
    return Text("\n".join(one.seen)) + Text(f"\nBecause: {one.because}", style="dim") + Text(f"\nWhat to do: {one.remedy}", style="bold")


# ---- list --------------------------------------------------------------------------------------------------------------


@app.command("list")
def list_adapters(as_json: Json = False) -> None:
    """List every installed adapter: what it can do, what it discloses. Installed is not enabled: the settings name those that are asked."""
    with ending(as_json=as_json):
        rows = [_row(one) for one in list_installed()]
        if as_json:
            say({"adapters": rows})
            return
        table = Table(header_style="bold")
        for heading in ("name", "package", "version", "abilities", "record types", "simulator"):
            table.add_column(heading, overflow="fold", no_wrap=heading == "record types")
        for row in rows:
            abilities = Text(row["problem"], style="bold red") if row["problem"] else Text(", ".join(row["abilities"]))
            simulator = "yes" if row["simulator"] else "no"
            table.add_row(row["name"], row["package"], row["version"], abilities, Text("\n".join(row["records"])), simulator)
        out.print(table)


def _row(one: Listed) -> dict[str, Any]:
    row: dict[str, Any] = {"name": one.name, "package": one.package, "version": one.version, "problem": one.problem}
    empty = {"abilities": [], "records": [], "simulator": False, "assumed": ""}
    if one.candidate is None:
        return row | empty
    try:
        adapter = one.candidate.make()
        records = [] if adapter.records_file is None else [kind.type for kind in load_records([adapter.records_file])]
    except SettingsInvalid as failure:
        return row | empty | {"problem": "; ".join(str(problem) for problem in failure.problems)}
    return row | {
        "abilities": _abilities(adapter),
        "records": records,
        "simulator": one.candidate.make_simulator is not None,
        "assumed": str(getattr(adapter, "assumed", "") or ""),
    }


def _abilities(adapter: Adapter) -> list[str]:
    return [word for word, ability in _ABILITIES.items() if isinstance(adapter, ability)]
