"""`AgencySessionService`: reads, walks the corridor, writes."""

from linkage.call import Call
from linkage.ids import id_text
from linkage.login import BeginAsk, ConfirmAsk, Login
from linkage.rpc.encode import timestamp
from linkage.rpc.reading import Reading
from linkage.rpc.status import encode_receipt
from linkage.rpc.verification_service import CHIP
from linkage.terms import RecipientId, SourceName, ThaidCode
from linkage.v1 import agency_session_pb2 as pb
from linkage.v1 import agency_session_pb2_grpc


class AgencySessionService(agency_session_pb2_grpc.AgencySessionServiceServicer):
    """Handlers, to be registered behind the door."""

    def __init__(self, corridor: Login) -> None:
        self._corridor = corridor

    async def BeginLogin(self, request: pb.BeginLoginRequest, call: Call) -> pb.BeginLoginResponse:  # type: ignore[override]  # the door hands a Call where gRPC hands a context
        reading = Reading()
        by_card = request.WhichOneof("method") == "smart_card"
        if request.WhichOneof("method") is None:
            reading.wrong("method", "exactly one is required")
        chip = request.smart_card.chip_number
        ask = BeginAsk(
            RecipientId(reading.identifier("recipient", request.recipient)),
            SourceName(reading.identifier("source", request.source)),
            reading.citizen_number("officer_number", request.officer_number),
            reading.pattern("smart_card.chip_number", chip, CHIP, "16 hexadecimal digits") if by_card else None,
        )
        reading.done()
        token, offer, receipt = await self._corridor.begin(call, ask)
        return pb.BeginLoginResponse(
            login_token=token,
            offices=[pb.Office(id=number, name=name) for number, name in offer.offices],
            challenge=offer.challenge,
            request_id=id_text(call.id),
            receipt=encode_receipt(receipt),
        )

    async def ConfirmLogin(self, request: pb.ConfirmLoginRequest, call: Call) -> pb.ConfirmLoginResponse:  # type: ignore[override]  # as above
        reading = Reading()
        proof = request.WhichOneof("proof")
        if proof is None:
            reading.wrong("proof", "exactly one is required")
        code = envelope = None
        if proof == "thaid":
            uri = reading.token("thaid.redirect_uri", request.thaid.redirect_uri, most=2048).reveal()
            code = ThaidCode(reading.token("thaid.code", request.thaid.code, most=2048), uri)
        else:
            envelope = reading.token("envelope", request.envelope)
        ask = ConfirmAsk(reading.token("login_token", request.login_token), request.office_id, code, envelope)
        reading.done()
        token, login, receipt = await self._corridor.confirm(call, ask)
        ends = timestamp(login.expires_at * 1000)
        session = pb.AgencySession(token=token, expires_at=ends, source=login.source, recipient=login.recipient)
        return pb.ConfirmLoginResponse(session=session, request_id=id_text(call.id), receipt=encode_receipt(receipt))

    async def EndLogin(self, request: pb.EndLoginRequest, call: Call) -> pb.EndLoginResponse:  # type: ignore[override]  # as above
        reading = Reading()
        token = reading.token("session_token", request.session_token)
        reading.done()
        receipt = await self._corridor.end(call, token)
        return pb.EndLoginResponse(request_id=id_text(call.id), receipt=encode_receipt(receipt))
