"""The adapter contract: what one agency's translator gets, and what it must answer.

An adapter only translates: a `Query` into the agency's own request, the agency's reply into an `Answer`. It receives an
`httpx.AsyncClient` that already carries mutual TLS, limits, timeouts and a size cap; its settings, filled in per recipient; and a
query with granted fields only. It never retries, never logs a value, reads no clock and follows no redirect. One adapter object
serves all requests of a worker at once; it keeps no state of a request on itself.

The rules an answer keeps:

* `NotFound` only where the agency said so; `Unavailable` for everything that is not a clear answer, unknown codes included.
* Only the fields asked for. None only where the agency says that it holds no value; a field that its reply does not speak of is left
  out, and the record is then withheld.
* What the agency sent beyond them is named in `Found.also_sent`, for the log; its values go no further.
* `Found.about` names the person the agency's reply was about, where the reply names one.

What may be raised: `httpx` errors as they come, `Malformed` for a reply that cannot be read. All become `Unavailable` outside.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from pathlib import Path
from typing import ClassVar

import httpx
from pydantic import BaseModel

from linkage.errors import LinkageError
from linkage.terms import (
    Assurance,
    CardProblem,
    CitizenNumber,
    Evidence,
    FieldName,
    JuristicNumber,
    NoMatch,
    PartialDate,
    PersonName,
    RecordType,
    Secret,
    ServiceId,
    Subject,
    ThaidCode,
    Value,
    Verdict,
)


class Malformed(LinkageError):
    """The agency's reply cannot be read. The message says what was expected where, never what came."""


@dataclass(frozen=True, slots=True)
class Link:
    """What an adapter may use for one request.

    ``settings`` is an instance of the adapter's own ``Settings``, for this recipient. ``timeout`` is what is left for the agency, in
    seconds; the client enforces it already. ``request_id`` may be sent along for the agency's own records; it names nobody.
    ``now`` is Unix time in seconds, for protocols that need it.
    """

    client: httpx.AsyncClient
    settings: BaseModel
    timeout: float
    request_id: str
    now: int


# ---- records -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """One question, already decided: these record types of this source, these fields of each, for this subject.

    ``session`` is the officer's own login at the agency as `LogsIn.confirm` returned it, where one was presented.
    """

    subject: Subject
    service: ServiceId
    wanted: Mapping[RecordType, tuple[FieldName, ...]]
    session: Secret | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Whom a reply was about, as far as the reply says; None for what it does not say."""

    number: CitizenNumber | None = None
    name: PersonName | None = None
    birth_date: PartialDate | None = None
    juristic: JuristicNumber | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """The agency holds the record.

    ``fields`` has a key for every field asked for that the reply speaks of, None where it says that there is no value.
    ``also_sent``: names of the fields whose values came unasked; never a value.
    """

    fields: Mapping[FieldName, Value | None]
    about: About = field(default_factory=About)
    also_sent: tuple[FieldName, ...] = ()


@dataclass(frozen=True, slots=True)
class NotFound:
    """The agency says that it holds no such record."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody can tell now. ``why`` is a short English word for metrics and the log (``timeout``, ``status 503``), never a value."""

    why: str
    retry_after: float | None = None


class RefusedCause(StrEnum):
    """Why an agency refuses: what follows for the officer."""

    NOT_ENTITLED = auto()
    """The agency grants us, this office or this officer no such right."""
    LOGIN_REQUIRED = auto()
    LOGIN_EXPIRED = auto()
    LOGIN_REFUSED = auto()
    QUOTA = auto()
    EVIDENCE = auto()
    """What was shown is used up, cancelled or expired (a ThaID code): show it anew."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The agency refuses to answer us. ``code`` is its own code, as it stands in its documents."""

    cause: RefusedCause
    code: str
    retry_after: float | None = None


Answer = Found | NotFound | Unavailable | Refused


# ---- presence ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """What the source said of the evidence. ``about`` names the person, as far as a match says (ThaID's number, the evidence's name)."""

    verdict: Verdict
    no_match: NoMatch | None = None
    card_problem: CardProblem | None = None
    about: About = field(default_factory=About)
    why: str = ""
    """With UNAVAILABLE: a short English word for metrics and the log, never a value."""
    retry_after: float | None = None


# ---- an officer's own login ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoginBegin:
    """An officer wants to log in: own number, and the chip's number where it is by smart card (else by ThaID)."""

    officer_number: CitizenNumber
    chip_number: Secret | None


