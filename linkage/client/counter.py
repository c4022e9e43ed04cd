"""A counter: the calls that counter software makes, over one long-lived channel. Thread-safe; every call blocks until its deadline."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast
from uuid import uuid4

import grpc
from google.protobuf.message import Message

from linkage.client.catalogue import CatalogueReader
from linkage.client.channel import open_channel
from linkage.client.refused import FailedCall, refused_of
from linkage.client.sessions import AgencySessions
from linkage.errors import Problem, SettingsInvalid
from linkage.terms import Secret
from linkage.v1 import agency_session_pb2 as session
from linkage.v1 import agency_session_pb2_grpc, lookup_pb2_grpc, receipt_pb2_grpc, verification_pb2_grpc
from linkage.v1 import lookup_pb2 as lookup
from linkage.v1 import receipt_pb2 as receipt
from linkage.v1 import verification_pb2 as verification

Reply = TypeVar("Reply", bound=Message)

Evidence = verification.CardLaser | verification.CardChip | verification.ThaidCode | verification.PresenceException

DEADLINE_S = 20.0
"""Seconds an officer should be kept waiting at most. A gateway takes 30 at most."""


class Counter:
    """One desk's connection to a gateway, with the officer who works there.

    Every call that may be tried again carries a client request id, so that it is one request to the gateway however often it is sent.
    Agency logins are remembered in memory, one for each agency and recipient, and sent with each lookup there that is made for that
    recipient. A counter that acts for several recipients needs to say for which only where `verify` was not called on this object.

    Raises (every method): `linkage.client.Refused`.
    """

    def __init__(self, channel: grpc.Channel, officer_token: str, *, deadline_s: float = DEADLINE_S) -> None:
        self._channel = channel
        self._token = Secret(officer_token)
        self._deadline_s = deadline_s
        self._sessions = AgencySessions()
        self._verification = verification_pb2_grpc.VerificationServiceStub(channel)
        self._lookup = lookup_pb2_grpc.LookupServiceStub(channel)
        self._login = agency_session_pb2_grpc.AgencySessionServiceStub(channel)
        self._receipts = receipt_pb2_grpc.ReceiptServiceStub(channel)
        self.catalogue = CatalogueReader(channel, self._call)
        """What may be asked for, and why: services with their documents, record types with their fields."""

    @classmethod
    def connect(cls, target: str, ca: Path, cert: Path, key: Path, officer_token: str, *, deadline_s: float = DEADLINE_S) -> Self:
        """Open a connection over mutual TLS.

        Args:
            target: host:port; the host must be a name or address of the gateway's certificate.
            ca: what the gateway's certificate must chain to, PEM.
            cert: the counter's certificate, PEM.
            key: its private key, PEM.
            officer_token: the officer's signed token, bound to this certificate.
            deadline_s: seconds for each call, its retries included.

        Raises:
            SettingsInvalid: a file cannot be read.
        """
        return cls(open_channel(target, ca, cert, key), officer_token, deadline_s=deadline_s)

    @classmethod
    def from_folder(cls, folder: Path, *, deadline_s: float = DEADLINE_S) -> Self:
        """Open a connection with what is in a folder: ``target``, ``ca.pem``, ``cert.pem``, ``key.pem``, ``officer.jwt``.

        Raises:
            SettingsInvalid: a file cannot be read.
        """
        target, token = (_line(folder / name) for name in ("target", "officer.jwt"))
        return cls.connect(target, folder / "ca.pem", folder / "cert.pem", folder / "key.pem", token, deadline_s=deadline_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; calls under way are cancelled."""
        self._channel.close()

    def change_officer(self, officer_token: str) -> None:
        """Another officer takes over, or the same one with a new token. Agency logins belong to an officer and are forgotten."""
        self._token = Secret(officer_token)
        self._sessions.forget_all()

    def verify(
        self,
        *,
        recipient: str,
        service: str,
        evidence: Evidence,
        citizen_number: str = "",
        client_request_id: str | None = None,
    ) -> verification.VerifyIdentityResponse:
        """Verify who is present. A verdict, also UNAVAILABLE, is a reply.

        Args:
            recipient: the agency in whose name the counter acts.
            service: what the person came for.
            evidence: what was shown.
            citizen_number: may be empty with ThaID alone.
            client_request_id: a UUID, to ask the same again after a failure; made where absent.
        """
        request = verification.VerifyIdentityRequest(
            client_request_id=client_request_id or str(uuid4()), recipient=recipient, service=service, citizen_number=citizen_number
        )
        match evidence:
            case verification.CardLaser():
                request.card_laser.CopyFrom(evidence)
            case verification.CardChip():
                request.card_chip.CopyFrom(evidence)
            case verification.ThaidCode():
                request.thaid.CopyFrom(evidence)
            case verification.PresenceException():
                request.exception.CopyFrom(evidence)
        reply = self._call(self._verification.VerifyIdentity, request)
        if reply.HasField("visit"):
            self._sessions.opened(reply.visit, recipient)
        return reply

    def end_visit(self, visit_token: str) -> verification.EndVisitResponse:
        """End a visit: from now on it opens nothing, at any gateway."""
        reply = self._call(self._verification.EndVisit, verification.EndVisitRequest(visit_token=visit_token))
        self._sessions.ended(visit_token)
        return reply

    def lookup_bundle(
        self,
        visit_token: str,
        service: str,
        *,
        records: Sequence[lookup.RecordQuestion] = (),
        juristic: lookup.JuristicPerson | None = None,
        client_request_id: str | None = None,
        recipient: str | None = None,
    ) -> Iterator[lookup.LookupBundleResponse]:
        """Everything a service needs: each record as it comes, then the summary. Closing the iterator early cancels the rest.

        Args:
            visit_token: from `verify`.
            service: the visit's service.
            records: what to ask for; what the service's documents need where empty.
            juristic: the juristic person on whose behalf the visit's person acts.
            client_request_id: a UUID, to ask the same again after a failure; made where absent.
            recipient: whose logins to send, for a visit that was not opened by this object; all of them where absent.
        """
        logins = self._sessions.of(recipient or self._sessions.recipient_of(visit_token))
        request = lookup.LookupBundleRequest(
            client_request_id=client_request_id or str(uuid4()),
            visit_token=visit_token,
            service=service,
            records=records,
            juristic_person=juristic,
            agency_session_tokens=[token.reveal() for token in logins],
        )
        stream = self._lookup.LookupBundle(request, timeout=self._deadline_s, metadata=self._metadata())
        try:
            for message in stream:
                if message.record.HasField("renewed_session"):
                    self._sessions.keep(message.record.renewed_session)
                yield message
        except grpc.RpcError as failure:
            raise refused_of(cast("FailedCall", failure)) from failure
        finally:
            stream.cancel()

    def lookup(
        self,
        visit_token: str,
        service: str,
        record_type: str,
        fields: Sequence[str],
        *,
        juristic: lookup.JuristicPerson | None = None,
        client_request_id: str | None = None,
        recipient: str | None = None,
    ) -> lookup.LookupResponse:
        """Fetch one record. FOUND and NOT_FOUND are replies; a record that cannot be had now is refused.

        Args:
            visit_token: from `verify`.
            service: the visit's service.
            record_type: e.g. ``dopa.person``.
            fields: the fields wanted; one that is not agreed refuses the whole lookup.
            juristic: whom it is about, where not about the visit's person.
            client_request_id: a UUID, to ask the same again after a failure; made where absent.
            recipient: whose login to send, for a visit that was not opened by this object; the only one where absent.

        Raises:
            ValueError: there are logins for several recipients, and nothing tells whose visit it is.
        """
        login = self._sessions.at(record_type.partition(".")[0], recipient or self._sessions.recipient_of(visit_token))
        request = lookup.LookupRequest(
            client_request_id=client_request_id or str(uuid4()),
            visit_token=visit_token,
            service=service,
            record_type=record_type,
            fields=fields,
            subject=lookup.Subject(juristic_person=juristic) if juristic else None,
            agency_session_token=login[1].reveal() if login else "",
        )
        reply = self._call(self._lookup.Lookup, request)
        if reply.HasField("renewed_session"):
            self._sessions.keep(reply.renewed_session, renews=login[0] if login else None)
        return reply

    def begin_login(
        self, *, recipient: str, source: str, officer_number: str, chip_number: str | None = None
    ) -> session.BeginLoginResponse:
        """First step of the officer's own login at an agency: by ThaID, or by smart card where its chip number is given."""
        request = session.BeginLoginRequest(recipient=recipient, source=source, officer_number=officer_number)
        if chip_number is None:
            request.thaid.SetInParent()
        else:
            request.smart_card.chip_number = chip_number
        return self._call(self._login.BeginLogin, request)

    def confirm_login(self, login_token: str, office_id: int, proof: verification.ThaidCode | str) -> session.ConfirmLoginResponse:
        """Second step. ``proof``: the officer's ThaID code, or the envelope that the card made of the challenge.

        Never tried again by itself: a ThaID code is good once.
        """
        request = session.ConfirmLoginRequest(login_token=login_token, office_id=office_id)
        if isinstance(proof, str):
            request.envelope = proof
        else:
            request.thaid.CopyFrom(proof)
        reply = self._call(self._login.ConfirmLogin, request)
        self.use_session(reply.session)
        return reply

    def end_login(self, source: str, recipient: str | None = None) -> session.EndLoginResponse:
        """Log out at an agency. ``recipient`` is needed where the officer is logged in there for several.

        Raises:
            KeyError: the officer is not logged in there.
            ValueError: for several recipients, and none is named.
        """
        login = self._sessions.at(source, recipient)
        if login is None:
            raise KeyError(source)
        reply = self._call(self._login.EndLogin, session.EndLoginRequest(session_token=login[1].reveal()))
        self._sessions.forget(source, login[0])
        return reply

    def use_session(self, agency_session: session.AgencySession) -> None:
        """Send this login from now on with lookups at its agency, in visits of its recipient."""
        self._sessions.keep(agency_session)

    def checkpoint(self) -> receipt.GetCheckpointResponse:
        """The log's newest checkpoint, and the key the gateway says it is signed with."""
        return self._call(self._receipts.GetCheckpoint, receipt.GetCheckpointRequest())

    def receipt(self, request_id: str) -> list[receipt.Receipt]:
        """The receipts of all entries that one of this counter's own requests has left."""
        return list(self._call(self._receipts.GetReceipt, receipt.GetReceiptRequest(request_id=request_id)).receipts)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The proof that the log has only grown between two sizes."""
        request = receipt.GetConsistencyProofRequest(old_size=old_size, new_size=new_size)
        return list(self._call(self._receipts.GetConsistencyProof, request).hashes)

    def _call(self, method: Callable[..., Reply], request: Message) -> Reply:
        try:
            return method(request, timeout=self._deadline_s, metadata=self._metadata())
        except grpc.RpcError as failure:
            raise refused_of(cast("FailedCall", failure)) from failure

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self._token.reveal()}"),)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as failure:
        got = failure.strerror or "unreadable" if isinstance(failure, OSError) else "something else"
        raise SettingsInvalid((Problem(str(path), "file", got, "one line of ASCII"),)) from None
