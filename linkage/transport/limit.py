"""A limit in time around one request: what ``asyncio.timeout_at`` says, at half its price."""

import asyncio
from types import TracebackType
from typing import Self


class limit:  # noqa: N801 (used as a function, as asyncio.timeout_at is)
    """``with limit(at) as limited``: at that time of the loop's clock whoever is inside is cancelled, and leaves with `TimeoutError`.

    A cancellation that came from elsewhere stays one. ``limited.expired``: whether the time came, whatever was made of it inside.
    """

    __slots__ = ("_at", "_cancelling", "_task", "_timer", "expired")

    def __init__(self, at: float) -> None:
        self._at = at
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit is for tasks")
        self._task = task
        self._cancelling = task.cancelling()
        self._timer = task.get_loop().call_at(self._at, self._expire)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        self._timer.cancel()
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()
