"""A small true world: a gateway over real gRPC and mutual TLS, its log on disk, and DOPA and ThaID as simulators."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import grpc
import httpx
from google.rpc import error_details_pb2, status_pb2
from prometheus_client import generate_latest

from adapters.dopa import Dopa
from adapters.dopa.simulator import DopaSimulator
from adapters.dopa.simulator_linkage import card_envelope
from adapters.thaid.simulator import ThaidSimulator
from linkage.runtime.gateway import Gateway
from linkage.settings import Source, load
from linkage.sources.registry import client_for
from linkage.terms import CitizenNumber, SourceName
from linkage.transport import in_process_client
from linkage.v1 import (
    agency_session_pb2_grpc,
    audit_pb2_grpc,
    catalogue_pb2_grpc,
    lookup_pb2,
    lookup_pb2_grpc,
    receipt_pb2,
    receipt_pb2_grpc,
    verification_pb2,
    verification_pb2_grpc,
)
from tests.documented import check_log
from tests.journeys.place import COUNTER_1, COUNTER_2, DOE, DOPA_URL, OFFICER, ORIGIN, SAMPLE, SERVICE, THAID_URL, Place, build_place

__all__ = [
    "COUNTER_1",
    "COUNTER_2",
    "DOE",
    "DOPA_URL",
    "OFFICER",
    "ORIGIN",
    "SAMPLE",
    "SERVICE",
    "THAID_URL",
    "App",
    "Desk",
    "Place",
    "Refused",
    "World",
    "build_place",
    "new_request_id",
    "refused",
    "running",
]

App = Callable[..., Any]
"""An ASGI app."""


@dataclass
class World(Place):
    """A gateway that serves, and the agencies it asks."""

    dopa: DopaSimulator
    thaid: ThaidSimulator
    gateway: Gateway

    def adapt(self, adapter: Dopa) -> None:
        """Put another adapter in the place of DOPA's."""
        self.gateway.equipment.sources.sources[SourceName("dopa")]._adapter = adapter

    def metrics(self) -> bytes:
        """The metrics page."""
        return generate_latest(self.gateway.equipment.metrics.registry)

    def pseudonym(self, number: CitizenNumber) -> bytes:
        """What a search for this person would look for."""
        return self.gateway.sealing.pseudonyms(number, ())[0]

    def key_pseudonyms(self) -> set[bytes]:
        """Everybody a search would find something of."""
        connection = apsw.Connection(str(self.folder / "data-keys.db"), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return {row[0] for row in connection.execute("SELECT pseudonym FROM data_key WHERE pseudonym IS NOT NULL")}
        finally:
            connection.close()

    def desk(self, uri: str = COUNTER_1, *, subject: str = "officer-0001", token: str | None = None, **more: Any) -> "Desk":
        """A counter with an officer logged in; ``token`` "" sends none."""
        certificate, key = self.certificate(uri, uri.rpartition("/centre/")[2].replace("/", "-"))
        shown = self.token(certificate, subject=subject, **more) if token is None else token
        return Desk(self, certificate, key, shown)


class Desk:
    """One counter's connection."""

    def __init__(self, world: World, certificate: Path, key: Path, token: str) -> None:
        self.world = world
        self.certificate = certificate
        root = (world.folder / "ca.pem").read_bytes()
        credentials = grpc.ssl_channel_credentials(root, key.read_bytes(), certificate.read_bytes())
        self.channel = grpc.aio.secure_channel(
            f"localhost:{world.gateway.port}", credentials, options=[("grpc.use_local_subchannel_pool", 1)]
        )
        self.metadata: Sequence[tuple[str, str]] = (("authorization", f"Bearer {token}"),) if token else ()
        self.verification = verification_pb2_grpc.VerificationServiceStub(self.channel)
        self.lookups = lookup_pb2_grpc.LookupServiceStub(self.channel)
        self.sessions = agency_session_pb2_grpc.AgencySessionServiceStub(self.channel)
        self.receipts = receipt_pb2_grpc.ReceiptServiceStub(self.channel)
        self.catalogue = catalogue_pb2_grpc.CatalogueServiceStub(self.channel)
        self.audit = audit_pb2_grpc.AuditServiceStub(self.channel)

    async def verify(self, number: str = "1100000000016", **changes: Any) -> verification_pb2.VerifyIdentityResponse:
        return await self.verification.VerifyIdentity(self.card(number, **changes), metadata=self.metadata, timeout=20)

    def card(self, number: str = "1100000000016", **changes: Any) -> verification_pb2.VerifyIdentityRequest:
        """A request with the true card of this person, but for the changes: recipient, service, laser, first, last, born, client_request_id."""
        person = self.world.dopa.people[number]
        return verification_pb2.VerifyIdentityRequest(
            client_request_id=changes.get("client_request_id", ""),
            recipient=changes.get("recipient", "doe"),
            service=changes.get("service", SERVICE),
            citizen_number=changes.get("citizen_number", number),
            card_laser=verification_pb2.CardLaser(
                name=verification_pb2.PersonName(first=changes.get("first", person.first), last=changes.get("last", person.last)),
                birth_date=verification_pb2.BirthDate(as_on_card=changes.get("born", f"{person.born:08d}")),
                laser_code=changes.get("laser", person.laser),
            ),
        )

    async def login(self, recipient: str = "doe") -> str:
        """Log the officer in at Linkage Center with a card; the session's token."""
        from linkage.v1 import agency_session_pb2 as pb

        officer = self.world.dopa.people[OFFICER]
        begun = await self.sessions.BeginLogin(
            pb.BeginLoginRequest(
                recipient=recipient, source="dopa", officer_number=officer.number, smart_card=pb.SmartCardMethod(chip_number=officer.chip)
            ),
            metadata=self.metadata,
        )
        confirmed = await self.sessions.ConfirmLogin(
            pb.ConfirmLoginRequest(
                login_token=begun.login_token, office_id=begun.offices[0].id, envelope=card_envelope(begun.challenge, officer.chip)
            ),
            metadata=self.metadata,
        )
        token: str = confirmed.session.token
        return token

    async def look_up(
        self, visit: str, session: str, *fields: str, record_type: str = "dopa.person", **changes: Any
    ) -> lookup_pb2.LookupResponse:
        request = lookup_pb2.LookupRequest(
            client_request_id=changes.get("client_request_id", ""),
            visit_token=visit,
            service=changes.get("service", SERVICE),
            record_type=record_type,
            fields=fields or ("first_name", "birth_date"),
            agency_session_token=session,
            subject=changes.get("subject"),
        )
        return await self.lookups.Lookup(request, metadata=self.metadata, timeout=changes.get("timeout", 20))

    async def close(self) -> None:
        await self.channel.close(None)


@dataclass(frozen=True)
class Refused:
    """A status as counter software reads it."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    sentences: dict[str, str]
    violations: dict[str, str]
    retry_seconds: float | None
    receipt: receipt_pb2.Receipt | None


def refused(error: grpc.aio.AioRpcError) -> Refused:
    """Read the details of an error."""
    status = status_pb2.Status()
    trailers: Any = error.trailing_metadata() or ()  # pairs; the stubs do not say so
    for key, value in trailers:
        if key == "grpc-status-details-bin":
            status.ParseFromString(value if isinstance(value, bytes) else value.encode())
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    receipt = receipt_pb2.Receipt()
    sentences, has_receipt, has_retry = {}, False, False
    for detail in status.details:
        line = error_details_pb2.LocalizedMessage()
        if detail.Is(line.DESCRIPTOR):
            detail.Unpack(line)
            sentences[line.locale] = line.message
        detail.Unpack(info), detail.Unpack(bad)
        has_retry |= detail.Unpack(retry)
        has_receipt |= detail.Unpack(receipt)
    wrong = {v.field: v.description for v in bad.field_violations}
    seconds = retry.retry_delay.ToTimedelta().total_seconds() if has_retry else None
    return Refused(error.code(), info.reason, dict(info.metadata), sentences, wrong, seconds, receipt if has_receipt else None)


@asynccontextmanager
async def running(
    place: Place,
    *,
    over_sockets: bool = False,
    between: Callable[[App], App] = lambda app: app,
    others: Mapping[str, App] | None = None,
) -> AsyncIterator[World]:
    """Serve in this process. Afterwards every entry must be what `deploy/access-log.md` says that it can be.

    The agencies answer in process, too; ``between`` puts something in the way to DOPA, and ``others`` are the apps of further sources. ``over_sockets``: the gateway asks at the
    addresses its settings name, and whoever listens there answers.
    """
    dopa, thaid = DopaSimulator(clock=place.clock), ThaidSimulator(clock=place.clock)
    apps: dict[str, App] = {"dopa": between(dopa.app), "thaid": thaid.app, **(others or {})}

    def in_process(name: SourceName, source: Source, origins: frozenset[str]) -> httpx.AsyncClient:
        return in_process_client(apps[name], origins, timeout=source.timeout, most_bytes=source.max_answer_bytes)

    clients = client_for if over_sockets else in_process
    gateway = await Gateway.start(load(place.settings_file), place.settings_file, clock=place.clock, clients=clients)
    try:
        yield World(place.folder, place.clock, dopa, thaid, gateway)
    finally:
        await gateway.stop(grace=1.0)
    check_log(place.folder / "log.db")


def new_request_id() -> str:
    """An id as a counter makes it."""
    return str(uuid.uuid4())
