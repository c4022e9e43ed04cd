"""What an entry says, and the exact bytes it says it in.

A leaf is JSON in the canonical form of RFC 8785, restricted to what that form and Python's own writer spell alike: texts, whole
numbers up to 2**53-1, flags, lists and groups with ASCII keys. Facts are clear and never personal: every key is named here,
and a text that holds a citizen number is refused. What is personal is sealed (`linkage.audit.sealing`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from linkage.errors import AuditUnavailable
from linkage.ids import id_text
from linkage.numbers import has_many_digits, holds_citizen_number
from linkage.store.contract import EID_SIZE, MAX_LEAF, Kind, LeafFrame

__all__ = ["FACTS", "JSON", "Entry", "EntryInvalid", "Kind", "Origin", "canonical", "frame", "parse_leaf"]

JSON: TypeAlias = str | int | bool | Sequence["JSON"] | Mapping[str, "JSON"]
"""What a leaf may hold."""

VERSION: Final = 1
_AFTER: Final = b',"v":%d}' % VERSION
_LARGEST: Final = 2**53 - 1
_DEEPEST: Final = 8
_MEMBERS_DEEPEST: Final = _DEEPEST - 1  # a leaf's members are one group further in, and what is in them another
_ROOM: Final = 128  # for the time, and for the reason that a denied entry has more than the intent it replaces

_TEXT, _NUMBER, _LIST, _GROUP = (str,), (int,), (list, tuple), (dict,)
_GROUPS = _LIST + _GROUP

FACTS: Final[Mapping[str, tuple[type, ...]]] = {
    # who asks
    "counter": _TEXT,  # the URI name in its certificate
    "cert": _TEXT,  # SHA-256 of that certificate, base64url
    "centre": _TEXT,
    "officer": _GROUP,  # iss, sub
    "auditor": _TEXT,
    # what for
    "method": _TEXT,
    "recipient": _TEXT,
    "acting": _TEXT,  # the agency whose counter asks: the recipient itself, or one that acts for it
    "service": _TEXT,
    "visit": _TEXT,  # its id
    "assurance": _TEXT,
    "bundle": _TEXT,  # the request id of the bundle that the request is part of
    "agreement": _TEXT,
    "agreement_digest": _TEXT,
    "legal_basis": _TEXT,
    "exception": _TEXT,
    "second_officer": _GROUP,  # iss, sub
    "ground": _TEXT,
    # what is asked
    "source": _TEXT,
    "also_asked": _LIST,  # of groups: a second source that one request asks on the way, and the agreement that lets it
    "types": _LIST,
    "fields": _LIST,
    "subject": _TEXT,  # person or juristic, never a number
    # what came of it
    "result": _TEXT,
    "reason": _TEXT,
    "detail": _TEXT,
    "violations": _LIST,  # paths of the request's fields that were wrong
    "why": _TEXT,
    "no_match": _TEXT,
    "card_problem": _TEXT,
    "person": _TEXT,  # how it was made sure that the record is this person's
    "dropped": _LIST,  # names of fields the agency sent unasked
    "missing": _LIST,  # names of granted fields the answer does not speak of
    "answer": _TEXT,  # HMAC of what is released, under the data key
    "attempts": _NUMBER,
    "asked_with": _TEXT,  # the request id under which the agency was asked, where one request carried several records
    "office": _NUMBER,  # the agency's number of the office an officer logged in for
    "agency_ms": _NUMBER,
    "records": _GROUP,  # of a bundle: how many were found, not_found, refused, unavailable
    "copies_not_needed": _NUMBER,
    "copies_in_all": _NUMBER,
    # of a reading by an auditor
    "agencies": _LIST,  # those whose entries the auditor may see
    "sought": _GROUP,  # what was looked for, by names the log knew before; never a number
    # about the log itself
    "version": _TEXT,
    "digests": _GROUP,  # of each file the process was configured with
    "pid": _NUMBER,
    "step_ms": _NUMBER,
    "count": _NUMBER,
    "since_ms": _NUMBER,
    "until_ms": _NUMBER,
    # about its keys
    "key_use": _TEXT,  # log, sealing or pseudonym
    "key_id": _TEXT,  # of a log key its id in hex, of a sealing key its name in the ring, of a pseudonym key its epoch
    "key_state": _TEXT,  # begun or ended
    "vkey": _TEXT,
    "first_size": _NUMBER,  # of the log, which the key may sign
    "last_size": _NUMBER,
    "keys": _LIST,  # ids, in hex, of data keys that are destroyed
    "before_ms": _NUMBER,  # data keys of one person that were made before are destroyed
}
"""Every fact an entry may state, and the types its value may have."""

_CANONICAL: Final = orjson.OPT_SORT_KEYS
"""Of what `_check` lets pass, orjson so told writes what RFC 8785 wants."""
_AS_ZERO: Final = bytes.maketrans(b"123456789", b"0" * 9)
_BETWEEN: Final = b" .-"
_RUN: Final = b"0" * 13
"""Thirteen digits, once what may stand between them is taken out."""
_DIGEST = re.compile("(?<![0-9A-Za-z])(?:[0-9a-f]{64}|[0-9a-f]{32})(?![0-9A-Za-z])")
"""Digests and ids in hex: a row of digits in one of them is nobody's number."""
_ID = re.compile(rb'(?<=")(?:[0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=")')
"""A text that is nothing but such a digest or id, or a UUID: many a leaf would be suspected for it."""


