"""A plan for people's eyes and as JSON: every number with its arithmetic, and below them the measured figures behind it."""

from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from linkage.planning import Line, Plan, shown


def plan_page(plan: Plan) -> dict[str, Any]:
    """As JSON: what was asked, every line, and the figures with where and how they were measured."""
    figures = plan.figures
    return {
        "fits": plan.fits,
        "demand": plan.demand.model_dump(mode="json"),
        "lines": [
            {
                "key": line.key,
                "what": line.what,
                "value": float(f"{line.value:.12g}"),
                "unit": line.unit,
                "how": line.how,
                "at_most": line.at_most,
                "fits": line.fits,
            }
            for line in plan.lines
        ],
        "measured": {
            "machine": figures.machine,
            "day": figures.day.isoformat(),
            "figures": {name: {"of": what, "value": one.value, "unit": one.unit, "how": one.how} for name, what, one in figures.each()},
        },
    }


def plan_tables(plan: Plan) -> Iterator[Table]:
    """What must be provided; then what it was reckoned from."""
    table = _narrow()
    table.add_column("what", overflow="fold", min_width=22)
    table.add_column("number", justify="right", no_wrap=True)
    table.add_column("how it comes about", overflow="fold", min_width=30)
    for line in plan.lines:
        table.add_row(Text(line.what), _number(line), Text(line.how))
    yield table
    figures = _narrow(f"measured {plan.figures.day.isoformat()} on {plan.figures.machine}")
    figures.add_column("figure", overflow="fold", min_width=15)
    figures.add_column("value", justify="right", no_wrap=True)
    figures.add_column("of what, and how it was measured", overflow="fold", min_width=30)
    for name, what, one in plan.figures.each():
        figures.add_row(Text(name), Text(f"{shown(one.value)} {one.unit}"), Text(f"{what}: {one.how}"))
    yield figures


def too_much(plan: Plan) -> list[str]:
    """What is beyond its bound, a sentence for each."""
    return [f"{line.what}: {shown(line.value)}, at most {shown(line.at_most or 0)}" for line in plan.lines if not line.fits]


def _number(line: Line) -> Text:
    return Text(f"{shown(line.value)} {line.unit}".strip(), style="bold" if line.fits else "bold red")


def _narrow(title: str | None = None) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE, pad_edge=False, collapse_padding=True
    )
