"""How many lookups a second, side by side, and how long one takes alone.

One worker each, the servers on one processor, load and simulator on the other.
"""

from contextlib import ExitStack

from tests.bench.loading import Answer, Work
from tests.bench.rounds import Row, row
from tests.bench.sides import Gateway, Side, direct, empty, forwarder, gateway, peer
from tests.bench.stage import Stage

ROUNDS, ALONE_ROUNDS = 5, 5
TICKS = 5 * ROUNDS + 3 * ALONE_ROUNDS
WORK = Work(in_flight=32, seconds=2.0)
ALONE = Work(in_flight=1, seconds=1.0, warm=0.3)


def measure(stage: Stage) -> list[Row]:
    """The rows of the figures."""
    with ExitStack() as stack:
        whole = stack.enter_context(gateway("whole", stage.folder / "whole", stage.agency))
        others = [
            stack.enter_context(forwarder("bare", "default", whole, stage.agency)),
            stack.enter_context(forwarder("aiohttp", "aiohttp", whole, stage.agency)),
            stack.enter_context(peer(whole, stage.agency)),
        ]
        nothing = stack.enter_context(empty(whole))
        asked = direct(stage.agency)
        stage.apart([whole, *others, nothing])
        return [*_side_by_side(stage, [whole, *others, asked]), *_alone(stage, whole, asked, nothing)]


def _side_by_side(stage: Stage, sides: list[Side]) -> list[Row]:
    measured = stage.run("one worker, 32 in flight", sides, WORK, ROUNDS)
    return [
        row("whole gateway / bare grpc.aio + default httpx", measured.ratio("whole", "bare"), 1.5),
        row("whole gateway / bare over httpx-aiohttp", measured.ratio("whole", "aiohttp"), 0.65),
        row("whole gateway / competent team-built peer", measured.ratio("whole", "peer"), 3),
    ]


def _alone(stage: Stage, whole: Gateway, asked: Side, nothing: Side) -> list[Row]:
    measured = stage.run("one in flight", [whole, asked, nothing], ALONE, ALONE_ROUNDS)

    def p50(side: str) -> float:
        return measured.median(side, _p50)

    added = (p50("whole") - p50("direct")) / p50("empty")
    return [
        row("p50 through minus direct at one in flight, in empty grpc.aio calls, at most", added, 4),
        row("p50 of an empty grpc.aio call over the same mutual TLS, ms", p50("empty")),
    ]


def _p50(answer: Answer) -> float:
    return answer.p50_ms
