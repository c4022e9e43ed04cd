"""Everything that can come of an access has a sentence in both languages, and nobody's name is made up."""

from typing import Any

import pytest

from linkage.agreements import Book
from linkage.audit.access import Access
from linkage.audit.asked import RESULTS, UNANSWERED, result_of
from linkage.catalogue import Catalogue
from linkage.errors import Reason
from linkage.identity.register import Register
from linkage.in_force import InForce
from linkage.rpc.reasons import TABLE
from linkage.terms import CardProblem, Verdict
from linkage.told import AccessKind, kind_of, tell
from tests.documented import documented

NOBODY = InForce(Register({}, {}, {}, {}, {}, frozenset(), frozenset(), ""), Catalogue({}, {}, ""), Book(()), "")


def access(kind: str = "intent", closed_by: str = "outcome", **facts: Any) -> Access:
    return Access(7, bytes(16), kind, 1_767_225_600_000, facts, closed_by=closed_by, closing_index=8 if closed_by else -1)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_told(verdict: Verdict) -> None:
    told = tell(access(method="VerifyIdentity", result=verdict.value, source="dopa"), NOBODY)

    assert AccessKind.VERIFICATION is told.kind
    assert "recorded as “" not in told.outcome.en
    assert told.told.th.endswith(told.outcome.th)


@pytest.mark.parametrize("result", ["found", "not_found", "refused", "cancelled", "failed", "abandoned"])
def test_every_end_of_a_lookup_is_told_and_all_but_one_disclose_nothing(result: str) -> None:
    told = tell(access(method="Lookup", result=result, reason=Reason.NO_AGREEMENT.value), NOBODY)

    assert (result in ("found", "not_found")) == ("Nothing was disclosed" not in told.outcome.en)
    assert "recorded as “" not in told.outcome.en


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("kind", ["intent", "denied"])
def test_unknown_is_never_told_as_refused_and_a_decision_always_is(kind: str, reason: Reason) -> None:
    entry = access(kind, "outcome" if kind == "intent" else "", method="Lookup", result="refused", reason=reason.value)
    told = tell(entry, NOBODY)
    decided = TABLE[reason].code.name not in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "DATA_LOSS", "ABORTED")
    decided = decided and reason is not Reason.OVERLOADED

    assert decided == (result_of(entry) == "refused")
    assert decided == ("refused" in told.told.en)
    assert decided == ("ปฏิเสธ" in told.told.th)
    assert decided != ("could not be answered" in told.outcome.en)
    assert decided != ("ตอบไม่ได้" in told.outcome.th)
    assert reason is Reason.AGENCY_UNAVAILABLE or reason.value in told.outcome.en
    assert "Nothing was disclosed" in told.outcome.en


def test_what_is_open_or_was_cut_off_is_told_as_that() -> None:
    assert "not recorded yet" in tell(access(closed_by="", method="Lookup"), NOBODY).outcome.en
    assert "cut off" in tell(access(closed_by="recovered", method="Lookup", why="process ended"), NOBODY).outcome.en


def test_what_register_and_catalogue_do_not_know_is_told_by_its_id_and_what_is_missing_left_out() -> None:
    named = tell(access(method="Lookup", result="found", centre="old-01", source="gone", types=["gone.paper"], fields=["stamp"]), NOBODY)
    empty = tell(access(method="Lookup", result="a new word"), NOBODY)

    assert ("old-01", "gone", "gone.paper") == (
        named.centre.en if named.centre else "",
        named.source.th if named.source else "",
        named.records[0].type,
    )
    assert "gone.paper (stamp)" in named.told.en
    assert (None, None, ()) == (empty.centre, empty.service, empty.records)
    assert "a new word" in empty.outcome.en
    assert "{" not in named.told.en + named.told.th + empty.told.en + empty.told.th


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (access("read", auditor="urn:a"), AccessKind.READING),
        (access("denied", method="Lookup"), AccessKind.REFUSED),
        (access(method="BeginLogin"), AccessKind.OFFICER_LOGIN),
    ],
    ids=["read", "denied", "login"],
)
def test_an_access_is_told_by_its_kind(entry: Access, kind: AccessKind) -> None:
    assert kind is kind_of(entry)
    assert tell(entry, NOBODY).told.en.startswith("1 January 2026, 07:00: ")
    assert tell(entry, NOBODY).told.th.startswith("1 ม.ค. 2569 เวลา 07:00 น. ")


def test_what_was_refused_is_told_with_what_was_asked_for_where_the_entry_says_it() -> None:
    refused = tell(access("denied", closed_by="", method="Lookup", types=["gone.paper"], fields=["stamp"]), NOBODY).told
    ended = tell(access("denied", closed_by="", method="EndVisit"), NOBODY).told

    assert "Asked for: gone.paper (stamp)." in refused.en
    assert "ข้อมูลที่ขอ: gone.paper (stamp)" in refused.th
    assert ("Asked for" not in ended.en, "ข้อมูลที่ขอ" not in ended.th) == (True, True)


def test_every_result_that_can_be_looked_for_is_one_that_entries_are_documented_to_hold() -> None:
    assert documented().results | {UNANSWERED} == set(RESULTS)


def test_an_invalid_card_is_told_without_why() -> None:
    told = tell(access(method="VerifyIdentity", result=Verdict.CARD_NOT_VALID.value, card_problem=CardProblem.LOST.value), NOBODY)

    assert "no longer valid" in told.outcome.en
