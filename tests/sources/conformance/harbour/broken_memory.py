"""Harbour adapters that keep what they saw beside themselves. A module of their own: what one keeps there, every class in it is seen to keep."""

from collections.abc import Mapping
from typing import Any, ClassVar

from linkage.sources.adapter import Found, Query
from linkage.terms import RecordType
from tests.sources.conformance.harbour.adapter import Harbour

_LAST: dict[str, object] = {}


class KeepsARecordInItsModule(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        _LAST["record"] = record
        return super().found(kind, record, query)


class KeepsARecordOnItsClass(Harbour):
    records: ClassVar[list[object]] = []

    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        self.records.append(record)
        return super().found(kind, record, query)
