"""The load: officers at counters who verify people and look records up over mutual TLS, and write down every answer they get."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any
from uuid import UUID

import grpc
from google.protobuf.message import Message

from adapters.dopa.people import Person, load_people
from adapters.dopa.simulator_linkage import card_envelope
from linkage.v1 import agency_session_pb2 as session_pb
from linkage.v1 import agency_session_pb2_grpc, lookup_pb2_grpc, receipt_pb2, verification_pb2_grpc
from linkage.v1 import lookup_pb2 as lookup_pb
from linkage.v1 import verification_pb2 as pb
from tests.journeys.world import OFFICER, SERVICE, Place, refused

NUMBERS = ("1100000000016", "1100000000024", "1100000000032", "3100000000012", "1100000000041", "1100000000059")
RECORDS = {
    "dopa.person": ("title", "first_name", "last_name", "birth_date", "gender", "nationality"),
    "dopa.house": ("house_no", "village_no", "road", "subdistrict", "district", "province"),
}
NOT_AGREED = "father_number"
AGAIN = frozenset({"AUDIT_UNAVAILABLE", "AGENCY_UNAVAILABLE", "REQUEST_IN_PROGRESS", "OVERLOADED"})
"""Refusals after which a request with an id of the counter's is sent again."""

DEADLINE_S = 60.0
"""Longer than any start, for which a call waits before it is sent: what is left must do for the agency."""
PATIENCE_S = 120.0
"""A request with an id that nobody answers for so long counts as refused for ever."""

_OPTIONS = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.enable_retries", 0),  # every sending is counted here
]


class Way(StrEnum):
    """How one sending of a request ended."""

    REPLIED = auto()
    REFUSED = auto()
    """By the gateway, with a reason."""
    LOST = auto()
    """Without a word of the gateway: it was killed, or not there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as it came."""

    way: Way
    word: str
    """The result as the log calls it, or the refusal's reason."""
    request_id: str
    body: bytes
    """The reply without its receipt."""
    receipt: receipt_pb2.Receipt | None
    life: int
    """The gateway's life it was asked in."""


@dataclass(slots=True)
class Asked:
    """One request of a counter's, with every answer to it."""

    method: str
    request: Message
    client_request_id: str
    sent: int = 0
    lost: list[str] = field(default_factory=list)
    """Status of each sending that brought no word of the gateway."""
    lives: set[int] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    given_up: bool = False


class Life:
    """Which life the gateway is in, and whether it has answered anything in it."""

    def __init__(self) -> None:
        self.number = 0
        self.answered = asyncio.Event()

    def begin(self) -> None:
        """The gateway is started anew."""
        self.number += 1
        self.answered.clear()


Call = Callable[..., Any]


