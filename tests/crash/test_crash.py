"""kill -9 under load, in short: the long form is `make crash`. Then the account itself is put to the test, with evidence made false."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from linkage.v1 import receipt_pb2
from tests.crash.account import Evidence, draw_up
from tests.crash.campaign import Course, Plan, run
from tests.crash.counters import Answer, Asked, Way

pytestmark = pytest.mark.crash

KILLS = 6


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, Evidence]:
    plan = Plan(tmp_path_factory.mktemp("crash"), seed=random.randrange(10**6), kills=KILLS, births=1)
    return asyncio.run(run(plan, _silent))


def test_after_kills_under_load_every_query_and_every_answer_is_accounted_for(campaign: tuple[Course, Evidence]) -> None:
    course, evidence = campaign
    account = draw_up(evidence, _silent)
    assert account.settled, [line for line in account.lines if line.faults]
    assert course.kills.total() == KILLS
    assert course.births == 1
    for line in account.lines:
        if line.claim != "Nothing that was recovered had been answered":
            assert line.cases > 0, line.claim


def _with_answer(evidence: Evidence, change: Callable[[Answer], Answer]) -> Evidence:
    """The same evidence, with the first reply of a lookup changed."""
    first = next(one for one in evidence.asked if one.method == "Lookup" and one.answers and one.answers[0].way is Way.REPLIED)
    told = replace(first, answers=[change(first.answers[0]), *first.answers[1:]])
    return replace(evidence, asked=tuple(told if one is first else one for one in evidence.asked))


def _changed_leaf(answer: Answer) -> Answer:
    receipt = receipt_pb2.Receipt()
    receipt.CopyFrom(answer.receipt or receipt)
    receipt.leaf += b" "
    return replace(answer, receipt=receipt)


def _foreign_receipt(evidence: Evidence) -> Evidence:
    other = next(
        one.answers[0] for one in evidence.asked if one.method == "VerifyIdentity" and one.answers and one.answers[0].way is Way.REPLIED
    )
    return _with_answer(evidence, lambda answer: replace(answer, receipt=other.receipt))


def _answered_twice(evidence: Evidence) -> Evidence:
    """The first reply of a lookup comes again after the next start, as another one."""

    def twice(one: Asked) -> Asked:
        again = replace(one.answers[0], life=one.answers[0].life + 1, body=b"another record")
        return replace(one, answers=[one.answers[0], again])

    first = next(one for one in evidence.asked if one.method == "Lookup" and one.answers and one.answers[0].way is Way.REPLIED)
    return replace(evidence, asked=tuple(twice(one) if one is first else one for one in evidence.asked))


def _given_up(evidence: Evidence) -> Evidence:
    first = next(one for one in evidence.asked if one.client_request_id)
    return replace(evidence, asked=(*evidence.asked, replace(first, lives={1, 2}, answers=[], given_up=True)))


def _held_against_it(evidence: Evidence) -> Evidence:
    """A request that was lost with the gateway, and then refused because the gateway remembered it."""
    denied = next(answer for one in evidence.asked for answer in one.answers if answer.way is Way.REFUSED)
    refused = replace(denied, word="REQUEST_ID_REUSED", receipt=None)
    return replace(evidence, asked=(*evidence.asked, Asked("Lookup", receipt_pb2.Receipt(), "an id", lives={1, 2}, answers=[refused])))


FALSE: dict[str, Callable[[Evidence], Evidence]] = {
    "Every query that an agency received has an intent": lambda e: replace(
        e, received=(*e.received, {"operation": "request", "request_id": "", "at_ms": 0})
    ),
    "No query is older than its intent": lambda e: replace(e, received=({**e.received[0], "at_ms": 0}, *e.received[1:])),
    "Every reply's receipt proves an outcome that says the same": lambda e: _with_answer(e, _changed_leaf),
    "What was answered before a kill is answered alike after it": _answered_twice,
    "What was asked again after a kill was answered in the end": _given_up,
    "No defect in the gateway's own words, no other trouble": lambda e: replace(e, defects=1),
}


@pytest.mark.parametrize("claim", FALSE)
def test_the_account_names_the_claim_that_false_evidence_contradicts(claim: str, campaign: tuple[Course, Evidence]) -> None:
    account = draw_up(FALSE[claim](campaign[1]), _silent)
    assert [line.claim for line in account.lines if line.faults] == [claim]


def test_a_request_whose_own_id_is_held_against_it_is_a_fault(campaign: tuple[Course, Evidence]) -> None:
    faults = [fault for line in draw_up(_held_against_it(campaign[1]), _silent).lines for fault in line.faults]
    assert "Lookup: its own id is held against it" in faults


def test_a_receipt_of_another_entry_proves_nothing(campaign: tuple[Course, Evidence]) -> None:
    faults = [fault for line in draw_up(_foreign_receipt(campaign[1]), _silent).lines for fault in line.faults]
    assert len(faults) == 1
    assert faults[0].endswith("its receipt is of outcome of another request")


def test_a_reply_without_receipt_is_a_fault(campaign: tuple[Course, Evidence]) -> None:
    account = draw_up(_with_answer(campaign[1], lambda answer: replace(answer, receipt=None)), _silent)
    assert not account.settled
