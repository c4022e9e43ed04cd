"""X-Road's identifiers: their parts, the characters that they may hold, and how they stand in a URL or a header."""

import re
from typing import Annotated
from urllib.parse import quote, unquote

from pydantic import AfterValidator

_PART = re.compile(r"[A-Za-z0-9'()+,\-.=?]{1,80}")
"""The characters of PR-REST 4.8. The length is ours: it keeps every address under the 2000 characters that a Security Server takes."""

CLIENT = ("INSTANCE/CLASS/MEMBER/SUBSYSTEM", 3, 4)
SERVICE = ("INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE", 4, 5)
SERVER = ("INSTANCE/CLASS/MEMBER/SERVER", 4, 4)
PARTY = ("CLASS/MEMBER or MEMBER", 1, 2)
"""A kind of identifier: how it is written, and the least and most parts. A subsystem may be missing."""


def parts(text: str, kind: tuple[str, int, int]) -> tuple[str, ...]:
    """The parts of an identifier.

    Raises:
        ValueError: another number of parts, or one that X-Road does not allow; the message says what is.
    """
    written, least, most = kind
    found = tuple(text.split("/"))
    # "." and ".." have the right letters, and would lead an address somewhere else
    if not least <= len(found) <= most or any(_PART.fullmatch(part) is None or not part.strip(".") for part in found):
        raise ValueError(f"{written}, each part 1 to 80 of A-Z a-z 0-9 and '()+,-.=?")
    return found


def encoded(identifier: str) -> str:
    """The identifier as it stands in a URL or a header: each part percent-encoded on its own, the slashes between them not."""
    return "/".join(quote(part, safe="") for part in identifier.split("/"))


def decoded(text: str) -> str | None:
    """The identifier that a header of a reply names; None where its spelling holds more than an identifier can."""
    found = [unquote(part) for part in text.strip().strip("/").split("/")]
    return None if any("/" in part for part in found) else "/".join(found)


def provider(service: str) -> str:
    """The subsystem (or member) that a service is registered under."""
    return service.rpartition("/")[0]


def _checked(kind: tuple[str, int, int]) -> AfterValidator:
    def check(text: str) -> str:
        parts(text, kind)
        return text

    return AfterValidator(check)


Client = Annotated[str, _checked(CLIENT)]
Service = Annotated[str, _checked(SERVICE)]
Server = Annotated[str, _checked(SERVER)]
Party = Annotated[str, _checked(PARTY)]
