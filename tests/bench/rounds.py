"""Figures from rounds: sides take turns, medians count, and a ratio is that of rounds run next to each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.bench.loading import Answer

Row = dict[str, Any]
"""A figure: name, value, aim (None: no aim). An aim is the least, or the most where the name says "at most"."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """All that was measured of some sides, round by round."""

    answers: Mapping[str, Sequence[Answer]]

    def rates(self, side: str) -> list[float]:
        """Calls a second."""
        return [answer.rate for answer in self.answers[side]]

    def median(self, side: str, of: Callable[[Answer], float]) -> float:
        """The median of one figure."""
        return median(of(answer) for answer in self.answers[side])

    def ratio(self, side: str, to: str) -> float:
        """The median of the ratios of rates."""
        return median(a / b for a, b in zip(self.rates(side), self.rates(to), strict=True))


def alternate(sides: Mapping[str, Callable[[], Answer]], rounds: int, tick: Callable[[], None]) -> Rounds:
    """Measure each side once a round; every other round the other way round, so that nobody always follows the same one."""
    answers: dict[str, list[Answer]] = {name: [] for name in sides}
    forth = list(sides)
    for number in range(rounds):
        for name in forth[::-1] if number % 2 else forth:
            answers[name].append(sides[name]())
            tick()
    return Rounds(answers)


def row(name: str, value: float, aim: float | None = None) -> Row:
    """A figure for the table and the file."""
    return {"name": name, "value": round(value, 3), "aim": aim}


def holds(figure: Row) -> bool:
    """Whether it reaches its aim."""
    if figure["aim"] is None:
        return True
    reached: bool = figure["value"] <= figure["aim"] if "at most" in figure["name"] else figure["value"] >= figure["aim"]
    return reached
