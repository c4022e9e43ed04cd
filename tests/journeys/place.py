"""Where a world is: every key and file that a gateway needs, made anew, and a clock that tests step."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import BASE, ThaidSimulator
from linkage.clock import FakeClock, SystemClock
from linkage.runtime.pki import load_authority, make_authority, make_counter, make_server
from linkage.runtime.pki_keys import make_key_ring, make_log_key, make_officer_keys, officer_token

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample"
ORIGIN = "linkage.example/audit"
COUNTER_1 = "spiffe://linkage.example/centre/cm-01/counter/1"
COUNTER_2 = "spiffe://linkage.example/centre/cm-01/counter/2"
DOE = "https://officers.doe.example"
DOPA_URL, THAID_URL = "http://127.0.0.1:9001", "http://127.0.0.1:9002"
OFFICER = "1100000000164"
SERVICE = "jobseeker_registration"


class WorldClock(FakeClock):
    """Wall time stands still until stepped; monotonic time runs, as deadlines do, and is stepped with it."""

    def __init__(self) -> None:
        super().__init__(SystemClock().now_ms())
        self._began = time.monotonic()

    def monotonic(self) -> float:
        return super().monotonic() + time.monotonic() - self._began


@dataclass
class Place:
    """Where everything of one world is, and how to make more of it."""

    folder: Path
    clock: FakeClock

    @property
    def settings_file(self) -> Path:
        return self.folder / "linkage.toml"

    @property
    def vkey(self) -> str:
        return (self.folder / "log.vkey").read_text().strip()

    def change(self, file: str, old: str, new: str) -> None:
        """Change an operator's file as editors do: a whole new file under the old name."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8")
        if old not in before:
            raise ValueError(f"{file} does not say so")
        fresh = path.with_suffix(".new")
        fresh.write_text(before.replace(old, new), encoding="utf-8")
        fresh.replace(path)

    def certificate(self, uri: str, name: str) -> tuple[Path, Path]:
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if not certificate.exists():
            make_counter(load_authority(self.folder / "ca.pem", self.folder / "ca.key"), certificate, key, uri=uri, clock=SystemClock())
        return certificate, key

    def token(
        self, certificate: Path, *, subject: str = "officer-0001", issuer: str = DOE, hours: float = 8.0, audience: str = "linkage"
    ) -> str:
        key = self.folder / ("officers-doe.key" if issuer == DOE else "officers-dlpw.key")
        return officer_token(key, issuer=issuer, subject=subject, audience=audience, certificate=certificate, hours=hours, clock=self.clock)


def build_place(folder: Path, *, dopa: str = DOPA_URL, thaid: str = THAID_URL, sources: str = "", more: str = "", port: int = 0) -> Place:
    """Make every key and file a gateway needs. ``sources`` and ``more`` are appended to the settings."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, system = WorldClock(), SystemClock()
    for name in ("register.toml", "agreements.toml"):
        shutil.copy(SAMPLE / name, folder / name)
    shutil.copytree(SAMPLE / "services", folder / "services")
    make_authority(folder / "ca.pem", folder / "ca.key", name="Test CA", clock=system)
    authority = load_authority(folder / "ca.pem", folder / "ca.key")
    make_server(authority, folder / "server.pem", folder / "server.key", names=["localhost", "127.0.0.1"], clock=system)
    make_officer_keys(folder / "officers-doe.jwks.json", folder / "officers-doe.key")
    make_officer_keys(folder / "officers-dlpw.jwks.json", folder / "officers-dlpw.key")
    make_log_key(folder / "log.key", folder / "log.vkey", origin=ORIGIN)
    for ring in ("kek.keys", "pseudonym.keys", "token.keys"):
        make_key_ring(folder / ring, "k1")
    (folder / "thaid.secret").write_text(ThaidSimulator.client_secret)
    (folder / "thaid.secret").chmod(0o600)
    (folder / "linkage.toml").write_text(_settings(dopa, thaid, sources, more, port), encoding="utf-8")
    return Place(folder, clock)


_SETTINGS = """
[server]
listen = "127.0.0.1:{port}"
certificate = "server.pem"
key = "server.key"
client_ca = "ca.pem"
metrics_listen = ""
{more}

[log]
origin = "{origin}"
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
services = "services"
reload_seconds = 0.05

[sources.dopa]
adapter = "dopa"
{sources}
{dopa}

[sources.thaid]
adapter = "thaid"
{thaid}
"""


def _settings(dopa: str, thaid: str, sources: str, more: str, port: int) -> str:
    def recipients(source: str, lines: str) -> str:
        return "\n".join(f"[sources.{source}.recipients.{r}]\n{lines}" for r in ("doe", "dlpw", "dla"))

    dopa_lines = "\n".join(f'{key} = "{value}"' for key, value in DopaSimulator({}).settings_for(dopa).items())
    thaid_lines = f'base_url = "{thaid}{BASE}"\nclient_id = "{ThaidSimulator.client_id}"\nclient_secret_file = "thaid.secret"'
    return _SETTINGS.format(
        port=port, more=more, origin=ORIGIN, sources=sources, dopa=recipients("dopa", dopa_lines), thaid=recipients("thaid", thaid_lines)
    )
