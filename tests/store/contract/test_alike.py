"""Whatever comes, in whatever batches: both backends answer the same, and keep the same."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.store.contract import Conclusion, Denied, Draft, Kind, NotEnded, Once, Result, VisitEnd, Within, WithinDay
from tests.postgres import Server
from tests.small_log import draft, intent, outcome
from tests.store.contract.places import Place, PostgresPlace, SqlitePlace, entries, lay_out, verified

KEPT = (
    "SELECT key, digest, eid, state, reply, until_ms FROM request ORDER BY key",
    "SELECT key, ms, eid, until_ms FROM attempt ORDER BY key, ms, eid",
    "SELECT visit, until_ms FROM visit_end ORDER BY visit",
    "SELECT key, day, spent FROM quota ORDER BY key, day",
    "SELECT eid, key, day FROM quota_taken ORDER BY eid, key",
    "SELECT eid, idx, ms FROM open_intent ORDER BY idx",
)


class Traffic:
    """Drafts that keep getting in each other's way: few keys, low limits, retries, second outcomes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._intents: list[Draft] = []
        self._sent: list[Draft] = []

    def batch(self, now_ms: int) -> list[Draft]:
        drafts = [self._one(now_ms) for _ in range(self._random.randint(1, 7))]
        self._sent += drafts
        return drafts

    def pause(self) -> float:
        return self._random.choice((0, 0, 0.5, 3, 40, 20_000))

    def _one(self, now_ms: int) -> Draft:
        pick = self._random
        what = pick.random()
        if what < 0.5 or not self._intents:
            asked = intent(*pick.sample(self._claims(), pick.randint(0, 4)))
            self._intents.append(asked)
            return asked
        if what < 0.85:
            flags = (pick.random() < 0.4, pick.random() < 0.4, pick.random() < 0.4)
            conclusion = Conclusion(*flags, reply=pick.choice((None, b"sealed")))
            closed = pick.choice(self._intents[-12:])
            return outcome(closed, conclusion) if what < 0.8 else draft(Kind.RECOVERED, closed.eid, conclusion=conclusion)
        if what < 0.92:
            return draft(Kind.VISIT_END, visit_end=VisitEnd(self._visit(), now_ms + pick.randint(1, 100_000)))
        return pick.choice(self._sent[-12:]) if self._sent else draft()

    def _visit(self) -> bytes:
        return b"visit %d" % self._random.randint(0, 8) + bytes(9)

    def _claims(self) -> list[NotEnded | Within | Once | WithinDay]:
        pick = self._random
        return [
            NotEnded(self._visit()),
            Within(b"officer %d" % pick.randint(0, 2), pick.randint(1, 4), 60),
            Once(b"request %d" % pick.randint(0, 9), pick.choice((b"this", b"this", b"that")), keep_s=pick.choice((10, 86_400))),
            WithinDay(b"agreement %d" % pick.randint(0, 1), pick.randint(1, 6), "agreement"),
        ]


def answer(result: Result) -> Any:
    """A result without what depends on the log's own id."""
    if isinstance(result, Denied):
        return "Denied", result.reason, result.retry_after, result.detail, result.placed.index
    return type(result).__name__, result.eid, getattr(result, "index", None), getattr(result, "reply", None)


@pytest.fixture
def both(postgres: Server, tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    database = postgres.fresh_database(lay_out)
    places = SqlitePlace(tmp_path / "log.db"), PostgresPlace(database.gateway, database.owner)
    yield places
    for place in places:
        place.close()
    postgres.drop(database)


@pytest.mark.parametrize("seed", [1, 2, random.SystemRandom().randint(3, 10**9)], ids=["one", "two", "another each time"])
def test_both_backends_answer_the_same_and_keep_the_same(seed: int, both: tuple[Place, Place]) -> None:
    clock, traffic = FakeClock(), Traffic(seed)
    logs = [place.open(clock) for place in both]
    for turn in range(60):
        drafts = traffic.batch(clock.now_ms())
        here, there = ([answer(result) for result in log.append(drafts)] for log in logs)
        assert here == there, f"seed {seed}, batch {turn}"
        clock.advance(traffic.pause())
        if turn % 10 == 9:
            assert logs[0].purge(clock.now_ms()) == logs[1].purge(clock.now_ms()), f"seed {seed}, batch {turn}"
            for query in KEPT:
                assert both[0].ask(query) == both[1].ask(query), f"seed {seed}, batch {turn}: {query}"
    assert entries(both[0]) == entries(both[1])
    assert verified(both[0]).root == verified(both[1]).root
    assert verified(both[1]).clean
