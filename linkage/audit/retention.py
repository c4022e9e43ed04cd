"""Forgets data keys whose time is over: says so in the log first, then destroys them. Cut off between the two, the next round finishes.

The entry names the keys' ids: keys of many people whose time ends together say nothing of anyone, and a reader of an entry that cannot be
opened any more finds here why.
"""

from collections.abc import Sequence

from linkage.audit.journal import Journal
from linkage.audit.key_changes import fixed_eid, say_once
from linkage.audit.keys_apart import KeysApart
from linkage.audit.record import JSON, Entry, Kind
from linkage.clock import Clock
from linkage.store.backend import KeyRow, KeyStore

AT_ONCE = 256
"""Keys of one entry: their ids fill a seventh of the largest leaf."""

BY_RETENTION = "retention"


async def forget_expired(journal: Journal, keys: KeysApart, clock: Clock) -> int:
    """Forget every key whose time is over, and give their number.

    Raises:
        Refusal: OVERLOADED.
        AuditUnavailable: not all; what was not said in the log was not destroyed.
    """
    forgotten, now = 0, clock.now_ms()
    while rows := await keys.ask(lambda store: _expired(store, now)):
        ids = tuple(row.id for row in rows)
        await say_once(journal, _shred(rows))
        await keys.ask(lambda store, ids=ids: store.forget(ids))  # type: ignore[misc]  # mypy does not infer a lambda with a default
        forgotten += len(ids)
    return forgotten


def _expired(store: KeyStore, now: int) -> list[KeyRow]:
    rows = (store.get(key_id) for key_id in store.expired(now, AT_ONCE))
    return [row for row in rows if row is not None]  # None: another gateway was faster


def _shred(rows: Sequence[KeyRow]) -> Entry:
    ids = sorted(row.id.hex() for row in rows)
    made = [row.made_ms for row in rows]
    facts: dict[str, JSON] = {
        "why": BY_RETENTION,
        "count": len(ids),
        "keys": ids,
        "since_ms": min(made),  # when they were made
        "until_ms": max(made),
    }
    return Entry(Kind.SHRED, fixed_eid("shred", *ids), facts)