class EntryInvalid(AuditUnavailable):
    """An entry that the log cannot hold: a defect on our side, met before anything is asked. Never repeats a value."""


class Entry(NamedTuple):
    """What is to be recorded. ``ref`` is the intent that a closing entry closes."""

    kind: Kind
    eid: bytes
    facts: Mapping[str, JSON]
    ref: bytes | None = None


class Origin(NamedTuple):
    """Who writes: this gateway's name in the log, and the id of this process's start."""

    replica: str
    boot: bytes


def canonical(value: JSON) -> bytes:
    """The one spelling of a value (RFC 8785).

    Raises:
        EntryInvalid: a type, number, key, depth or text that has none here, or a citizen number; the message says where, not what.
    """
    return _spelt(value, _check([(value,)], _DEEPEST + 1))


def _spelt(value: object, foreign: list[str]) -> bytes:
    """The spelling of what is known to be of types that a leaf holds, ``foreign`` its texts that are not ASCII; raises as `canonical`."""
    try:
        spelt = orjson.dumps(value, option=_CANONICAL)
    except TypeError:
        raise EntryInvalid("leaf: a text with half a surrogate pair, or a group of another type") from None
    # The usual way ends at the first search. In the end only texts count, as they were before any escape: numbers of 13 digits are times.
    suspect = (_has_run(spelt) and _has_run(_ID.sub(b"", spelt))) or any(map(_has_many_digits, foreign))
    if suspect and any(map(_names_a_person, _texts(value))):
        raise EntryInvalid("leaf: a text with a citizen number")
    return spelt


def _has_run(spelt: bytes) -> bool:
    return _RUN in spelt.translate(_AS_ZERO, _BETWEEN)


_has_many_digits = lru_cache(maxsize=256)(has_many_digits)  # the same few: legal bases


def _check(groups: list[Any], levels: int) -> list[str]:
    """Refuse what a leaf may not hold, and give the texts that are not ASCII. Written for speed: every entry passes here.

    Raises:
        EntryInvalid: a type, number or key that a leaf has not, or groups nested in more than ``levels``.
    """
    foreign: list[str] = []
    for _ in range(levels):
        inner: list[Any] = []
        for group in groups:
            for each in _members(group) if isinstance(group, dict) else group:
                kind = type(each)
                if kind is str:
                    if not each.isascii():
                        foreign.append(each)
                elif isinstance(each, _GROUPS):
                    inner.append(each)
                elif kind is not bool:
                    _check_rare(each)
        if not inner:
            return foreign
        groups = inner
    raise EntryInvalid(f"leaf: nested beyond {_DEEPEST}")


