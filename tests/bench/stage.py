"""What every part of the benchmark is given, and the sides' figures that it leaves for the table."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.loading import Load, Work
from tests.bench.places import OTHERS_CPU, SERVER_CPU
from tests.bench.rounds import Rounds, alternate
from tests.bench.sides import Side, Simulator


@dataclass(frozen=True, slots=True)
class Line:
    """One side's figures under one heading, medians of its rounds. Processor time in milliseconds a call."""

    heading: str
    side: str
    rate: float
    least: float
    most: float
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]


@dataclass(slots=True)
class Stage:
    """The load and the agency, the same for all parts; a folder for places; and what was measured so far."""

    load: Load
    agency: Simulator
    folder: Path
    tick: Callable[[], None]
    """To be called after each round of a side."""
    lines: list[Line] = field(default_factory=list)

    def run(self, heading: str, sides: Sequence[Side], work: Work, rounds: int) -> Rounds:
        """Have the sides take turns, and keep their lines."""
        measured = alternate({side.name: lambda side=side: side.measure(self.load, work) for side in sides}, rounds, self.tick)  # type: ignore[misc]  # mypy takes no default of a lambda
        self.lines += lines_of(heading, measured)
        return measured

    def apart(self, sides: Iterable[Side]) -> None:
        """Servers on one processor, load and simulator on the other."""
        self.load.process.pin([OTHERS_CPU])
        self.agency.process.pin([OTHERS_CPU])
        for side in sides:
            if "server" in side.watched:
                side.watched["server"].pin([SERVER_CPU])

    def together(self) -> None:
        """Load and simulator on all processors, as servers are that nobody pinned."""
        self.load.process.pin()
        self.agency.process.pin()


def lines_of(heading: str, measured: Rounds) -> list[Line]:
    """The table's lines of these rounds."""
    return [
        Line(
            heading,
            side,
            measured.median(side, lambda answer: answer.rate),
            min(measured.rates(side)),
            max(measured.rates(side)),
            measured.median(side, lambda answer: answer.p50_ms),
            measured.median(side, lambda answer: answer.p99_ms),
            {name: measured.median(side, lambda answer, name=name: answer.cpu_ms[name]) for name in answers[0].cpu_ms},  # type: ignore[misc]  # as above
        )
        for side, answers in measured.answers.items()
    ]
