"""Ten times as many clients as keep one worker busy, all honouring pushback: what is still answered, and how fast the rest is refused.

Capacity is the best rate of the same gateway at moderate load in the same round. Once with the settings as they come; once with room for
96 requests only, where four in five must be refused. A few of the clients try nothing again, so that the time of a refusal is seen.
"""

from statistics import median

from tests.bench.loading import Work
from tests.bench.rounds import Row, alternate, row
from tests.bench.sides import Side, gateway
from tests.bench.stage import Stage, lines_of

ROUNDS = 3
TICKS = 2 * 3 * ROUNDS
CALM, MOST_CALM, MOST_CALM_OF_FEW = 32, 96, 40
"""Clients in flight that are all let in: by each counter's share, and by the agency's own limit of 64 and as many that wait."""
STORM = Work(in_flight=320, seconds=3.0, warm=1.5, honour=True, probes=8)
PLACES = 96


def measure(stage: Stage) -> list[Row]:
    """The rows of the figures."""
    with gateway("whole", stage.folder / "storm", stage.agency) as side:
        rows = _storm(stage, side, "320 in flight from clients that honour pushback: goodput / capacity", MOST_CALM)
    with gateway("whole", stage.folder / "storm-few", stage.agency, server=f"max_concurrent = {PLACES}") as side:
        return rows + _storm(stage, side, f"{PLACES} places in the worker, 320 in flight: goodput / capacity", MOST_CALM_OF_FEW)


def _storm(stage: Stage, side: Side, name: str, most: int) -> list[Row]:
    stage.apart([side])
    calm = (Work(in_flight=clients, seconds=1.5, warm=0.5) for clients in (CALM, most))
    works = {f"{work.in_flight} in flight": work for work in (*calm, STORM)}
    measured = alternate({each: lambda work=work: side.measure(stage.load, work) for each, work in works.items()}, ROUNDS, stage.tick)  # type: ignore[misc]  # mypy takes no default of a lambda
    told = name.partition(":")[0]
    stage.lines += lines_of(told, measured)
    *moderate, storm = (measured.answers[each] for each in works)
    goodput = [stormy.rate / max(each.rate for each in calms) for stormy, *calms in zip(storm, *moderate, strict=True)]
    refused = sum(answer.refused for answer in storm)
    return [
        row(name, median(goodput), 0.8),
        row(
            f"{told}: p99 of refusals in the worst round, ms ({refused} seen by those who do not try again)",
            max(a.refused_p99_ms for a in storm),
        ),
        row(f"{told}: calls a second given up after all retries", median(answer.given_up for answer in storm) / STORM.seconds),
    ]
