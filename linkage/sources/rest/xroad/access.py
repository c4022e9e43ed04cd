"""What a provider allows us to ask, from its ``allowedMethods``: metadata, without anybody in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkage.sources.adapter import Malformed
from linkage.sources.rest.manifest import Endpoint
from linkage.sources.rest.template import PLACE

ALLOWED = "allowedMethods"

MOST_ENDPOINTS = 2000
"""Endpoints in one reply."""

LONGEST_PATH = 1000
"""Characters of a path in it."""

_NAME = re.compile(r"\{[^{}]*\}")
_ID_KEYS = ("xroadinstance", "memberclass", "membercode", "subsystemcode", "servicecode")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A service that we may ask; ``endpoints`` are method and path of each, empty where the service is granted as a whole."""

    service: str
    endpoints: tuple[tuple[str, str], ...]

    def covers(self, service: str, endpoint: Endpoint) -> bool:
        """Whether an endpoint, as this service, may be asked."""
        if service != self.service:
            return False
        return not self.endpoints or any(_fits(method, path, endpoint) for method, path in self.endpoints)


def read_allowed(body: Mapping[str, object]) -> Sequence[Allowed]:
    """Read the reply: a list under ``service`` (as servers write it) or ``member`` (as the schema says), keys in either case.

    Raises:
        Malformed: another shape.
    """
    listed = body.get("service", body.get("member"))
    if not isinstance(listed, list):
        raise Malformed("expected an array in service")
    allowed = tuple(_allowed(_plain(one)) for one in listed)
    if sum(len(one.endpoints) for one in allowed) > MOST_ENDPOINTS:
        raise Malformed(f"expected at most {MOST_ENDPOINTS} endpoints")
    return allowed


def _allowed(one: Mapping[str, object]) -> Allowed:
    told = [one.get(key) for key in _ID_KEYS]
    names = [name for name in told if isinstance(name, str) and name]
    if len(names) < len(_ID_KEYS) and one.get("subsystemcode") not in (None, ""):
        raise Malformed("expected a service's identifier")
    return Allowed("/".join(names), tuple(_endpoints(one.get("endpointlist"))))


def _endpoints(listed: object) -> Iterator[tuple[str, str]]:
    if listed is None:
        return
    if not isinstance(listed, list):
        raise Malformed("expected an array in endpoint_list")
    for one in map(_plain, listed):
        method, path = one.get("method"), one.get("path")
        if not isinstance(method, str) or not isinstance(path, str) or len(path) > LONGEST_PATH:
            raise Malformed("expected method and path in endpoint_list")
        yield method, path


def _plain(one: object) -> Mapping[str, object]:
    if not isinstance(one, dict):
        raise Malformed("expected an object for each service")
    return {str(key).lower().replace("_", ""): value for key, value in one.items()}


def _fits(method: str, path: str, endpoint: Endpoint) -> bool:
    """Whether a granted endpoint is ours. ``*`` and ``{name}`` stand for a segment of a path or a part of it, ``**`` for one or more segments.

    No regular expression: the pattern is a stranger's, and many stars in one would take it for ever.
    """
    if method not in ("*", endpoint.method):
        return False
    ours = PLACE.sub("0", endpoint.path).split("/")
    reached = {0}  # how many of our segments the pattern's segments so far can stand for
    for segment in path.split("/"):
        if segment == "**":
            reached = set(range(min(reached) + 1, len(ours) + 1))
        else:
            reached = {count + 1 for count in reached if count < len(ours) and _stands_for(segment, ours[count])}
        if not reached:
            return False
    return len(ours) in reached


def _stands_for(pattern: str, segment: str) -> bool:
    """Whether a pattern without slashes fits a segment whole. What stands between stars is looked for once, from left to right."""
    first, *others = _NAME.sub("*", pattern).split("*")
    if not others:
        return first == segment
    last = others.pop()
    if not segment or not segment.startswith(first) or not segment.endswith(last):
        return False
    at, end = len(first), len(segment) - len(last)
    for part in others:
        found = segment.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
