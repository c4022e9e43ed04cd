"""What is left of the direct rate when the agency takes its time, as agencies do: it is the agency that is waited for, not the gateway.

Once with 32 clients and an agency of 100 ms; once with a crowd: 300 clients, an agency of 300 ms, two workers. An operator who expects
such a crowd at eight counters raises the source's `concurrency` and the worker's places, and so does this.
"""

from tests.bench.loading import Work
from tests.bench.rounds import Row, row
from tests.bench.sides import direct, gateway
from tests.bench.stage import Stage

ROUNDS = 3
TICKS = 2 * 2 * ROUNDS
CLIENTS, SLOW_S = 32, 0.1
CROWD, CROWD_SLOW_S = 300, 0.3
PLACES = 1024
"""So many that none of eight counters is refused its 38, should all connections come to one worker."""


def measure(stage: Stage) -> list[Row]:
    """The rows of the figures."""
    try:
        return [*_calm(stage), *_crowd(stage)]
    finally:
        stage.agency.take(0.0)


def _calm(stage: Stage) -> list[Row]:
    with gateway("whole", stage.folder / "slow", stage.agency) as whole:
        asked = direct(stage.agency)
        stage.apart([whole])
        stage.agency.take(SLOW_S)
        work = Work(in_flight=CLIENTS, seconds=3.0, warm=1.0)
        measured = stage.run("one worker, 32 in flight, agency of 100 ms", [whole, asked], work, ROUNDS)
        stage.agency.take(0.0)
    return [row("through / direct at an agency latency of 100 ms", measured.ratio("whole", "direct"), 0.9)]


def _crowd(stage: Stage) -> list[Row]:
    source, server = f"concurrency = {CROWD}", f"max_concurrent = {PLACES}"
    with gateway("2 workers", stage.folder / "crowd", stage.agency, workers=2, source=source, server=server) as whole:
        asked = direct(stage.agency)
        stage.together()
        stage.agency.take(CROWD_SLOW_S)
        work = Work(in_flight=CROWD, seconds=3.0, warm=2.0)
        measured = stage.run("two workers, 300 clients, agency of 300 ms", [whole, asked], work, ROUNDS)
        stage.agency.take(0.0)
    return [
        row("300 closed-loop clients, direct rate near 1,000/s, two workers: through / direct", measured.ratio("2 workers", "direct"), 0.4),
        row("the direct rate of that crowd, calls a second", measured.median("direct", lambda answer: answer.rate)),
    ]
