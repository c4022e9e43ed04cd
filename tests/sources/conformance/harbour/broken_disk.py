"""Harbour adapters that leave something behind outside the process."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

from linkage.sources.adapter import Found, Query
from linkage.terms import RecordType
from tests.sources.conformance.harbour.adapter import Harbour


class WritesARecordToDisk(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        with tempfile.TemporaryFile("w") as kept:
            kept.write(repr(record))
        return super().found(kind, record, query)


class WritesPastPythonsFiles(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        os.close(os.open(os.devnull, os.O_WRONLY))
        return super().found(kind, record, query)


class StartsAProgram(Harbour):
    def found(self, kind: RecordType, record: Mapping[str, Any], query: Query) -> Found:
        subprocess.run(["true"], check=True)
        return super().found(kind, record, query)
