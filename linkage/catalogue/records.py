"""Record types: what a source can disclose, as the adapter's own ``records.toml`` declares it.

A record type as it is written:

    [[record]]
    type = "dopa.person"           # <source>.<name>
    title_th = "..."
    title_en = "..."
    legal_owner = "..."
    subjects = ["person"]          # optional, this where absent: whom it is kept about: person, juristic
    names_subject = "number"       # optional, "nobody" where absent: how every answer names whom it is about
    [[record.fields]]
    name = "first_name"            # lower snake case
    label_th = "..."
    label_en = "..."
    kind = "text"                  # text number flag date image list group
    class = "ordinary"             # ordinary sensitive image
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, StringConstraints

from linkage.errors import Problem, SettingsInvalid
from linkage.pages import Line, Name, Page, Written, read_page
from linkage.terms import FieldName, RecordType, SourceName, SubjectKind


class FieldKind(StrEnum):
    """The type of a field's value, as the contract's ``Value`` names it."""

    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    DATE = auto()
    IMAGE = auto()
    LIST = auto()
    GROUP = auto()


class FieldClass(StrEnum):
    """How much care a field needs."""

    ORDINARY = auto()
    SENSITIVE = auto()
    """Religion, health and the like: Personal Data Protection Act B.E. 2562, section 26."""
    IMAGE = auto()
    """A face."""


class NamesSubject(StrEnum):
    """How every answer of a record type names whom it is about: what the corridor may insist on."""

    NUMBER = auto()
    """It repeats the citizen or juristic number; an answer without it is withheld."""
    NAME_AND_BIRTH_DATE = auto()
    """It gives the person's name and birth date."""
    NOBODY = auto()
    """It may not: a wrong person could not be noticed."""


@dataclass(frozen=True, slots=True)
class RecordField:
    """One field that a record type has."""

    name: FieldName
    label_th: str
    label_en: str
    kind: FieldKind
    sort: FieldClass
    """Its class; ``class`` is Python's word."""


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A record type with its fields, in the order of the file."""

    type: RecordType
    title_th: str
    title_en: str
    legal_owner: str
    fields: Mapping[FieldName, RecordField]
    subjects: frozenset[SubjectKind] = frozenset({SubjectKind.PERSON})
    names_subject: NamesSubject = NamesSubject.NOBODY

    @property
    def source(self) -> SourceName:
        """Who discloses it."""
        return SourceName(self.type.partition(".")[0])


class _Field(Written):
    name: Name
    label_th: Line
    label_en: Line
    kind: Annotated[FieldKind, Field(strict=False)]
    sort: Annotated[FieldClass, Field(strict=False, alias="class")]


class _Record(Written):
    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}\.[a-z][a-z0-9_]{0,63}$")]
    title_th: Line
    title_en: Line
    legal_owner: Line
    subjects: list[Annotated[SubjectKind, Field(strict=False)]] = Field(default_factory=lambda: [SubjectKind.PERSON], min_length=1)
    names_subject: Annotated[NamesSubject, Field(strict=False)] = NamesSubject.NOBODY
    fields: Annotated[list[_Field], Field(min_length=1)]


def load_records(paths: Sequence[Path]) -> tuple[RecordKind, ...]:
    """Read the record types of all enabled adapters.

    Raises:
        SettingsInvalid: a file cannot be read, or says something wrong; every problem of every file is in it.
    """
    problems: list[Problem] = []
    kinds: dict[RecordType, RecordKind] = {}
    for path in paths:
        page = read_page(path, problems, keys=("record",))
        if page is None:
            continue
        for entry in page.entries("record", _Record, name="type"):
            kind = _kind(page, entry.where, entry.table)
            if kind.type in kinds:
                page.report(f"{entry.where}.type", "a type that another file declares", "each record type once")
            kinds[kind.type] = kind
    if problems:
        raise SettingsInvalid(tuple(problems))
    return tuple(kinds.values())


def _kind(page: Page, where: str, table: _Record) -> RecordKind:
    fields: dict[FieldName, RecordField] = {}
    for written in table.fields:
        name = FieldName(written.name)
        if name in fields:
            page.report(f"{where}.fields.{name}", "a name used before", "each field once")
        fields[name] = RecordField(name, written.label_th, written.label_en, written.kind, written.sort)
    return RecordKind(
        RecordType(table.type),
        table.title_th,
        table.title_en,
        table.legal_owner,
        MappingProxyType(fields),
        frozenset(table.subjects),
        table.names_subject,
    )
