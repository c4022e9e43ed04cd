"""The log as it stands after everything, read from its file entry by entry, and what the product's own verification says of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from linkage.audit.report import Report
from linkage.audit.verify import verify_all
from linkage.runtime.storage import storage_of
from linkage.settings import load
from linkage.tlog.log_keys import LogVerifier
from tests.journeys.world import Place

_OPENS = "intent"
_CLOSE = frozenset({"outcome", "recovered"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the final log."""

    index: int
    leaf: bytes
    kind: str
    eid: str
    ref: str
    ms: int
    facts: Mapping[str, Any]
    sealed: Mapping[str, Any]


class FinalLog:
    """The log as it stands after everything."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.by_eid = {entry.eid: entry for entry in self.entries}
        self.intents = {entry.eid: entry for entry in self.entries if entry.kind == _OPENS}
        self.closed_by = {entry.ref: entry for entry in self.entries if entry.kind in _CLOSE}

    def of_kind(self, kind: str) -> list[Entry]:
        """All entries of one kind."""
        return [entry for entry in self.entries if entry.kind == kind]


def log_of(place: Place) -> FinalLog:
    """Read a place's log whole."""
    with storage_of(load(place.settings_file)).open_reader() as reader:
        return FinalLog(reader.consistent(lambda log: [_entry(each.index, each.leaf) for each in log.entries(0, 10**9)]))


def _entry(index: int, leaf: bytes) -> Entry:
    members = json.loads(leaf)
    return Entry(
        index, leaf, members["kind"], members["eid"], members.get("ref", ""), members["t"], members["facts"], members.get("sealed", {})
    )


def verified(place: Place) -> tuple[Report, tuple[str, ...]]:
    """The product's own verification of the whole log, and what it finds."""
    key = LogVerifier.parse((place.folder / "log.vkey").read_text(encoding="ascii"))
    with storage_of(load(place.settings_file)).open_reader() as reader:
        report = verify_all(reader, key)
    orphans = tuple(f"orphan at {index}" for index in report.orphans)
    return report, (*(f"{found.what} {found.index}: {found.why}" for found in report.findings), *orphans)
