"""Texts with places to fill in: ``{number}``, ``{request_id}``, ``{service}``, ``{subject}``, ``{settings.NAME}``, ``{secrets.NAME}``."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

PLACE = re.compile(r"\{([a-z][a-z0-9_.]*)\}")

_ELSEWHERE = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")

NUMBER = "number"
"""The subject's 13 digits."""
REQUEST_ID = "request_id"
"""The id under which the gateway's log knows the question; names nobody."""
SERVICE = "service"
"""What the citizen came for, by its id in the catalogue."""
SUBJECT = "subject"
"""The agency's word for the kind of subject, from ``subject_words``."""

OF_EVERY_QUESTION = frozenset({NUMBER, REQUEST_ID, SERVICE, SUBJECT})


def places(template: Any) -> frozenset[str]:
    """Every place of a text, or of all texts in a body."""
    return frozenset(name for text in _texts(template) for name in PLACE.findall(text))


def stray_braces(template: Any) -> bool:
    """Whether a brace is left that is no place."""
    return any("{" in rest or "}" in rest for rest in (PLACE.sub("", text) for text in _texts(template)))


def leaves_its_place(path: str) -> bool:
    """Whether a path of a URL is read as another one: it has a segment ``.`` or ``..``."""
    return _ELSEWHERE.search(path) is not None


def _texts(template: Any) -> Iterator[str]:
    match template:
        case str():
            yield template
        case dict():
            for key, value in template.items():
                yield str(key)
                yield from _texts(value)
        case list():
            for value in template:
                yield from _texts(value)


def filled(template: Any, value_of: Mapping[str, str], *, written: Callable[[str], str] = str) -> Any:
    """Fill in every place. ``written`` spells a value as its surroundings demand. Keys of a body stay as they are."""
    match template:
        case str():
            return PLACE.sub(lambda found: written(value_of[found[1]]), template) if "{" in template else template
        case dict():
            return {key: filled(value, value_of, written=written) for key, value in template.items()}
        case list():
            return [filled(value, value_of, written=written) for value in template]
        case _:
            return template
