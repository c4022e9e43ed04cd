"""``make bench``: the gateway side by side with what others would run in its place, in one run on one machine, as ratios.

The same simulator and the same load for every side, each in a process of its own; sides take turns; medians count, and a ratio is that
of rounds next to each other. The disk's own sync time stands beside them, because a disk that hardly syncs flatters everyone.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.bench import bundle, idle, machine, overload, picture, slow_agency, throughput, verification, workers
from tests.bench.loading import load
from tests.bench.report import rows_of, show_figures, show_machine, show_sides
from tests.bench.rounds import Row
from tests.bench.sides import simulator
from tests.bench.stage import Stage

OUT = Path(".bench/latest.json")
PARTS: tuple[tuple[str, Callable[[Stage], list[Row]], int], ...] = (
    ("side by side", throughput.measure, throughput.TICKS),
    ("slow agencies", slow_agency.measure, slow_agency.TICKS),
    ("workers", workers.measure, workers.TICKS),
    ("storm", overload.measure, overload.TICKS),
    ("idle counters", idle.measure, idle.TICKS),
)
BUNDLES = 15
VERIFIED = 200_000


def measured(console: Console, folder: Path) -> tuple[list[Row], Stage]:
    """Run every part."""
    columns = (TextColumn("{task.description:>14}"), BarColumn(), TimeElapsedColumn(), TextColumn("/"), TimeRemainingColumn())
    idle.connections()  # raises the limit of open files for every process that is started from here on
    with load() as clients, simulator() as agency, Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=sum(ticks for *_, ticks in PARTS))
        stage = Stage(clients, agency, folder, lambda: progress.advance(bar))
        rows: list[Row] = []
        for name, measure, _ in PARTS:
            progress.update(bar, description=name)
            rows += measure(stage)
    return rows, stage


def in_order(rows: list[Row]) -> list[Row]:
    """Those of the picture first, as they stand there, then others with an aim."""
    begins = [begin for begin, _ in picture.RATIOS]

    def place(figure: Row) -> tuple[bool, int]:
        return figure["aim"] is None, next((at for at, begin in enumerate(begins) if figure["name"].startswith(begin)), len(begins))

    return sorted(rows, key=place)


def main() -> None:
    """Run, print, write, draw."""
    console = Console() if sys.stdout.isatty() else Console(width=140)
    with tempfile.TemporaryDirectory(prefix="linkage-bench-") as scratch:
        facts = machine.facts(Path(scratch))
        show_machine(console, facts)
        rows, stage = measured(console, Path(scratch))
    rows = in_order([*rows, *bundle.measure(BUNDLES), *verification.measure(VERIFIED)])
    show_figures(console, rows)
    show_sides(console, stage.lines)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"figures": [*rows, *rows_of(stage.lines)], "machine": facts}, indent=2) + "\n", encoding="utf-8")
    OUT.with_suffix(".svg").write_text(picture.drawn(json.loads(OUT.read_text(encoding="utf-8"))), encoding="utf-8")
    console.print(f"written to {OUT}, and drawn beside it")


if __name__ == "__main__":
    main()
