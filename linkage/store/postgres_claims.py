"""Claims in PostgreSQL: what must be exact across gateways, checked and taken in the transaction that writes the entry.

A round trip for each claim would hold the head's lock for long. So everything that the claims of a batch depend on is read at once
under the lock, the drafts are settled one after the other in memory, and what has changed is written at once. Claims are looked at in
the order in which the draft names them, and nothing is taken before all of them hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, LiteralString

from linkage.clock import thai_day_number, until_thai_midnight
from linkage.errors import Reason
from linkage.store.contract import (
    Answered,
    Claim,
    Conclusion,
    Denied,
    Draft,
    InProgress,
    NotEnded,
    Once,
    Placed,
    VisitEnd,
    Within,
    WithinDay,
)
from linkage.store.postgres_open import Connection, Cursor, columns


class OwnEntryError(Exception):
    """The claim is already held by this very entry: an earlier attempt of it was committed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A claim does not hold."""

    reason: Reason
    retry_after: float | None = None
    detail: str = ""

    def as_denied(self, placed: Placed) -> Denied:
        """The result for the entry that says so."""
        return Denied(self.reason, self.retry_after, placed, self.detail)


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    digest: bytes
    eid: bytes
    state: str
    reply: bytes | None
    until_ms: int


@dataclass(slots=True)
class _Wanted:
    """What a batch's drafts depend on."""

    visits: set[bytes] = field(default_factory=set)
    attempts: dict[bytes, int] = field(default_factory=dict)
    """The largest limit for each key."""
    requests: set[bytes] = field(default_factory=set)
    quotas: set[bytes] = field(default_factory=set)
    concluded: list[bytes] = field(default_factory=list)

    def see(self, draft: Draft) -> None:
        for claim in draft.claims:
            match claim:
                case NotEnded(visit):
                    self.visits.add(visit)
                case Within(key, limit, _):
                    self.attempts[key] = max(limit, self.attempts.get(key, 0))
                case Once(key):
                    self.requests.add(key)
                case WithinDay(key):
                    self.quotas.add(key)
        if draft.ref is not None and draft.conclusion is not None:
            self.concluded.append(draft.ref)


_ENDED: Final = "SELECT visit FROM linkage_claims.visit_end WHERE visit = ANY (%b::bytea[])"
_ATTEMPTS: Final = (
    "SELECT wanted.key, newest.ms, newest.eid FROM unnest(%b::bytea[], %b::bigint[]) AS wanted (key, most)"
    " CROSS JOIN LATERAL (SELECT ms, eid FROM linkage_claims.attempt WHERE key = wanted.key ORDER BY ms DESC LIMIT wanted.most) AS newest"
)
_REQUESTS: Final = (
    "SELECT key, digest, eid, state, reply, until_ms FROM linkage_claims.request WHERE key = ANY (%b::bytea[])"
    " UNION SELECT key, digest, eid, state, reply, until_ms FROM linkage_claims.request WHERE eid = ANY (%b::bytea[])"
)
_TAKEN: Final = "SELECT eid, key, day FROM linkage_claims.quota_taken WHERE eid = ANY (%b::bytea[])"
_QUOTAS: Final = (
    "SELECT key, day, spent FROM linkage_claims.quota WHERE key = ANY (%b::bytea[])"
    " UNION SELECT key, day, spent FROM linkage_claims.quota JOIN linkage_claims.quota_taken USING (key, day) WHERE eid = ANY (%b::bytea[])"
)

_END: Final = (
    "INSERT INTO linkage_claims.visit_end AS held SELECT * FROM unnest(%b::bytea[], %b::bigint[])"
    " ON CONFLICT (visit) DO UPDATE SET until_ms = greatest(held.until_ms, excluded.until_ms)"
)
_ATTEMPT: Final = "INSERT INTO linkage_claims.attempt SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::bytea[], %b::bigint[])"
_REQUEST: Final = (
    "INSERT INTO linkage_claims.request SELECT * FROM"
    " unnest(%b::bytea[], %b::bytea[], %b::bytea[], %b::text[], %b::bytea[], %b::bigint[]) ON CONFLICT (key) DO UPDATE"
    " SET digest = excluded.digest, eid = excluded.eid, state = excluded.state, reply = excluded.reply, until_ms = excluded.until_ms"
)
_QUOTA: Final = (
    "INSERT INTO linkage_claims.quota SELECT * FROM unnest(%b::bytea[], %b::bigint[], %b::bigint[])"
    " ON CONFLICT (key, day) DO UPDATE SET spent = excluded.spent"
)
_TAKE: Final = "INSERT INTO linkage_claims.quota_taken SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::bigint[]) ON CONFLICT DO NOTHING"


