"""The vocabulary: every noun that two rooms share, defined once.

The same word stands in the contract (proto), the code, the command line and the documents. What a word means is its
docstring here. Citizen numbers and secrets are types whose ``repr`` is masked, so that no log line can hold one by accident.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum, auto
from typing import NamedTuple, NewType, TypeAlias

from linkage.numbers import CitizenNumber, JuristicNumber, Secret, check_digit

__all__ = [
    "Agency",
    "Assurance",
    "Caller",
    "CardChip",
    "CardLaser",
    "CardProblem",
    "CitizenNumber",
    "Counter",
    "DataKey",
    "Evidence",
    "FieldName",
    "Image",
    "JuristicNumber",
    "JuristicPerson",
    "NoMatch",
    "Officer",
    "PartialDate",
    "PersonCheck",
    "PersonName",
    "PresenceException",
    "RecipientId",
    "RecordType",
    "Secret",
    "ServiceId",
    "SourceName",
    "Subject",
    "SubjectKind",
    "ThaidCode",
    "Value",
    "Verdict",
    "VisitPerson",
    "assurance_of",
    "check_digit",
    "subject_kind_of",
]

RecipientId = NewType("RecipientId", str)
"""The agency in whose name a counter asks, by its register id, e.g. ``doe``."""

SourceName = NewType("SourceName", str)
"""The agency that holds and discloses records, by its name in the settings, e.g. ``dopa``."""

ServiceId = NewType("ServiceId", str)
"""What the citizen came for: an entry of the Citizen's Guide, e.g. ``jobseeker_registration``. The purpose of a lookup."""

RecordType = NewType("RecordType", str)
"""What a source can disclose: ``<source>.<type>``, e.g. ``dopa.person``."""

FieldName = NewType("FieldName", str)
"""A field of a record type, lower snake case."""


class Assurance(IntEnum):
    """How firmly a person's presence was shown, weakest first, so that ``<`` compares."""

    EXCEPTION = 1
    """An agreement's named exception, on the word of two officers."""
    CARD_LASER = 2
    """Card data and laser code: static, so attempts are limited, and it is not called proof of presence."""
    CARD_CHIP = 3
    """The card's chip was read."""
    THAID = 4
    """The person consented in ThaID now."""


class Verdict(StrEnum):
    """What a source said of the evidence."""

    MATCH = auto()
    NO_MATCH = auto()
    NOT_FOUND = auto()
    """Only where the source says so."""
    CARD_NOT_VALID = auto()
    DECEASED = auto()
    UNAVAILABLE = auto()
    """Down, late, malformed, or a code or text that the source's own documents do not name. Never a no."""


class NoMatch(StrEnum):
    """Which part of the evidence does not hold."""

    LASER_OR_NUMBER_UNKNOWN = auto()
    DATA_DIFFER = auto()
    CHIP_NOT_NORMAL = auto()
    ANOTHER_PERSON = auto()


class CardProblem(StrEnum):
    """Why a card is no longer valid."""

    EXPIRED = auto()
    ADDRESS_CHANGED = auto()
    LOST = auto()
    REISSUED = auto()
    NAME_CHANGED = auto()


class PersonCheck(StrEnum):
    """How it was made sure that a record is about the person asked about."""

    NUMBER = auto()
    """The source echoed the number, and it is the same."""
    NAME_AND_BIRTH_DATE = auto()
    """The source named the person; both are those of the evidence."""
    CANNOT_BE_TOLD = auto()
    """The answer names nobody, or the evidence gave nothing to compare with."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key that seals what the log holds about one subject in one visit: an id, and 32 bytes that ``repr`` does not show."""

    id: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A Common Era date whose day, or day and month, may be unknown (0)."""

    year: int
    month: int = 0
    day: int = 0

    def __repr__(self) -> str:
        return "PartialDate(****-**-**)"  # birth dates are personal


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """A Thai name without title. ``middle`` is empty where there is none."""

    first: str
    last: str
    middle: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """An image as the source sent it: IANA media type and undecoded bytes, at most 1 MiB."""

    media_type: str
    content: bytes


Value: TypeAlias = str | Decimal | bool | PartialDate | Image | tuple["Value", ...] | Mapping[str, "Value | None"]
"""A field's value: text, number, flag, date, image, list or group. In a group, None is a value the source does not hold."""


@dataclass(frozen=True, slots=True)
class Agency:
    """A government body: recipient, source, or both."""

    id: RecipientId
    name_th: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Counter:
    """The client software at one desk of a one-stop centre, known by the URI name in its certificate."""

    uri: str
    centre: str
    agency: RecipientId
    """The agency that runs the centre."""
    certificate_sha256: str
    """Of this connection's certificate: base64url without padding, as in RFC 8705 ``x5t#S256``."""


class Officer(NamedTuple):
    """The civil servant at the counter, known by a signed token bound to the counter's certificate."""

    issuer: str
    subject: str
    """The officer's id at the issuer. Never a citizen number: a token whose ``sub`` is one is refused."""


class Caller(NamedTuple):
    """Counter and officer, both authenticated."""

    counter: Counter
    officer: Officer


@dataclass(frozen=True, slots=True)
class VisitPerson:
    """Subject of a lookup: the person verified in the visit."""

    number: CitizenNumber


@dataclass(frozen=True, slots=True)
class JuristicPerson:
    """Subject of a lookup: a juristic person, and the ground on which the visit's person acts for it."""

    number: JuristicNumber
    ground: str


Subject = VisitPerson | JuristicPerson


class SubjectKind(StrEnum):
    """Whom a record type is kept about."""

    PERSON = auto()
    JURISTIC = auto()


def subject_kind_of(subject: Subject) -> SubjectKind:
    """The kind of a subject."""
    return SubjectKind.JURISTIC if isinstance(subject, JuristicPerson) else SubjectKind.PERSON


@dataclass(frozen=True, slots=True)
class CardLaser:
    """Evidence: the printed card, and the laser code of its back (two letters, ten digits, no dashes)."""

    number: CitizenNumber
    name: PersonName
    birth_date: PartialDate
    laser_code: Secret


@dataclass(frozen=True, slots=True)
class CardChip:
    """Evidence: the card's chip. ``chip_number`` is 16 hexadecimal digits, ``card_number`` the 14 digits under the photo (บ.ป.1)."""

    number: CitizenNumber
    chip_number: Secret
    card_number: Secret
    birth_date: PartialDate
    name: PersonName | None = None


@dataclass(frozen=True, slots=True)
class ThaidCode:
    """Evidence: an authorization code of ThaID, and the redirect URI it was issued for. ``number``: whom the counter says it is, if it does."""

    code: Secret
    redirect_uri: str
    number: CitizenNumber | None = None


@dataclass(frozen=True, slots=True)
class PresenceException:
    """Evidence: an exception that the agreement names. ``reason`` is the officer's own words, sealed in the log."""

    number: CitizenNumber
    exception: str
    reason: Secret
    second_officer: Officer
    name: PersonName | None = None
    birth_date: PartialDate | None = None


Evidence = CardLaser | CardChip | ThaidCode | PresenceException


def assurance_of(evidence: Evidence) -> Assurance:
    """The assurance that a match on this evidence gives."""
    match evidence:
        case CardLaser():
            return Assurance.CARD_LASER
        case CardChip():
            return Assurance.CARD_CHIP
        case ThaidCode():
            return Assurance.THAID
        case PresenceException():
            return Assurance.EXCEPTION
