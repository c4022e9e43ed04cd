"""What can go wrong between here and an agency, and what one call did on the wire."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import ClassVar

import httpx


class WrongOrigin(httpx.TransportError):
    """The URL is not of an origin that the client was made for. Nothing left."""

    why: ClassVar[str] = "wrong origin"


class NotSent(httpx.TransportError):
    """The request is known not to have left: asking again cannot be a second asking. ``why`` is a word for metrics and the log."""

    why: ClassVar[str] = "not connected"


class NotConnected(NotSent, httpx.ConnectError):
    """Refused, unreachable, or reset before a connection was there."""


class NameUnknown(NotSent, httpx.ConnectError):
    """The host's name has no address."""

    why = "name not resolved"


class TlsFailed(NotSent, httpx.ConnectError):
    """The handshake failed: a certificate that does not chain to the CA or names another host, no version in common."""

    why = "tls failed"


class NotConnectedInTime(NotSent, httpx.ConnectTimeout):
    """No connection within its time: none free in the pool, or the host silent."""

    why = "connect timeout"


class MaybeSent(httpx.TransportError):
    """The request may have arrived, in part or whole. ``why`` is a word for metrics and the log."""

    why: ClassVar[str] = "cut off"


class CutOff(MaybeSent, httpx.ReadError):
    """The connection ended before the answer did."""


class NoAnswerInTime(MaybeSent, httpx.ReadTimeout):
    """The answer was not there, whole, in time."""

    why = "timeout"


class NotHttp(MaybeSent, httpx.RemoteProtocolError):
    """What came back is not HTTP."""

    why = "not http"


class AnswerTooLarge(MaybeSent, httpx.ReadError):
    """The answer says that it is, or turned out to be, larger than the client takes. The rest was not read."""

    why = "answer too large"


class AnswerCompressed(MaybeSent, httpx.DecodingError):
    """The answer is compressed although none was asked for: its true size is unknown, so it is not unpacked."""

    why = "answer compressed"


@dataclass(slots=True)
class Wire:
    """What happened on the wire since `watched` began.

    ``left``: a request may have left. ``status``: HTTP status of the newest answer, None while none came.
    """

    left: bool = False
    status: int | None = None


call_wire: ContextVar[Wire | None] = ContextVar("linkage_wire_call", default=None)


class watched:  # noqa: N801 (used as a function; a generator made into a context manager costs three times as much)
    """``with watched() as wire``: note what all clients of this module do inside the block, in tasks started there as well."""

    __slots__ = ("_token",)

    def __enter__(self) -> Wire:
        wire = Wire()
        self._token = call_wire.set(wire)
        return wire

    def __exit__(self, *_: object) -> None:
        call_wire.reset(self._token)


def has_left(wire: Wire) -> None:
    """Note that from here on the request of this wire may have left, and so may one of the call that it belongs to."""
    wire.left = True
    if (call := call_wire.get()) is not None:
        call.left = True
