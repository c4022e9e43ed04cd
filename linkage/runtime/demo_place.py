"""Builds the folder of a demo: the sample register, agreements and services; fresh keys; a counter's files; the settings."""

import contextlib
import json
import secrets
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
_PORTS = 20_000
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
    clear(folder)
    place = Place(folder / settings.name, f"localhost:{free_port()}")
    _copy_sample(folder)
    make_keys(place, clock)
    make_counter_folder(place, clock)
    sources = {name: with_own_secrets(name, given, folder) for name, given in agencies.settings.items()}
    write_public(place.settings, _settings(place, sources))
    return place


def free_port() -> int:
    """A port on loopback that nobody listens on now; below those that systems give out by themselves, so that none takes it meanwhile."""
    while True:
        port = _PORTS + secrets.randbelow(_PORTS // 2)
        with socket.socket() as looking, contextlib.suppress(OSError):
            looking.bind(("127.0.0.1", port))
            return port


def clear(folder: Path) -> None:
    """Empty a demo's folder and make it anew.

    Raises:
        SettingsInvalid: it holds something else, or a demo still runs in it.
    """
    if _holds_something(folder):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _holds_something(folder: Path) -> bool:
    if not folder.exists() or not any(folder.iterdir()):
        return False
    if not (folder / _MARK).exists():
        raise SettingsInvalid(
            (Problem(str(folder), "folder", "files that no demo made", "a new or empty folder, or one of a demo before"),)
        )
    if (folder / f"{_LOG}.lock").exists():
        try:
            StoreLock(folder / _LOG).release()
        except StoreLocked as failure:
            raise SettingsInvalid((Problem(str(folder), "folder", str(failure), "a folder in which no demo runs any more"),)) from failure
    return True


def _copy_sample(folder: Path) -> None:
    if not SAMPLE.is_dir():
        raise SettingsInvalid((Problem(str(SAMPLE), "folder", "no such folder", "the sample files of a checkout: the demo runs from one"),))
    shutil.copyfile(SAMPLE / "register.toml", folder / "register.toml")
    (folder / "agreements").mkdir()
    for name in ("agreements.toml", "agreements-joint-counter.toml"):
        shutil.copyfile(SAMPLE / name, folder / "agreements" / name)
    shutil.copytree(SAMPLE / "services", folder / "services")


def make_keys(place: Place, clock: Clock) -> None:
    """Make every key and certificate of a gateway, for thirty days."""
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


def make_counter_folder(place: Place, clock: Clock) -> None:
    """Make the counter's folder: its certificate, its officer's token, the gateway's CA and address."""
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


def with_own_secrets(source: str, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The simulator's settings, with its secret files copied to the demo's own keys: those it made end with it."""
    settings = dict(given)
    for key, value in given.items():
        if key.endswith("_file"):
            name = f"{source}-{key.removesuffix('_file')}"
            write_private(folder / "keys" / name, Path(value).read_text(encoding="utf-8"))
            settings[key] = f"keys/{name}"
    return settings


def _settings(place: Place, sources: Mapping[str, Mapping[str, Any]]) -> str:
    return settings_page(place, "".join(source_tables(name, f'adapter = "{name}"', given, _RECIPIENTS) for name, given in sources.items()))


def settings_page(place: Place, sources: str) -> str:
    """The settings of a demo's gateway, with these tables of sources."""
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
agreements = "agreements"
services = "services"
{sources}"""


def source_tables(source: str, translator: str, settings: Mapping[str, Any], recipients: Sequence[str]) -> str:
    """One source's tables of the settings: ``translator`` is its line with the adapter or the manifest."""
    lines = "".join(f"{key} = {as_toml(value)}\n" for key, value in settings.items())
    tables = "".join(f"\n[sources.{source}.recipients.{recipient}]\n{lines}" for recipient in recipients)
    return f"\n[sources.{source}]\n{translator}\n{tables}"


def as_toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {as_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value)
