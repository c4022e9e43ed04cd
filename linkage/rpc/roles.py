"""Who may call what: every RPC that is served stands here, or the start fails."""

from collections.abc import Iterable
from enum import StrEnum, auto

from google.protobuf.descriptor import ServiceDescriptor


class Role(StrEnum):
    """What a caller must be."""

    CONNECTED = auto()
    """Anybody whose certificate TLS accepted."""
    READER = auto()
    """A registered counter or auditor."""
    AUDITOR = auto()
    """A registered auditor."""
    OFFICER = auto()
    """A registered counter with an officer logged in."""


ROLES: dict[str, Role] = {
    "linkage.v1.VerificationService/VerifyIdentity": Role.OFFICER,
    "linkage.v1.VerificationService/EndVisit": Role.OFFICER,
    "linkage.v1.LookupService/Lookup": Role.OFFICER,
    "linkage.v1.LookupService/LookupBundle": Role.OFFICER,
    "linkage.v1.AgencySessionService/BeginLogin": Role.OFFICER,
    "linkage.v1.AgencySessionService/ConfirmLogin": Role.OFFICER,
    "linkage.v1.AgencySessionService/EndLogin": Role.OFFICER,
    "linkage.v1.CatalogueService/ListServices": Role.READER,
    "linkage.v1.CatalogueService/GetService": Role.READER,
    "linkage.v1.CatalogueService/ListRecordTypes": Role.READER,
    "linkage.v1.ReceiptService/GetCheckpoint": Role.READER,
    "linkage.v1.ReceiptService/GetReceipt": Role.READER,
    "linkage.v1.ReceiptService/GetConsistencyProof": Role.READER,
    "linkage.v1.AuditService/ListEntries": Role.AUDITOR,
    "linkage.v1.AuditService/GetEntry": Role.AUDITOR,
    "linkage.v1.AuditService/ListAccesses": Role.AUDITOR,
    "grpc.health.v1.Health/Check": Role.CONNECTED,
    "grpc.health.v1.Health/List": Role.CONNECTED,
    "grpc.health.v1.Health/Watch": Role.CONNECTED,
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Role.CONNECTED,
}


def check_roles(services: Iterable[ServiceDescriptor]) -> None:
    """Prove the table complete for the services about to be served.

    Raises:
        RuntimeError: an RPC has no role; nothing may be served.
    """
    missing = [f"{s.full_name}/{m.name}" for s in services for m in s.methods if f"{s.full_name}/{m.name}" not in ROLES]
    if missing:
        raise RuntimeError(f"no role is set in linkage/rpc/roles.py for {', '.join(sorted(missing))}")
