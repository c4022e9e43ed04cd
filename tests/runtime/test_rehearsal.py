"""Every adapter whose records need no officer's login can be rehearsed: the folder that is made passes the gateway's own check."""

from pathlib import Path

import pytest

from linkage.clock import SystemClock
from linkage.runtime import equipment
from linkage.runtime.rehearsal import rehearsing
from linkage.settings import load
from linkage.sources.adapter import Fetches
from linkage.sources.installed import Candidate, list_installed


def can_be_rehearsed(candidate: Candidate) -> bool:
    adapter = candidate.make()
    return isinstance(adapter, Fetches) and not adapter.needs_login


CANDIDATES = [one.candidate for one in list_installed() if one.candidate is not None and can_be_rehearsed(one.candidate)]


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda one: one.name)
async def test_a_rehearsals_gateway_is_in_order(candidate: Candidate, tmp_path: Path) -> None:
    with rehearsing(candidate, port=0, gateway=tmp_path / "gateway", clock=SystemClock()) as rehearsal:
        place = rehearsal.place
        assert place is not None
        counted = await equipment.check(load(place.settings), place.settings)
        assert (2, 2) == (counted["sources"], counted["agreements"])
        assert {question.record_type.partition(".")[0] for question in rehearsal.questions} == {candidate.name}
        assert len((place.counter / "card").read_text(encoding="utf-8").splitlines()) == 5


async def test_what_a_rehearsal_before_has_left_is_made_anew(tmp_path: Path) -> None:
    (candidate,) = (one for one in CANDIDATES if one.name == "led")
    seen = set()
    for _ in range(2):
        with rehearsing(candidate, port=0, gateway=tmp_path / "gateway", clock=SystemClock()):
            seen.add((tmp_path / "gateway" / "ca.pem").read_text(encoding="ascii"))
    assert len(seen) == 2
