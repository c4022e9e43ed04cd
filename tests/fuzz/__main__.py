"""`make fuzz`: every parser, in turns, for at least ten minutes; prints what was thrown at which, and how much."""

import argparse
import random
import sys
import time

from rich.console import Console
from rich.progress import track

from tests.fuzz.rounds import Target, play
from tests.fuzz.targets import ALL

TURNS = 4
"""Each parser has its time in so many parts, each from another beginning."""

out = Console(highlight=False)


def main() -> int:
    parsed = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parsed.add_argument("--minutes", type=float, default=10.0, help="at least this long in all")
    parsed.add_argument("--only", default="", metavar="NAME", help="one parser alone")
    parsed.add_argument("--seed", type=int, default=None, help="begin as an earlier run did")
    asked = parsed.parse_args()
    targets = [target for target in ALL if asked.only in ("", target.name)]
    if not targets:
        out.print(f"no such parser; there are: {', '.join(target.name for target in ALL)}")
        return 2
    beginning = random.randrange(2**32) if asked.seed is None else asked.seed
    begun = time.monotonic()
    counts = _thrown(targets, asked.minutes * 60 / TURNS / len(targets), beginning)
    for target in targets:
        out.print(f"{counts[target.name]:>12,}  {target.name}")
    minutes = (time.monotonic() - begun) / 60
    out.print(
        f"{sum(counts.values()):>12,}  examples at {len(targets)} parsers in {minutes:.1f} minutes, from seed {beginning}: nothing broke"
    )
    return 0


def _thrown(targets: list[Target], seconds: float, beginning: int) -> dict[str, int]:
    counts = dict.fromkeys((target.name for target in targets), 0)
    turns = [(turn, target) for turn in range(TURNS) for target in targets]
    for number, (turn, target) in enumerate(track(turns, "fuzzing", console=Console(stderr=True), disable=not sys.stderr.isatty())):
        try:
            counts[target.name] += play(target, seconds, beginning + turn * 1_000_003 + number * 10_007)
        except BaseException:
            out.print(f"{target.name} broke, after {sum(counts.values()):,} examples, from seed {beginning}")
            raise
    return counts


if __name__ == "__main__":
    sys.exit(main())
