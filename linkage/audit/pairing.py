"""Pairs intents with what closed them, while a log is walked from its beginning. Remembers only what is still open."""

from linkage.audit.findings import Report, Wrong
from linkage.store.backend import LogReader
from linkage.store.contract import CLOSING, Kind, StoredEntry

_EVERYTHING = 2**62


class Pairing:
    """Fills a report's orphans, recovered, and faults of pairing."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._open: dict[bytes, int] = {}

    def see(self, entry: StoredEntry) -> None:
        """Take the next entry. One that is not what it was written as still counts as what its columns say it is."""
        if entry.kind == Kind.INTENT:
            self._open[entry.eid] = entry.index
        elif entry.kind in CLOSING:
            if entry.kind == Kind.RECOVERED:
                self._report.recovered.append(entry.index)
            if entry.ref is None or self._open.pop(entry.ref, None) is None:
                self._report.add(Wrong.PAIRING, entry.index, f"{entry.kind} of an intent that is not open")

    def end(self, reader: LogReader) -> None:
        """Name what is still open, and compare it with what the store holds to be open."""
        self._report.orphans.extend(self._open.values())
        stored = {each.eid: each.index for each in reader.open_intents(_EVERYTHING, len(self._open) + 1000)}
        for eid, index in self._open.items():
            if stored.pop(eid, None) != index:
                self._report.add(Wrong.OPEN, index, "an intent without outcome that the store does not hold to be open")
        for index in stored.values():
            self._report.add(Wrong.OPEN, index, "held to be open, but it is not")
