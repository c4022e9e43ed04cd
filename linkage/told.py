"""Tells a person, in plain words and both languages, what the log says of one access to data about them.

Names come from today's register and catalogue; what they do not know any more is told by the id that the log holds. The sentences are
in `told.toml`; the start fails if one is missing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum, auto
from importlib.resources import files
from typing import Final

from linkage.audit.access import Access
from linkage.audit.asked import RESULTS, result_of
from linkage.buddhist import thai_date
from linkage.catalogue import RecordKind, Text
from linkage.clock import thai_day, thai_time
from linkage.in_force import InForce
from linkage.store.contract import Kind
from linkage.terms import FieldName, RecipientId, RecordType, ServiceId

_RESULTS: Final = (*RESULTS, "recovered", "read", "open", "other")
_CLAUSES: Final = ("at", "service", "recipient", "authority", "nobody_known", "exception", "asked")
_LOGINS: Final = frozenset({"BeginLogin", "ConfirmLogin", "EndLogin"})


class AccessKind(StrEnum):
    """What kind of access it was."""

    VERIFICATION = auto()
    LOOKUP = auto()
    OFFICER_LOGIN = auto()
    READING = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class AskedRecord:
    """A record type and the fields of it that were asked for, each with its label."""

    type: str
    title: Text
    fields: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One access in plain words. ``told``: all of it; ``outcome``: its last sentence. Names are None where there is nothing to name."""

    kind: AccessKind
    told: Text
    outcome: Text
    centre: Text | None
    recipient: Text | None
    source: Text | None
    service: Text | None
    records: tuple[AskedRecord, ...]


def _load() -> Mapping[str, Text]:
    content = tomllib.loads(files("linkage").joinpath("told.toml").read_text(encoding="utf-8"))
    expected = {*_CLAUSES, *(kind.value for kind in AccessKind), *(f"result_{result}" for result in _RESULTS)}
    if content.keys() != expected:
        raise RuntimeError(f"told.toml and what can be told differ in {sorted(content.keys() ^ expected)}")
    return {key: Text(row["th"], row["en"]) for key, row in content.items()}


_SENTENCES: Final = _load()


def tell(access: Access, now: InForce) -> Told:
    """Tell one access. ``now``: what gives the names."""
    kind = kind_of(access)
    centre, recipient, source = _centre(access, now), _agency(access.text("recipient"), now), _agency(access.text("source"), now)
    service, records = _service(access, now), _records(access, now)
    names = {
        "when": _when(access.ms),
        "who": _same(who_of(access)),
        "at": _clause("at", centre=centre, counter=_same(access.text("counter"))),
        "service": _clause("service", service=service),
        "recipient": _clause("recipient", recipient=recipient),
        "source": source or _SENTENCES["nobody_known"],
        "records": _listed(records),
        "asked": _clause("asked", records=_listed(records) if records else None),
    }
    first = "exception" if kind is AccessKind.VERIFICATION and access.text("assurance") == "EXCEPTION" else kind.value
    law, outcome = access.text("legal_basis"), _outcome(access)
    authority = _clause("authority", agreement=_same(access.text("agreement")), law=_same(law))
    parts = [_filled(_SENTENCES[first], names), authority, outcome]
    told = Text(" ".join(part.th for part in parts if part.th), " ".join(part.en for part in parts if part.en))
    return Told(kind, told, outcome, centre, recipient, source, service, records)


def kind_of(access: Access) -> AccessKind:
    """What kind of access an entry is."""
    if access.kind == Kind.READ:
        return AccessKind.READING
    if access.kind == Kind.DENIED:
        return AccessKind.REFUSED
    method = access.text("method")
    if method in _LOGINS:
        return AccessKind.OFFICER_LOGIN
    return AccessKind.VERIFICATION if method == "VerifyIdentity" else AccessKind.LOOKUP


def who_of(access: Access) -> str:
    """The officer's id at its issuer, or the auditor's URI name; empty where the entry names nobody."""
    return access.officer[1] if access.officer is not None else access.text("auditor")


def _outcome(access: Access) -> Text:
    result = "read" if access.kind == Kind.READ else result_of(access) or "open"
    sentence = _SENTENCES[f"result_{result if result in _RESULTS else 'other'}"]
    return _filled(sentence, {"reason": _same(access.text("reason") or "–"), "result": _same(result)})


def _centre(access: Access, now: InForce) -> Text | None:
    centre = now.register.centres.get(access.text("centre"))
    return _maybe(access.text("centre")) if centre is None else Text(centre.name_th, centre.name_en)


def _agency(agency_id: str, now: InForce) -> Text | None:
    agency = now.register.agencies.get(RecipientId(agency_id))
    return _maybe(agency_id) if agency is None else Text(agency.name_th, agency.name_en)


def _service(access: Access, now: InForce) -> Text | None:
    service = now.catalogue.service(ServiceId(access.text("service")))
    return _maybe(access.text("service")) if service is None else service.name


def _records(access: Access, now: InForce) -> tuple[AskedRecord, ...]:
    types, fields = (_texts(access.facts.get(name)) for name in ("types", "fields"))
    kinds = {name: now.catalogue.record(RecordType(name)) for name in types}
    return tuple(_record(name, kind, fields) for name, kind in kinds.items())


def _record(name: str, kind: RecordKind | None, fields: tuple[str, ...]) -> AskedRecord:
    if kind is None:
        return AskedRecord(name, _same(name), tuple((one, _same(one)) for one in fields))
    known = kind.fields
    labels = ((one, known.get(FieldName(one))) for one in fields)
    told = tuple((one, _same(one) if it is None else Text(it.label_th, it.label_en)) for one, it in labels)
    return AskedRecord(name, Text(kind.title_th, kind.title_en), told)


def _listed(records: tuple[AskedRecord, ...]) -> Text:
    th = "; ".join(f"{one.title.th} ({', '.join(label.th for _, label in one.fields)})" for one in records)
    en = "; ".join(f"{one.title.en} ({', '.join(label.en for _, label in one.fields)})" for one in records)
    return Text(th or "–", en or "–")


def _when(ms: int) -> Text:
    day, time = thai_day(ms), thai_time(ms)
    return Text(f"{thai_date(day)} เวลา {time} น.", f"{english_date(day)}, {time}")


def english_date(day: date) -> str:
    """The day with its month in English, in the Common Era."""
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
    return f"{day.day} {months[day.month - 1]} {day.year}"


def _clause(key: str, **names: Text | None) -> Text:
    """A clause, or nothing where a name in it is missing."""
    given = {name: text for name, text in names.items() if text is not None and text.en}
    return _filled(_SENTENCES[key], given) if len(given) == len(names) else Text("", "")


def _filled(sentence: Text, names: Mapping[str, Text]) -> Text:
    th, en = sentence.th, sentence.en
    for name, text in names.items():
        th, en = th.replace(f"{{{name}}}", text.th), en.replace(f"{{{name}}}", text.en)
    return Text(th, en)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else ()


def _same(text: str) -> Text:
    return Text(text, text)


def _maybe(text: str) -> Text | None:
    return _same(text) if text else None
