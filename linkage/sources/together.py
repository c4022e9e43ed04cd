"""Questions that may go to a source in one request: asked once everybody who may ask is there, and answered to each.

Each member has its own intent, and comes here only when that is durable; who is refused before leaves. So one request never carries a
question that is not recorded, and one refusal never holds the others up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Together(Generic[K, V, T]):
    """A meeting of members, each known by what it asks for. Each asks, or leaves. For one event loop."""

    def __init__(self, members: Iterable[K]) -> None:
        self._awaited = set(members)
        self._asked: dict[K, V] = {}
        self._all_here = asyncio.Event()
        self._under_way: asyncio.Task[T] | None = None
        self._waiting = 0

    async def ask(self, key: K, value: V, go: Callable[[Mapping[K, V]], Awaitable[T]]) -> T:
        """Wait for the others, and give what came of asking for all of them together.

        Args:
            key: what this member asks for.
            value: with what.
            go: asks for everything; that of one who is still there is called.

        Raises:
            asyncio.CancelledError: the member was cancelled. When the last one is, the asking ends, too.
            What ``go`` raises, to every member the same object.
        """
        self._asked[key] = value
        self._waiting += 1
        try:
            self.leave(key)
            await self._all_here.wait()
            if self._under_way is None:
                self._under_way = asyncio.ensure_future(go(self._asked))
            return await asyncio.shield(self._under_way)
        finally:
            self._waiting -= 1
            if self._under_way is None:
                del self._asked[key]  # cancelled before anybody was asked: nobody wants the answer any more
            elif self._waiting == 0 and not self._under_way.done():
                self._under_way.cancel()

    def leave(self, key: K) -> None:
        """Wait for this member no more: it has asked, or never will."""
        self._awaited.discard(key)
        if not self._awaited:
            self._all_here.set()
