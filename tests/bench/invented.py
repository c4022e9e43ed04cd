"""Entries of a large log, made up but of the shape and size of real ones: visits with a verification and lookups, some refused.

They are spelt by templates, a hundred times faster than through a journal, and a test compares them with what a journal writes.
"""

import random
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linkage.audit.sealing import SUBJECT, Sealing
from linkage.clock import SystemClock
from linkage.ids import id_text
from linkage.keyring import KeyRing, NamedKey
from linkage.store.backend import KeyRow
from linkage.store.contract import Kind
from linkage.terms import CitizenNumber

CENTRES, COUNTERS, OFFICERS = 455, 2_000, 3_000
SERVICES = ("jobseeker_registration", "electricity_meter", "water_meter", "house_registration", "driving_licence", "business_registration")
SOURCES = (("dopa", "dopa.person"), ("dopa", "dopa.house"), ("sso", "sso.insured"), ("led", "led.bankruptcy"), ("dlt", "dlt.licence"))
RECIPIENTS = ("doe", "pea", "pwa", "dopa", "dlt", "dbd")
EPOCHS = ("p1.2026-09", "p1.2026-10", "p1.2026-11")
START_MS = 1_790_000_000_000
MS_EACH = 3
MEAN_BATCH = 16

_LEGAL = "Electronic Performance of Official Duties Act B.E. 2565 s. 12; PDPA B.E. 2562 s. 24(4)"
_DIGEST = "0afc3f424dd12cf31328c734ee0bda4fa378f8315e1642336f418d6ce1b733d9"
_CERT = "W8zn35w5ymQzvLcn3oDeKMtrvkvMaA5FtOKXjlBzuSI"
_FIELDS = '["title","first_name","last_name","english_first_name","english_last_name","gender","birth_date","nationality"]'

_INTENT = (
    '{{"boot":"{boot}","eid":"{eid}","facts":{{"agreement":"{recipient}-{source}","agreement_digest":"'
    + _DIGEST
    + '","assurance":"CARD_LASER",'
    '"centre":"c-{centre:04d}","cert":"' + _CERT + '","counter":"spiffe://linkage.example/centre/c-{centre:04d}/counter/{counter}",{fields}'
    '"legal_basis":"'
    + _LEGAL
    + '","method":"{method}","officer":{{"iss":"https://officers.{recipient}.example","sub":"officer-{officer:05d}"}},'
    '"recipient":"{recipient}","service":"{service}","source":"{source}"{subject}}},"kind":"intent","replica":"a","sealed":{{"commit":"{commit}",'
    '"fields":{{"subject":"{cipher}"}},"key":"{key}","subject":"{tag}"}},"t":{ms},"v":1}}'
)
_OUTCOME = (
    '{{"boot":"{boot}","eid":"{eid}","facts":{{"agency_ms":{agency_ms},{answer}"attempts":1,{why}"result":"{result}"}},'
    '"kind":"outcome","ref":"{ref}","replica":"a","t":{ms},"v":1}}'
)


@dataclass(frozen=True, slots=True)
class Invented:
    """An entry of the log, at its time."""

    eid: bytes
    kind: str
    ref: bytes | None
    ms: int
    leaf: bytes


NUMBER = CitizenNumber("1100000000008")
"""The one person whose visits are sealed as a gateway seals them: `SEALED_EACH` says how often one comes."""
SEALED_EACH = 50_000

Seal = Callable[[bytes], Mapping[str, str]]
"""What is sealed of a visit's intent, by its id: commit, cipher, key, tag."""


def sealing() -> Sealing:
    """What seals that person's visits, and finds them again."""
    return Sealing("linkage.example/audit", KeyRing((NamedKey("k1", bytes(32)),)), KeyRing((NamedKey("p1", bytes(32)),)), SystemClock())


class _Batches:
    """The log's time: one for all entries of a batch."""

    def __init__(self, chance: random.Random) -> None:
        self._chance, self._left, self.ms = chance, 0, START_MS

    def next(self) -> int:
        """The next entry's time, in ms."""
        if self._left == 0:
            self._left = self._chance.randint(1, 2 * MEAN_BATCH - 1)
            self.ms += self._left * MS_EACH
        self._left -= 1
        return self.ms


