"""The reading room: whoever is shown entries is an auditor of the register, and the reading is an entry before anything is shown.

A ``read`` entry says who read, by which method, for which agencies and what was looked for. A citizen number that was looked for is
sealed in it under a fresh data key with the person's pseudonym: the reading is among the accesses that the person may ask for.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from linkage.audit.journal import Journal
from linkage.audit.receipt import Receipt
from linkage.audit.record import JSON, Entry, Kind
from linkage.audit.sealing import SUBJECT, Sealing
from linkage.errors import Refusal
from linkage.terms import CitizenNumber, RecipientId

BY_NUMBER: Final = "by_number"
"""What `sought` says where a citizen number was looked for: the number itself is sealed."""


class Reader(Protocol):
    """Who reads: an auditor as the register names one."""

    @property
    def uri(self) -> str:
        """The auditor's URI name."""
        ...

    @property
    def agencies(self) -> frozenset[RecipientId]:
        """The agencies whose entries the auditor may see."""
        ...

    @property
    def certificate_sha256(self) -> str:
        """Of the connection's certificate, base64url; empty where the auditor reads on the gateway's own machine."""
        ...


class ReadingRoom:
    """Records readings, through the journal of this process."""

    def __init__(self, journal: Journal, sealing: Sealing) -> None:
        """Take a journal that was started, and what seals for the same log."""
        self._journal = journal
        self._sealing = sealing

    async def record(
        self, reading: bytes, auditor: Reader, method: str, sought: Mapping[str, JSON], *, number: CitizenNumber | None = None
    ) -> Receipt:
        """Record that somebody is about to be shown entries; durable on return.

        Args:
            reading: the entry's id, a UUIDv7 of 16 bytes (`linkage.ids.new_id`).
            auditor: who reads.
            method: what they do, e.g. ``ListEntries``.
            sought: what is looked for: names of register, catalogue, agreements and log, times in milliseconds; never a number.
            number: the person that is looked for, None where nobody is.

        Raises:
            Refusal: OVERLOADED. Nothing may be shown.
            AuditUnavailable: it is not known to be durable. Nothing may be shown.
        """
        facts: dict[str, JSON] = {"auditor": auditor.uri, "agencies": sorted(auditor.agencies), "method": method, "sought": dict(sought)}
        if auditor.certificate_sha256:
            facts["cert"] = auditor.certificate_sha256
        if number is None:
            return await self._journal.record(Entry(Kind.READ, reading, facts))
        entry = Entry(Kind.READ, reading, {**facts, "sought": {**sought, BY_NUMBER: True}})
        return await self._journal.record(entry, key=self._sealing.new_key(number), sealed={SUBJECT: number.reveal()})

    async def refuse(self, reading: bytes, auditor: Reader, method: str, refusal: Refusal) -> Receipt:
        """Record that a reading was refused, where no door does; raises as `record`."""
        return await self._journal.deny(reading, {"auditor": auditor.uri, "method": method}, refusal)
