"""Builds the folder of a demo: the sample register, agreements and services; fresh keys; a counter's files; the settings."""

import json
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import linkage
from linkage.clock import Clock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.demo_agencies import Agencies
from linkage.runtime.pki import load_authority, make_authority, make_counter, make_server
from linkage.runtime.pki_keys import make_key_ring, make_log_key, make_officer_keys, officer_token
from linkage.runtime.written import write_private, write_public
from linkage.store.lock import StoreLock, StoreLocked

SAMPLE = Path(linkage.__file__).parents[1] / "deploy" / "sample"
ORIGIN = "linkage.example/demo"
COUNTER = "spiffe://linkage.example/centre/cm-01/counter/3"
ISSUER = "https://officers.doe.example"
OFFICER = "officer-0017"

_MARK = ".made-by-linkage-demo"
_LOG = "access-log.sqlite"
_RECIPIENTS = ("doe", "dlpw", "dla")


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of the demo is."""

    settings: Path
    target: str

    @property
    def folder(self) -> Path:
        return self.settings.parent

    @property
    def counter(self) -> Path:
        return self.folder / "counter"

    @property
    def receipts(self) -> Path:
        return self.folder / "receipts"

    @property
    def vkey(self) -> Path:
        return self.folder / "log.vkey"


def build_place(settings: Path, agencies: Agencies, clock: Clock) -> Place:
    """Build the folder afresh. What a demo before has left there is removed; anything else is left alone.

    Args:
        settings: where the settings go; its folder is the demo's.
        agencies: where the simulators serve.
        clock: for certificates and tokens.

    Raises:
        SettingsInvalid: the folder holds something else, a demo still runs in it, or the sample is not there.
    """
    folder = settings.resolve().parent
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    place = Place(folder / settings.name, f"localhost:{free_port()}")
    _copy_sample(folder)
    _make_keys(place, clock)
    _make_counter(place, clock)
    write_private(folder / "keys" / "thaid-secret", agencies.thaid_secret)
    write_public(place.settings, _settings(place, agencies))
    return place


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as looking:
        looking.bind(("127.0.0.1", 0))
        port: int = looking.getsockname()[1]
        return port


def _clear(folder: Path) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / _MARK).exists():
        raise SettingsInvalid(
            (Problem(str(folder), "folder", "files that no demo made", "a new or empty folder, or one of a demo before"),)
        )
    if (folder / f"{_LOG}.lock").exists():
        try:
            StoreLock(folder / _LOG).release()
        except StoreLocked as failure:
            raise SettingsInvalid((Problem(str(folder), "folder", str(failure), "a folder in which no demo runs any more"),)) from failure
    shutil.rmtree(folder)


def _copy_sample(folder: Path) -> None:
    if not SAMPLE.is_dir():
        raise SettingsInvalid((Problem(str(SAMPLE), "folder", "no such folder", "the sample files of a checkout: the demo runs from one"),))
    for name in ("register.toml", "agreements.toml", "services.toml"):
        shutil.copyfile(SAMPLE / name, folder / name)


def _make_keys(place: Place, clock: Clock) -> None:
    folder, keys = place.folder, place.folder / "keys"
    keys.mkdir(mode=0o700)
    make_authority(folder / "ca.pem", keys / "ca-key.pem", name="linkage demo CA", clock=clock, days=30)
    authority = load_authority(folder / "ca.pem", keys / "ca-key.pem")
    make_server(authority, folder / "server.pem", keys / "server-key.pem", names=["localhost", "127.0.0.1"], clock=clock, days=30)
    for agency in ("doe", "dlpw"):
        make_officer_keys(folder / f"officers-{agency}.jwks.json", keys / f"officers-{agency}.pem")
    make_log_key(keys / "log.key", place.vkey, origin=ORIGIN)
    for ring in ("kek.keys", "pseudonym.keys", "token.keys"):
        make_key_ring(keys / ring, "demo-1")


def _make_counter(place: Place, clock: Clock) -> None:
    keys, counter = place.folder / "keys", place.counter
    counter.mkdir(mode=0o700)
    authority = load_authority(place.folder / "ca.pem", keys / "ca-key.pem")
    make_counter(authority, counter / "cert.pem", counter / "key.pem", uri=COUNTER, clock=clock, days=30)
    token = officer_token(
        keys / "officers-doe.pem",
        issuer=ISSUER,
        subject=OFFICER,
        audience="linkage",
        certificate=counter / "cert.pem",
        hours=12,
        clock=clock,
    )
    write_private(counter / "officer.jwt", token + "\n")
    shutil.copyfile(place.folder / "ca.pem", counter / "ca.pem")
    write_public(counter / "target", place.target + "\n")


def _settings(place: Place, agencies: Agencies) -> str:
    dopa = _recipients("dopa", agencies.dopa_settings)
    thaid = _recipients("thaid", agencies.thaid_settings | {"client_secret_file": "keys/thaid-secret"})
    return f"""# What the demo runs with. Every other setting has its default: see deploy/linkage.full.toml.

[server]
listen = {json.dumps(place.target)}
certificate = "server.pem"
key = "keys/server-key.pem"
client_ca = "ca.pem"
metrics_listen = "127.0.0.1:{free_port()}"
drain = 5

[log]
origin = {json.dumps(ORIGIN)}
path = {json.dumps(_LOG)}
signing_key = "keys/log.key"
data_keys = "data-keys.sqlite"
key_encryption_keys = "keys/kek.keys"
pseudonym_keys = "keys/pseudonym.keys"

[tokens]
keys = "keys/token.keys"

[files]
register = "register.toml"
agreements = "agreements.toml"
services = "services.toml"

[sources.dopa]
adapter = "dopa"
{dopa}
[sources.thaid]
adapter = "thaid"
{thaid}"""


def _recipients(source: str, settings: Mapping[str, str]) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return "".join(f"\n[sources.{source}.recipients.{recipient}]\n{lines}" for recipient in _RECIPIENTS)
