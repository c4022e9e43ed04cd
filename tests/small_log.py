"""A small true log for tests: its key, drafts to append, and what a reader of it finds."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from linkage.audit.boot import new_origin, open_log
from linkage.audit.record import JSON, Entry, frame
from linkage.audit.report import Report
from linkage.audit.verify import verify_all
from linkage.clock import Clock, SystemClock
from linkage.errors import Reason
from linkage.store.backend import LogStore
from linkage.store.contract import Claim, Conclusion, Draft, Kind, LeafFrame, Placed, Result, SpaceLimits, StoredEntry, VisitEnd
from linkage.store.sqlite_log import SqliteLog, create_log
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.note import Signer

SIGNER = LogSigner.of(Signer("linkage.example/audit", bytes(range(32))))
ORIGIN = new_origin("a")
NO_WATERMARKS = SpaceLimits(0, 0)


def draft(
    kind: Kind = Kind.DENIED,
    ref: bytes | None = None,
    *,
    eid: bytes | None = None,
    claims: tuple[Claim, ...] = (),
    visit_end: VisitEnd | None = None,
    conclusion: Conclusion | None = None,
    facts: dict[str, JSON] | None = None,
) -> Draft:
    """An entry of this kind, by default with a fresh id and a few facts."""
    eid = os.urandom(16) if eid is None else eid
    said: dict[str, JSON] = {"counter": "urn:linkage:counter:c1"} if facts is None else facts

    def denied(reason: Reason, detail: str) -> LeafFrame:
        return frame(Entry(Kind.DENIED, eid, {**said, "reason": reason.value, **({"detail": detail} if detail else {})}), ORIGIN)

    leaf = frame(Entry(kind, eid, said, ref), ORIGIN)
    return Draft(kind, eid, leaf, ref, claims=claims, denied=denied, visit_end=visit_end, conclusion=conclusion)


def intent(*claims: Claim) -> Draft:
    return draft(Kind.INTENT, claims=claims)


def outcome(of: Draft, conclusion: Conclusion | None = None) -> Draft:
    return draft(Kind.OUTCOME, of.eid, conclusion=conclusion)


def fresh_log(path: Path, clock: Clock | None = None, space: SpaceLimits = NO_WATERMARKS, vfs: str | None = None) -> SqliteLog:
    """Make a log and open it."""
    create_log(path, SIGNER)
    return opened(path, clock, space, vfs)


def opened(path: Path, clock: Clock | None = None, space: SpaceLimits = NO_WATERMARKS, vfs: str | None = None) -> SqliteLog:
    return open_log(path, signer=SIGNER, clock=clock or SystemClock(), origin=ORIGIN, space=space, vfs=vfs)


def placed(result: Result) -> Placed:
    assert isinstance(result, Placed)
    return result


def append_one(log: LogStore, each: Draft) -> Placed:
    return placed(log.append([each])[0])


def entries(path: Path) -> list[StoredEntry]:
    with SqliteReader(path) as reader:
        return list(reader.entries(0, 1_000_000))


def verified(path: Path, **more: Any) -> Report:
    with SqliteReader(path) as reader:
        return verify_all(reader, SIGNER.verifier, **more)


def assert_holds(path: Path, acknowledged: Iterable[tuple[bytes, int]]) -> None:
    """The log verifies, and every acknowledged entry (id, index) stands where it was said to."""
    report = verified(path)
    assert report.clean, report.findings
    stored = {entry.eid: entry.index for entry in entries(path)}
    assert len(stored) == report.size
    for eid, index in acknowledged:
        assert stored[eid] == index