class Ledger:
    """The claims of one batch: read under the head's lock, settled here, written once."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        """Look through the drafts for what they depend on."""
        self._wanted = _Wanted()
        for draft in drafts:
            self._wanted.see(draft)
        self._reads: dict[str, Cursor] = {}
        self._visits: set[bytes] = set()
        self._ends: dict[bytes, int] = {}  # by visit: until when its end is to be known
        self._attempts: dict[bytes, list[tuple[int, bytes]]] = {}  # by key: time and entry, newest first
        self._made: dict[bytes, list[tuple[bytes, int, int]]] = {}  # by entry: key, time, until when it counts
        self._given_back: set[bytes] = set()
        self._requests: dict[bytes, _Request] = {}
        self._of_entry: dict[bytes, set[bytes]] = {}
        self._changed: set[bytes] = set()
        self._spent: dict[tuple[bytes, int], int] = {}
        self._counted: set[tuple[bytes, int]] = set()
        self._taken: dict[bytes, dict[bytes, int]] = {}
        self._taking: dict[tuple[bytes, bytes], int] = {}
        self._let_go: set[bytes] = set()

    # ---- reading ---------------------------------------------------------------------------------------------------

    def ask(self, connection: Connection) -> None:
        """Send what is to be read; in a pipeline, behind the statement that locks the head."""
        self._reads.clear()  # of a connection that was lost
        wanted, concluded = self._wanted, self._wanted.concluded

        def send(name: str, query: LiteralString, *keys: list[bytes] | list[int]) -> None:
            self._reads[name] = connection.execute(query, keys, binary=True)

        if wanted.visits:
            send("visits", _ENDED, list(wanted.visits))
        if wanted.attempts:
            # Attempts given back in this batch are among the newest, and others must then stand in for them.
            send("attempts", _ATTEMPTS, list(wanted.attempts), [limit + len(concluded) for limit in wanted.attempts.values()])
        if wanted.requests or concluded:
            send("requests", _REQUESTS, list(wanted.requests), concluded)
        if wanted.quotas or concluded:
            send("taken", _TAKEN, concluded)
            send("quotas", _QUOTAS, list(wanted.quotas), concluded)

    def take_in(self) -> None:
        """Take in what was read."""
        for (visit,) in self._rows("visits"):
            self._visits.add(visit)
        for key, ms, eid in self._rows("attempts"):
            self._attempts.setdefault(key, []).append((ms, eid))
        for key, *rest in self._rows("requests"):
            self._hold(key, _Request(*rest))
        for eid, key, day in self._rows("taken"):
            self._taken.setdefault(eid, {})[key] = day
        for key, day, spent in self._rows("quotas"):
            self._spent[key, day] = spent

    def _rows(self, name: str) -> Sequence[tuple[Any, ...]]:
        return self._reads[name].fetchall() if name in self._reads else ()

    def _hold(self, key: bytes, request: _Request) -> None:
        if key in self._requests:
            self._of_entry[self._requests[key].eid].discard(key)
        self._requests[key] = request
        self._of_entry.setdefault(request.eid, set()).add(key)

    # ---- settling --------------------------------------------------------------------------------------------------

    def settle(self, draft: Draft, ms: int) -> Failed | InProgress | Answered | None:
        """Take all claims of the draft at time ``ms``, or say what stands in the way and take none.

        Raises:
            OwnEntryError: a request claim is held by the draft's own id.
        """
        for claim in draft.claims:
            hindrance = self._look(claim, draft.eid, ms)
            if hindrance is not None:
                return hindrance
        for claim in draft.claims:
            self._take(claim, draft.eid, ms)
        return None

    def conclude(self, intent: bytes, conclusion: Conclusion) -> None:
        """Apply what a closing entry says of its intent's claims."""
        state = "retryable" if conclusion.retryable else "concluded"
        for key in self._of_entry.get(intent, ()):
            self._requests[key] = replace(self._requests[key], state=state, reply=conclusion.reply)
            self._changed.add(key)
        if conclusion.give_back:
            self._given_back.add(intent)
            self._made.pop(intent, None)
        for key, day in self._taken.pop(intent, {}).items():
            self._let_go.add(intent)
            self._taking.pop((intent, key), None)
            if conclusion.unanswered and (key, day) in self._spent:
                self._spent[key, day] -= 1
                self._counted.add((key, day))

    def end_visit(self, end: VisitEnd) -> None:
        """Note that the visit has ended; noting it twice keeps the later time."""
        self._visits.add(end.visit)
        self._ends[end.visit] = max(end.until_ms, self._ends.get(end.visit, end.until_ms))

    def _look(self, claim: Claim, eid: bytes, ms: int) -> Failed | InProgress | Answered | None:
        match claim:
            case NotEnded(visit):
                return Failed(Reason.VISIT_ENDED) if visit in self._visits else None
            case Within():
                return self._look_within(claim, ms)
            case Once():
                return self._look_once(claim, eid, ms)
            case WithinDay():
                return self._look_within_day(claim, ms)

    def _look_within(self, claim: Within, ms: int) -> Failed | None:
        since = ms - claim.window_s * 1000
        held = self._attempts.get(claim.key, ())
        times = [at for at, eid in held if at > since and eid not in self._given_back][: claim.limit]
        if len(times) < claim.limit:
            return None
        # When the oldest of the newest `limit` attempts leaves the window, one more is free. A limit of 0 never frees one.
        return Failed(Reason.ATTEMPTS_EXHAUSTED, (times[-1] - since) / 1000 if times else None)

    def _look_within_day(self, claim: WithinDay, ms: int) -> Failed | None:
        # The day is the transaction's own: an intent that has waited over midnight takes nothing of the day before.
        if self._spent.get((claim.key, thai_day_number(ms)), 0) < claim.limit:
            return None
        return Failed(Reason.AGENCY_QUOTA_EXHAUSTED, until_thai_midnight(ms) / 1000, claim.whose)

    def _look_once(self, claim: Once, eid: bytes, ms: int) -> Failed | InProgress | Answered | None:
        held = self._requests.get(claim.key)
        if held is None or held.until_ms <= ms:
            return None
        if held.digest != claim.digest:
            return Failed(Reason.REQUEST_ID_REUSED)
        if held.eid == eid:
            raise OwnEntryError
        if held.state == "retryable":
            return None
        return InProgress(held.eid) if held.state == "open" else Answered(held.eid, held.reply)

    def _take(self, claim: Claim, eid: bytes, ms: int) -> None:
        match claim:
            case NotEnded():
                pass
            case Within(key, _, window_s):
                self._attempts.setdefault(key, []).insert(0, (ms, eid))
                self._made.setdefault(eid, []).append((key, ms, ms + window_s * 1000))
            case Once(key, digest, keep_s):
                self._hold(key, _Request(digest, eid, "open", None, ms + keep_s * 1000))
                self._changed.add(key)
            case WithinDay(key):
                day = thai_day_number(ms)
                self._spent[key, day] = self._spent.get((key, day), 0) + 1
                self._counted.add((key, day))
                self._taken.setdefault(eid, {})[key] = self._taking[eid, key] = day

    # ---- writing ---------------------------------------------------------------------------------------------------

    def write(self, connection: Connection) -> None:
        """Send what has changed; in a pipeline."""
        run = connection.execute
        if self._ends:
            run(_END, (list(self._ends), list(self._ends.values())))
        if self._given_back:
            run("DELETE FROM linkage_claims.attempt WHERE eid = ANY (%b::bytea[])", (list(self._given_back),))
        made = [(key, ms, eid, until) for eid, each in self._made.items() for key, ms, until in each]
        if made:
            run(_ATTEMPT, columns(made))
        if self._changed:
            held = [(key, self._requests[key]) for key in sorted(self._changed)]
            run(_REQUEST, columns([(key, r.digest, r.eid, r.state, r.reply, r.until_ms) for key, r in held]))
        if self._counted:
            run(_QUOTA, columns([(*each, self._spent[each]) for each in sorted(self._counted)]))
        if self._let_go:
            run("DELETE FROM linkage_claims.quota_taken WHERE eid = ANY (%b::bytea[])", (list(self._let_go),))
        if self._taking:
            run(_TAKE, columns([(*each, day) for each, day in self._taking.items()]))