def entries(count: int, seed: int = 1) -> Iterator[tuple[Invented, KeyRow | None]]:
    """``count`` entries in log order, an even number; with the first entry of a visit its data key's row.

    Entries of one time are one batch; a batch has `MEAN_BATCH` entries on average.
    """
    chance = random.Random(seed)
    batches, seals, visits, made = _Batches(chance), sealing(), 0, 0
    boot = chance.randbytes(16).hex()
    while made < count:
        known, visits, visit = visits % SEALED_EACH == 0, visits + 1, ""
        row: KeyRow | None
        row, seal = _known(seals) if known else _unknown(chance, batches.ms, max(1, count // 40))
        desk = _desk(chance)
        for turn in range(min(chance.randint(1, 4), (count - made) // 2)):
            ms = batches.next()
            eid = _id(chance, ms)
            yield Invented(eid, "intent", None, ms, _intent(chance, desk, boot, eid, ms, turn, visit, seal(eid))), row
            visit, row, ms = visit or id_text(eid), None, batches.next()
            closing = _id(chance, ms)
            yield Invented(closing, "outcome", eid, ms, _outcome(chance, boot, closing, eid, ms, turn)), None
            made += 2


def _desk(chance: random.Random) -> dict[str, object]:
    centre, recipient = chance.randrange(CENTRES), chance.choice(RECIPIENTS)
    counter, officer = centre + CENTRES * chance.randrange(COUNTERS // CENTRES), centre + CENTRES * chance.randrange(OFFICERS // CENTRES)
    return {"centre": centre, "recipient": recipient, "counter": counter, "officer": officer, "service": chance.choice(SERVICES)}


def _unknown(chance: random.Random, ms: int, people: int) -> tuple[KeyRow, Seal]:
    """A visit of somebody whose data key was never there: nothing that it sealed opens."""
    key, commit = chance.randbytes(16), b64encode(chance.randbytes(32)).decode()
    pseudonym = chance.randrange(people).to_bytes(4, "big") * 8
    row = KeyRow(key, chance.randbytes(60), "k1", pseudonym, EPOCHS[(ms - START_MS) * 3 // 40_000_000 % 3], ms)

    def seal(eid: bytes) -> Mapping[str, str]:
        del eid
        cipher, tag = chance.randbytes(41), chance.randbytes(32)
        return {"commit": commit, "cipher": b64encode(cipher).decode(), "key": key.hex(), "tag": b64encode(tag).decode()}

    return row, seal


def _known(seals: Sealing) -> tuple[KeyRow, Seal]:
    key = seals.new_key(NUMBER)

    def seal(eid: bytes) -> Mapping[str, str]:
        sealed: Any = seals.seal(key, Kind.INTENT, eid, {SUBJECT: NUMBER.reveal()})
        return {"commit": sealed["commit"], "cipher": sealed["fields"]["subject"], "key": sealed["key"], "tag": sealed["subject"]}

    return key.row, seal


def _id(chance: random.Random, ms: int) -> bytes:
    drawn = chance.randbytes(10)
    return ms.to_bytes(6, "big") + bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F]) + drawn[3:]


def _intent(
    chance: random.Random, desk: dict[str, object], boot: str, eid: bytes, ms: int, turn: int, visit: str, sealed: Mapping[str, str]
) -> bytes:
    source, record = chance.choice(SOURCES) if turn else ("dopa", "")
    return _INTENT.format(
        boot=boot,
        eid=id_text(eid),
        ms=ms,
        source=source,
        method="Lookup" if turn else "VerifyIdentity",
        fields=f'"fields":{_FIELDS},' if turn else "",
        subject=f',"subject":"person","types":["{record}"],"visit":"{visit}"' if turn else "",
        **sealed,
        **desk,
    ).encode()


def _outcome(chance: random.Random, boot: str, eid: bytes, ref: bytes, ms: int, turn: int) -> bytes:
    down = chance.random() < 0.01
    result = "unavailable" if down else ("found" if chance.random() < 0.9 else "not_found") if turn else "match"
    return _OUTCOME.format(
        boot=boot,
        eid=id_text(eid),
        ref=id_text(ref),
        ms=ms,
        agency_ms=chance.randrange(20, 900),
        answer=f'"answer":"{b64encode(chance.randbytes(32)).decode()}",' if result == "found" else "",
        why='"reason":"AGENCY_UNAVAILABLE",' if down else "",
        result=result,
    ).encode()
