"""A reply into the answer for one record type: the rules first, then the record, then what came unasked."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx

from linkage.sources.adapter import About, Answer, Found, Malformed, NotFound, Refused, Unavailable
from linkage.sources.reading import unavailable
from linkage.sources.rest.expressions import ABSENT, Absent, Expression
from linkage.sources.rest.manifest import AboutAt, Endpoint, Means, NameAt, NumberAt, RecordMap, Rule
from linkage.sources.rest.mapping import Field, read, text_of
from linkage.terms import CitizenNumber, FieldName, JuristicNumber, PersonName, Subject, SubjectKind, Value, subject_kind_of

MOST_NAMES = 50
"""Names in ``also_sent``."""

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_LONG_NUMBER = re.compile(r"[0-9]{7}")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_EMPTY: tuple[object, ...] = (None, "", [], {})
N = TypeVar("N", CitizenNumber, JuristicNumber)

UNNAMED = "unnamed"
"""Stands for a key that is not a plain name, and might be a value."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came for one request: the response with its JSON, the subject asked about, and the keys that belong to what was asked."""

    response: httpx.Response = dataclasses.field(repr=False)
    body: object | None = dataclasses.field(repr=False)
    subject: Subject = dataclasses.field(repr=False)
    known: frozenset[str]


def answer(
    mapped: RecordMap,
    endpoint: Endpoint,
    rules: Sequence[Rule],
    wanted: Sequence[FieldName],
    reply: Reply,
) -> Answer:
    """Read one record type's answer.

    Raises:
        Malformed: the reply is not what the manifest says.
    """
    response, body = reply.response, reply.body
    rule = next((one for one in rules if one.fits(mapped.type, response.status_code, body)), None)
    if rule is not None:
        return _contradicted(rule, mapped, reply) or _ruled(rule, response)
    if response.status_code not in endpoint.found_status:
        return unavailable(response)
    if body is None:
        raise Malformed("expected JSON as the reply's body")
    if endpoint.found_when is not None and not endpoint.found_when.holds(body):
        return Unavailable("unexpected answer")
    record = mapped.root.of(body)
    if record is ABSENT or not isinstance(record, dict | list) or not record:
        return Unavailable("no record")  # what a service that broke leaves behind, too
    return _found(mapped, wanted, reply, record)


def _contradicted(rule: Rule, mapped: RecordMap, reply: Reply) -> Unavailable | None:
    """What is wrong with a "not found" that names somebody else, or that comes with a record."""
    if rule.means is not Means.NOT_FOUND or reply.body is None:
        return None
    if _named(mapped.about.numbers, reply.body) - {reply.subject.number.reveal()}:
        return Unavailable("not found, of another subject")
    looked_at = rule.when.names if rule.when is not None else frozenset()
    return Unavailable("not found, with a record") if _holds_record(mapped, reply.body, looked_at) else None


def _holds_record(mapped: RecordMap, body: object, looked_at: frozenset[str]) -> bool:
    """Whether anything stands where the record does, beside the keys that say that there is none."""
    root = mapped.root.of(body)
    if not isinstance(root, dict):
        return root is not ABSENT and root not in _EMPTY
    keys = root.keys() - looked_at
    if root is body:  # the reply's own words stand there, too
        keys &= frozenset().union(*(one.path.names for one in mapped.fields.values()))
    return any(root[key] not in _EMPTY for key in keys)


def _ruled(rule: Rule, response: httpx.Response) -> NotFound | Refused | Unavailable:
    after = response.headers.get(rule.retry_after, "")
    seconds = min(float(after), 86_400.0) if re.fullmatch(r"[0-9]{1,5}", after) else None
    match rule.means:
        case Means.NOT_FOUND:
            return NotFound()
        case Means.UNAVAILABLE:
            return Unavailable(rule.code, seconds)
        case cause:
            return Refused(cause, rule.code, seconds)


def _found(mapped: RecordMap, wanted: Sequence[FieldName], reply: Reply, record: object) -> Found | Unavailable:
    values = {name: read(one, record) for name, one in mapped.fields.items() if name in wanted}
    unasked = [name for name, one in mapped.fields.items() if name not in wanted and _is_there(one, record)]
    if not unasked and all(value is ABSENT or value in (None, ()) for value in values.values()):
        return Unavailable("empty answer")
    fields: dict[FieldName, Value | None] = {name: value for name, value in values.items() if not isinstance(value, Absent)}
    shared = {mapped.fields[name].path for name in wanted if name in mapped.fields}
    own = [name for name in unasked if mapped.fields[name].path not in shared or mapped.fields[name].members]
    others = sorted({FieldName(_spelled(key)) for key in _unknown(reply, record, mapped)})
    return Found(fields, about(mapped.about, reply.body, subject_kind_of(reply.subject)), tuple(own + others)[:MOST_NAMES])


