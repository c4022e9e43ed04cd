"""What a reply of GDX that is no success means.

GDX itself speaks where the body is a JSON object with a text in ``Message``, or the text of such a message alone. Whatever has neither came
from something in between, and nothing follows from it:

    GDX's body with a Code                      as the table in codes.py says
    401, 403 with GDX's body                    NOT_ENTITLED (401 "token not found" is met before: exchange.py)
    404 with GDX's body that names no record    NOT_FOUND, for questions about records alone
    everything else                             UNAVAILABLE

Not found is believed where a reply says that and nothing else: with a value beside Code and Message it is UNAVAILABLE, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from adapters.gdx.codes import linkage_answer, without_blanks
from linkage.sources.adapter import Malformed, NotFound, Refused, RefusedCause, Unavailable
from linkage.sources.reading import json_object, unavailable

_TOKEN_UNKNOWN = without_blanks("token not found")
_PLAIN = ("ForbiddenException:", "UnauthorizedException:")
"""How GDX's messages begin that were seen; whether they come as JSON or bare was not."""

_NOT_FOUND_PREFIX = without_blanks("NotFoundException:")
"""May stand before the text that there is no record, as the others of GDX's messages begin. An assumption."""

_LONGEST = 500
"""Characters. A message is a sentence, not a page."""


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """GDX's own words in a reply.

    ``code``: None where it gave none, -1 for what is no number. ``alone``: nothing but these words has anything in it.
    """

    message: str
    code: int | None
    alone: bool


def said(response: httpx.Response) -> Said | None:
    """GDX's own words; None where something else speaks."""
    try:
        body = json_object(response)
    except Malformed:
        text = response.content[: 4 * _LONGEST].decode("utf-8", "replace").strip().strip('"')
        return Said(text, None, alone=True) if text.startswith(_PLAIN) and len(text) <= _LONGEST else None
    message = body.get("Message")
    alone = all(value in (None, "", [], {}) for key, value in body.items() if key not in ("Code", "Message"))
    if "Code" in body:
        return Said(message if isinstance(message, str) else "", code_of(body["Code"]), alone)
    return Said(message, None, alone) if isinstance(message, str) and message else None


def code_of(value: object) -> int:
    """A code, as number or digits; -1 for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def is_token_unknown(response: httpx.Response) -> bool:
    """Whether GDX says that it did not take the request because it knows no such token."""
    if response.status_code != 401:
        return False
    words = said(response)
    return words is not None and _TOKEN_UNKNOWN in without_blanks(words.message)


def refusal(response: httpx.Response, no_record_texts: Sequence[str]) -> NotFound | Refused | Unavailable:
    """What the reply means. ``no_record_texts``: what says in a 404 that there is no record; empty where none was asked for."""
    words = said(response)
    if words is None:
        return unavailable(response)
    meaning = _meaning(words, response, no_record_texts)
    if isinstance(meaning, NotFound) and not words.alone:
        return Unavailable("no record with something beside it")
    return meaning


def _meaning(words: Said, response: httpx.Response, no_record_texts: Sequence[str]) -> NotFound | Refused | Unavailable:
    if words.code is not None:
        return _by_code(words.code, response)
    if response.status_code in (401, 403):
        return Refused(RefusedCause.NOT_ENTITLED, str(response.status_code))
    if response.status_code == 404 and _sentence(words.message) in map(_sentence, no_record_texts):
        return NotFound()
    return unavailable(response)


def _sentence(text: str) -> str:
    """A whole message as it is compared: part of one may be about a user, a service or a database that was not found."""
    return without_blanks(text).removeprefix(_NOT_FOUND_PREFIX).removesuffix(".")


def _by_code(code: int, response: httpx.Response) -> NotFound | Refused | Unavailable:
    if code < 0:
        return Unavailable("unknown code")
    return linkage_answer(code, response.status_code) if code > 0 else unavailable(response)
