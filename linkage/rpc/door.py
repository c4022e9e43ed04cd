"""The one door every call of ours comes through: admit, recognise, serve, and turn whatever happens into one status.

Handlers are wrapped where they are registered, not by gRPC interceptors: one coroutine less a call, and no handler can be
registered past the door. Requests are read and replies written behind it, too: gRPC itself would tell the caller what it thinks of
bytes that are no message, and nobody would count them. A refusal that no entry records yet is recorded here, before the caller
learns of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from linkage.audit.journal import IntentClosed, Journal
from linkage.audit.tally import Tally
from linkage.call import Call, caller_facts
from linkage.clock import Clock
from linkage.errors import AuditUnavailable, Reason, Refusal
from linkage.ids import id_text, new_id
from linkage.rpc.recognise import Recogniser
from linkage.rpc.roles import ROLES, Role
from linkage.rpc.status import refusal_of, status_of
from linkage.settings import Server
from linkage.telemetry import Metrics
from linkage.terms import Caller

_log = structlog.get_logger()

COUNTED = frozenset(
    {
        Reason.MALFORMED_REQUEST,
        Reason.OVERLOADED,
        Reason.CERTIFICATE_NOT_NAMED,
        Reason.COUNTER_UNKNOWN,
        Reason.REQUEST_IN_PROGRESS,
        Reason.ENTRY_UNKNOWN,
    }
)
"""Refusals that decide nothing about anybody's records: counted, and recorded at most once a minute for each caller."""

DAMPED = frozenset(
    {
        Reason.CERTIFICATE_REVOKED,
        Reason.COUNTER_SUSPENDED,
        Reason.OFFICER_TOKEN_MISSING,
        Reason.OFFICER_TOKEN_INVALID,
        Reason.OFFICER_TOKEN_EXPIRED,
        Reason.OFFICER_TOKEN_WRONG_AUDIENCE,
        Reason.OFFICER_TOKEN_NOT_BOUND,
        Reason.OFFICER_ISSUER_NOT_ALLOWED,
        Reason.OFFICER_SUSPENDED,
        Reason.OFFICER_KEYS_UNAVAILABLE,
    }
)
"""Refusals of callers who are not let in, and may knock without end: each minute's first has an entry, the rest are counted."""

_UNRECORDABLE = frozenset({Reason.AUDIT_UNAVAILABLE, Reason.LOG_CORRUPT})

Serve = Callable[[Any, Any], Awaitable[Message]]
Context = grpc.aio.ServicerContext[Any, Any]


