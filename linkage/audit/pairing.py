"""Pairs intents with what closed them, while a log is walked in its order. Remembers only what is still open."""

from collections.abc import Sequence

from linkage.audit.report import Report, Wrong
from linkage.store.contract import CLOSING, Kind, OpenIntent, StoredEntry


class Pairing:
    """Fills a report's lists of open, orphaned, recovered, late and unpaired entries, and its faults of pairing."""

    def __init__(self, report: Report, recover_after_ms: int) -> None:
        """Pair for this report; ``recover_after_ms``: how long after its intent an outcome is late."""
        self._report = report
        self._after = recover_after_ms
        self._open: dict[bytes, tuple[int, int]] = {}

    def __len__(self) -> int:
        """How many intents are open so far."""
        return len(self._open)

    def still_open(self) -> tuple[OpenIntent, ...]:
        """The intents that are open so far, in log order."""
        return tuple(OpenIntent(eid, index, ms) for eid, (index, ms) in self._open.items())

    def see(self, entry: StoredEntry) -> None:
        """Take the next entry. One that is not what it was written as still counts as what its columns say it is."""
        if entry.kind == Kind.INTENT:
            self._open[entry.eid] = (entry.index, entry.ms)
        elif entry.kind in CLOSING:
            self._close(entry)

    def _close(self, entry: StoredEntry) -> None:
        report = self._report
        if entry.kind == Kind.RECOVERED:
            report.recovered.put(entry.index)
        begun = None if entry.ref is None else self._open.pop(entry.ref, None)
        if begun is not None:
            if entry.kind == Kind.OUTCOME and entry.ms - begun[1] > self._after:
                report.late.put(entry.index)
        elif report.first:
            report.closes_earlier += 1  # or of an intent that was closed before: a part of the log cannot tell
        else:
            report.unpaired.put(entry.index)
            report.add(Wrong.PAIRING, entry.index, f"{entry.kind} of an intent that is not open")

    def end(self, held: Sequence[OpenIntent], now_ms: int | None) -> None:
        """Name what is still open, and compare it with what the store holds to be open.

        Args:
            held: every open intent that the store holds, as of ``report.size`` entries.
            now_ms: the time now; None where whoever could still close an intent is gone.
        """
        report = self._report
        for each in held:
            if not 0 <= each.index < report.size:
                report.add(Wrong.OPEN, each.index, "held to be open, but no entry stands there")
        stored = {each.eid: (each.index, each.ms) for each in held if report.first <= each.index < report.size}
        for eid, (index, ms) in self._open.items():
            if stored.pop(eid, None) == (index, ms):
                young = now_ms is not None and ms > now_ms - self._after
                (report.open if young else report.orphans).put(index)
            elif report.last < report.size:
                report.closed_later += 1
            else:
                report.orphans.put(index)
                report.add(Wrong.OPEN, index, "an intent without outcome that the store does not hold to be open")
        for index, _ in stored.values():
            if index < report.last:
                report.add(Wrong.OPEN, index, "held to be open, but it is not")
