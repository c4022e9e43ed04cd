"""Retries of one request: the same client request id is the same request, and is answered with the same reply.

The log decides, in the intent's own transaction, whether a request was made before. What it was answered with is kept sealed for a
short while; nothing that a thief of the log's disk could read.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from linkage.audit.journal import AlreadyAnswered, AlreadyAsked
from linkage.audit.receipt import ReceiptBook
from linkage.call import Call
from linkage.errors import Reason, Refusal
from linkage.rpc.status import encode_receipt
from linkage.store.contract import Once
from linkage.terms import Caller
from linkage.v1 import receipt_pb2
from linkage.visits.token import Sealer, TokenInvalid

M = TypeVar("M", bound=Message)

_PURPOSE = "reply to a retry"


class Retries:
    """Recognises retries, and keeps sealed replies for them. ``seconds``: for how long."""

    def __init__(self, sealer: Sealer, book: ReceiptBook, seconds: float) -> None:
        self._sealer = sealer
        self._book = book
        self._seconds = seconds

    def once(self, caller: Caller, client_request_id: bytes | None, request: Message, *, part: str = "") -> Once | None:
        """The claim that this request, or this part of it, was not made before; None where it carries no id."""
        if client_request_id is None:
            return None
        officer = caller.officer
        owner = f"{caller.counter.uri} {officer.issuer} {officer.subject} ".encode()
        key = self._sealer.tag("client request id", owner + client_request_id + part.encode())
        digest = self._sealer.tag("request content", request.DESCRIPTOR.full_name.encode() + request.SerializeToString(deterministic=True))
        return Once(key, digest, keep_s=round(self._seconds))

    def pack(self, reply: Message) -> bytes:
        """Seal a reply, without its receipt."""
        return self._sealer.seal(_PURPOSE, {"reply": base64.b64encode(reply.SerializeToString()).decode()}, longest=None).encode()

    async def answered(self, call: Call, attempt: Callable[[], Awaitable[M]], kind: type[M]) -> M:
        """Make the attempt, or wait for the one under way and repeat its reply.

        Raises:
            Refusal: REQUEST_IN_PROGRESS; or the refusal that the request was answered with.
        """
        pause, waited = 0.02, False
        while True:
            try:
                return await attempt()
            except Refusal as refusal:
                if waited and refusal.reason is Reason.DEADLINE_TOO_SHORT and refusal.receipt is None:
                    # As it stands it would say that nobody was asked; with a receipt it is this attempt's own, and says so truly.
                    raise Refusal(Reason.REQUEST_IN_PROGRESS) from refusal
                raise
            except AlreadyAsked:
                waited = True
                if call.remaining() < 2 * pause:
                    raise Refusal(Reason.REQUEST_IN_PROGRESS) from None
                await asyncio.sleep(pause)
                pause = min(2 * pause, 0.5)
            except AlreadyAnswered as before:
                return await self._repeated(before, kind)

    async def _repeated(self, before: AlreadyAnswered, kind: type[M]) -> M:
        """The reply as it was, with its outcome's receipt under the newest checkpoint."""
        receipts = await self._book.of_request(before.eid)
        if before.reply is None or not receipts:
            raise Refusal(Reason.REQUEST_ID_REUSED, detail="answered before; the reply is not kept any more")
        try:
            packed = self._sealer.open(_PURPOSE, before.reply.decode(), longest=None)
        except TokenInvalid:
            raise Refusal(Reason.REQUEST_ID_REUSED, detail="answered before; the key that sealed the reply is gone") from None
        reply = kind.FromString(base64.b64decode(packed["reply"]))
        _receipt_of(reply).CopyFrom(encode_receipt(receipts[-1]))
        return reply


def _receipt_of(reply: Message) -> receipt_pb2.Receipt:
    receipt: receipt_pb2.Receipt = getattr(reply, "receipt")  # noqa: B009 (every reply kept has one; Message does not say so)
    return receipt
