"""Which quotas a question takes from: the agreement's own, and its officer's under that agreement."""

from typing import Any

from linkage.agreements import Grant
from linkage.agreements.model import Quota
from linkage.agreements.quota import claims_of
from linkage.terms import RecipientId, SourceName


def grant(agreement: str = "doe-dopa", **quota: int) -> Grant:
    return Grant(agreement, "d1", "Act", RecipientId("doe"), SourceName("dopa"), quota=Quota(**quota))


def test_an_agreement_without_a_quota_takes_nothing(caller: Any) -> None:
    assert claims_of(grant(), caller()) == ()


def test_each_limit_is_claimed_with_its_own_number_and_says_whose_it_is(caller: Any) -> None:
    both = claims_of(grant(per_day=500, per_officer_per_day=20), caller())

    assert [(claim.limit, claim.whose) for claim in both] == [(500, "agreement"), (20, "officer")]
    assert [claim.limit for claim in claims_of(grant(per_officer_per_day=20), caller())] == [20]


def test_two_officers_share_the_agreement_s_quota_and_have_each_their_own(caller: Any) -> None:
    first, second = (claims_of(grant(per_day=500, per_officer_per_day=20), caller(subject=subject)) for subject in ("o1", "o2"))

    assert first[0].key == second[0].key
    assert first[1].key != second[1].key


def test_agreements_share_nothing_and_no_two_names_run_into_each_other(caller: Any) -> None:
    asked = [(agreement, subject) for agreement in ("a", "ab") for subject in ("o", "bo")]
    keys = {claim.key for a, s in asked for claim in claims_of(grant(a, per_day=1, per_officer_per_day=1), caller(subject=s))}

    assert len(keys) == 2 + 4


def test_a_changed_agreement_goes_on_counting_where_it_was(caller: Any) -> None:
    (before,), (after,) = claims_of(grant(per_day=5), caller()), claims_of(grant(per_day=50), caller())

    assert before.key == after.key
