"""An access token that an agency gives to us, not to an officer: kept until shortly before its end, fetched by one request at a time.

Kept in memory only, for each holder apart: two recipients never share one. Not for several event loops.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from linkage.sources.adapter import Refused, Unavailable
from linkage.terms import Secret
from linkage.transport import NotSent

FETCH_S = 5.0
"""Seconds: half of a source's usual time, so that who waited for a fetch that hangs has time for one of its own."""

KEPT_S = 5
"""Seconds in which a refusal is not asked for again: a wrong secret shown with every question would close the account."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and until when it is used: Unix seconds, None where the agency does not say."""

    secret: Secret
    until: int | None


Fetch = Callable[[], Awaitable[Token | Refused | Unavailable]]


class KeptTokens:
    """The tokens of one adapter, by holder: whatever tells two recipients' credentials apart.

    Args:
        fetch_s: seconds that the agency has for a token, where the source's own time is not shorter.
    """

    def __init__(self, *, fetch_s: float = FETCH_S) -> None:
        self._fetch_s = fetch_s
        self._held: dict[Hashable, _Held] = {}

    async def get(self, holder: Hashable, now: int, fetch: Fetch) -> Secret | Refused | Unavailable:
        """The holder's token, fetched where there is none or its time is over. Whoever comes meanwhile waits for the same one.

        What comes of a fetch is the answer for all who waited for it, a failure too; the next question fetches anew, except that a
        refusal is kept for `KEPT_S`, and that nothing is fetched for as long where the agency took neither of two fresh tokens.
        Where whoever fetches goes away or is without an answer for ``fetch_s``, one of those who wait fetches in its own time.

        Args:
            holder: whose token.
            now: Unix seconds.
            fetch: asks the agency; runs in the call of whoever asks first, so that what it sends counts as that call's.

        Raises:
            TimeoutError: this caller's own fetch took longer than ``fetch_s``.
            NotSent: the fetch did not leave, one that was waited for included: asking again is no second asking.
            Exception: whatever else this caller's own fetch raises.
        """
        held = self._held.setdefault(holder, _Held())
        while True:
            kept = held.answer(now)
            if kept is not None:
                return kept
            if held.under_way is None:
                return await _fetched(held, now, fetch, self._fetch_s)
            said = await asyncio.shield(held.under_way)
            if isinstance(said, NotSent):
                raise said.with_traceback(None)
            if said is not None:
                return said

    def drop(self, holder: Hashable, secret: Secret) -> None:
        """The agency takes this token no more. One that somebody has fetched meanwhile is kept."""
        held = self._held.get(holder)
        if held is not None and held.token is not None and held.token.secret.reveal() == secret.reveal():
            held.token = None
            held.not_taken = (*held.not_taken, held.fetched)[-2:]


@dataclass(slots=True)
class _Held:
    """What is known of one holder. ``fetched``, ``refused_at``: Unix seconds."""

    token: Token | None = None
    fetched: int = 0
    refused: Refused | None = None
    refused_at: int = 0
    not_taken: tuple[int, ...] = ()
    """When the last tokens that were dropped had been fetched, two at most."""
    under_way: "asyncio.Future[_Said] | None" = None

    def answer(self, now: int) -> Secret | Refused | Unavailable | None:
        """What is answered without a fetch; None: one is due."""
        if self.token is not None and (self.token.until is None or now < self.token.until):
            return self.token.secret
        if self.refused is not None and 0 <= now - self.refused_at < KEPT_S:
            return self.refused
        if len(self.not_taken) > 1 and all(0 <= now - at < KEPT_S for at in self.not_taken):
            return Unavailable("token not taken")
        return None

    def keep(self, fresh: Token | Refused | Unavailable, now: int) -> Secret | Refused | Unavailable:
        """Keep what was fetched; what is answered."""
        self.refused, self.refused_at = (fresh, now) if isinstance(fresh, Refused) else (None, 0)
        if not isinstance(fresh, Token):
            return fresh
        self.token, self.fetched = fresh, now
        return fresh.secret


_Said = Secret | Refused | Unavailable | NotSent | None
"""What a fetch says to those who waited for it. None: nothing, another is due."""


async def _fetched(held: _Held, now: int, fetch: Fetch, seconds: float) -> Secret | Refused | Unavailable:
    held.under_way = told = asyncio.get_running_loop().create_future()
    said: _Said = Unavailable("no token")  # its own call says more of what went wrong
    try:
        async with asyncio.timeout(seconds):
            fresh = await fetch()
        said = answer = held.keep(fresh, now)
    except (asyncio.CancelledError, TimeoutError):
        said = None
        raise
    except NotSent as failure:
        said = failure
        raise
    finally:
        held.under_way = None
        told.set_result(said)
    return answer
