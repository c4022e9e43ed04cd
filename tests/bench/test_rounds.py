"""Figures of the benchmark are what they say."""

from tests.bench.__main__ import in_order
from tests.bench.loading import Answer
from tests.bench.picture import RATIOS
from tests.bench.rounds import Rounds, alternate, holds, row
from tests.bench.stage import lines_of


def answer(rate: float) -> Answer:
    return Answer(
        rate=rate, p50_ms=1000 / rate, p99_ms=2000 / rate, refused=0, refused_p99_ms=0.0, given_up=0, cpu_ms={"server": rate / 100}
    )


def test_a_ratio_is_that_of_rounds_next_to_each_other_and_not_of_medians() -> None:
    rounds = Rounds({"ours": [answer(300), answer(100), answer(20)], "theirs": [answer(150), answer(10), answer(100)]})
    assert rounds.ratio("ours", "theirs") == 2.0
    assert rounds.median("ours", lambda each: each.rate) == 100


def test_every_other_round_goes_the_other_way_round() -> None:
    order: list[str] = []
    ticks: list[int] = []

    def measured(name: str) -> Answer:
        order.append(name)
        return answer(100)

    alternate({name: lambda name=name: measured(name) for name in "abc"}, 3, lambda: ticks.append(1))  # type: ignore[misc]  # mypy takes no default of a lambda
    assert "".join(order) == "abccbaabc"
    assert len(ticks) == 9


def test_an_aim_is_the_least_unless_the_name_says_at_most() -> None:
    assert holds(row("rate", 1.5, 1.5))
    assert not holds(row("rate", 1.49, 1.5))
    assert holds(row("memory, at most", 1.2, 1.2))
    assert not holds(row("memory, at most", 1.21, 1.2))
    assert holds(row("rate", 0.0))


def test_a_line_of_the_table_holds_medians_and_the_spread() -> None:
    (line,) = lines_of("heading", Rounds({"ours": [answer(100), answer(400), answer(200)]}))
    assert (line.rate, line.least, line.most) == (200, 100, 400)
    assert line.cpu_ms == {"server": 2.0}


def test_the_rows_of_the_table_come_first_in_its_order_then_others_with_an_aim() -> None:
    first, last = (row(f"{begins} and so on", 1.0, 1.0) for begins in (RATIOS[0][0], RATIOS[-1][0]))
    other, told = row("a bundle", 1.0, 1.2), row(f"{RATIOS[0][0]}: more of it", 5.0)
    assert in_order([told, other, last, first]) == [first, last, other, told]
