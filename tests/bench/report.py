"""The tables: ratios first, then every side."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.rounds import Row, holds
from tests.bench.stage import Line


def show_machine(console: Console, facts: Mapping[str, str]) -> None:
    """What machine this is."""
    for name, fact in facts.items():
        console.print(f"[bold]{name}[/bold]  {fact}", highlight=False)


def show_figures(console: Console, rows: Sequence[Row]) -> None:
    """Each figure with its aim; one that falls short says so."""
    table = Table("figure", "value", "aim", "", title="figures", title_justify="left")
    for each in rows:
        aim = "" if each["aim"] is None else f"{'at most' if 'at most' in each['name'] else 'at least'} {each['aim']:,}"
        word = "" if each["aim"] is None else "[green]reached[/green]" if holds(each) else "[red]short[/red]"
        table.add_row(each["name"], f"{each['value']:,.2f}", aim, word)
    console.print(table)


def show_sides(console: Console, lines: Sequence[Line]) -> None:
    """A table for each heading. Processor time is of the server, the load and the simulator, milliseconds a call."""
    for heading in dict.fromkeys(line.heading for line in lines):
        table = Table(
            "side",
            "calls/s",
            "(least-most)",
            "p50 ms",
            "p99 ms",
            "server CPU",
            "load CPU",
            "simulator CPU",
            title=heading,
            title_justify="left",
        )
        for line in lines:
            if line.heading == heading:
                cpu = [f"{line.cpu_ms[name]:.2f}" if name in line.cpu_ms else "" for name in ("server", "load", "simulator")]
                spread = f"{line.least:,.0f}-{line.most:,.0f}"
                table.add_row(line.side, f"{line.rate:,.0f}", spread, f"{line.p50_ms:.1f}", f"{line.p99_ms:.1f}", *cpu)
        console.print(table)


def rows_of(lines: Iterable[Line]) -> list[Row]:
    """The sides' rates as figures, for the file."""
    return [{"name": f"{line.heading}: {line.side}, calls a second", "value": round(line.rate, 1), "aim": None} for line in lines]