class Door:
    """Stands before every service of ours."""

    def __init__(
        self,
        *,
        recogniser: Recogniser,
        journal: Journal,
        tally: Tally,
        metrics: Metrics,
        clock: Clock,
        server: Server,
        names: Callable[[], Mapping[str, tuple[str, str]]],
    ) -> None:
        self._recogniser = recogniser
        self._journal = journal
        self._tally = tally
        self._metrics = metrics
        self._clock = clock
        self._server = server
        self._names = names
        self._in_flight = 0

    def guard(self, servicer: object, service: ServiceDescriptor) -> grpc.GenericRpcHandler:
        """Wrap every method of a servicer; what comes back is registered with gRPC in its place."""
        handlers: dict[str, Any] = {
            m.name: grpc.unary_unary_rpc_method_handler(self._guarded(m, getattr(servicer, m.name))) for m in service.methods
        }
        return grpc.method_handlers_generic_handler(service.full_name, handlers)

    def _guarded(self, descriptor: MethodDescriptor, serve: Serve) -> Callable[[bytes, Context], Awaitable[bytes]]:
        method = f"{descriptor.containing_service.full_name}/{descriptor.name}"
        way = _Way(ROLES[method], GetMessageClass(descriptor.input_type), GetMessageClass(descriptor.output_type), serve)
        calls, seconds = self._metrics.calls, self._metrics.call_seconds.labels(method)
        ok = calls.labels(method, "OK")

        async def answer(request: bytes, context: Context) -> bytes:
            started = self._clock.monotonic()
            self._in_flight += 1
            passing = _Passing(new_id(self._clock), method)
            try:
                reply = await self._serve(way, request, context, passing)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():  # the caller hung up or its time is over
                    raise
                # Raised inside without anybody cancelling the call: gRPC would leave the caller hanging until its deadline.
                failure: BaseException = RuntimeError("a stray cancellation")
            except Exception as error:  # noqa: BLE001 (one of the two places: everything becomes a status, once)
                failure = error
            else:
                ok.inc()
                return reply
            finally:
                self._in_flight -= 1
                self._metrics.in_flight.set(self._in_flight)
                seconds.observe(self._clock.monotonic() - started)
            return await self._refuse(method, failure, passing, context)

        return answer

    async def _serve(self, way: "_Way", request: bytes, context: Context, passing: "_Passing") -> bytes:
        known = self._recogniser.peer(context.auth_context(), passing.facts.update)
        if self._in_flight > self._server.max_concurrent:
            raise Refusal(Reason.OVERLOADED, retry_after=1.0)
        if way.role is Role.READER:
            return way.written(await way.serve(way.read(request), known))
        officer = await self._recogniser.officer(context.invocation_metadata(), known.counter)
        call = self._call(passing.id, Caller(known.counter, officer), context)
        call.facts = passing.facts
        call.about(**caller_facts(call.caller))
        return way.written(await way.serve(way.read(request), call))

    def _call(self, request_id: bytes, caller: Caller, context: Context) -> Call:
        remaining = context.time_remaining()
        longest = self._server.max_deadline
        seconds = longest if remaining is None else min(remaining, longest)
        return Call(
            id=request_id,
            caller=caller,
            deadline=self._clock.monotonic() + seconds,
            clock=self._clock,
            reserve=self._server.reserve,
            least=self._server.least_deadline,
        )

    async def _refuse(self, method: str, failure: BaseException, passing: "_Passing", context: Context) -> bytes:
        refusal = refusal_of(failure)
        if refusal.reason is Reason.INTERNAL:
            _log.error("defect", method=method, request_id=id_text(passing.id), **_defect(failure.__cause__ or failure))
        decided = refusal
        self._metrics.refusals.labels(decided.reason.value).inc()  # before anything is awaited: the caller may hang up meanwhile
        try:
            await self._record(refusal, passing)
        except AuditUnavailable:
            refusal = Refusal(Reason.AUDIT_UNAVAILABLE)
        except Refusal as overload:  # the journal takes no more just now
            self._tally.note(passing.facts, overload.reason)
            refusal = overload
        status = status_of(refusal, id_text(passing.id), self._names())
        self._metrics.calls.labels(method, status.code.name).inc()
        if refusal is not decided:
            self._metrics.refusals.labels(refusal.reason.value).inc()
        await context.abort(status.code, status.message, status.trailers)
        raise RuntimeError("abort returned")

    async def _record(self, refusal: Refusal, passing: "_Passing") -> None:
        if refusal.receipt is not None or refusal.reason in _UNRECORDABLE:
            return
        if refusal.reason in COUNTED or (refusal.reason in DAMPED and not self._tally.first(passing.facts, refusal.reason)):
            self._tally.note(passing.facts, refusal.reason)
            return
        try:
            refusal.receipt = await self._journal.deny(passing.id, passing.facts, refusal)
        except IntentClosed:
            return  # something failed after the request had left entries of its own: the log knows it, under this very id


class _Passing:
    """What the log may say of a call that may yet be refused."""

    def __init__(self, request_id: bytes, method: str) -> None:
        self.id = request_id
        self.facts: dict[str, Any] = {"method": method.rpartition("/")[2]}


@dataclass(frozen=True, slots=True)
class _Way:
    """How one method is served: who may call it, what it takes and gives, and who does it."""

    role: Role
    takes: type[Message]
    gives: type[Message]
    serve: Serve

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


def _defect(failure: BaseException) -> Mapping[str, str]:
    """What a log line may say of a defect: type, file and line, without its text, which may hold a value."""
    trace = failure.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
    return {"exception": type(failure).__name__, "where": where}
