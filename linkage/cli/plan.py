"""`linkage plan`: how many gateways, and how large a log, for so many counters. It reads no settings and opens nothing."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from linkage.cli.ending import Exit, ending, err, out, say
from linkage.cli.options import Json
from linkage.planning import Backend, Demand, plan, read_figures
from linkage.runtime.plan_page import plan_page, plan_tables, too_much


def _option(field: str, reason: str = "") -> Any:
    told = Demand.model_fields[field].description or ""
    return typer.Option(f"--{field.replace('_', '-')}", help=f"{told[:1].upper()}{told[1:]}{'. ' if reason else ''}{reason}.")


def _default(field: str) -> Any:
    return Demand.model_fields[field].get_default()


Figures = Annotated[Path | None, typer.Option("--figures", metavar="FILE", help="Your own measurements instead of those of this release.")]


def make_plan(
    centres: Annotated[int, _option("centres")],
    counters: Annotated[int, _option("counters")],
    lookups: Annotated[float, _option("lookups")],
    records: Annotated[float, _option("records")] = _default("records"),
    bundles: Annotated[bool, _option("bundles")] = _default("bundles"),
    agency_ms: Annotated[float, _option("agency_ms")] = _default("agency_ms"),
    agencies: Annotated[int, _option("agencies", "1 is the worst: every question goes to the same one")] = _default("agencies"),
    hours: Annotated[float, _option("hours", "All open hours, for the log is never pruned")] = _default("hours"),
    days: Annotated[int, _option("days", "52 weeks of five days less some 15 public holidays")] = _default("days"),
    years: Annotated[float, _option("years", "log.retention_days is ten years by default")] = _default("years"),
    peak: Annotated[float, _option("peak", "Citizens come when the doors open, not evenly")] = _default("peak"),
    utilisation: Annotated[float, _option("utilisation", "Above a half, waiting grows faster than load")] = _default("utilisation"),
    processors: Annotated[int, _option("processors")] = _default("processors"),
    spare: Annotated[int, _option("spare", "With PostgreSQL only")] = _default("spare"),
    backend: Annotated[Backend, _option("backend")] = _default("backend"),
    max_concurrent: Annotated[int, _option("max_concurrent")] = _default("max_concurrent"),
    concurrency: Annotated[int, _option("concurrency")] = _default("concurrency"),
    connection_age: Annotated[float, _option("connection_age")] = _default("connection_age"),
    figures: Figures = None,
    as_json: Json = False,
) -> None:
    """Reckon workers, machines, log and database for so many counters, with the measured figure behind each number.

    Ends with 1 where a number is beyond what the settings or one log allow.
    """
    told = {name: value for name, value in locals().items() if name in Demand.model_fields}
    with ending(as_json=as_json):
        made = plan(Demand.of(told), read_figures(figures))
        if as_json:
            say(plan_page(made))
        else:
            for table in plan_tables(made):
                out.print(table)
            for sentence in too_much(made):
                err.print(Text("too much: ", style="bold red") + Text(sentence))
        if not made.fits:
            raise typer.Exit(Exit.FINDING)
