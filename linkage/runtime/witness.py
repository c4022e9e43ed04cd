"""A witness that serves (c2sp.org/tlog-witness): cosigns what follows the checkpoint it cosigned last, and shows the newest one.

What it cosigns is durable before it answers. Comparing and replacing are one transaction, so that no two requests, in whatever
order they come, can lead it back.
"""

import asyncio
import hashlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from linkage.clock import Clock
from linkage.errors import AuditUnavailable, LinkageError
from linkage.runtime.heads_in_time import HeadsInTime
from linkage.store.contract import StorePoisoned
from linkage.store.witness_state import Cosigned, WitnessState
from linkage.tlog.cosignature import Cosigner
from linkage.tlog.encoding import to_base64
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import SIGNATURE_PREFIX, split_note
from linkage.tlog.witness import Declined, Seen, Status, Submission, admit, compare
from linkage.tlog.witness_wire import MAX_REQUEST, SIZE_TYPE, write_size

_log = structlog.get_logger()
_T = TypeVar("_T")
_A = TypeVar("_A")

BODY_S = 10.0
"""Seconds for a request's body."""
AT_ONCE = 64
"""Requests that came whole and wait for their answer; more are answered 503."""
_GRACE_S = 5


class WitnessLost(LinkageError):
    """The witness can cosign no more in this process; a new one reads what the disk holds. Says why."""


class Witness:
    """One witness: its key, its memory, the logs it knows. `cosign` and `shown` are for one thread."""

    def __init__(self, cosigner: Cosigner, state: WitnessState, logs: Mapping[str, LogVerifier], clock: Clock) -> None:
        """Take its key, the memory that belongs to it, and the keys of each log by its origin."""
        self._cosigner = cosigner
        self._state = state
        self._logs = logs
        self._clock = clock
        self._places = {hashlib.sha256(origin.encode()).hexdigest(): origin for origin in logs}

    def cosign(self, body: bytes) -> bytes:
        """Decide about a request to add a checkpoint; the reply's body, what it says being durable.

        Raises:
            Declined: the request is not granted.
            AuditUnavailable: the memory cannot be written now, or by this process.
        """
        submission = admit(body, self._logs)
        line = ""

        def step(newest: Cosigned | None) -> Cosigned:
            nonlocal line
            compare(submission, Seen() if newest is None else Seen(newest.size, newest.root))
            line = self._cosigner.cosign(submission.text, self._clock.now_ms() // 1000)
            checkpoint = submission.checkpoint
            return Cosigned(checkpoint.size, checkpoint.root, self._known_lines(submission) + line)

        self._state.advance(submission.checkpoint.origin, step)
        return line.encode()

    def shown(self, place: str) -> str | None:
        """The newest cosigned checkpoint of the log at this place, the lower-case hex SHA-256 of its origin; None if there is none."""
        origin = self._places.get(place)
        newest = None if origin is None else self._state.latest(origin)
        return None if newest is None else newest.note

    def close(self) -> None:
        """Close the memory."""
        self._state.close()

    def _known_lines(self, submission: Submission) -> str:
        """The checkpoint with the log's own signatures alone: what strangers add to a request is not shown."""
        known = {(key.name, key.key_id) for key in self._logs[submission.checkpoint.origin].known}
        _, signatures = split_note(submission.note.encode())
        lines = (f"{SIGNATURE_PREFIX}{name} {to_base64(key_id + blob)}\n" for name, key_id, blob in signatures if (name, key_id) in known)
        return submission.text + "\n" + "".join(lines)


class WitnessApp:
    """The HTTP face of a witness. ``lost`` says why it can cosign no more; empty while it can."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="witness")
        self._waiting = 0
        self.lost = ""
        self.over = asyncio.Event()
        """Set when ``lost`` is."""
        self.app = Starlette(
            routes=[
                Route("/add-checkpoint", self._add, methods=["POST"]),
                Route("/{place}/checkpoint", self._show, methods=["GET"]),
            ]
        )

    async def aclose(self) -> None:
        """Finish what is under way, close the memory."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._witness.close)
        self._thread.shutdown()

    async def _add(self, request: Request) -> Response:
        try:
            body = await _whole_body(request)
            line = await self._in_thread(self._witness.cosign, body)
        except _Unread as failure:
            return _plain(failure.status, str(failure))
        except Declined as answer:
            _log.info("declined", code=int(answer.status), why=answer.why)
            if answer.size is not None:  # the type to the letter: clients compare it so
                return Response(write_size(answer.size), answer.status, {"content-type": SIZE_TYPE})
            return _plain(answer.status, answer.why)
        except AuditUnavailable as failure:
            return self._unavailable(failure)
        return Response(line, media_type="text/plain; charset=utf-8")

    async def _show(self, request: Request) -> Response:
        try:
            note = await self._in_thread(self._witness.shown, request.path_params["place"])
        except _Unread as failure:
            return _plain(failure.status, str(failure))
        except AuditUnavailable as failure:
            return self._unavailable(failure)
        return _plain(Status.ORIGIN_UNKNOWN, "no such checkpoint") if note is None else PlainTextResponse(note)

    async def _in_thread(self, answer: Callable[[_A], _T], asked: _A) -> _T:
        """Counted here, where nobody outside can make it last, and not by connections or bodies, which may be silent or slow."""
        if self._waiting >= AT_ONCE:
            raise _Unread(503, "too many at once")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, answer, asked)
        finally:
            self._waiting -= 1

    def _unavailable(self, failure: AuditUnavailable) -> Response:
        _log.error("cannot cosign", why=str(failure))
        if isinstance(failure, StorePoisoned):
            self.lost = str(failure)
            self.over.set()
        return _plain(503, "cannot cosign now")


class _Unread(Exception):
    """The request was not read, or not looked at, and is answered with this status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


async def _whole_body(request: Request) -> bytes:
    """The request's body; `_Unread` where it is too long, which is noticed before it is read whole, too slow, or cut off."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_REQUEST:
                    raise _Unread(413, f"at most {MAX_REQUEST} bytes")
    except TimeoutError:
        raise _Unread(408, "the body did not come in time") from None
    except ClientDisconnect:
        raise _Unread(Status.MALFORMED, "the body did not come whole") from None
    return bytes(body)


def _plain(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status)


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate chain and key of the server, PEM."""

    certificate: Path
    key: Path


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end the process by the signal it has already obeyed."""
        yield


async def serve_witness(witness: Witness, listening: socket.socket, tls: Tls | None, protocol: type[HeadsInTime] = HeadsInTime) -> None:
    """Serve until SIGTERM or SIGINT. ``protocol``: what bounds the silence of connections.

    Raises:
        WitnessLost: it ended by itself: its memory can be written no more by this process.
        OSError: certificate or key cannot be used.
    """
    face = WitnessApp(witness)
    config = uvicorn.Config(
        face.app,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=protocol,
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
        server_header=False,
    )
    config.load()
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, face.over.set)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    host, port, *_ = listening.getsockname()
    _log.info("serving", listen=f"{host}:{port}")
    over = asyncio.create_task(face.over.wait())
    await asyncio.wait([serving, over], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    over.cancel()
    await face.aclose()
    if face.lost:
        raise WitnessLost(face.lost)
