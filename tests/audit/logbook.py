"""A small true log of counters' days: real entries in a real file, at times that a test chooses, with real data keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from linkage.audit.persons import Persons
from linkage.audit.record import JSON, Entry, Kind, frame
from linkage.audit.sealing import SUBJECT, FreshKey, Sealing
from linkage.clock import FakeClock
from linkage.ids import id_text, new_id
from linkage.keyring import KeyRing, NamedKey
from linkage.store.contract import Conclusion, Draft, Placed
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.store.sqlite_read import SqliteReader
from linkage.terms import CitizenNumber
from tests.audit.world import NUMBER
from tests.small_log import ORIGIN, SIGNER, fresh_log, placed

ISSUER = "https://officers.doe.example"
MONDAY = "2026-11-23"
_BANGKOK = timedelta(hours=7)


def at(text: str) -> int:
    """Unix time in ms of a Thai wall clock, ``YYYY-MM-DD HH:MM``."""
    return round((datetime.fromisoformat(text).replace(tzinfo=UTC) - _BANGKOK).timestamp() * 1000)


@dataclass
class Visit:
    """A visit that is open: its id, and the key of its person."""

    id: str
    key: FreshKey
    facts: Mapping[str, JSON]


class Logbook:
    """Writes entries as the corridors do. Times never go back; each entry is a batch of its own unless ``batch`` is used."""

    def __init__(self, folder: Path, *, pseudonyms: str = "k1") -> None:
        self.clock = FakeClock(at(f"{MONDAY} 09:00"))
        self.path, self.keys_path = folder / "log.db", folder / "keys.db"
        self.sealing = self.sealed_with(pseudonyms)
        create_keys(self.keys_path)
        self.keys = SqliteKeys(self.keys_path)
        self.log = fresh_log(self.path, self.clock)

    def sealed_with(self, pseudonyms: str, kek: str = "k1") -> Sealing:
        keks, ring = (KeyRing((NamedKey(name, name.encode().ljust(32, b"\0")),)) for name in (kek, pseudonyms))
        return Sealing(SIGNER.verifier.name, keks, ring, self.clock)

    def persons(self, sealing: Sealing | None = None) -> Persons:
        return Persons(self.keys, sealing or self.sealing)

    def reader(self) -> SqliteReader:
        return SqliteReader(self.path)

    def close(self) -> None:
        self.log.close()
        self.keys.close()

    def set(self, text: str) -> None:
        """Let it be this time in Thailand: ``YYYY-MM-DD HH:MM``."""
        self.clock.advance((at(text) - self.clock.now_ms()) / 1000)

    def wait(self, **much: float) -> None:
        self.clock.advance(timedelta(**much).total_seconds())

    def write(
        self, kind: Kind, facts: Mapping[str, Any], ref: bytes | None = None, key: FreshKey | None = None, number: str = ""
    ) -> Placed:
        """One entry; sealed under a key, about a number, where they are given."""
        eid = new_id(self.clock)
        sealed: Mapping[str, JSON] = {}
        if key is not None:
            self.keys.put([key.row])
            sealed = self.sealing.seal(key, kind, eid, {SUBJECT: number})
        leaf = frame(Entry(kind, eid, facts, ref), ORIGIN, sealed)
        conclusion = Conclusion() if kind is Kind.OUTCOME else None
        return placed(self.log.append([Draft(kind, eid, leaf, ref, conclusion=conclusion)])[0])

    def question(self, facts: Mapping[str, Any], result: Mapping[str, Any] | None, key: FreshKey | None, number: str, ms: int) -> Placed:
        intent = self.write(Kind.INTENT, facts, key=key, number=number)
        self.wait(milliseconds=ms)
        if result is not None:
            self.write(Kind.OUTCOME, result, intent.eid)
        return intent

    def verify(
        self,
        officer: str = "o1",
        number: CitizenNumber = NUMBER,
        *,
        centre: str = "cm-01",
        result: str = "match",
        ms: int = 40,
        **more: Any,
    ) -> Visit:
        """A verification; ``more``: further facts of its intent."""
        key = self.sealing.new_key(number)
        facts = asker(officer, centre) | {"method": "VerifyIdentity", "assurance": "CARD_LASER", "source": "dopa"} | more
        intent = self.question(facts, {"result": result, "agency_ms": ms - 10, "attempts": 1}, key, number.reveal(), ms)
        return Visit(id_text(intent.eid), key, facts)

    def look_up(self, visit: Visit, result: str = "found", *, number: str = NUMBER.reveal(), ms: int = 40, **more: Any) -> Placed:
        """A lookup in a visit; ``more``: further facts of its intent."""
        asked = {"method": "Lookup", "visit": visit.id, "types": ["dopa.person"], "fields": ["first_name"], "subject": "person"}
        outcome: dict[str, Any] = {"result": result, "agency_ms": ms - 10, "attempts": 1}
        if result.isupper():
            outcome |= {"result": "refused", "reason": result}
        return self.question({**visit.facts, **asked, **more}, outcome, visit.key, number, ms)

    def login(self, officer: str = "o1", number: CitizenNumber = NUMBER, **more: Any) -> None:
        facts = asker(officer, "cm-01") | {"method": "BeginLogin", "source": "dopa"} | more
        self.question(facts, {"result": "login_begun", "agency_ms": 20, "attempts": 1}, self.sealing.new_key(number), number.reveal(), 30)

    def deny(self, officer: str = "o1", reason: str = "FIELD_NOT_AGREED", **more: Any) -> Placed:
        return self.write(Kind.DENIED, asker(officer, "cm-01") | {"method": "Lookup", "reason": reason, "types": ["dopa.person"]} | more)

    def leaves(self) -> list[dict[str, Any]]:
        with self.reader() as reader:
            return [json.loads(entry.leaf) for entry in reader.entries(0, 100_000)]


def asker(officer: str, centre: str) -> dict[str, Any]:
    """What an entry says of who asks, in whose name and for what."""
    return {
        "counter": f"spiffe://linkage.example/centre/{centre}/counter/1",
        "centre": centre,
        "acting": "doe",
        "officer": {"iss": ISSUER, "sub": officer},
        "recipient": "doe",
        "service": "jobseeker_registration",
    }
