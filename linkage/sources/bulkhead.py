"""Keeps one slow agency from taking all of a worker: so many at once, so many in line, the rest turned away at once."""

import asyncio

from linkage.errors import LinkageError


class LineFull(LinkageError):
    """As many wait as may."""


class Bulkhead:
    """At most ``at_once`` inside, and as many again in line, in the order they came."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most_waiting = at_once
        self.inside = 0
        self.waiting = 0

    @property
    def has_place(self) -> bool:
        """Whether `enter` would not have to wait."""
        return not self._places.locked()

    async def enter(self) -> None:
        """Wait for a place; `leave` gives it back. The caller bounds the wait.

        Raises:
            LineFull: at once, without waiting.
        """
        if self._places.locked() and self.waiting >= self._most_waiting:
            raise LineFull
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1
        self.inside += 1

    def leave(self) -> None:
        """Give a place back."""
        self.inside -= 1
        self._places.release()
