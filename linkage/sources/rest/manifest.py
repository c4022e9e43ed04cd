"""A manifest that is in order: everything compiled, everything named in it known. `reading.read_manifest` makes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from pathlib import Path
from typing import Any

from linkage.sources.adapter import RefusedCause
from linkage.sources.rest.expressions import Expression
from linkage.sources.rest.mapping import Field
from linkage.sources.rest.written import WrittenCredentials
from linkage.terms import FieldName, RecordType, SubjectKind

REST = "rest"
X_ROAD = "x-road"
"""The protocols that a manifest can be asked over: the agency itself over HTTPS, or X-Road."""

HOST = "base"
"""The name of the manifest's ``host``; its setting is ``base_url``."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request. Texts in it are templates (`template`). ``places`` are the names that they fill in; ``service`` is X-Road's id, if any."""

    name: str
    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any | None
    found_status: frozenset[int]
    found_when: Expression | None
    places: frozenset[str]
    service: str = ""


class Means(StrEnum):
    """What a rule may say besides a cause of refusal."""

    NOT_FOUND = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """What a reply means that is no record. ``statuses`` None: any; ``when`` None: any body; ``records`` None: all."""

    means: Means | RefusedCause
    statuses: frozenset[int] | None
    when: Expression | None
    code: str
    retry_after: str
    records: frozenset[RecordType] | None

    def fits(self, record_type: RecordType, status: int, body: object) -> bool:
        """Whether it decides. A body that is no JSON (None) fits no ``when``.

        Raises:
            Malformed: ``when`` cannot be computed from the body.
        """
        if self.records is not None and record_type not in self.records:
            return False
        if self.statuses is not None and status not in self.statuses:
            return False
        return self.when is None or (body is not None and self.when.holds(body))


@dataclass(frozen=True, slots=True)
class NumberAt:
    """Where a reply names its subject: at ``path``, or there in every item of ``each``."""

    path: Expression
    each: Expression | None


@dataclass(frozen=True, slots=True)
class NameAt:
    """Where a reply names a person. ``full`` with ``titles`` that may stand before it, or the parts."""

    first: Expression | None
    last: Expression | None
    middle: Expression | None
    full: Expression | None
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AboutAt:
    """Whom a reply says it is about; expressions of the whole reply."""

    numbers: tuple[NumberAt, ...] = ()
    name: NameAt | None = None
    birth_date: Field | None = None


@dataclass(frozen=True, slots=True)
class RecordMap:
    """How one record type is read from its endpoint's reply.

    ``known``: keys of the reply that the manifest mentions for it, or ignores; all others are named in ``also_sent``.
    """

    type: RecordType
    endpoint: str
    root: Expression
    fields: Mapping[FieldName, Field]
    about: AboutAt
    subjects: frozenset[SubjectKind]
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """A text of the operator's. ``default`` None: it must be given."""

    about: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One agency without Python."""

    folder: Path
    source: str
    name_th: str
    name_en: str
    assumed: str
    """What is assumed about the wire; empty where it is known."""
    hosts: Mapping[str, str]
    """Origin by name; `HOST` is the manifest's ``host``."""
    credentials: WrittenCredentials
    headers: Mapping[str, str]
    settings: Mapping[str, Setting]
    secrets: Mapping[str, str]
    """Secret by name: what it is."""
    subject_words: Mapping[SubjectKind, str]
    endpoints: Mapping[str, Endpoint]
    rules: tuple[Rule, ...]
    records: Mapping[RecordType, RecordMap]
    protocol: str = REST

    @property
    def number_in_url(self) -> bool:
        """Whether any request has the subject's number in its URL."""
        return any("{number}" in text for one in self.endpoints.values() for text in (one.path, *one.query.values()))

    @property
    def bare_404_is_not_found(self) -> bool:
        """Whether a status of 404 alone, whatever its body, means that there is no record. Never over X-Road, whose replies say whose they are."""
        return self.protocol == REST and any(
            rule.means is Means.NOT_FOUND and rule.when is None and 404 in (rule.statuses or ()) for rule in self.rules
        )
