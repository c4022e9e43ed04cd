"""Keeps one slow agency from taking all of a worker: so many at once, so many in line, the rest turned away at once."""

import asyncio
from collections import deque

from linkage.errors import LinkageError


class LineFull(LinkageError):
    """As many wait as may."""


class Bulkhead:
    """At most ``at_once`` inside, and as many again in line, in the order they came. For one event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._line: deque[asyncio.Future[None]] = deque()
        self.inside = 0

    @property
    def waiting(self) -> int:
        """How many are in line."""
        return len(self._line)

    def enters(self) -> bool:
        """Take a place, if one is free and nobody is in line; `leave` gives it back."""
        if self._line or self.inside >= self._at_once:
            return False
        self.inside += 1
        return True

    async def wait(self) -> None:
        """Wait in line for a place; `leave` gives it back. The caller bounds the wait.

        Raises:
            LineFull: at once, without waiting.
        """
        if len(self._line) >= self._at_once:
            raise LineFull
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except BaseException:  # whatever it is: the place goes on to the next one, and it is raised again
            if turn in self._line:
                self._line.remove(turn)
            elif not turn.cancelled():
                self.leave()  # a place was given to whom goes away
            raise

    def leave(self) -> None:
        """Give a place back: to the first in line, or to whoever comes."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.inside -= 1
