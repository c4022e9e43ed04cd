"""The body of a reply as JSON, read without trusting it. Fractions stay exact; nothing in a message repeats what came."""

import json
from decimal import Decimal

import httpx

from linkage.sources.reading import each_key_once


def json_body(response: httpx.Response) -> object | None:
    """The body's value; None where it is not JSON, is null, nests too deeply, gives a key twice, or holds a text that is not Unicode."""
    try:
        text = response.content.decode("utf-8-sig")
        body: object = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=each_key_once)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(body, ensure_ascii=False, default=str).encode()  # half of a surrogate pair would break whoever writes it later
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return body


def _refuse(_name: str) -> float:
    raise ValueError("NaN and Infinity are not JSON")
