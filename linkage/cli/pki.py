"""`linkage pki`: make keys and certificates. Private files get mode 600, and nothing is ever overwritten.

With `--config` everything is written where the gateway's settings look for it; otherwise into `--folder`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.ending import ending, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.clock import SystemClock
from linkage.runtime import pki, pki_keys
from linkage.runtime.written import write_private
from linkage.settings import Settings, load

app = typer.Typer(no_args_is_help=True, help="Make keys and certificates.")

HERE = Path()

Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where files go that the settings do not place.")]
CaFile = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="The CA's certificate; else the settings' client_ca, or ca.pem.")]
CaKey = Annotated[Path | None, typer.Option("--ca-key", metavar="FILE", help="Its private key; else ca-key.pem beside the certificate.")]
Days = Annotated[int, typer.Option("--days", min=1, max=7300, help="How long the certificate lasts.")]
KeyId = Annotated[str, typer.Option("--id", help="The new key's id: 1 to 16 of a-z 0-9 -.")]
Name = Annotated[str, typer.Option("--name", help="The CA's common name.")]
Names = Annotated[list[str], typer.Option("--name", help="A DNS name or IP address counters call it by. May be given several times.")]
UriName = Annotated[str, typer.Option("--uri", help="The counter's one URI name, exactly as in the register.")]
Issuer = Annotated[str, typer.Option("--issuer", help="The issuer, exactly as in the register.")]
Subject = Annotated[str, typer.Option("--subject", help="The officer's id at the issuer; never a citizen number.")]
SigningKey = Annotated[Path, typer.Option("--key", metavar="FILE", help="The issuer's private key, from `pki officer-keys`.")]
Bound = Annotated[Path, typer.Option("--certificate", metavar="FILE", help="The counter's certificate; the token is good only with it.")]
Hours = Annotated[float, typer.Option("--hours", help="How long the token lasts; 12 at most.")]
Audience = Annotated[str, typer.Option("--audience", help="What the gateway expects; with --config: as its settings say.")]
Origin = Annotated[str | None, typer.Option("--origin", help="The log's name, a URL without scheme; with --config: as its settings say.")]
TokenOut = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the token goes.")]
Rotate = Annotated[bool, typer.Option("--rotate", help="Put a fresh key in front of rings that exist; the older keys still open.")]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where files are: as the settings say, else in a folder."""

    folder: Path
    settings: Settings | None

    @classmethod
    def of(cls, folder: Path, config: Path | None) -> "_Places":
        return cls(folder, None if config is None else load(config))

    def ca(self) -> Path:
        return self.settings.server.client_ca if self.settings else self.folder / "ca.pem"

    def authority(self, ca: Path | None, ca_key: Path | None) -> pki.Authority:
        certificate = ca or self.ca()
        return pki.load_authority(certificate, ca_key or certificate.with_name("ca-key.pem"))

    def server(self) -> tuple[Path, Path]:
        if self.settings is None:
            return self.folder / "server.pem", self.folder / "server-key.pem"
        return self.settings.server.certificate, self.settings.server.key

    def rings(self) -> tuple[Path, Path, Path]:
        if self.settings is None:
            return self.folder / "kek.keys", self.folder / "pseudonym.keys", self.folder / "token.keys"
        return self.settings.log.key_encryption_keys, self.settings.log.pseudonym_keys, self.settings.tokens.keys


@app.command("ca")
def make_ca(
    name: Name = "linkage CA", days: Days = pki.CA_DAYS, folder: Folder = HERE, config: MaybeConfig = None, as_json: Json = False
) -> None:
    """Make a certificate authority for counters and gateways: ca.pem, ca-key.pem."""
    with ending(as_json=as_json):
        certificate = _Places.of(folder, config).ca()
        key = certificate.with_name("ca-key.pem")
        pki.make_authority(certificate, key, name=name, clock=SystemClock(), days=days)
        _tell({"certificate": certificate, "key": key}, as_json=as_json)


