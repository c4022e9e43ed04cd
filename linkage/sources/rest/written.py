"""``manifest.toml`` as it is written: every table and key, with its type. What follows from them together is `reading`'s business."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from linkage.pages import Line, Name, Written
from linkage.sources.address import AgencyUrl, origin
from linkage.sources.rest.dates import Era
from linkage.sources.rest.mapping import Kind
from linkage.sources.rest.template import leaves_its_place

VERSION = 1
"""The manifest format that this gateway reads."""


def _origin_alone(url: str) -> str:
    if origin(url) != url:
        raise ValueError("an origin alone: https://host or https://host:port, in lower case; the path belongs to an endpoint")
    return url


_HIDDEN_MARK = re.compile(r"%(?:2e|2f|5c|[01][0-9a-f]|7f)", re.IGNORECASE)
"""A dot, a slash, a backslash or a control character, encoded: servers differ in when they decode it."""


def _on_this_host(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or any(mark in path for mark in "\\?#@") or not path.isascii():
        raise ValueError("a path that begins with one /, in ASCII, without query, fragment and @: never another host")
    if leaves_its_place(path) or _HIDDEN_MARK.search(path) or not path.isprintable():
        raise ValueError("a path that stays where it is written: no segment . or .., no encoded . / or \\, no control character")
    return path


Host = Annotated[AgencyUrl, AfterValidator(_origin_alone)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_on_this_host)]
Text = Annotated[str, StringConstraints(max_length=300)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
QueryKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.$~-]{1,64}$")]
Status = Annotated[int, Field(ge=100, le=599)]
SourceId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


def _for_the_log(code: str) -> str:
    if re.search("[0-9]{7}", code):
        raise ValueError("a code without a number that is long enough to name a person")
    return code


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 ._:/-]{1,64}$"), AfterValidator(_for_the_log)]


class WrittenAgency(Written):
    """``[agency]``: whose interface this is. ``assumed``: that the wire is an assumption, and what to do about it."""

    name_th: Line
    name_en: Line
    assumed: Line | None = None


class HeaderKey(Written):
    """A secret in a header, after ``prefix``."""

    kind: Literal["header"]
    header: HeaderName
    prefix: Text = ""
    secret: Name


class BasicLogin(Written):
    """HTTP Basic: ``user`` names the setting with the user's name."""

    kind: Literal["basic"]
    user: Name = "user"
    secret: Name


class QueryToken(Written):
    """A secret in the URL's query, where servers write it into their logs: only where the agency demands it."""

    kind: Literal["query"]
    key: QueryKey
    secret: Name
    because: Line


class ClientCredentials(Written):
    """OAuth 2.0 client credentials. ``client`` names the setting with the client's id; ``expiry_margin`` and ``lifetime`` are seconds."""

    kind: Literal["oauth2"]
    token_path: Path
    host: Name | None = None
    client: Name = "client_id"
    secret: Name = "client_secret"  # noqa: S105 (the name of a setting)
    send: Literal["basic", "body"] = "basic"
    scope: Text | None = None
    expiry_margin: Annotated[int, Field(ge=0, le=3600)] = 60
    lifetime: Annotated[int, Field(ge=1, le=86_400)] | None = None


class NoCredentials(Written):
    """The client certificate is all, or the network."""

    kind: Literal["none"]


WrittenCredentials = Annotated[HeaderKey | BasicLogin | QueryToken | ClientCredentials | NoCredentials, Field(discriminator="kind")]


class WrittenSetting(Written):
    """``[settings.NAME]``: a text of the operator's for each recipient, used as ``{settings.NAME}``."""

    about: Line
    default: Text | None = None


class WrittenSecret(Written):
    """``[secrets.NAME]``: a secret that stands in a header or a body as ``{secrets.NAME}``; its file is the setting ``NAME_file``."""

    about: Line


class WrittenEndpoint(Written):
    """``[endpoints.NAME]``: one request. ``{number}`` says where the subject's number goes (`template` lists every place to fill in).

    A number in the path or the query ends in the logs of servers: only with ``number_in_url`` and the reason. A reply brings records
    where its status is one of ``found_status`` and ``found_when``, a JMESPath condition of the whole reply, holds; where a rule fits,
    the rule decides instead. ``service``: X-Road's, with that protocol only.
    """

    method: Literal["GET", "POST"]
    path: Path
    service: Text | None = None
    host: Name | None = None
    query: dict[QueryKey, Text] = Field(default_factory=dict)
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    body: dict[str, Any] | None = None
    found_status: Annotated[list[Status], Field(min_length=1)] = Field(default_factory=lambda: [200])
    found_when: str | None = None
    number_in_url: bool = False
    number_in_url_because: Line | None = None


