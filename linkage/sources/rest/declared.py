"""What ``records.toml`` declares, as far as a manifest must agree with it. `linkage.catalogue` reads the same file for its labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkage.errors import Problem
from linkage.pages import read_page
from linkage.sources.rest.mapping import Kind
from linkage.terms import SubjectKind


@dataclass(frozen=True, slots=True)
class Declared:
    """A record type: its fields with their kinds, whom it is kept about, and how every answer names that subject."""

    fields: Mapping[str, Kind]
    subjects: frozenset[SubjectKind]
    names_subject: str


def read_declared(path: Path, problems: list[Problem]) -> Mapping[str, Declared]:
    """The record types, by name. What is wrong with labels and the like is the catalogue's to say."""
    page = read_page(path, problems, keys=("record",))
    if page is None:
        return {}
    declared = {str(table.get("type")): _declared(table) for _, table in page.tables("record", "type")}
    if not declared:
        page.report("record", "none", "at least one [[record]]")
    return declared


def _declared(table: Mapping[str, Any]) -> Declared:
    written = table.get("fields")
    rows = [row for row in written if isinstance(row, dict)] if isinstance(written, list) else []
    kinds = {str(row.get("name")): Kind(row["kind"]) for row in rows if row.get("kind") in set(Kind)}
    subjects = table.get("subjects", [SubjectKind.PERSON])
    known = frozenset(SubjectKind(one) for one in subjects if one in set(SubjectKind)) if isinstance(subjects, list) else frozenset()
    return Declared(kinds, known, str(table.get("names_subject", "nobody")))