def _members(group: dict[Any, Any]) -> Iterable[Any]:
    try:
        if "".join(group).isascii():
            return group.values()
    except TypeError:
        pass
    raise EntryInvalid("leaf: a key that is no ASCII text")


def _check_rare(value: object) -> None:
    if type(value) is int:
        if not -_LARGEST <= value <= _LARGEST:
            raise EntryInvalid("leaf: a number beyond 2**53-1")
    elif not isinstance(value, str):  # enums that are texts are spelt as texts
        raise EntryInvalid(f"leaf: a value of type {type(value).__name__}")


def _texts(value: object) -> Iterator[str]:
    """Every text of a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value:
            yield from _texts(each)
        if isinstance(value, dict):
            for each in value.values():
                yield from _texts(each)


def _names_a_person(text: str) -> bool:
    return holds_citizen_number(_DIGEST.sub("?", text))


def check_facts(facts: Mapping[str, Any]) -> list[str]:
    """Refuse a fact whose key is not in `FACTS`, or whose value has another type or holds what a leaf may not hold.

    Returns:
        Their texts that are not ASCII.

    Raises:
        EntryInvalid: names the key.
    """
    foreign: list[str] = []
    others: list[Any] = []
    for key, value in facts.items():
        expected = FACTS.get(key)
        if expected is None:
            raise EntryInvalid("facts: a key that is not listed")
        kind = type(value)
        if kind not in expected and (kind is bool or not isinstance(value, expected)):
            raise EntryInvalid(f"facts.{key}: got {kind.__name__}, expected {expected[0].__name__}")
        if kind is str:
            if not value.isascii():
                foreign.append(value)
        elif kind is not int or not -_LARGEST <= value <= _LARGEST:
            others.append(value)
    return foreign + _check([others], _MEMBERS_DEEPEST) if others else foreign


@lru_cache(maxsize=4)
def _around(origin: Origin) -> tuple[bytes, bytes]:
    """What the leaves of one origin begin with, and their ``replica``."""
    return b'{"boot":%b,"eid":"' % canonical(origin.boot.hex()), b'"replica":%b' % canonical(origin.replica)


def frame(entry: Entry, origin: Origin, sealed: Mapping[str, JSON] | None = None) -> LeafFrame:
    """The leaf of an entry, but for its time, which the log adds. ``sealed`` comes from `linkage.audit.sealing`.

    Raises:
        EntryInvalid: facts that cannot be recorded, a wrong id, or a leaf beyond 65,535 bytes.
    """
    kind, eid, facts, ref = entry
    if len(eid) != EID_SIZE or (ref is not None and len(ref) != EID_SIZE):
        raise EntryInvalid(f"eid, ref: expected {EID_SIZE} bytes each")
    opening, replica = _around(origin)
    parts = [
        opening + id_text(eid).encode() + b'","facts":' + _spelt(dict(facts), check_facts(facts)),
        b'"kind":"' + kind.encode() + b'"',
        replica,
    ]
    # Members are sorted by name. "t" and "v" come behind all others, so that the time is the one gap.
    if ref is not None:
        parts.insert(2, b'"ref":"' + id_text(ref).encode() + b'"')
    if sealed:
        parts.append(b'"sealed":' + _spelt(sealed, []))
    parts.append(b'"t":')
    before = b",".join(parts)
    if len(before) + len(_AFTER) + _ROOM > MAX_LEAF:
        raise EntryInvalid(f"leaf: got {len(before)} bytes, expected less than {MAX_LEAF}")
    return LeafFrame(before, _AFTER)


def parse_leaf(leaf: bytes) -> dict[str, Any]:
    """Read a leaf.

    Raises:
        EntryInvalid: not a JSON object in its one canonical spelling.
    """
    try:
        members = orjson.loads(leaf)
        _check([(members,)], _DEEPEST + 1)
        spelt = orjson.dumps(members, option=_CANONICAL)
    except (ValueError, TypeError):
        raise EntryInvalid("leaf: not JSON") from None
    if not isinstance(members, dict) or spelt != leaf:
        raise EntryInvalid("leaf: not in canonical form")
    return members
