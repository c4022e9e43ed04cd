"""``people.toml``: the invented people and bodies of a manifest's simulator, their rows as they stand on the agency's wire.

    [replies.licence.found]          # for each endpoint: what a record looks like around its row
    status = 200
    body = { code = "OK", id = "{number}", data = "{row}" }
    [replies.licence.not_found]
    status = 404
    body = { code = "NOT_FOUND" }
    [unauthorised]                   # optional, like [quota] and [not_entitled]: without valid credentials, too much asked, not granted
    body = { code = "UNAUTHORISED" }

    [[person]]
    case = "everything in order"
    number = "1100000000016"         # or juristic = "..."
    rows.licence = { licenceNo = "...", expires = "{null}" }

``{row}``, ``{number}``, ``{request_id}`` and ``{subject}`` are filled in; ``{null}`` is JSON's null, which TOML has not. Who has no row
at an endpoint is answered with its ``not_found``. `Examples` name the first person with a row, and the first without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from linkage.errors import Problem, SettingsInvalid
from linkage.pages import HIDDEN, Line, Name, Page, Written, read_page
from linkage.settings import problems_of
from linkage.sources.rest.manifest import Manifest
from linkage.terms import CitizenNumber, JuristicNumber, JuristicPerson, Subject, SubjectKind, VisitPerson

PEOPLE = "people.toml"


def _citizen(text: str) -> str:
    return CitizenNumber(text).reveal()


def _juristic(text: str) -> str:
    return JuristicNumber(text).reveal()


class Reply(Written):
    """One reply of the agency."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")], str] = Field(default_factory=dict)
    body: Any = Field(default_factory=dict)


class Replies(Written):
    """What an endpoint answers about somebody it holds a row of, and about others."""

    found: Reply
    not_found: Reply = Reply(status=404)


class Row(Written):
    """One invented person or body, and its rows by endpoint."""

    case: Line = "added"
    number: Annotated[str, AfterValidator(_citizen)] | None = None
    juristic: Annotated[str, AfterValidator(_juristic)] | None = None
    rows: dict[Name, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_number(self) -> "Row":
        if (self.number is None) is (self.juristic is None):
            raise ValueError("number or juristic, one of them")
        return self

    @property
    def digits(self) -> str:
        """The 13 digits."""
        return self.number or self.juristic or ""

    @property
    def kind(self) -> SubjectKind:
        """A person or a juristic person."""
        return SubjectKind.PERSON if self.number is not None else SubjectKind.JURISTIC

    def subject(self) -> Subject:
        """As a lookup names it."""
        if self.number is not None:
            return VisitPerson(CitizenNumber(self.number))
        return JuristicPerson(JuristicNumber(self.digits), "director")


class _People(Written):
    replies: dict[Name, Replies]
    person: Annotated[list[Row], Field(min_length=1)]
    unauthorised: Reply = Reply(status=401)
    quota: Reply = Reply(status=429, headers={"Retry-After": "60"})
    not_entitled: Reply = Reply(status=403)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody, by number, and how the agency answers."""

    rows: dict[str, Row]
    replies: Mapping[str, Replies]
    unauthorised: Reply
    quota: Reply
    not_entitled: Reply


def read_people(manifest: Manifest) -> People:
    """Read the people of a manifest's folder.

    Raises:
        SettingsInvalid: every problem of the file is in it.
    """
    problems: list[Problem] = []
    page = read_page(manifest.folder / PEOPLE, problems, keys=_People.model_fields)
    written = _written(page) if page is not None else None
    if page is None or written is None:
        raise SettingsInvalid(tuple(problems))
    _check(page, written, manifest)
    if problems:
        raise SettingsInvalid(tuple(problems))
    return People({one.digits: one for one in written.person}, written.replies, written.unauthorised, written.quota, written.not_entitled)


def _written(page: Page) -> _People | None:
    try:
        return _People.model_validate({key: value for key, value in page.content.items() if key in _People.model_fields})
    except ValidationError as failure:
        for one in problems_of(page.file, failure):
            page.report(one.key, HIDDEN if one.key.endswith(("number", "juristic")) else one.got, one.expected)
        return None


def _check(page: Page, written: _People, manifest: Manifest) -> None:
    for name in manifest.endpoints.keys() - written.replies.keys():
        page.report(f"replies.{name}", "nothing", "how the endpoint answers")
    for name in written.replies.keys() - manifest.endpoints.keys():
        page.report(f"replies.{name}", "an endpoint nobody knows", f"one of {', '.join(sorted(manifest.endpoints))}")
    seen: set[str] = set()
    for place, one in enumerate(written.person):
        if one.digits in seen:
            page.report(f"person.{place}", "a number used before", "each number once")
        seen.add(one.digits)
        for name in one.rows.keys() - manifest.endpoints.keys():
            page.report(f"person.{place}.rows.{name}", "an endpoint nobody knows", f"one of {', '.join(sorted(manifest.endpoints))}")