class WrittenRule(Written):
    """``[[rule]]``: what a reply means that is no record. The first that fits decides; a reply that fits none is unavailable.

    ``status`` and ``when`` (a JMESPath condition of the whole reply) must both fit where both are given; ``records`` keeps the rule to
    some record types. ``code`` is the agency's own word, for the log. ``retry_after`` names the header with the seconds to wait.
    """

    means: Literal[
        "not_found", "unavailable", "not_entitled", "quota", "login_required", "login_expired", "login_refused"
    ]  # the words of RefusedCause, and two of its own
    status: Annotated[list[Status], Field(min_length=1)] | None = None
    when: str | None = None
    code: Code | None = None
    retry_after: HeaderName = "Retry-After"
    records: list[str] | None = None


class WrittenField(Written):
    """One field: where it stands in its record, and how it is written. A text alone is its ``path``, in JMESPath.

    ``kind`` is said by ``records.toml``; members of groups and of lists say their own, text where they do not. ``none``: texts that mean
    "no value". ``absent_means_none``: the agency leaves the key out where it holds no value; without it, a missing key withholds the
    record. ``format``, ``era`` and ``partial`` belong to a date (`dates`), ``yes`` and ``no`` to a flag, ``separator`` of thousands to a
    number, ``media_type`` to an image, ``fields`` to a group or to a list's items, ``item`` to a list of plain values.
    """

    path: str
    kind: Annotated[Kind, Field(strict=False)] | None = None
    format: Text | None = None
    era: Annotated[Era, Field(strict=False)] | None = None
    partial: bool = False
    none: list[Text] = Field(default_factory=lambda: [""])
    absent_means_none: bool = False
    yes: list[Text] = Field(default_factory=list)
    no: list[Text] = Field(default_factory=list)
    separator: Annotated[str, StringConstraints(max_length=1)] = ""
    media_type: Annotated[str, StringConstraints(pattern=r"^image/[a-z0-9.+-]{1,32}$")] = "image/jpeg"
    fields: "dict[Name, FieldOrPath] | None" = None
    item: "WrittenItem | None" = None


class WrittenItem(Written):
    """How each plain value of a list is read."""

    kind: Annotated[Kind, Field(strict=False)] = Kind.TEXT
    format: Text | None = None
    era: Annotated[Era, Field(strict=False)] | None = None
    partial: bool = False
    yes: list[Text] = Field(default_factory=list)
    no: list[Text] = Field(default_factory=list)
    separator: Annotated[str, StringConstraints(max_length=1)] = ""


class WrittenNumber(Written):
    """A number; with ``each``, one in every item of that list: every one must be there, and the same."""

    path: str
    each: str | None = None


def _path_alone(written: object) -> object:
    return {"path": written} if isinstance(written, str) else written


FieldOrPath = Annotated[WrittenField, BeforeValidator(_path_alone)]
NumberOrPath = Annotated[WrittenNumber, BeforeValidator(_path_alone)]


class WrittenName(Written):
    """A person's name: its parts, or the whole of it with the titles that may stand before it."""

    first: str | None = None
    last: str | None = None
    middle: str | None = None
    full: str | None = None
    titles: list[Text] = Field(default_factory=list)


class WrittenAbout(Written):
    """``[record.about]``: whom the reply says it is about. Expressions here are of the whole reply."""

    number: Annotated[list[NumberOrPath], Field(min_length=1)] = Field(default_factory=list)
    name: WrittenName | None = None
    birth_date: WrittenField | None = None


class WrittenRecord(Written):
    """``[[record]]``: one record type: which endpoint, where the record stands in its reply, and its fields.

    Record types of one endpoint come from one request. Paths of ``fields`` begin at ``root``. ``never_not_found``: why no reply says that
    there is no such record, where that is so. ``ignored``: keys of the reply that say nothing of anybody, not to be named in the log.
    """

    type: str
    endpoint: Name
    root: str = "@"
    never_not_found: Line | None = None
    ignored: list[Text] = Field(default_factory=list)
    about: WrittenAbout | None = None
    fields: Annotated[dict[Name, FieldOrPath], Field(min_length=1)]


class WrittenManifest(Written):
    """The whole page. ``protocol``: the agency itself over HTTPS, or through X-Road (`linkage.sources.rest.xroad`)."""

    version: Literal[1]
    protocol: Literal["rest", "x-road"] = "rest"
    source: SourceId
    host: Host
    agency: WrittenAgency
    credentials: WrittenCredentials
    hosts: dict[Name, Host] = Field(default_factory=dict)
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    settings: dict[Name, WrittenSetting] = Field(default_factory=dict)
    secrets: dict[Name, WrittenSecret] = Field(default_factory=dict)
    subject_words: dict[Literal["person", "juristic"], Text] = Field(default_factory=dict)
    endpoints: Annotated[dict[Name, WrittenEndpoint], Field(min_length=1)]
    rule: list[WrittenRule] = Field(default_factory=list)
    record: Annotated[list[WrittenRecord], Field(min_length=1)]
