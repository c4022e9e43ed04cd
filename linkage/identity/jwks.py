"""Where issuers' keys come from: a file, read again within a second of its change, or a URL, fetched again when it is old or names no such key.

What cannot be had now is OFFICER_KEYS_UNAVAILABLE, never "wrong signature". An officer whose token was verified before works on
while the issuer's server is down: the keys last seen then still tell whether that token's key was withdrawn.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import httpx

from linkage.clock import Clock
from linkage.errors import Reason, Refusal
from linkage.identity.keys import LARGEST, KeySet, KeysUnreadable, VerifyingKey, parse_keys
from linkage.identity.register import Issuer

FRESH = 300.0
"""Seconds for which a fetched set is taken as it is."""
ANEW = 30.0
"""Seconds between two fetches because of unknown key ids: anybody can invent one."""
LOOK = 1.0
"""Seconds between two looks at whether a file has changed: each look lets another thread take the interpreter."""
RETRY = 5.0
"""Seconds for which a place that failed is left alone."""
TIMEOUT = 5.0
"""Seconds for one fetch, from connecting to the last byte."""


class _Place(Protocol):
    """Where one issuer's keys are."""

    last: KeySet | None
    """What was read last, however long ago."""

    @property
    def busy(self) -> bool:
        """Whether somebody is fetching now."""
        ...

    async def keys(self, *, anew: bool = False) -> KeySet:
        """The set; ``anew``: a newer one, if it may be had."""
        ...


class KeySets:
    """The key sets of all issuers of one worker.

    Args:
        clock: its monotonic time decides what is old.
        connect: makes the client for one issuer's URL: TLS verified, no redirects, no proxies of the environment.
    """

    def __init__(self, clock: Clock, connect: Callable[[str], httpx.AsyncClient]) -> None:
        self._clock = clock
        self._connect = connect
        self._clients: list[httpx.AsyncClient] = []
        self._places: dict[tuple[Path | None, str | None], _Place] = {}

    async def key(self, issuer: Issuer, kid: str | None) -> VerifyingKey | None:
        """The key that a token of this issuer names, None where the issuer has no such key.

        Raises:
            Refusal: OFFICER_KEYS_UNAVAILABLE.
        """
        place = self._place(issuer)
        found = (await place.keys()).find(kid)
        return found or (await place.keys(anew=True)).find(kid)

    async def still_holds(self, issuer: Issuer, key: VerifyingKey) -> bool:
        """Whether a key that verified a token before is still the issuer's, as far as can be known now."""
        place = self._place(issuer)
        if place.busy and place.last is not None:
            return place.last.holds(key)
        try:
            keys = await place.keys()
        except Refusal:
            return place.last is not None and place.last.holds(key)
        return keys.holds(key)

    async def close(self) -> None:
        """Close the connections to issuers."""
        for client in self._clients:
            await client.aclose()

    def _place(self, issuer: Issuer) -> _Place:
        where = (issuer.jwks_file, issuer.jwks_url)
        if where not in self._places:
            self._places[where] = self._new_place(issuer)
        return self._places[where]

    def _new_place(self, issuer: Issuer) -> _Place:
        if issuer.jwks_file is not None:
            return _File(issuer.jwks_file, self._clock)
        if issuer.jwks_url is not None:
            client = self._connect(issuer.jwks_url)
            self._clients.append(client)
            return _Url(issuer.jwks_url, self._clock, client)
        raise Refusal(Reason.OFFICER_KEYS_UNAVAILABLE, detail="the issuer has no place for its keys")


class _File:
    """Keys in a file: never older than a second, so that there is nothing to fetch anew."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.last: KeySet | None = None
        self._path = path
        self._clock = clock
        self._looked = float("-inf")
        self._seen: tuple[int, int, int] | None = None

    @property
    def busy(self) -> bool:
        return False  # reading a file holds the loop: nobody can see it half done

    async def keys(self, *, anew: bool = False) -> KeySet:
        now = self._clock.monotonic()
        if self.last is not None and not anew and now - self._looked < LOOK:
            return self.last
        try:
            found = os.stat(self._path)  # noqa: PTH116 (pathlib's costs twice as much)
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self.last is None or seen != self._seen:
                self.last = parse_keys(self._path.read_bytes())
                self._seen = seen
            self._looked = now
        except (OSError, KeysUnreadable) as failure:
            raise _unavailable("the issuer's key file cannot be read", RETRY) from failure
        return self.last


class _Url:
    """Keys behind a URL: one fetch at a time, and not again at once."""

    def __init__(self, url: str, clock: Clock, client: httpx.AsyncClient) -> None:
        self.last: KeySet | None = None
        self._url = url
        self._clock = clock
        self._client = client
        self._fetched = float("-inf")
        self._failed = float("-inf")
        self._one = asyncio.Lock()

    @property
    def busy(self) -> bool:
        return self._one.locked()

    async def keys(self, *, anew: bool = False) -> KeySet:
        if (kept := self._kept(anew)) is not None:
            return kept
        async with self._one:
            if (kept := self._kept(anew)) is not None:  # somebody else fetched while we waited
                return kept
            wait = self._failed + RETRY - self._clock.monotonic()
            if wait > 0:
                raise _unavailable("the issuer's keys could not be fetched a moment ago", wait)
            try:
                fetched = await self._fetch()
            except (httpx.HTTPError, httpx.InvalidURL, KeysUnreadable, OSError) as failure:
                self._failed = self._clock.monotonic()
                raise _unavailable("the issuer's keys cannot be fetched", RETRY) from failure
            self.last, self._fetched = fetched, self._clock.monotonic()
            return fetched

    def _kept(self, anew: bool) -> KeySet | None:
        return self.last if self._clock.monotonic() - self._fetched < (ANEW if anew else FRESH) else None

    async def _fetch(self) -> KeySet:
        plain = {"accept": "application/json", "accept-encoding": "identity"}
        async with (
            asyncio.timeout(TIMEOUT),
            self._client.stream("GET", self._url, headers=plain, follow_redirects=False) as response,
        ):
            if response.status_code != httpx.codes.OK or "content-encoding" in response.headers:
                raise KeysUnreadable(f"status {response.status_code}, or compressed")
            content = b""
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > LARGEST:
                    raise KeysUnreadable("larger than 256 KiB")
        return parse_keys(content)


def _unavailable(detail: str, retry_after: float) -> Refusal:
    return Refusal(Reason.OFFICER_KEYS_UNAVAILABLE, retry_after=retry_after, detail=detail)
