"""Claims in SQLite: what must be exact across workers, checked and taken in the transaction that writes the entry.

Claims are looked at in the order in which the draft names them, and nothing is taken before all of them hold.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

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
from linkage.store.log_time import REFUSED_MS
from linkage.store.sqlite_rows import run_rows


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


def ended_visits(connection: apsw.Connection, drafts: Sequence[Draft]) -> set[bytes]:
    """Of the visits that these drafts claim not to have ended, those that have."""
    named = {(claim.visit,) for draft in drafts for claim in draft.claims if isinstance(claim, NotEnded)}
    return {row[0] for row in run_rows(connection, "SELECT visit FROM visit_end WHERE visit IN (VALUES ", list(named), ")")}


def settle(connection: apsw.Connection, draft: Draft, ms: int, ended: Collection[bytes]) -> Failed | InProgress | Answered | None:
    """Take all claims of the draft at time ``ms``, or say what stands in the way and take none. ``ended``: visits that have.

    Raises:
        OwnEntryError: a claim is held by the draft's own id.
    """
    for claim in draft.claims:
        hindrance = _look(connection, claim, draft.eid, ms, ended)
        if hindrance is not None:
            return hindrance
    for claim in draft.claims:
        _take(connection, claim, draft.eid, ms)
    return None


def _look(
    connection: apsw.Connection, claim: Claim, eid: bytes, ms: int, ended: Collection[bytes]
) -> Failed | InProgress | Answered | None:
    match claim:
        case NotEnded(visit):
            return Failed(Reason.VISIT_ENDED) if visit in ended else None
        case Within():
            return _look_within(connection, claim, ms)
        case Once():
            return _look_once(connection, claim, eid, ms)
        case WithinDay():
            return _look_within_day(connection, claim, ms)


def _look_within(connection: apsw.Connection, claim: Within, ms: int) -> Failed | None:
    since = ms - claim.window_s * 1000
    rows: list[Any] = connection.execute(
        "SELECT ms FROM attempt WHERE key = ? AND ms > ? ORDER BY ms DESC LIMIT ?", (claim.key, since, claim.limit)
    ).fetchall()
    if len(rows) < claim.limit:
        return None
    # When the oldest of the newest `limit` attempts leaves the window, one more is free. A limit of 0 never frees one.
    times: list[int] = [row[0] for row in rows]
    wait = (times[-1] - since) / 1000 if times else None
    return Failed(Reason.ATTEMPTS_EXHAUSTED, wait)


def _look_within_day(connection: apsw.Connection, claim: WithinDay, ms: int) -> Failed | None:
    # The day is the transaction's own: an intent that has waited over midnight takes nothing of the day before.
    row = connection.execute("SELECT spent FROM quota WHERE key = ? AND day = ?", (claim.key, thai_day_number(ms))).fetchone()
    if (0 if row is None else row[0]) < claim.limit:
        return None
    return Failed(Reason.AGENCY_QUOTA_EXHAUSTED, until_thai_midnight(ms) / 1000, claim.whose)


def _look_once(connection: apsw.Connection, claim: Once, eid: bytes, ms: int) -> Failed | InProgress | Answered | None:
    row = connection.execute("SELECT digest, eid, state, reply FROM request WHERE key = ? AND until_ms > ?", (claim.key, ms)).fetchone()
    if row is None:
        return None
    digest, owner, state, reply = row
    if digest != claim.digest:
        return Failed(Reason.REQUEST_ID_REUSED)
    if owner == eid:
        raise OwnEntryError
    if state == "retryable":
        return None
    return InProgress(owner) if state == "open" else Answered(owner, reply)


def _take(connection: apsw.Connection, claim: Claim, eid: bytes, ms: int) -> None:
    match claim:
        case NotEnded():
            pass
        case Within(key, _, window_s):
            try:
                connection.execute("INSERT INTO attempt VALUES (?, ?, ?, ?)", (key, ms, eid, ms + window_s * 1000))
            except apsw.ConstraintError as cause:  # the time stood still since the earlier attempt
                raise OwnEntryError from cause
        case Once(key, digest, keep_s):
            connection.execute(
                "INSERT INTO request VALUES (?, ?, ?, 'open', NULL, ?) ON CONFLICT (key) DO UPDATE"
                " SET digest = excluded.digest, eid = excluded.eid, state = 'open', reply = NULL, until_ms = excluded.until_ms",
                (key, digest, eid, ms + keep_s * 1000),
            )
        case WithinDay(key):
            day = thai_day_number(ms)
            connection.execute(
                "INSERT INTO quota VALUES (?, ?, 1) ON CONFLICT (key, day) DO UPDATE SET spent = spent + 1",
                (key, day),
            )
            # An entry written before is found out when its leaf is inserted, and all of this is rolled back.
            connection.execute("INSERT INTO quota_taken VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (eid, key, day))


def conclude(connection: apsw.Connection, intent: bytes, conclusion: Conclusion) -> None:
    """Apply what a closing entry says of its intent's claims."""
    connection.execute(
        "UPDATE request SET state = ?, reply = ? WHERE eid = ?",
        ("retryable" if conclusion.retryable else "concluded", conclusion.reply, intent),
    )
    if conclusion.give_back:
        connection.execute("DELETE FROM attempt WHERE eid = ?", (intent,))
    if conclusion.unanswered:
        connection.execute(
            "UPDATE quota SET spent = spent - 1 FROM quota_taken AS taken"
            " WHERE taken.eid = ? AND quota.key = taken.key AND quota.day = taken.day",
            (intent,),
        )
    connection.execute("DELETE FROM quota_taken WHERE eid = ?", (intent,))


def end_visit(connection: apsw.Connection, end: VisitEnd) -> None:
    """Note that the visit has ended; noting it twice keeps the later time."""
    connection.execute(
        "INSERT INTO visit_end VALUES (?, ?) ON CONFLICT (visit) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)",
        (end.visit, end.until_ms),
    )


def purge(connection: apsw.Connection, now_ms: int, at_most: int) -> int:
    """Delete up to ``at_most`` rows of each kind whose time is over, and give their number."""
    before = connection.total_changes()
    connection.execute("DELETE FROM request WHERE rowid IN (SELECT rowid FROM request WHERE until_ms <= ? LIMIT ?)", (now_ms, at_most))
    connection.execute(
        "DELETE FROM attempt WHERE (key, ms, eid) IN (SELECT key, ms, eid FROM attempt WHERE until_ms <= ? LIMIT ?)",
        (now_ms, at_most),
    )
    # A clock that is set back within what the log accepts makes the visit's token valid again: its end must still be known then.
    over_ms = now_ms - REFUSED_MS
    connection.execute("DELETE FROM visit_end WHERE visit IN (SELECT visit FROM visit_end WHERE until_ms <= ? LIMIT ?)", (over_ms, at_most))
    # By the same margin a quota that was spent stays spent.
    for table, own in (("quota", "key, day"), ("quota_taken", "eid, key")):
        over = f"SELECT {own} FROM {table} WHERE day < ? LIMIT ?"  # noqa: S608 (names of our own tables)
        connection.execute(f"DELETE FROM {table} WHERE ({own}) IN ({over})", (thai_day_number(over_ms), at_most))  # noqa: S608 (as above)
    return connection.total_changes() - before