def _is_there(field: Field, record: object) -> bool:
    """Whether a field that nobody asked for came with a value. What it is does not matter, not even whether it can be read."""
    try:
        value = field.path.of(record)
    except Malformed:
        return True
    return value is not ABSENT and value not in _EMPTY


def _unknown(reply: Reply, record: object, mapped: RecordMap) -> Iterator[str]:
    """Keys that nobody asked about and that came with a value: around the record, in it, in its groups and lists."""
    rows: list[object] = [reply.body, *(record if isinstance(record, list) else [record])]
    for field in mapped.fields.values():
        rows += _parts(field, record)
    for row in rows:
        for key, value in row.items() if isinstance(row, dict) else ():
            if key not in reply.known and value not in _EMPTY:
                yield key


def _parts(field: Field, record: object) -> list[object]:
    """The objects in a group or list whose members are mapped."""
    if not field.members:
        return []
    try:
        value = field.path.of(record)
    except Malformed:
        return []
    rows = value if isinstance(value, list) else [value]
    return [*rows, *(part for row in rows for member in field.members for part in _parts(member, row))]


def _spelled(key: str) -> str:
    if _PLAIN.fullmatch(key) is None or _LONG_NUMBER.search(key) is not None:
        return UNNAMED
    return _HUMPS.sub("_", key).replace("-", "_").lower()


# ---- whom it is about ---------------------------------------------------------------------------------------------------


def about(at: AboutAt, body: object, kind: SubjectKind) -> About:
    """Whom the reply names, as far as it does.

    Raises:
        Malformed: it names several, or one in a way that cannot be read.
    """
    digits = _number(at.numbers, body)
    born = read(at.birth_date, body) if at.birth_date is not None else None
    return About(
        number=_numbered(CitizenNumber, digits) if kind is SubjectKind.PERSON else None,
        juristic=_numbered(JuristicNumber, digits) if kind is SubjectKind.JURISTIC else None,
        name=_name(at.name, body) if at.name is not None else None,
        birth_date=born if not isinstance(born, Absent) else None,  # type: ignore[arg-type]  # a date, by its kind
    )


def _numbered(number: type[N], digits: str | None) -> N | None:
    if digits is None:
        return None
    try:
        return number(digits)
    except ValueError:
        raise Malformed("expected the subject's number") from None


def _number(places: Sequence[NumberAt], body: object) -> str | None:
    """The one number that stands in all places; None where it is missing in any."""
    told = [text for place in places for text in _told(place, body)]
    if not told or None in told:
        return None
    if len(set(told)) > 1:
        raise Malformed("expected one subject in the whole reply")
    return told[0]


def _named(places: Sequence[NumberAt], body: object) -> frozenset[str]:
    """Every number that stands in any of the places."""
    there = [place for place in places if place.each is None or place.each.of(body) not in (ABSENT, None)]
    return frozenset(text for place in there for text in _told(place, body) if text is not None)


def _told(place: NumberAt, body: object) -> list[str | None]:
    items = [body] if place.each is None else place.each.of(body)
    if not isinstance(items, list):
        raise Malformed("expected an array with the subject's number in each item")
    return [_text(place.path, item) for item in items]


def _text(path: Expression, body: object) -> str | None:
    value = path.of(body)
    return None if value is None or value is ABSENT else text_of(path.text, value) or None


def _name(at: NameAt, body: object) -> PersonName | None:
    if at.full is not None:
        return _split(_text(at.full, body), at.titles)
    first, last, middle = (None if one is None else _text(one, body) for one in (at.first, at.last, at.middle))
    return PersonName(first, last, middle or "") if first and last else None


def _split(whole: str | None, titles: Sequence[str]) -> PersonName | None:
    """First and family name, where that is all that is left after the title: a name of three words is nobody's guess."""
    if whole is None:
        return None
    title = next((one for one in titles if whole.startswith(one)), "")
    words = whole[len(title) :].split()
    return PersonName(words[0], words[1]) if len(words) == 2 else None
