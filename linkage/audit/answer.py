"""The bytes of an answer, for its tag: one spelling for each answer, so that a released record can be compared with the log later."""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson

from linkage.terms import Image, PartialDate, Value

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def answer_bytes(answer: Mapping[str, Value | None]) -> bytes:
    """Spell an answer as JSON with sorted keys; each kind of value is marked, an image stands as its type and SHA-256."""
    members = {name: _spelt(value) for name, value in answer.items()}
    try:
        return orjson.dumps(members, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a surrogate pair somewhere: no UTF-8, and yet to be told from every other answer
        return _encode(members).encode("utf-8", "surrogatepass")


def _spelt(value: Value | None) -> Any:
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            return {"number": format(value.normalize(), "f")}
        case PartialDate(year, month, day):
            return {"date": f"{year:04d}-{month:02d}-{day:02d}"}
        case Image(media_type, content):
            return {"image": [media_type, sha256(content).hexdigest()]}
        case tuple():
            return [_spelt(each) for each in value]
        case _:
            return {"group": {name: _spelt(each) for name, each in value.items()}}