class Desk:
    """One counter with one officer: a connection that finds the gateway again after each of its deaths."""

    def __init__(self, place: Place, port: int, life: Life, uri: str, officer: str, luck: random.Random) -> None:
        certificate, key = place.certificate(uri, uri.rpartition("/centre/")[2].replace("/", "-"))
        credentials = grpc.ssl_channel_credentials((place.folder / "ca.pem").read_bytes(), key.read_bytes(), certificate.read_bytes())
        self._channel = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=_OPTIONS)
        self._metadata = (("authorization", f"Bearer {place.token(certificate, subject=officer)}"),)
        verification = verification_pb2_grpc.VerificationServiceStub(self._channel)
        logins = agency_session_pb2_grpc.AgencySessionServiceStub(self._channel)
        self._methods: dict[str, Call] = {
            "VerifyIdentity": verification.VerifyIdentity,
            "EndVisit": verification.EndVisit,
            "Lookup": lookup_pb2_grpc.LookupServiceStub(self._channel).Lookup,
            "BeginLogin": logins.BeginLogin,
            "ConfirmLogin": logins.ConfirmLogin,
        }
        self._life = life
        self._luck = luck
        self._people = load_people()
        self._session = ""
        self._asked_again_in = 0
        self._kept: deque[Asked] = deque(maxlen=12)
        self.asked: list[Asked] = []

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close(None)

    async def connected(self) -> None:
        """Wait for the gateway: a login that is lost is not made again by itself."""
        await self._channel.channel_ready()

    # ---- what an officer does

    async def login(self) -> None:
        """Log the officer in at Linkage Center, for the lookups to come."""
        officer = self._people[OFFICER]
        card = session_pb.SmartCardMethod(chip_number=officer.chip)
        begin = session_pb.BeginLoginRequest(recipient="doe", source="dopa", officer_number=officer.number, smart_card=card)
        begun = session_pb.BeginLoginResponse.FromString((await self._must("BeginLogin", begin)).body)
        envelope = card_envelope(begun.challenge, officer.chip)
        confirm = session_pb.ConfirmLoginRequest(login_token=begun.login_token, office_id=begun.offices[0].id, envelope=envelope)
        self._session = session_pb.ConfirmLoginResponse.FromString((await self._must("ConfirmLogin", confirm)).body).session.token

    async def work(self, over: asyncio.Event) -> None:
        """Serve one person after the other, and after each start of the gateway ask something again that was answered before it."""
        while not over.is_set():
            await self._ask_again()
            answer = await self._ask("VerifyIdentity", self._card())
            visit = "" if answer is None else pb.VerifyIdentityResponse.FromString(answer.body).visit.token
            if not visit:
                continue
            for _ in range(self._luck.randint(1, 4)):
                await self._ask("Lookup", self._lookup(visit))
            if self._luck.random() < 0.2:
                ended = await self._ask("EndVisit", pb.EndVisitRequest(visit_token=visit))
                if ended is not None and self._luck.random() < 0.5:
                    await self._ask("Lookup", self._lookup(visit))

    def _card(self) -> pb.VerifyIdentityRequest:
        person = self._people[self._luck.choice(NUMBERS)]
        request = pb.VerifyIdentityRequest(client_request_id=self._id(), recipient="doe", service=SERVICE, citizen_number=person.number)
        if self._luck.random() < 0.3:
            request.card_chip.CopyFrom(_chip(person))
        else:
            wrong = self._luck.random() < 0.05
            request.card_laser.CopyFrom(_laser(person, "ZZ9900000099" if wrong else person.laser))
        return request

    def _lookup(self, visit: str) -> lookup_pb.LookupRequest:
        record_type = self._luck.choice(list(RECORDS))
        fields = self._luck.sample(RECORDS[record_type], self._luck.randint(1, 4))
        if record_type == "dopa.person" and self._luck.random() < 0.05:
            fields.append(NOT_AGREED)
        return lookup_pb.LookupRequest(
            client_request_id=self._id(),
            visit_token=visit,
            service=SERVICE,
            record_type=record_type,
            fields=fields,
            agency_session_token=self._session,
        )

    def _id(self) -> str:
        """A UUID of the counter's own, or none."""
        return str(UUID(int=self._luck.getrandbits(128), version=4)) if self._luck.random() < 0.6 else ""

    # ---- how it asks

    async def _must(self, method: str, request: Message) -> Answer:
        answer = await self._ask(method, request)
        if answer is None or answer.way is not Way.REPLIED:
            raise RuntimeError(f"{method}: {'no answer' if answer is None else answer.word}")
        return answer

    async def _ask(self, method: str, request: Message) -> Answer | None:
        """Ask; with an id, until there is an answer. None where there is none."""
        asked = Asked(method, request, getattr(request, "client_request_id", ""))
        self.asked.append(asked)
        answer = await self._until_answered(asked)
        if asked.client_request_id and answer is not None:
            self._kept.append(asked)
        return answer if answer is not None and answer.way is Way.REPLIED else None

    async def _ask_again(self) -> None:
        """Once in each life of the gateway: some of what was answered in an earlier one."""
        life = self._life.number
        if self._asked_again_in == life or not self._kept:
            return
        self._asked_again_in = life
        for asked in [kept for kept in self._kept if life not in kept.lives][-3:]:
            await self._until_answered(asked)

    async def _until_answered(self, asked: Asked) -> Answer | None:
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = await self._send(asked)
            if answer.way is Way.REPLIED or (answer.way is Way.REFUSED and answer.word not in AGAIN):
                return answer
            if not asked.client_request_id:
                return None
            if time.monotonic() > until:
                asked.given_up = True
                return None
            await asyncio.sleep(0.02)

    async def _send(self, asked: Asked) -> Answer:
        life = self._life.number
        asked.sent += 1
        asked.lives.add(life)
        try:
            call = self._methods[asked.method]
            reply = await call(asked.request, metadata=self._metadata, timeout=DEADLINE_S, wait_for_ready=True)
        except grpc.aio.AioRpcError as error:
            answer = _refusal(error, life)
        else:
            answer = _reply(reply, life)
        if answer.way is Way.LOST:
            asked.lost.append(answer.word)
        else:
            asked.answers.append(answer)
            if life == self._life.number:
                self._life.answered.set()
        return answer


def _laser(person: Person, code: str) -> pb.CardLaser:
    name = pb.PersonName(first=person.first, middle=person.middle, last=person.last)
    return pb.CardLaser(name=name, birth_date=pb.BirthDate(as_on_card=f"{person.born:08d}"), laser_code=code)


def _chip(person: Person) -> pb.CardChip:
    name = pb.PersonName(first=person.first, middle=person.middle, last=person.last)
    born = pb.BirthDate(as_on_card=f"{person.born:08d}")
    return pb.CardChip(chip_number=person.chip, card_number=person.card_number, birth_date=born, name=name)


def _reply(reply: Any, life: int) -> Answer:
    receipt = receipt_pb2.Receipt()
    receipt.CopyFrom(reply.receipt)
    reply.ClearField("receipt")
    return Answer(Way.REPLIED, _word(reply), reply.request_id, reply.SerializeToString(deterministic=True), receipt, life)


def _word(reply: Message) -> str:
    match reply:
        case pb.VerifyIdentityResponse():
            return pb.Verdict.Name(reply.verdict).removeprefix("VERDICT_").lower()
        case lookup_pb.LookupResponse():
            return lookup_pb.Answer.Name(reply.answer).removeprefix("ANSWER_").lower()
        case _:
            return ""


def _refusal(error: grpc.aio.AioRpcError, life: int) -> Answer:
    said = refused(error)
    if not said.reason:
        return Answer(Way.LOST, error.code().name, "", b"", None, life)
    return Answer(Way.REFUSED, said.reason, said.metadata.get("request_id", ""), b"", said.receipt, life)
