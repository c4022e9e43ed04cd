"""The manifest's own wire, read backwards: whether a request is exactly what an endpoint spells, and whom it asks about."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from linkage.sources.rest.manifest import Endpoint
from linkage.sources.rest.template import NUMBER, PLACE

_SHAPES = {NUMBER: "[0-9]{13}"}
"""What a place holds; anything printable where it is not named here."""


def understood(endpoint: Endpoint, request: Request, content: bytes, extra_query: frozenset[str]) -> Mapping[str, str] | None:
    """The values at an endpoint's places; None where the request is another one.

    Args:
        endpoint: as the manifest spells it.
        request: as it came.
        content: its body.
        extra_query: keys of the query that belong to the credentials.
    """
    seen: dict[str, str] = {}
    query = {key: value for key, value in request.query_params.multi_items() if key not in extra_query}
    body = _json(content) if content else None
    fits = (
        request.method == endpoint.method
        and _fits(endpoint.path, request.url.path, seen)
        and _fits(dict(endpoint.query), query, seen)
        and all(_fits(text, request.headers.get(name, ""), seen) for name, text in endpoint.headers.items())
        and _fits(endpoint.body, body, seen)
    )
    return seen if fits else None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content  # equals no template


def _fits(template: Any, came: Any, seen: dict[str, str]) -> bool:
    match template:
        case str():
            return isinstance(came, str) and _fits_text(template, came, seen)
        case dict():
            same = isinstance(came, dict) and came.keys() == template.keys()
            return same and all(_fits(value, came[key], seen) for key, value in template.items())
        case list():
            same = isinstance(came, list) and len(came) == len(template)
            return same and all(_fits(one, other, seen) for one, other in zip(template, came, strict=True))
        case _:
            return type(template) is type(came) and bool(template == came)


def _fits_text(template: str, came: str, seen: dict[str, str]) -> bool:
    names = PLACE.findall(template)
    parts = PLACE.split(template)
    pattern = "".join(f"({_SHAPES.get(part, '.+')})" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    found = re.fullmatch(pattern, came)
    if found is None:
        return False
    values = dict(zip(names, found.groups(), strict=True))
    same = all(seen.get(name, value) == value for name, value in values.items())
    seen |= values
    return same


def spelled(template: Any, values: Mapping[str, str], row: Any) -> Any:
    """A reply's body with its places filled in."""
    match template:
        case "{row}":
            return spelled(row, {}, None)
        case "{null}":
            return None
        case str():
            return PLACE.sub(lambda found: values.get(found[1], found[0]), template)
        case dict():
            return {key: spelled(value, values, row) for key, value in template.items()}
        case list():
            return [spelled(value, values, row) for value in template]
        case _:
            return template
