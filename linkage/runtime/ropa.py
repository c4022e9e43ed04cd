"""The record of processing that the Personal Data Protection Act B.E. 2562 demands in section 39: what is agreed, and what was done by it.

One activity for each agreement: what may be disclosed, to whom, for which services, by which law, for how long its traces are kept, and
how often that was done in the time looked at. What the gateway cannot know (whom to write to at an agency, what the agency itself keeps)
is left for the agency to add, and says so.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from linkage.agreements.model import Agreement
from linkage.audit.access import Access, accesses, first_at, size_of
from linkage.audit.asked import Asked, Came, Told, asked, came, silent
from linkage.in_force import InForce
from linkage.store.backend import LogReader
from linkage.store.contract import Kind
from linkage.terms import RecipientId

_EVERY = 512


@dataclass(slots=True)
class Use:
    """What was done under one agreement. ``first_ms`` and ``last_ms``: Unix time in ms of the first and last question, -1 without any.

    ``verifications`` and ``logins`` asked the source about a person, too; ``records`` are the questions for records by what came of them.
    """

    records: Counter[Came] = field(default_factory=Counter)
    verifications: int = 0
    logins: int = 0
    first_ms: int = -1
    last_ms: int = -1
    parties: dict[str, None] = field(default_factory=dict)
    """Recipients and sources, as the entries name them."""

    @property
    def questions(self) -> int:
        """How often somebody was asked."""
        return sum(self.records.values()) + self.verifications + self.logins

    def see(self, access: Access) -> None:
        """Count one question."""
        match asked(access):
            case Asked.VERIFICATION:
                self.verifications += 1
            case Asked.LOGIN:
                self.logins += 1
            case _:
                self.records[came(access)] += 1
        self.first_ms = access.ms if self.first_ms < 0 else self.first_ms
        self.last_ms = access.ms
        self.parties.update(dict.fromkeys(name for name in (access.text("recipient"), access.text("source")) if name))


@dataclass(frozen=True, slots=True)
class Activity:
    """One agreement, and its use.

    ``retention_days``: how long the log can show whom an access was about: the longest of the recipient's agreements that share a service
    with it, as visits are kept; of one that says nothing, the settings'.
    """

    agreement: Agreement
    use: Use
    retention_days: int


@dataclass(frozen=True, slots=True)
class Processing:
    """All activities, by agreement id. ``former``: the use of agreements that the log names and nobody has in force any more, by id."""

    activities: tuple[Activity, ...]
    former: tuple[tuple[str, Use], ...]


def processing(
    reader: LogReader,
    files: InForce,
    agencies: Collection[RecipientId],
    shows: Callable[[Access], bool],
    *,
    since_ms: int,
    retention_days: int,
    progress: Told = silent,
) -> Processing:
    """Put the record together.

    Args:
        reader: the log; it may be in use.
        files: what is agreed now.
        agencies: whose agreements are wanted: as recipient, as source, or acting for a recipient.
        shows: which entries are counted.
        since_ms: from when on, Unix time in ms.
        retention_days: of agreements that say nothing of their own.
        progress: told how far the reading is.

    Raises:
        StoreUnavailable, LogCorrupt: as `linkage.audit.access.accesses`.
    """
    uses = _uses(reader, shows, since_ms, progress)
    wanted = [one for one in files.book.agreements if not agencies_of(one).isdisjoint(agencies)]
    kept = {one.id: one.retention_days or retention_days for one in files.book.agreements}
    activities = tuple(
        Activity(
            one,
            uses.pop(one.id, Use()),
            max(kept[other.id] for other in files.book.of(one.recipient) if other.id == one.id or other.services & one.services),
        )
        for one in wanted
    )
    others = {one.id for one in files.book.agreements}
    return Processing(activities, tuple(sorted((name, use) for name, use in uses.items() if name not in others)))


def agencies_of(agreement: Agreement) -> frozenset[str]:
    """Every agency that an agreement names."""
    return frozenset({agreement.recipient, agreement.source, *agreement.acting})


def _uses(reader: LogReader, shows: Callable[[Access], bool], since_ms: int, progress: Told) -> dict[str, Use]:
    end = size_of(reader)
    first = first_at(reader, since_ms)
    uses: dict[str, Use] = {}
    for access in accesses(reader, first, end):
        if access.index % _EVERY == 0:
            progress(access.index - first, end - first)
        agreement = access.text("agreement")
        if agreement and access.kind == Kind.INTENT and shows(access):
            uses.setdefault(agreement, Use()).see(access)
    progress(end - first, end - first)
    return uses
