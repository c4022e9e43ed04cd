"""What is served beside the door, to anybody whose certificate TLS accepts: health and reflection.

Both are answered also when the gateway is full. A stream of theirs stays open as long as the caller likes, so a certificate may have only
a few; and nobody waits for the reader of such a stream, for one that does not read must not keep the gateway from saying how it is.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection, reflection_pb2

from linkage.rpc.intake import Context, Misuse

MOST_STREAMS: Final = 8
"""Streams of health and reflection that may be open at once for one certificate."""

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Streams:
    """Counts open streams by certificate. For one event loop."""

    def __init__(self, count: Callable[[Misuse], None]) -> None:
        self._count = count
        self._open: Counter[bytes] = Counter()

    async def enter(self, context: Context) -> None:
        """Begin a stream; it ends when the task of its call does.

        Raises:
            AbortError: the certificate has `MOST_STREAMS` already; the caller was told.
        """
        certificate = next(iter(context.auth_context().get("x509_pem_cert", ())), b"")
        if (task := asyncio.current_task()) is None:
            raise RuntimeError("a call outside any task")
        if self._open[certificate] >= MOST_STREAMS:
            self._count(Misuse.STREAMS)
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"at most {MOST_STREAMS} streams of health and reflection at once")
        self._open[certificate] += 1
        task.add_done_callback(lambda _: self._leave(certificate))

    def _leave(self, certificate: bytes) -> None:
        self._open[certificate] -= 1
        if not self._open[certificate]:
            del self._open[certificate]


class HealthService:
    """grpc.health.v1. Whoever watches is told the newest state when it reads, and holds nobody up when it does not."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._states: dict[str, health_pb2.HealthCheckResponse.ServingStatus] = {}
        self._watching: set[asyncio.Event] = set()
        self._ended = False

    def end(self) -> None:
        """No state will follow, for the server is about to stop: whoever watches is told the newest one, and its stream ends."""
        self._ended = True
        for changed in self._watching:
            changed.set()

    def set(self, name: str, *, serving: bool) -> None:
        """Say how something is; "" is the gateway as a whole."""
        self._states[name] = _SERVING if serving else _NOT_SERVING
        for changed in self._watching:
            changed.set()

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Context) -> health_pb2.HealthCheckResponse:  # noqa: N802 (gRPC's name)
        """How something is now; NOT_FOUND for a name that is never set."""
        if request.service not in self._states:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return health_pb2.HealthCheckResponse(status=self._states[request.service])

    async def List(self, request: health_pb2.HealthListRequest, context: Context) -> health_pb2.HealthListResponse:  # noqa: N802 (gRPC's name)
        """How everything is now."""
        del request, context
        said = {name: health_pb2.HealthCheckResponse(status=state) for name, state in self._states.items()}
        return health_pb2.HealthListResponse(statuses=said)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> AsyncIterator[health_pb2.HealthCheckResponse]:  # noqa: N802 (gRPC's name)
        """How something is now, and again whenever that changes."""
        await self._streams.enter(context)
        changed, told = asyncio.Event(), None
        self._watching.add(changed)
        try:
            while True:
                changed.clear()
                state = self._states.get(request.service, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
                if state != told:
                    yield health_pb2.HealthCheckResponse(status=state)
                    told = state
                if self._ended:
                    return
                await changed.wait()
        finally:
            self._watching.discard(changed)


class ReflectionService:
    """grpc.reflection.v1alpha, a few streams for each certificate."""

    def __init__(self, service_names: Iterable[str], streams: Streams) -> None:
        self._reflection = reflection.aio.ReflectionServicer(service_names)
        self._streams = streams

    async def ServerReflectionInfo(  # noqa: N802 (gRPC's name)
        self, request_iterator: AsyncIterator[reflection_pb2.ServerReflectionRequest], context: Context
    ) -> AsyncIterator[Any]:
        """What is served, as far as its descriptors tell."""
        await self._streams.enter(context)
        async for reply in self._reflection.ServerReflectionInfo(request_iterator, context):
            yield reply
