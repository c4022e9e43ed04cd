"""`VerificationService`: reads, walks the corridor, writes."""

from google.protobuf.duration_pb2 import Duration

from linkage.call import Call
from linkage.ids import id_text
from linkage.rpc.encode import timestamp
from linkage.rpc.reading import Reading
from linkage.rpc.recognise import Recogniser
from linkage.rpc.retries import Retries
from linkage.rpc.sentences import Sentences
from linkage.rpc.status import encode_receipt
from linkage.terms import (
    CardChip,
    CardLaser,
    Evidence,
    PresenceException,
    RecipientId,
    ServiceId,
    ThaidCode,
    assurance_of,
)
from linkage.v1 import verification_pb2 as pb
from linkage.v1 import verification_pb2_grpc
from linkage.verification import Verification, VerifyAsk, VerifyReply

CHIP = r"[0-9A-F]{16}"
"""A chip's own number."""


class VerificationService(verification_pb2_grpc.VerificationServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, corridor: Verification, recogniser: Recogniser, retries: Retries, sentences: Sentences) -> None:
        self._corridor = corridor
        self._recogniser = recogniser
        self._retries = retries
        self._sentences = sentences

    async def VerifyIdentity(self, request: pb.VerifyIdentityRequest, call: Call) -> pb.VerifyIdentityResponse:  # type: ignore[override]  # the door hands a Call where gRPC hands a context
        reading = Reading()
        client_request_id = reading.client_request_id(request.client_request_id)
        recipient = RecipientId(reading.identifier("recipient", request.recipient))
        service = ServiceId(reading.identifier("service", request.service))
        evidence = await self._evidence(reading, request, call)
        ask = VerifyAsk(recipient, service, evidence, self._retries.once(call.caller, client_request_id, request))

        def written(reply: VerifyReply) -> pb.VerifyIdentityResponse:
            return self._written(call, evidence, reply)

        key = self._corridor.fresh_key(call, ask)

        async def attempt() -> pb.VerifyIdentityResponse:
            reply, receipt = await self._corridor.verify(call, ask, key, lambda reply: self._retries.pack(written(reply)))
            response = written(reply)
            response.receipt.CopyFrom(encode_receipt(receipt))
            return response

        return await self._retries.answered(call, attempt, pb.VerifyIdentityResponse)

    async def EndVisit(self, request: pb.EndVisitRequest, call: Call) -> pb.EndVisitResponse:  # type: ignore[override]  # as above
        reading = Reading()
        token = reading.token("visit_token", request.visit_token)
        reading.done()
        receipt = await self._corridor.end(call, token)
        return pb.EndVisitResponse(request_id=id_text(call.id), receipt=encode_receipt(receipt))

    async def _evidence(self, reading: Reading, request: pb.VerifyIdentityRequest, call: Call) -> Evidence:
        kind = request.WhichOneof("evidence")
        if kind is None:
            reading.wrong("evidence", "exactly one is required")
        if kind == "exception":
            return await self._exception(reading, request, call)
        evidence = _shown(reading, request, kind)
        reading.done()
        return evidence

    async def _exception(self, reading: Reading, request: pb.VerifyIdentityRequest, call: Call) -> PresenceException:
        shown = request.exception
        number = reading.citizen_number("citizen_number", request.citizen_number)
        name = reading.identifier("exception.name", shown.name)
        reason = reading.secret_text("exception.reason", shown.reason, least=10, most=500)
        token = reading.token("exception.second_officer_token", shown.second_officer_token)
        person = reading.name("exception.person_name", shown.person_name) if shown.HasField("person_name") else None
        born = reading.birth_date("exception.birth_date", shown.birth_date) if shown.HasField("birth_date") else None
        reading.done()
        second = await self._recogniser.second_officer(token, call.caller.officer, call.caller.counter)
        return PresenceException(number, name, reason, second, person, born)

    def _written(self, call: Call, evidence: Evidence, reply: VerifyReply) -> pb.VerifyIdentityResponse:
        response = pb.VerifyIdentityResponse(
            verdict=pb.Verdict.Value(f"VERDICT_{reply.verdict.name}"),
            sentence=self._sentences.verdict(reply.verdict, reply.no_match or reply.card_problem, reply.source, assurance_of(evidence)),
            request_id=id_text(call.id),
        )
        if reply.no_match is not None:
            response.no_match = pb.NoMatch.Value(f"NO_MATCH_{reply.no_match.name}")
        if reply.card_problem is not None:
            response.card_problem = pb.CardProblem.Value(f"CARD_PROBLEM_{reply.card_problem.name}")
        if reply.visit is not None:
            assurance = pb.Assurance.Value(f"ASSURANCE_{reply.visit.assurance.name}")
            ends = timestamp(reply.visit.expires_at_ms)
            response.visit.CopyFrom(pb.Visit(token=reply.visit.token, expires_at=ends, assurance=assurance))
        if reply.retry_after is not None:
            response.retry_after.CopyFrom(Duration(seconds=round(reply.retry_after)))
        return response


def _shown(reading: Reading, request: pb.VerifyIdentityRequest, kind: str | None) -> Evidence:
    if kind == "thaid":
        code = reading.token("thaid.code", request.thaid.code, most=2048)
        uri = reading.token("thaid.redirect_uri", request.thaid.redirect_uri, most=2048)
        typed = request.citizen_number
        return ThaidCode(code, uri.reveal(), reading.citizen_number("citizen_number", typed) if typed else None)
    number = reading.citizen_number("citizen_number", request.citizen_number)
    if kind == "card_chip":
        chip = request.card_chip
        return CardChip(
            number,
            reading.pattern("card_chip.chip_number", chip.chip_number, CHIP, "16 hexadecimal digits"),
            reading.pattern("card_chip.card_number", chip.card_number, r"[0-9]{14}", "14 digits"),
            reading.birth_date("card_chip.birth_date", chip.birth_date),
            reading.name("card_chip.name", chip.name) if chip.HasField("name") else None,
        )
    laser = request.card_laser
    return CardLaser(
        number,
        reading.name("card_laser.name", laser.name),
        reading.birth_date("card_laser.birth_date", laser.birth_date),
        reading.pattern("card_laser.laser_code", laser.laser_code, r"[A-Z]{2}[0-9]{10}", "two letters and ten digits"),
    )
