"""`AuditService`: the log as auditors may see it, every reading recorded before anything is shown."""

from collections.abc import Callable

from linkage.in_force import InForce
from linkage.inspection import LARGEST_PAGE, Inspection, PageAsk, Sought
from linkage.rpc.encode_audit import encode_access, encode_agencies, encode_hit, encode_logged
from linkage.rpc.reading import Reading
from linkage.rpc.reading_audit import read_filter, read_span, span_of
from linkage.rpc.recognise import AuditorCall
from linkage.rpc.status import encode_receipt
from linkage.v1 import audit_pb2 as pb
from linkage.v1 import audit_pb2_grpc


class AuditService(audit_pb2_grpc.AuditServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, inspection: Inspection, in_force: Callable[[], InForce]) -> None:
        self._inspection = inspection
        self._in_force = in_force

    async def ListEntries(self, request: pb.ListEntriesRequest, call: AuditorCall) -> pb.ListEntriesResponse:  # type: ignore[override]  # the door hands an AuditorCall where gRPC hands a context
        reading = Reading()
        sought = read_filter(reading, request.filter)
        page = _page(reading, request.page_size, request.page_token)
        reading.done()
        shown = await self._inspection.entries(call.id, call.auditor, sought, page)
        return pb.ListEntriesResponse(
            entries=[encode_hit(hit) for hit in shown.hits],
            next_page_token=shown.next_token,
            log_size=shown.size,
            reading=encode_receipt(shown.reading),
        )

    async def GetEntry(self, request: pb.GetEntryRequest, call: AuditorCall) -> pb.GetEntryResponse:  # type: ignore[override]  # as above
        reading = Reading()
        eid = reading.uuid("entry_id", request.entry_id)
        reading.done()
        shown, receipt = await self._inspection.entry(call.id, call.auditor, eid)
        return pb.GetEntryResponse(entries=[encode_logged(each) for each in shown], reading=encode_receipt(receipt))

    async def ListAccesses(self, request: pb.ListAccessesRequest, call: AuditorCall) -> pb.ListAccessesResponse:  # type: ignore[override]  # as above
        reading = Reading()
        number = reading.citizen_number("citizen_number", request.citizen_number)
        since_ms, until_ms = read_span(reading, "", *span_of(request))
        page = _page(reading, request.page_size, request.page_token)
        reading.done()
        sought = Sought(number=number, since_ms=since_ms, until_ms=until_ms)
        shown = await self._inspection.accesses(call.id, call.auditor, sought, page)
        now = self._in_force()
        return pb.ListAccessesResponse(
            accesses=[encode_access(hit.access, now) for hit in shown.hits],
            next_page_token=shown.next_token,
            log_size=shown.size,
            reading=encode_receipt(shown.reading),
            agencies=encode_agencies(call.auditor.agencies, now),
        )


def _page(reading: Reading, size: int, token: str) -> PageAsk:
    if not 0 <= size <= LARGEST_PAGE:
        reading.wrong("page_size", f"1 to {LARGEST_PAGE} is required, or 0 for 25")
    if token:
        reading.token("page_token", token)
    return PageAsk(size, token)
