"""What comes over the wire for one call: how large it may be and how long it may take to come.

Every method of ours is registered with gRPC as one that takes a stream of requests, which is the same on the wire. So a call is ours as
soon as its head has come, and not only when gRPC has read all of it: who calls is known and counted before a byte of the request is
taken, what is too large or does not come is refused by name, and a call that ended unread is counted. gRPC's own limits stand further out
(`linkage.rpc.server`), for what must not even be held in memory; beyond them nobody can be told more than gRPC tells.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from itertools import chain, islice
from typing import Any, Final

import grpc

from linkage.clock import Clock
from linkage.errors import Reason, Refusal, Violation
from linkage.settings import Server

Context = grpc.aio.ServicerContext[Any, Any]
Metadata = Iterable[tuple[str, str | bytes]]

MOST_METADATA: Final = 16_384
"""Bytes of a call's metadata, names and values; an officer token may have 8,192 of them."""
_ENDED_AT_ONCE: Final = 4
"""Late calls that are ended before others have their turn: what began together is late together."""
_SETTLES_S: Final = 0.1
"""Seconds in which gRPC says whether a call that brings no request is over."""


class Misuse(StrEnum):
    """How a call can misuse its connection; values of a metric's label."""

    METADATA = "metadata"
    """More metadata than `MOST_METADATA`; refused."""
    MESSAGE = "message"
    """A request larger than `server.max_message_bytes`; refused."""
    NO_MESSAGE = "no_message"
    """The caller said that all is sent, and sent nothing; refused."""
    SLOW = "slow"
    """The request did not come within `server.request_seconds`; refused."""
    UNREAD = "unread"
    """Over before its request was read: the caller hung up, or gRPC refused it (its own limits, compression). It does not say which."""
    STREAMS = "streams"
    """More streams of health or reflection than one certificate may have open; refused."""


class Intake:
    """Takes in the requests of calls that were let in. For one event loop."""

    def __init__(self, server: Server, clock: Clock, count: Callable[[Misuse], None]) -> None:
        self._most = server.max_message_bytes
        self._seconds = server.request_seconds
        self._clock = clock
        self._count = count
        self._waiting: dict[Context, tuple[float, Callable[[Refusal], Awaitable[None]]]] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._ending: dict[Context, asyncio.Task[None]] = {}

    def check(self, metadata: Metadata) -> None:
        """Look at a call's metadata.

        Raises:
            Refusal: MALFORMED_REQUEST; more than `MOST_METADATA` bytes.
        """
        if sum(map(len, chain.from_iterable(metadata))) > MOST_METADATA:  # names and values
            raise self._refusal(Misuse.METADATA, "metadata", f"at most {MOST_METADATA} bytes")

    async def request(self, context: Context, refuse: Callable[[Refusal], Awaitable[None]]) -> bytes:
        """A call's one request; further ones are never read.

        Args:
            context: the call's.
            refuse: ends the call with a refusal if the request does not come in time. It is called from elsewhere, and what is awaited
                here then raises gRPC's `AbortError`. (To cancel what waits instead is not safe: gRPC would go on and write into memory
                that is no longer its own.)

        Raises:
            Refusal: MALFORMED_REQUEST; too large, or none.
            AbortError: it did not come in time, and the caller was told.
        """
        self._waiting[context] = self._clock.monotonic() + self._seconds, refuse
        if self._watch is None:
            self._look_again()
        try:
            request = await context.read()
            if request is grpc.aio.EOF:  # none was sent, or the call is over: then this task is about to be cancelled
                await asyncio.sleep(_SETTLES_S)
        except asyncio.CancelledError:
            self._count(Misuse.UNREAD)
            raise
        finally:
            late = self._waiting.pop(context, None) is None
        if late:  # what came after all must not be answered: the caller is told that it did not come
            if (ending := self._ending.get(context)) is not None:
                await asyncio.shield(ending)
            raise grpc.aio.AbortError
        if request is grpc.aio.EOF:
            raise self._refusal(Misuse.NO_MESSAGE, "request", "is required")
        if len(request) > self._most:
            raise self._refusal(Misuse.MESSAGE, "request", f"at most {self._most} bytes")
        return bytes(request)

    def _end_of_ending(self, context: Context, _: "asyncio.Task[None]") -> None:
        del self._ending[context]

    def _refusal(self, misuse: Misuse, field: str, description: str) -> Refusal:
        self._count(misuse)
        return Refusal(Reason.MALFORMED_REQUEST, violations=(Violation(field, description),))

    def _look_again(self) -> None:
        """Look when the call that has waited longest has waited too long; never, while none waits."""
        oldest = next(iter(self._waiting.values()), None)
        wait = None if oldest is None else max(oldest[0] - self._clock.monotonic(), 0.0)
        self._watch = None if wait is None else asyncio.get_running_loop().call_later(wait, self._end_late)

    def _end_late(self) -> None:
        now = self._clock.monotonic()
        oldest = [(context, refuse) for context, (until, refuse) in islice(self._waiting.items(), _ENDED_AT_ONCE) if until <= now]
        for context, refuse in oldest:
            del self._waiting[context]
            task = asyncio.get_running_loop().create_task(_ended(refuse, self._refusal(Misuse.SLOW, "request", "did not arrive in time")))
            self._ending[context] = task
            task.add_done_callback(partial(self._end_of_ending, context))
        self._look_again()


async def _ended(refuse: Callable[[Refusal], Awaitable[None]], refusal: Refusal) -> None:
    with suppress(grpc.aio.AbortError):
        await refuse(refusal)
