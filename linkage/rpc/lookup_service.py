"""`LookupService`: reads, walks the corridor, writes."""

from collections.abc import AsyncIterator

from linkage.audit.receipt import Receipt
from linkage.call import Call
from linkage.ids import id_text
from linkage.lookup import Lookup
from linkage.lookup_terms import LookupAsk, LookupReply
from linkage.rpc.bundling import Bundling
from linkage.rpc.encode import CHECKS, encode_session, record_members
from linkage.rpc.questions import juristic_in, read_fields
from linkage.rpc.reading import Reading
from linkage.rpc.retries import Retries
from linkage.rpc.sentences import Sentences
from linkage.rpc.status import receipt_members
from linkage.terms import JuristicPerson, RecordType, ServiceId
from linkage.v1 import lookup_pb2 as pb
from linkage.v1 import lookup_pb2_grpc


class LookupService(lookup_pb2_grpc.LookupServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, corridor: Lookup, bundling: Bundling, retries: Retries, sentences: Sentences) -> None:
        self._corridor = corridor
        self._bundling = bundling
        self._retries = retries
        self._sentences = sentences

    async def Lookup(self, request: pb.LookupRequest, call: Call) -> pb.LookupResponse:  # type: ignore[override]  # the door hands a Call where gRPC hands a context
        ask = self._read(request, call)

        async def attempt() -> pb.LookupResponse:
            reply, receipt = await self._corridor.look_up(call, ask, lambda reply: self._retries.pack(self._written(call, reply)))
            return self._written(call, reply, receipt)

        return await self._retries.answered(call, attempt, pb.LookupResponse)

    def LookupBundle(self, request: pb.LookupBundleRequest, call: Call) -> AsyncIterator[pb.LookupBundleResponse]:  # type: ignore[override]  # as above
        return self._bundling.stream(request, call)

    def _read(self, request: pb.LookupRequest, call: Call) -> LookupAsk:
        reading = Reading()
        client_request_id = reading.client_request_id(request.client_request_id)
        token = request.agency_session_token
        ask = LookupAsk(
            visit_token=reading.token("visit_token", request.visit_token),
            service=ServiceId(reading.identifier("service", request.service)),
            record_type=RecordType(reading.identifier("record_type", request.record_type)),
            fields=read_fields(reading, "fields", request.fields),
            juristic=_juristic(reading, request),
            login_token=reading.token("agency_session_token", token) if token else None,
            once=self._retries.once(call.caller, client_request_id, request),
        )
        reading.done()
        return ask

    def _written(self, call: Call, reply: LookupReply, receipt: Receipt | None = None) -> pb.LookupResponse:
        found = reply.fields is not None
        return pb.LookupResponse(
            answer=pb.ANSWER_FOUND if found else pb.ANSWER_NOT_FOUND,
            sentence=self._sentences.answer(found, reply.source),
            request_id=id_text(call.id),
            record=None if reply.fields is None else record_members(reply.record_type, reply.source, reply.fields, reply.received_ms),
            person_check=CHECKS[reply.person_check],
            renewed_session=None if reply.renewed is None else encode_session(reply.renewed, reply.source),
            receipt=None if receipt is None else receipt_members(receipt),
        )


def _juristic(reading: Reading, request: pb.LookupRequest) -> JuristicPerson | None:
    if request.subject.WhichOneof("kind") != "juristic_person":
        return None
    return juristic_in(reading, "subject.juristic_person", request.subject.juristic_person)
