"""What a question takes of its agreement's quotas. Whether there is any left is for the log to say, when it records the intent."""

import hashlib
import json
from functools import lru_cache
from typing import Final

from linkage.agreements.model import Grant
from linkage.store.contract import WithinDay
from linkage.terms import Caller

OF_AGREEMENT: Final = "agreement"
OF_OFFICER: Final = "officer"
"""Whose quota it is, as the log and ErrorInfo name it."""


def claims_of(grant: Grant, caller: Caller) -> tuple[WithinDay, ...]:
    """One question under the grant's agreement, asked by this officer; empty where the agreement sets no quota.

    Counted under the agreement's id, so that the day's count goes on when the agreement is changed on the way.
    """
    quota, officer = grant.quota, caller.officer
    claims = []
    if quota.per_day is not None:
        claims.append(WithinDay(_key(OF_AGREEMENT, grant.agreement_id), quota.per_day, OF_AGREEMENT))
    if quota.per_officer_per_day is not None:
        key = _key(OF_OFFICER, grant.agreement_id, officer.issuer, officer.subject)
        claims.append(WithinDay(key, quota.per_officer_per_day, OF_OFFICER))
    return tuple(claims)


@lru_cache(maxsize=1024)  # an officer asks again and again
def _key(*parts: str) -> bytes:
    # Of one length whatever is named. What it is made of stands in the log's entries in clear.
    return hashlib.sha256(json.dumps(parts).encode()).digest()
