"""`ReceiptService`: what the log can prove, for the counter about its own requests and for auditors about their agencies'."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from linkage.audit.receipt import ReceiptBook
from linkage.errors import Reason, Refusal
from linkage.identity.peer import Auditor
from linkage.rpc.reading import Reading
from linkage.rpc.recognise import Known
from linkage.rpc.status import encode_receipt
from linkage.terms import Counter
from linkage.tlog.errors import ProofInvalid
from linkage.v1 import receipt_pb2 as pb
from linkage.v1 import receipt_pb2_grpc


class ReceiptService(receipt_pb2_grpc.ReceiptServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, book: ReceiptBook, vkey: str, cosigned: Callable[[], Awaitable[str | None]]) -> None:
        """Take what can prove, the log's key, and what gives the newest cosigned checkpoint."""
        self._book = book
        self._vkey = vkey
        self._cosigned = cosigned

    async def GetCheckpoint(self, request: pb.GetCheckpointRequest, known: Known) -> pb.GetCheckpointResponse:  # type: ignore[override]  # the door hands a Known where gRPC hands a context
        del request, known
        cosigned = await self._cosigned()  # first: the log may grow meanwhile, and this one is never the larger
        return pb.GetCheckpointResponse(checkpoint=await self._book.checkpoint(), vkey=self._vkey, cosigned_checkpoint=cosigned or "")

    async def GetReceipt(self, request: pb.GetReceiptRequest, known: Known) -> pb.GetReceiptResponse:  # type: ignore[override]  # as above
        reading = Reading()
        request_id = reading.uuid("request_id", request.request_id)
        reading.done()
        receipts = await self._book.of_request(request_id)
        if not receipts or not _may_see(known, json.loads(receipts[0].leaf)["facts"]):
            raise Refusal(Reason.ENTRY_UNKNOWN)
        return pb.GetReceiptResponse(receipts=[encode_receipt(receipt) for receipt in receipts])

    async def GetConsistencyProof(self, request: pb.GetConsistencyProofRequest, known: Known) -> pb.GetConsistencyProofResponse:  # type: ignore[override]  # as above
        del known
        try:
            hashes = await self._book.consistency(request.old_size, request.new_size)
        except ProofInvalid:
            reading = Reading()
            reading.wrong("new_size", "old_size <= new_size <= the newest checkpoint's size is required")
            reading.done()
            raise
        return pb.GetConsistencyProofResponse(hashes=hashes)


def _may_see(known: Known, facts: dict[str, Any]) -> bool:
    """A counter sees its own requests; an auditor those of the agencies its register entry names, as recipient or as source."""
    match known.who:
        case Counter(uri=uri):
            return facts.get("counter") == uri
        case Auditor(agencies=agencies):
            return facts.get("recipient") in agencies or facts.get("source") in agencies
