"""Writes what an auditor is shown: hits, whole entries, and accesses in plain words become messages of the contract."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from linkage.audit.access import Access
from linkage.audit.asked import result_of, result_word
from linkage.audit.seals import SealState
from linkage.audit.search import Hit, Shown
from linkage.catalogue import Text
from linkage.ids import id_text
from linkage.in_force import InForce
from linkage.rpc.encode import timestamp
from linkage.rpc.status import encode_receipt
from linkage.terms import RecipientId
from linkage.told import AccessKind, AskedRecord, tell, who_of
from linkage.v1 import audit_pb2 as pb
from linkage.v1 import catalogue_pb2, sentence_pb2

_NAMED = ("method", "counter", "centre", "recipient", "acting", "source", "service", "agreement", "assurance", "visit", "reason", "auditor")
"""Facts that a summary gives under their own name."""


def encode_hit(hit: Hit) -> pb.EntrySummary:
    """A hit as a list shows it."""
    access = hit.access
    issuer, officer = access.officer or ("", "")
    closed = access.closing_index >= 0
    return pb.EntrySummary(
        entry_id=id_text(access.eid),
        index=access.index,
        recorded_at=timestamp(access.ms),
        kind=access.kind,
        officer=officer,
        officer_issuer=issuer,
        record_types=_texts(access.facts.get("types")),
        fields=_texts(access.facts.get("fields")),
        result=result_word(access.text("result"), access.text("reason")),
        closed_by=access.closed_by,
        closing_index=access.closing_index if closed else None,
        closed_at=timestamp(access.closing_ms) if closed else None,
        seal=_value(pb.SealState, "SEAL_STATE", hit.seal),
        **{name: access.text(name) for name in _NAMED},
    )


def encode_logged(shown: Shown) -> pb.LoggedEntry:
    """An entry, whole."""
    access = shown.access
    return pb.LoggedEntry(
        receipt=encode_receipt(shown.receipt),
        recorded_at=timestamp(access.ms),
        kind=access.kind,
        facts=[pb.EntryFact(name=name, json=json.dumps(value, ensure_ascii=False)) for name, value in sorted(access.facts.items())],
        seal=_value(pb.SealState, "SEAL_STATE", shown.seal),
        sealed_fields=sealed_fields(access),
    )


def sealed_fields(access: Access) -> list[str]:
    """The names of what is sealed in an entry."""
    fields = (one.members.get("fields") for one in access.sealed)
    return sorted({name for each in fields if isinstance(each, dict) for name in each})


def encode_access(access: Access, now: InForce) -> pb.Access:
    """An access in plain words. ``now``: what gives the names."""
    told = tell(access, now)
    return pb.Access(
        entry_id=id_text(access.eid),
        at=timestamp(access.ms),
        kind=_value(pb.AccessKind, "ACCESS_KIND", told.kind),
        told=sentence_pb2.Sentence(th=told.told.th, en=told.told.en),
        who=who_of(access),
        officer_issuer="" if access.officer is None else access.officer[0],
        counter=access.text("counter"),
        centre=access.text("centre"),
        centre_name=_wording(told.centre),
        recipient=_agency(access.text("recipient"), told.recipient),
        source=_agency(access.text("source"), told.source),
        service=access.text("service"),
        service_name=_wording(told.service),
        records=[_record(record) for record in told.records],
        agreement=access.text("agreement"),
        legal_basis=access.text("legal_basis"),
        result=result_of(access),
        outcome=sentence_pb2.Sentence(th=told.outcome.th, en=told.outcome.en),
    )


def encode_agencies(agencies: Collection[RecipientId], now: InForce) -> Sequence[catalogue_pb2.CatalogueAgency]:
    """Agencies of the register, by id."""
    known = (now.register.agencies[agency] for agency in sorted(agencies) if agency in now.register.agencies)
    return [catalogue_pb2.CatalogueAgency(agency=one.id, name=catalogue_pb2.Wording(th=one.name_th, en=one.name_en)) for one in known]


def _value(kind: Any, prefix: str, ours: SealState | AccessKind) -> Any:
    """Our name as the contract's."""
    return kind.Value(f"{prefix}_{ours.name}")


def _record(record: AskedRecord) -> pb.AccessedRecord:
    fields = [pb.AccessedField(name=name, label=_wording(label)) for name, label in record.fields]
    return pb.AccessedRecord(record_type=record.type, title=_wording(record.title), fields=fields)


def _agency(agency: str, name: Text | None) -> catalogue_pb2.CatalogueAgency | None:
    return catalogue_pb2.CatalogueAgency(agency=agency, name=_wording(name)) if agency else None


def _wording(text: Text | None) -> catalogue_pb2.Wording | None:
    return None if text is None else catalogue_pb2.Wording(th=text.th, en=text.en)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
