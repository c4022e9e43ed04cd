"""What an auditor should look at: every rule over a part of the log, in one pass.

The log is read from before the time asked for, so that what reaches into it from earlier is seen; a finding is given if its last entry
lies in the time asked for.
"""

from collections.abc import Callable, Sequence
from typing import Final

from linkage.audit.access import Access, accesses, first_at, size_of
from linkage.audit.asked import Told, silent
from linkage.audit.rules import Finding, Rule
from linkage.clock import DAY_MS
from linkage.store.backend import LogReader
from linkage.thresholds import Findings

_EVERY: Final = 512


def lead_of(thresholds: Findings) -> int:
    """Milliseconds before the time asked for, from which on the rules must see the log."""
    return thresholds.same_person_days * DAY_MS


def examine(
    reader: LogReader,
    rules: Sequence[Rule],
    shows: Callable[[Access], bool],
    *,
    since_ms: int,
    lead_ms: int,
    progress: Told = silent,
) -> tuple[Finding, ...]:
    """Let every rule look at the log once.

    Args:
        reader: the log; it may be in use. Entries that come meanwhile are left out.
        rules: fresh ones; each is of use once.
        shows: what is looked at. What is not shown counts nowhere.
        since_ms: Unix time in ms; findings whose last entry is older are left out.
        lead_ms: how far before that the rules begin to look.
        progress: told, now and then, how many entries of how many were read.

    Returns:
        The findings, by their first entry, then by rule: the same log gives the same order.

    Raises:
        StoreUnavailable, LogCorrupt: as `linkage.audit.access.accesses`.
    """
    end = size_of(reader)
    first = first_at(reader, since_ms - lead_ms)
    found: list[Finding] = []
    for access in accesses(reader, first, end):
        if access.index % _EVERY == 0:
            progress(access.index - first, end - first)
        if shows(access):
            for rule in rules:
                found.extend(rule.see(access))
    for rule in rules:
        found.extend(rule.end())
    progress(end - first, end - first)
    return tuple(sorted((one for one in found if one.last_ms >= since_ms), key=lambda one: one.key))