@app.command("server")
def make_server(
    names: Names,
    ca: CaFile = None,
    ca_key: CaKey = None,
    days: Days = pki.LEAF_DAYS,
    folder: Folder = HERE,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Make the gateway's own certificate: server.pem, server-key.pem."""
    with ending(as_json=as_json):
        places = _Places.of(folder, config)
        certificate, key = places.server()
        pki.make_server(places.authority(ca, ca_key), certificate, key, names=names, clock=SystemClock(), days=days)
        _tell({"certificate": certificate, "key": key}, as_json=as_json)


@app.command("counter")
def make_counter(
    uri: UriName,
    ca: CaFile = None,
    ca_key: CaKey = None,
    days: Days = pki.LEAF_DAYS,
    folder: Folder = HERE,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Make the certificate of one counter, or of an auditor: cert.pem, key.pem."""
    with ending(as_json=as_json):
        authority = _Places.of(folder, config).authority(ca, ca_key)
        certificate, key = folder / "cert.pem", folder / "key.pem"
        pki.make_counter(authority, certificate, key, uri=uri, clock=SystemClock(), days=days)
        _tell({"certificate": certificate, "key": key}, as_json=as_json)


@app.command("officer-keys")
def make_officer_keys(folder: Folder = HERE, config: MaybeConfig = None, as_json: Json = False) -> None:
    """Make an issuer's key for officer tokens: officers.jwks.json (public, for the register), officers-key.pem.

    With --config the public file goes beside the register.
    """
    with ending(as_json=as_json):
        settings = _Places.of(folder, config).settings
        key_set = (settings.files.register.parent if settings else folder) / "officers.jwks.json"
        key = folder / "officers-key.pem"
        kid = pki_keys.make_officer_keys(key_set, key)
        _tell({"jwks": key_set, "key": key, "kid": kid}, as_json=as_json)


@app.command("officer-token")
def make_officer_token(
    issuer: Issuer,
    subject: Subject,
    key: SigningKey,
    certificate: Bound,
    hours: Hours = 8.0,
    audience: Audience = "linkage",
    out_file: TokenOut = Path("officer.jwt"),
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Make a token for an officer at one counter, for demonstration: officer.jwt."""
    with ending(as_json=as_json):
        settings = _Places.of(HERE, config).settings
        expected = settings.tokens.audience if settings else audience
        token = pki_keys.officer_token(
            key, issuer=issuer, subject=subject, audience=expected, certificate=certificate, hours=hours, clock=SystemClock()
        )
        write_private(out_file, token + "\n")
        _tell({"token": out_file}, as_json=as_json)


@app.command("log-key")
def make_log_key(origin: Origin = None, folder: Folder = HERE, config: MaybeConfig = None, as_json: Json = False) -> None:
    """Make the log's signing key: log.key, and log.vkey, which everybody checks receipts against."""
    with ending(as_json=as_json):
        settings = _Places.of(folder, config).settings
        name = settings.log.origin if settings else origin
        if not name:
            raise typer.BadParameter("--origin is required, or --config FILE")
        signing_key = settings.log.signing_key if settings else folder / "log.key"
        verifying_key = signing_key.with_name("log.vkey")
        vkey = pki_keys.make_log_key(signing_key, verifying_key, origin=name)
        _tell({"signing_key": signing_key, "verifying_key": verifying_key, "vkey": vkey}, as_json=as_json)


@app.command("keys")
def make_keys(
    key_id: KeyId = "k1", rotate: Rotate = False, folder: Folder = HERE, config: MaybeConfig = None, as_json: Json = False
) -> None:
    """Make the key rings for sealing, pseudonyms and tokens: kek.keys, pseudonym.keys, token.keys."""
    with ending(as_json=as_json):
        encryption, pseudonyms, tokens = rings = _Places.of(folder, config).rings()
        for ring in rings:
            (pki_keys.add_key if rotate else pki_keys.make_key_ring)(ring, key_id)
        _tell({"key_encryption_keys": encryption, "pseudonym_keys": pseudonyms, "token_keys": tokens}, as_json=as_json)


def _tell(made: Mapping[str, Path | str], *, as_json: bool) -> None:
    if as_json:
        say({name: str(what) for name, what in made.items()})
        return
    for name, what in made.items():
        out.print(Text(f"{name}: ", style="dim") + Text(str(what)), soft_wrap=True)
