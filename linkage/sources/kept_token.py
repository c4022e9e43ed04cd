"""An access token that an agency gives to us, not to an officer: kept until shortly before its end, fetched by one request at a time.

Kept in memory only, for each holder apart: two recipients never share one. Not for several event loops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from linkage.sources.adapter import Refused, Unavailable
from linkage.terms import Secret


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and until when it is used: Unix seconds, None where the agency does not say."""

    secret: Secret
    until: int | None


Fetch = Callable[[], Awaitable[Token | Refused | Unavailable]]


class KeptTokens:
    """The tokens of one adapter, by holder: whatever tells two recipients' credentials apart."""

    def __init__(self) -> None:
        self._tokens: dict[Hashable, Token] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(self, holder: Hashable, now: int, fetch: Fetch) -> Secret | Refused | Unavailable:
        """The holder's token, fetched where there is none or its time is over. Whoever comes meanwhile waits for the same one.

        A failed fetch is not kept: the next one in line tries again, within its own time.
        """
        async with self._locks.setdefault(holder, asyncio.Lock()):
            kept = self._tokens.get(holder)
            if kept is not None and (kept.until is None or now < kept.until):
                return kept.secret
            fresh = await fetch()
            if not isinstance(fresh, Token):
                return fresh
            self._tokens[holder] = fresh
            return fresh.secret

    def drop(self, holder: Hashable, secret: Secret) -> None:
        """The agency takes this token no more. One that somebody has fetched meanwhile is kept."""
        kept = self._tokens.get(holder)
        if kept is not None and kept.secret.reveal() == secret.reveal():
            del self._tokens[holder]
