"""The corridor of a reading: is it this auditor's to read, record who reads and what is looked for, and only then search and show.

Entries are shown where an agency of the auditor's is concerned; entries about the log itself concern everybody. No agency is asked
anything from here, and no citizen number is shown.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from linkage.audit.indexing import (
    AGENCY,
    AGENCY_OF_AUDITOR,
    AGENCY_OF_CENTRE,
    KIND,
    NOBODYS,
    OFFICER,
    OFFICER_ID,
    RECORD_TYPE,
    terms_of,
)
from linkage.audit.reading import Reader, ReadingRoom
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON
from linkage.audit.search import Hit, Query, Shown
from linkage.audit.search_room import SearchRoom
from linkage.errors import Reason, Refusal, Violation
from linkage.identity.register import Register
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.store.contract import Kind
from linkage.terms import CitizenNumber
from linkage.visits.token import Sealer, TokenInvalid

Group: TypeAlias = frozenset[tuple[str, str]]

CRITERIA: Final = (
    *("officer", "officer_issuer", "counter", "centre", "recipient", "acting", "source", "record_type", "service", "agreement"),
    *("method", "result", "reason", "assurance", "auditor", "kind"),
)
"""What entries can be looked for by, one name each."""
_AGENCIES: Final = ("recipient", "acting", "source")
_ACCESSES: Final = frozenset((KIND, kind.value) for kind in (Kind.INTENT, Kind.DENIED, Kind.READ))
_NEVER_NAMED: Final = "?"
"""Stands in the log for a name or an id that no entry ever held: what a request merely claims is not written down."""
_PURPOSE: Final = "page of entries"
_PAGE: Final = 25
LARGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, all of it; what is absent or empty is no criterion.

    ``criteria``: of `CRITERIA`; ``officer_issuer`` only with ``officer``. ``visit``: 16 bytes. ``since_ms`` (included), ``until_ms``
    (excluded): Unix time in ms.
    """

    criteria: Mapping[str, str] = field(default_factory=dict)
    number: CitizenNumber | None = None
    visit: bytes | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class PageAsk:
    """Which page: how many hits (0: 25; at most 200), and the token that the page before gave, empty for the first."""

    size: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page of hits, newest first. ``next_token``: empty where there is nothing older. ``size``: the log's, at the first page."""

    hits: tuple[Hit, ...]
    next_token: str
    size: int
    reading: Receipt


