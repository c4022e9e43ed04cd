"""The one door every call of ours comes through: admit, recognise, serve, and turn whatever happens into one status.

Handlers are wrapped where they are registered, not by gRPC interceptors: one coroutine less a call, and no handler can be
registered past the door. Requests are read and replies written behind it, too: gRPC itself would tell the caller what it thinks of
bytes that are no message, and nobody would count them. So every method is registered as one that takes a stream of requests, and its one
request is taken in (`linkage.rpc.intake`) once the caller is known and let in. A refusal that no entry records yet is recorded here, before the caller
learns of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from linkage.call import Call, caller_facts
from linkage.clock import Clock
from linkage.errors import Reason, Refusal
from linkage.ids import id_text, new_id
from linkage.rpc.admission import Admission, Entered, Place
from linkage.rpc.intake import Context, Intake
from linkage.rpc.pacing import Pacing
from linkage.rpc.recognise import AuditorCall, Recogniser
from linkage.rpc.refusals import Refusals
from linkage.rpc.roles import ROLES, Role
from linkage.rpc.status import status_of
from linkage.settings import Server
from linkage.telemetry import Metrics
from linkage.terms import Caller

Serve = Callable[[Any, Any], Awaitable[Message]]
ServeStream = Callable[[Any, Any], AsyncIterator[Message]]

_NOBODY: Mapping[str, tuple[str, str]] = {}


class Door:
    """Stands before every service of ours."""

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        refusals: Refusals,
        metrics: Metrics,
        clock: Clock,
        server: Server,
        names: Callable[[], Mapping[str, tuple[str, str]]],
    ) -> None:
        self._recogniser = recogniser
        self._refusals = refusals
        self._metrics = metrics
        self._clock = clock
        self._server = server
        self._names = names
        counted = {entered: metrics.admissions.labels(entered.value) for entered in Entered}
        self._admission = Admission(server.max_concurrent, lambda entered: counted[entered].inc())
        metrics.places_taken.set_function(lambda: self._admission.taken)
        self._pacing = Pacing(clock, metrics.refusals_kept.inc)
        self._intake = Intake(server, clock, lambda misuse: metrics.misuses.labels(misuse.value).inc())

    def guard(self, servicer: object, service: ServiceDescriptor) -> grpc.GenericRpcHandler:
        """Wrap every method of a servicer; what comes back is registered with gRPC in its place."""
        handlers = {method.name: self._handler(method, getattr(servicer, method.name)) for method in service.methods}
        return grpc.method_handlers_generic_handler(service.full_name, handlers)

    def _handler(self, descriptor: MethodDescriptor, serve: Any) -> Any:
        way = _Way.of(descriptor)
        if descriptor.server_streaming:
            return grpc.stream_stream_rpc_method_handler(self._streamed(way, serve))
        return grpc.stream_unary_rpc_method_handler(self._answered(way, serve))

    def _answered(self, way: "_Way", serve: Serve) -> Callable[[object, Context], Awaitable[bytes]]:
        ok, seconds = self._metrics.calls.labels(way.method, "OK"), self._metrics.call_seconds.labels(way.method)

        async def answer(_: object, context: Context) -> bytes:
            passing = _Passing(self._clock, way)
            try:
                reply = way.written(await serve(*await self._admitted(way, context, passing)))
            except asyncio.CancelledError as cancelled:
                failure = self._not_by_the_caller(way.method, cancelled)
            except grpc.aio.AbortError:
                raise  # it was told already
            except Exception as error:  # noqa: BLE001 (one of the two places: everything becomes a status, once)
                failure = error
            else:
                ok.inc()
                return reply
            finally:
                self._measure(seconds, passing)
            return await self._refuse(way.method, failure, passing, context)

        return answer

    def _streamed(self, way: "_Way", serve: ServeStream) -> Callable[[object, Context], AsyncIterator[bytes]]:
        ok, seconds = self._metrics.calls.labels(way.method, "OK"), self._metrics.call_seconds.labels(way.method)

        async def answer(_: object, context: Context) -> AsyncIterator[bytes]:
            passing = _Passing(self._clock, way)
            try:
                messages = serve(*await self._admitted(way, context, passing))
                async with aclosing(messages):  # type: ignore[type-var]  # an async generator, by the contract of servicers
                    async for message in messages:
                        yield way.written(message)
            except asyncio.CancelledError as cancelled:
                failure = self._not_by_the_caller(way.method, cancelled)
            except grpc.aio.AbortError:
                raise  # it was told already
            except Exception as error:  # noqa: BLE001 (as above: a stream's own way out)
                failure = error
            else:
                ok.inc()
                return
            finally:
                self._measure(seconds, passing)
            await self._refuse(way.method, failure, passing, context)

        return answer

    def _measure(self, seconds: Any, passing: "_Passing") -> None:
        """Measure a call, unless it was turned away: those are many at once, and would hide how long a call takes."""
        if passing.place is not None:
            seconds.observe(self._clock.monotonic() - passing.began)

    def _place(self, caller: str) -> Place:
        """A place that is given back when the call's task ends: by then the reply was taken, or the refusal recorded and told.

        So a caller who asks and does not read goes on holding its place, as the reply does.

        Raises:
            Refusal: OVERLOADED.
        """
        if (task := asyncio.current_task()) is None:
            raise RuntimeError("a call outside any task")
        place = self._admission.enter(caller)
        task.add_done_callback(place.leave)
        return place

    async def _admitted(self, way: "_Way", context: Context, passing: "_Passing") -> tuple[Message, Any]:
        """Who calls, and with what: the request, and a `Call` of an officer, an `AuditorCall`, or the `Known` of a reader."""
        known = self._recogniser.peer(context.auth_context(), passing.facts)
        passing.caller = known.who.uri
        passing.place = self._place(passing.caller)
        metadata = context.invocation_metadata() or ()
        self._intake.check(metadata)
        request = await self._intake.request(context, partial(self._refuse, way.method, passing=passing, context=context))
        if way.role is Role.READER:
            return way.read(request), known
        if way.role is Role.AUDITOR:
            return way.read(request), AuditorCall(passing.id, known.auditor)
        counter = known.counter
        caller = Caller(counter, await self._recogniser.officer(metadata, counter))
        passing.facts.update(caller_facts(caller))
        return way.read(request), self._call(passing, passing.place, caller, context)

    def _call(self, passing: "_Passing", place: Place, caller: Caller, context: Context) -> Call:
        remaining = context.time_remaining()
        longest = self._server.max_deadline
        seconds = longest if remaining is None else min(remaining, longest)
        return Call(
            id=passing.id,
            caller=caller,
            deadline=self._clock.monotonic() + seconds,
            clock=self._clock,
            reserve=self._server.reserve,
            least=self._server.least_deadline,
            weigh=place.weigh,
            facts=passing.facts,
        )

    async def _refuse(self, method: str, failure: BaseException, passing: "_Passing", context: Context) -> NoReturn:
        refusal = await self._refusals.settle(failure, passing.id, passing.facts)
        status = status_of(refusal, id_text(passing.id), self._names() if refusal.source else _NOBODY)
        self._metrics.calls.labels(method, status.code.name).inc()
        if refusal.reason is Reason.OVERLOADED and passing.place is None:
            await self._pacing.keep(passing.caller, context.time_remaining())
        await context.abort(status.code, status.message, status.trailers)
        raise RuntimeError("abort returned")

    def _not_by_the_caller(self, method: str, cancelled: asyncio.CancelledError) -> BaseException:
        """A defect, where a cancellation was raised inside that nobody asked for: gRPC would leave the caller hanging until its deadline.

        Raises:
            asyncio.CancelledError: the caller hung up or its time is over.
        """
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            self._metrics.calls.labels(method, "CANCELLED").inc()
            raise cancelled
        return RuntimeError("a stray cancellation")


class _Passing:
    """A call that may yet be refused: what the log may say of it, who calls, once that is known, and the place it holds, once it has one."""

    __slots__ = ("began", "caller", "facts", "id", "place")

    def __init__(self, clock: Clock, way: "_Way") -> None:
        self.id = new_id(clock)
        self.began = clock.monotonic()
        self.caller = ""
        self.place: Place | None = None
        self.facts: dict[str, Any] = {"method": way.name}


@dataclass(frozen=True, slots=True)
class _Way:
    """How one method is called: by which names, who may, what it takes and gives."""

    method: str
    name: str
    role: Role
    takes: type[Message]
    gives: type[Message]

    @classmethod
    def of(cls, descriptor: MethodDescriptor) -> "_Way":
        method = f"{descriptor.containing_service.full_name}/{descriptor.name}"
        return cls(method, descriptor.name, ROLES[method], GetMessageClass(descriptor.input_type), GetMessageClass(descriptor.output_type))

    def read(self, request: bytes) -> Message:
        """The request.

        Raises:
            Refusal: MALFORMED_REQUEST; the bytes are no such message.
        """
        try:
            return self.takes.FromString(request)
        except DecodeError:
            raise Refusal(Reason.MALFORMED_REQUEST, detail="not a message of the contract") from None

    def written(self, reply: object) -> bytes:
        """The reply's bytes. Nothing at all would be an empty message, which a counter could read as "no records"."""
        if not isinstance(reply, self.gives):
            raise TypeError("a handler returned another message, or none")
        return reply.SerializeToString()
