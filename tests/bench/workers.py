"""Two workers beside one, on SQLite and on PostgreSQL, the load and the simulator on the same processors: nothing is pinned."""

from contextlib import ExitStack

from tests.bench.loading import Work
from tests.bench.rounds import Row, row
from tests.bench.sides import Gateway, gateway
from tests.bench.stage import Stage
from tests.postgres import Server, running

ROUNDS = 4
TICKS = 4 * ROUNDS
WORK = Work(in_flight=32, seconds=2.0)
ONE, TWO = "SQLite, 1 worker", "SQLite, 2 workers"
ONE_PG, TWO_PG = "PostgreSQL, 1 worker", "PostgreSQL, 2 workers"


def measure(stage: Stage) -> list[Row]:
    """The rows of the figures."""
    with ExitStack() as stack:
        server = stack.enter_context(running())

        def started(name: str, workers: int, postgres: Server | None) -> Gateway:
            folder = stage.folder / name.replace(", ", "-").replace(" ", "-").lower()
            return stack.enter_context(gateway(name, folder, stage.agency, workers=workers, postgres=postgres))

        sides = [started(ONE, 1, None), started(TWO, 2, None), started(ONE_PG, 1, server), started(TWO_PG, 2, server)]
        stage.together()
        measured = stage.run("32 in flight, all on the same processors", sides, WORK, ROUNDS)
    return [
        row("two workers / one worker, load and simulator on the same two processors", measured.ratio(TWO, ONE), 1.3),
        row("two workers / one worker on PostgreSQL, its server on the same processors, too", measured.ratio(TWO_PG, ONE_PG)),
        row("PostgreSQL / SQLite, one worker, everything on the same processors", measured.ratio(ONE_PG, ONE)),
    ]
