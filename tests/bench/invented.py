"""Entries of a large log, made up but of the shape and size of real ones: visits with a verification and lookups, some refused.

They are spelt by templates, a hundred times faster than through a journal, and a test compares them with what a journal writes.
"""

import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from linkage.ids import id_text

CENTRES, COUNTERS, OFFICERS = 455, 2_000, 3_000
SERVICES = ("jobseeker_registration", "electricity_meter", "water_meter", "house_registration", "driving_licence", "business_registration")
SOURCES = (("dopa", "dopa.person"), ("dopa", "dopa.house"), ("sso", "sso.insured"), ("led", "led.bankruptcy"), ("dlt", "dlt.licence"))
RECIPIENTS = ("doe", "pea", "pwa", "dopa", "dlt", "dbd")
EPOCHS = ("p1.2026-09", "p1.2026-10", "p1.2026-11")
START_MS = 1_790_000_000_000
MS_EACH = 3

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


@dataclass(frozen=True, slots=True)
class InventedKey:
    """The row of a visit's data key: the key itself was never there, and nothing that it sealed opens."""

    id: bytes
    wrapped: bytes
    pseudonym: bytes
    epoch: str
    made_ms: int


def entries(count: int, seed: int = 1) -> Iterator[tuple[Invented, InventedKey | None]]:
    """``count`` entries in log order, an even number; with the first entry of a visit its data key's row."""
    chance = random.Random(seed)
    ms, made = START_MS, 0
    boot = chance.randbytes(16).hex()
    while made < count:
        key, commit, visit = chance.randbytes(16), b64encode(chance.randbytes(32)).decode(), ""
        row: InventedKey | None = _row(chance, key, ms, max(1, count // 40))
        desk = _desk(chance)
        for turn in range(min(chance.randint(1, 4), (count - made) // 2)):
            ms += MS_EACH
            eid = _id(chance, ms)
            yield Invented(eid, "intent", None, ms, _intent(chance, desk, boot, eid, ms, turn, visit, key, commit)), row
            visit, row = visit or id_text(eid), None
            ms += MS_EACH
            closing = _id(chance, ms)
            yield Invented(closing, "outcome", eid, ms, _outcome(chance, boot, closing, eid, ms, turn)), None
            made += 2


def _desk(chance: random.Random) -> dict[str, object]:
    centre, recipient = chance.randrange(CENTRES), chance.choice(RECIPIENTS)
    counter, officer = centre + CENTRES * chance.randrange(COUNTERS // CENTRES), centre + CENTRES * chance.randrange(OFFICERS // CENTRES)
    return {"centre": centre, "recipient": recipient, "counter": counter, "officer": officer, "service": chance.choice(SERVICES)}


def _row(chance: random.Random, key: bytes, ms: int, people: int) -> InventedKey:
    person = chance.randrange(people).to_bytes(4, "big") * 8
    return InventedKey(key, chance.randbytes(60), person, EPOCHS[(ms - START_MS) * 3 // 40_000_000 % 3], ms)


def _id(chance: random.Random, ms: int) -> bytes:
    drawn = chance.randbytes(10)
    return ms.to_bytes(6, "big") + bytes([0x70 | drawn[0] & 0x0F, drawn[1], 0x80 | drawn[2] & 0x3F]) + drawn[3:]


def _intent(
    chance: random.Random, desk: dict[str, object], boot: str, eid: bytes, ms: int, turn: int, visit: str, key: bytes, commit: str
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
        commit=commit,
        key=key.hex(),
        cipher=b64encode(chance.randbytes(41)).decode(),
        tag=b64encode(chance.randbytes(32)).decode(),
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