@dataclass(frozen=True, slots=True)
class LoginOffer:
    """The agency's answer: offices (its number, Thai name) to choose from, and the challenge for the card ("" with ThaID)."""

    offices: Sequence[tuple[int, str]]
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginConfirm:
    """The chosen office and the proof: the card's envelope, or the officer's ThaID access token. ``begun`` is what was begun with, ``challenge`` what was offered."""

    begun: LoginBegin
    challenge: str = field(repr=False)
    office_id: int
    envelope: Secret | None
    access_token: Secret | None


@dataclass(frozen=True, slots=True)
class Session:
    """An officer's login at the agency. ``expires_at`` is Unix time in seconds, as the agency's token says."""

    token: Secret
    expires_at: int


# ---- the adapter ---------------------------------------------------------------------------------------------------


class Adapter(ABC):
    """One agency's translator. A subclass adds the abilities it has: `Fetches`, `Verifies`, `LogsIn`, `ExchangesCode`."""

    Settings: ClassVar[type[BaseModel]]
    """Schema of the settings for one recipient. Secrets in it are paths of files (``*_file``), given as `pathlib.Path`."""

    records_file: ClassVar[Path | None] = None
    """``records.toml`` beside the adapter: its record types and fields. None where it discloses none."""

    assumed: ClassVar[str] = ""
    """Where the agency's interface is not public: the sentence that says what is assumed of it. Shown wherever its records are listed."""
    numbers_in_url: ClassVar[bool] = False
    """Whether the protocol demands the subject's number, or what was shown, in the URL, where servers and balancers log it."""
    secret_in_url: ClassVar[bool] = False
    """Whether the protocol demands a credential of ours in the URL."""
    bare_404_is_not_found: ClassVar[bool] = False
    """Whether the agency's documents say that HTTP 404 alone, whatever its body, means "no such record"."""

    @abstractmethod
    def base_urls(self, settings: BaseModel) -> frozenset[str]:
        """The origins (``https://host`` or ``https://host:port``) of the agency under these settings.

        The client is pinned to them: a request to any other origin is a defect and never leaves. An agency whose services live on
        several hosts names each. Requests themselves carry whole URLs. `linkage.sources.address.origin` gives a URL's origin.
        """


class Fetches(ABC):
    """Discloses records."""

    needs_login: ClassVar[bool] = False
    """Whether every query needs the officer's own login at the agency."""

    @abstractmethod
    async def fetch(self, query: Query, link: Link) -> Mapping[RecordType, Answer]:
        """Ask for all record types of the query, in one request where the agency can. One answer for each."""


class Verifies(ABC):
    """Verifies evidence."""

    evidence: ClassVar[frozenset[Assurance]]
    """The assurances it can give."""

    @abstractmethod
    async def verify(self, evidence: Evidence, link: Link) -> Verified | Refused:
        """Ask whether the evidence holds. Codes and texts that the agency's documents do not name are UNAVAILABLE."""


class LogsIn(ABC):
    """Demands the officer's own login before it discloses."""

    renew_before: ClassVar[float]
    """Seconds before a session's end from which on it is renewed when used."""
    renew_until: ClassVar[float]
    """Seconds after its end up to which the agency still renews it."""

    @abstractmethod
    async def begin(self, login: LoginBegin, link: Link) -> LoginOffer | Refused | Unavailable: ...

    @abstractmethod
    async def confirm(self, login: LoginConfirm, link: Link) -> Session | Refused | Unavailable: ...

    @abstractmethod
    async def renew(self, session: Secret, link: Link) -> Session | Refused | Unavailable: ...

    @abstractmethod
    async def end(self, session: Secret, link: Link) -> Refused | Unavailable | None: ...


class ExchangesCode(ABC):
    """Exchanges an officer's own ThaID code for the access token that another source's login asks for."""

    @abstractmethod
    async def exchange(self, code: ThaidCode, link: Link) -> Secret | Refused | Unavailable:
        """The access token, if the code belongs to ``code.number``; `Refused` (LOGIN_REFUSED) if it is somebody else's."""


# ---- before the first citizen comes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probed:
    """What a source says without being asked about anybody. ``granted``: for each record type, whether we may ask for it."""

    granted: Mapping[RecordType, bool]


class Probes(ABC):
    """Can say, without being asked about anybody, that it is there and what it grants us: the health shows it from the start on."""

    @abstractmethod
    async def probe(self, link: Link) -> Probed | Refused | Unavailable:
        """Ask the agency what it grants. No request of it may name a person."""
