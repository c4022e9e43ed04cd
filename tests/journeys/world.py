"""A small true world: a gateway over real gRPC and mutual TLS, its log on disk, and DOPA and ThaID as simulators."""

import asyncio
import os
import shutil
import socket
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, AsyncIterator

import grpc
import httpx
from google.rpc import error_details_pb2, status_pb2

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import ThaidSimulator
from linkage.clock import FakeClock, SystemClock
from linkage.runtime.gateway import Gateway
from linkage.runtime.pki import load_authority, make_authority, make_counter, make_server
from linkage.runtime.pki_keys import make_key_ring, make_log_key, make_officer_keys, officer_token
from linkage.settings import Settings, Source, load
from linkage.terms import SourceName
from linkage.transport import in_process_client
from linkage.v1 import (
    agency_session_pb2_grpc,
    lookup_pb2,
    lookup_pb2_grpc,
    receipt_pb2,
    receipt_pb2_grpc,
    verification_pb2,
    verification_pb2_grpc,
)

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample"
ORIGIN = "linkage.example/audit"
COUNTER_1 = "spiffe://linkage.example/centre/cm-01/counter/1"
COUNTER_2 = "spiffe://linkage.example/centre/cm-01/counter/2"
DOE = "https://officers.doe.example"
DOPA_URL, THAID_URL = "http://127.0.0.1:9001", "http://127.0.0.1:9002"
SERVICE = "jobseeker_registration"


@dataclass
class Place:
    """Where everything of one world is, and how to make more of it."""

    folder: Path
    clock: FakeClock

    @property
    def settings_file(self) -> Path:
        return self.folder / "linkage.toml"

    def certificate(self, uri: str, name: str) -> tuple[Path, Path]:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not certificate.exists():
            make_counter(load_authority(self.folder / "ca.pem", self.folder / "ca.key"), certificate, key, uri=uri, clock=SystemClock())
        return certificate, key

    def token(self, certificate: Path, *, subject: str = "officer-0001", issuer: str = DOE, hours: float = 8.0, audience: str = "linkage") -> str:
        key = self.folder / ("officers-doe.key" if issuer == DOE else "officers-dlpw.key")
        return officer_token(key, issuer=issuer, subject=subject, audience=audience, certificate=certificate, hours=hours, clock=self.clock)


def build_place(folder: Path, *, dopa: str = DOPA_URL, thaid: str = THAID_URL, sources: str = "", more: str = "") -> Place:
    """Make every key and file a gateway needs. ``sources`` and ``more`` are appended to the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, system = FakeClock(SystemClock().now_ms()), SystemClock()
    for name in ("register.toml", "agreements.toml", "services.toml"):
        shutil.copy(SAMPLE / name, folder / name)
    make_authority(folder / "ca.pem", folder / "ca.key", name="Test CA", clock=system)
    authority = load_authority(folder / "ca.pem", folder / "ca.key")
    make_server(authority, folder / "server.pem", folder / "server.key", names=["localhost", "127.0.0.1"], clock=system)
    make_officer_keys(folder / "officers-doe.jwks.json", folder / "officers-doe.key")
    make_officer_keys(folder / "officers-dlpw.jwks.json", folder / "officers-dlpw.key")
    make_log_key(folder / "log.key", folder / "log.vkey", origin=ORIGIN)
    for ring in ("kek.keys", "pseudonym.keys", "token.keys"):
        make_key_ring(folder / ring, "k1")
    (folder / "thaid.secret").write_text("a-made-up-secret")
    (folder / "thaid.secret").chmod(0o600)
    (folder / "linkage.toml").write_text(_settings(dopa, thaid, sources, more), encoding="utf-8")
    return Place(folder, clock)


def _settings(dopa: str, thaid: str, sources: str, more: str) -> str:
    def recipients(source: str, lines: str) -> str:
        return "\n".join(f"[sources.{source}.recipients.{r}]\n{lines}" for r in ("doe", "dlpw", "dla"))

    dopa_lines = "\n".join(f'{key} = "{value}"' for key, value in DopaSimulator({}).settings_for(dopa).items())
    thaid_settings: Mapping[str, object] = ThaidSimulator(people={}).settings_for(thaid)
    thaid_lines = "\n".join(f'{key} = "{value}"' for key, value in thaid_settings.items()) + '\nclient_secret_file = "thaid.secret"'
    return f"""
[server]
listen = "127.0.0.1:0"
certificate = "server.pem"
key = "server.key"
client_ca = "ca.pem"
metrics_listen = ""
{more}

[log]
origin = "{ORIGIN}"
path = "log.db"
signing_key = "log.key"
data_keys = "data-keys.db"
key_encryption_keys = "kek.keys"
pseudonym_keys = "pseudonym.keys"

[tokens]
keys = "token.keys"

[files]
register = "register.toml"
agreements = "agreements.toml"
services = "services.toml"
reload_seconds = 0.05

[sources.dopa]
name_th = "กรมการปกครอง"
name_en = "Department of Provincial Administration"
adapter = "dopa"
{sources}
{recipients("dopa", dopa_lines)}

[sources.thaid]
name_th = "ThaID"
name_en = "ThaID"
adapter = "thaid"
{recipients("thaid", thaid_lines)}
"""
