"""Counts refusals that are not worth an entry each (malformed requests, overload), and records the counts, exactly.

For each caller and reason at most one ``refused_many`` entry a minute; it says how many, from when to when. Of refusals that are
worth an entry, but that a caller could repeat without end, the first of a minute has one, and the rest are counted here.
"""

import asyncio
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from linkage.audit.journal import Journal
from linkage.audit.record import JSON, Entry, Kind
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, Reason, Refusal
from linkage.ids import new_id

EVERY_MS: Final = 60_000
_EVERY_S: Final = EVERY_MS / 1000
_KEPT: Final = ("counter", "cert", "centre", "auditor")
"""Facts that say who; whatever else differs between two refusals is not worth telling them apart."""
_MOST: Final = 10_000
"""Callers and reasons counted apart; beyond them only the reason is."""


_Key = tuple[Hashable, ...]
"""Who, by the facts of `_KEPT`, and the reason."""


@dataclass(slots=True)
class _Count:
    facts: dict[str, JSON]
    reason: Reason
    number: int
    since_ms: int
    until_ms: int


class Tally:
    """Counts in memory, records through the journal. For one event loop."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._counts: dict[_Key, _Count] = {}
        self._pending: dict[_Key, Entry] = {}
        self._recorded_ms: dict[_Key, int] = {}
        self._recording = asyncio.Lock()
        self._firsts: dict[_Key, float] = {}

    def first(self, facts: Mapping[str, JSON], reason: Reason) -> bool:
        """Whether no refusal of this caller for this reason was the first of the last minute: then it is worth an entry of its own."""
        key = _key(facts, reason)
        now = self._clock.monotonic()
        if now - self._firsts.get(key, now - _EVERY_S) < _EVERY_S:
            return False
        if len(self._firsts) >= _MOST:
            self._firsts = {other: at for other, at in self._firsts.items() if now - at < _EVERY_S}
        if len(self._firsts) >= _MOST:
            return False
        self._firsts[key] = now
        return True

    def note(self, facts: Mapping[str, JSON], reason: Reason) -> None:
        """Count one refusal of the caller that these facts name."""
        key = _key(facts, reason)
        count = self._counts.get(key)
        now = self._clock.now_ms()
        if count is None:
            if len(self._counts) >= _MOST:
                facts, key = {}, _key({}, reason)
            count = self._counts.setdefault(key, _Count(_who(facts), reason, 0, now, now))
        count.number += 1
        count.until_ms = max(count.until_ms, now)

    async def record(self, *, everything: bool = False) -> None:
        """Record what is due: counts of callers and reasons last recorded a minute ago or more; ``everything`` at shutdown.

        Raises:
            Refusal: OVERLOADED.
            AuditUnavailable: not all are known to be durable; those are tried again, as the same entries, so that none counts twice.
        """
        async with self._recording:
            now = self._clock.now_ms()
            for key in list(self._counts):
                due = now - self._recorded_ms.get(key, now - EVERY_MS) >= EVERY_MS
                if (everything or due) and key not in self._pending:
                    self._pending[key] = self._entry(self._counts.pop(key))
                    self._recorded_ms[key] = now
            for key, entry in list(self._pending.items()):
                await self._journal.record(entry)
                del self._pending[key]
            self._recorded_ms = {key: at for key, at in self._recorded_ms.items() if now - at < EVERY_MS}

    async def run(self, every: float = 1.0) -> None:
        """Record what is due, again and again, until cancelled; then call `record` once more with ``everything``."""
        while True:
            await asyncio.sleep(every)
            try:
                await self.record()
            except (AuditUnavailable, Refusal):
                continue  # the counts are kept; the health says why

    def _entry(self, count: _Count) -> Entry:
        facts = {
            **count.facts,
            "reason": count.reason.value,
            "count": count.number,
            "since_ms": count.since_ms,
            "until_ms": count.until_ms,
        }
        return Entry(Kind.REFUSED_MANY, new_id(self._clock), facts)


def _key(facts: Mapping[str, JSON], reason: Reason) -> _Key:
    return (*(facts.get(name) for name in _KEPT), reason)


def _who(facts: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: facts[name] for name in _KEPT if name in facts}
