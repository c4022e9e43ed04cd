"""Reading an agency's HTTP reply without trusting it: what every adapter needs before its own format begins.

No message here repeats anything that came: a reply is full of personal values.
"""

import json
import re

import httpx

from linkage.sources.adapter import Malformed, Unavailable


def json_object(response: httpx.Response) -> dict[str, object]:
    """Read the body as one JSON object.

    Raises:
        Malformed: not JSON, not an object, nested too deeply, with a key given twice, or with a text that is not Unicode.
    """
    try:
        text = response.content.decode().removeprefix("\ufeff")
        body = _read(text)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate would break whoever writes the text later
    except (ValueError, RecursionError):
        raise Malformed("expected a JSON object as the reply's body") from None  # the cause holds the whole body
    if not isinstance(body, dict):
        raise Malformed("expected a JSON object as the reply's body")
    return body


def each_key_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two values under one key nobody knows which one is meant."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _refuse_constant(_name: str) -> float:
    raise ValueError("NaN and Infinity are not JSON")


_read = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=each_key_once).decode


def unavailable(response: httpx.Response) -> Unavailable:
    """What a reply with an unexpected HTTP status is worth: nobody can tell now. Honours ``Retry-After`` in seconds, up to a day."""
    after = response.headers.get("retry-after", "")
    seconds = float(after) if re.fullmatch(r"[0-9]{1,5}", after) else None
    return Unavailable(f"status {response.status_code}", min(seconds, 86_400.0) if seconds is not None else None)
