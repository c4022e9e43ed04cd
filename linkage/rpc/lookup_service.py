"""`LookupService`: reads, walks the corridor, writes."""

from linkage.call import Call
from linkage.ids import id_text
from linkage.lookup import Lookup, LookupAsk, LookupReply
from linkage.rpc.encode import encode_record, timestamp
from linkage.rpc.reading import Reading
from linkage.rpc.retries import Retries
from linkage.rpc.sentences import Sentences
from linkage.rpc.status import encode_receipt
from linkage.terms import FieldName, JuristicPerson, RecordType, ServiceId
from linkage.v1 import agency_session_pb2, lookup_pb2_grpc
from linkage.v1 import lookup_pb2 as pb

_MOST_FIELDS = 200


class LookupService(lookup_pb2_grpc.LookupServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, corridor: Lookup, retries: Retries, sentences: Sentences) -> None:
        self._corridor = corridor
        self._retries = retries
        self._sentences = sentences

    async def Lookup(self, request: pb.LookupRequest, call: Call) -> pb.LookupResponse:  # type: ignore[override]  # the door hands a Call where gRPC hands a context
        ask = self._read(request, call)

        async def attempt() -> pb.LookupResponse:
            reply, receipt = await self._corridor.look_up(call, ask, lambda reply: self._retries.pack(self._written(call, reply)))
            response = self._written(call, reply)
            response.receipt.CopyFrom(encode_receipt(receipt))
            return response

        return await self._retries.answered(call, attempt, pb.LookupResponse)

    def _read(self, request: pb.LookupRequest, call: Call) -> LookupAsk:
        reading = Reading()
        client_request_id = reading.client_request_id(request.client_request_id)
        token = request.agency_session_token
        ask = LookupAsk(
            visit_token=reading.token("visit_token", request.visit_token),
            service=ServiceId(reading.identifier("service", request.service)),
            record_type=RecordType(reading.identifier("record_type", request.record_type)),
            fields=_fields(reading, request),
            juristic=_juristic(reading, request),
            login_token=reading.token("agency_session_token", token) if token else None,
            once=self._retries.once(call.caller, client_request_id, request),
        )
        reading.done()
        return ask

    def _written(self, call: Call, reply: LookupReply) -> pb.LookupResponse:
        found = reply.fields is not None
        response = pb.LookupResponse(
            answer=pb.ANSWER_FOUND if found else pb.ANSWER_NOT_FOUND,
            sentence=self._sentences.answer(found, reply.source),
            request_id=id_text(call.id),
        )
        if reply.fields is not None:
            response.record.CopyFrom(encode_record(reply.record_type, reply.source, reply.fields, reply.received_ms))
        if reply.person_check is not None:
            response.person_check = pb.PersonCheck.Value(f"PERSON_CHECK_{reply.person_check.name}")
        if reply.renewed is not None:
            ends = timestamp(reply.renewed.expires_at * 1000)
            session = agency_session_pb2.AgencySession(token=reply.renewed.token, expires_at=ends, source=reply.source)
            response.renewed_session.CopyFrom(session)
        return response


def _fields(reading: Reading, request: pb.LookupRequest) -> tuple[FieldName, ...]:
    if not 1 <= len(request.fields) <= _MOST_FIELDS:
        reading.wrong("fields", f"1 to {_MOST_FIELDS} fields are required")
        return ()
    if len(set(request.fields)) != len(request.fields):
        reading.wrong("fields", "each field once")
    return tuple(FieldName(reading.identifier(f"fields[{i}]", name)) for i, name in enumerate(request.fields))


def _juristic(reading: Reading, request: pb.LookupRequest) -> JuristicPerson | None:
    if request.subject.WhichOneof("kind") != "juristic_person":
        return None
    body = request.subject.juristic_person
    return JuristicPerson(
        reading.juristic_number("subject.juristic_person.juristic_number", body.juristic_number),
        reading.identifier("subject.juristic_person.ground", body.ground),
    )