@dataclass(frozen=True, slots=True)
class Inspection:
    """Shows entries to auditors.

    Every method raises `Refusal` (OUTSIDE_AGENCIES, SEARCH_UNAVAILABLE, OVERLOADED, MALFORMED_REQUEST for a page), and
    `AuditUnavailable` or `LogCorrupt` where the log cannot record or be read; then nothing is shown. ``reading`` is the id of the
    entry that will record it, a UUIDv7 of 16 bytes.
    """

    in_force: Callable[[], InForce]
    search: SearchRoom
    room: ReadingRoom
    sealer: Sealer

    async def entries(self, reading: bytes, auditor: Reader, sought: Sought, page: PageAsk) -> ShownPage:
        """Entries that meet every criterion."""
        groups = [
            terms_sought(name, value, sought.criteria) for name, value in sought.criteria.items() if value and name != "officer_issuer"
        ]
        return await self._page(reading, auditor, "ListEntries", sought, page, groups)

    async def accesses(self, reading: bytes, auditor: Reader, sought: Sought, page: PageAsk) -> ShownPage:
        """Accesses to data about the person that ``sought`` names: what was asked or refused, and what auditors read."""
        return await self._page(reading, auditor, "ListAccesses", sought, page, [_ACCESSES])

    async def entry(self, reading: bytes, auditor: Reader, eid: bytes) -> tuple[tuple[Shown, ...], Receipt]:
        """The entries of the request that this entry is of.

        Raises:
            Refusal: ENTRY_UNKNOWN, also for one that is not this auditor's to see.
        """
        sight = sight_of(auditor, self.in_force().register)
        shown = await self.search.of_request(eid)
        receipt = await self.room.record(reading, auditor, "GetEntry", {"entry": id_text(eid) if shown else _NEVER_NAMED})
        if not shown or sight.isdisjoint(terms_of(shown[0].access.kind, shown[0].access.facts)):
            raise Refusal(Reason.ENTRY_UNKNOWN)
        return shown, receipt

    async def _page(self, reading: bytes, auditor: Reader, method: str, sought: Sought, page: PageAsk, groups: list[Group]) -> ShownPage:
        _check_agencies(auditor, sought)
        at_most = page.size or _PAGE
        if not 1 <= at_most <= LARGEST_PAGE:
            raise _malformed("page_size", f"1 to {LARGEST_PAGE}, or 0, is required")
        digest = self._digest(auditor, method, sought)
        size, end = self._place(page.token, digest) if page.token else (0, 0)
        now = await self.search.size()
        if not page.token:
            size = end = now
        # Recorded after all that can be refused, and before anything is looked up that could be shown.
        receipt = await self.room.record(reading, auditor, method, await self._told(sought, bool(page.token)), number=sought.number)
        sight = sight_of(auditor, self.in_force().register)
        found = await self.search.page(
            Query(
                groups=(sight, *groups),
                size=size,
                end=end,
                at_most=at_most,
                visit=sought.visit,
                number=sought.number,
                since_ms=sought.since_ms,
                until_ms=sought.until_ms,
            )
        )
        token = "" if found.next_end is None else self.sealer.seal(_PURPOSE, {"query": digest, "size": size, "end": found.next_end})
        return ShownPage(found.hits, token, size, receipt)

    async def _told(self, sought: Sought, again: bool) -> dict[str, JSON]:
        """What the log says of what is looked for."""
        named = {name: value for name, value in sought.criteria.items() if value}
        terms = {name: terms_sought(name, value, sought.criteria) for name, value in named.items() if name != "officer_issuer"}
        known = await self.search.known(frozenset[tuple[str, str]]().union(*terms.values()))
        told: dict[str, JSON] = {name: named[name] if known & group else _NEVER_NAMED for name, group in terms.items()}
        if "officer_issuer" in named:
            told["officer_issuer"] = named["officer_issuer"] if told.get("officer", _NEVER_NAMED) != _NEVER_NAMED else _NEVER_NAMED
        if sought.visit is not None:
            told["visit"] = id_text(sought.visit) if await self.search.knows_visit(sought.visit) else _NEVER_NAMED
        told.update((name, ms) for name, ms in (("since_ms", sought.since_ms), ("until_ms", sought.until_ms)) if ms is not None)
        if again:
            told["further_page"] = True
        return told

    def _digest(self, auditor: Reader, method: str, sought: Sought) -> str:
        """What a page token is good for: this query by this auditor. Keyed: it stands for a citizen number, too."""
        number = "" if sought.number is None else sought.number.reveal()
        visit = "" if sought.visit is None else sought.visit.hex()
        criteria = sorted((name, value) for name, value in sought.criteria.items() if value)
        whole = json.dumps([method, auditor.uri, criteria, number, visit, sought.since_ms, sought.until_ms])
        return self.sealer.tag(_PURPOSE, whole.encode()).hex()

    def _place(self, token: str, digest: str) -> tuple[int, int]:
        """The size and the end that a token holds.

        Raises:
            Refusal: MALFORMED_REQUEST, it is none, or of another query.
        """
        try:
            place = self.sealer.open(_PURPOSE, token)
        except TokenInvalid:
            place = {}
        if place.get("query") != digest:
            raise _malformed("page_token", "the next_page_token of this same query is required: begin again without one")
        return int(place["size"]), int(place["end"])


def sight_of(auditor: Reader, register: Register) -> Group:
    """What an entry must name for this auditor to see it: see `linkage.audit.indexing.agencies_of`.

    What names no agency goes by its centre's, or by those of the auditor it names.
    """
    centres = ((AGENCY_OF_CENTRE, centre.id) for centre in register.centres.values() if centre.agency in auditor.agencies)
    auditors = ((AGENCY_OF_AUDITOR, uri) for uri, agencies in register.auditors.items() if agencies & auditor.agencies)
    return frozenset({(AGENCY, NOBODYS), *((AGENCY, agency) for agency in auditor.agencies), *centres, *auditors})


def _check_agencies(auditor: Reader, sought: Sought) -> None:
    named = {value for name in _AGENCIES if (value := sought.criteria.get(name))}
    if named and named.isdisjoint(auditor.agencies):
        raise Refusal(Reason.OUTSIDE_AGENCIES)


def terms_sought(name: str, value: str, criteria: Mapping[str, str]) -> Group:
    """What the search index is asked for where entries are wanted that name this; ``name``: of `CRITERIA`, not ``officer_issuer``."""
    if name == "officer":
        issuer = criteria.get("officer_issuer")
        return frozenset({(OFFICER, f"{issuer} {value}") if issuer else (OFFICER_ID, value)})
    return frozenset({(RECORD_TYPE if name == "record_type" else name, value)})


def _malformed(name: str, description: str) -> Refusal:
    return Refusal(Reason.MALFORMED_REQUEST, violations=(Violation(name, description),))
