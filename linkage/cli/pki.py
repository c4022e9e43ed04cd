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
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime import pki, pki_keys
from linkage.runtime.written import write_private
from linkage.settings import Settings, load

app = typer.Typer(no_args_is_help=True, help="Make keys and certificates.")

Folder = Annotated[Path, typer.Option("--folder", metavar="FOLDER", help="Where files go that the settings do not place.")]
CaFile = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="The CA's certificate. Without it: ca.pem, or the settings' client_ca.")]
CaKey = Annotated[Path | None, typer.Option("--ca-key", metavar="FILE", help="Its private key. Without it: ca-key.pem beside the certificate.")]
Days = Annotated[int, typer.Option("--days", min=1, max=7300, help="How long the certificate lasts.")]
KeyId = Annotated[str, typer.Option("--id", help="The new key's id: 1 to 16 of a-z 0-9 -.")]


@dataclass(frozen=True, slots=True)
class Places:
    """Where files are: as the settings say, else in a folder."""

    folder: Path
    settings: Settings | None

    @classmethod
    def of(cls, folder: Path, config: Path | None) -> "Places":
        """Read the settings, if there are any."""
        return cls(folder, None if config is None else load(config))

    def ca(self) -> Path:
        return self.settings.server.client_ca if self.settings else self.folder / "ca.pem"

    def authority(self, ca: Path | None, ca_key: Path | None) -> pki.Authority:
        certificate = ca or self.ca()
        return pki.load_authority(certificate, ca_key or certificate.with_name("ca-key.pem"))


@app.command()
def ca(name: Annotated[str, typer.Option("--name", help="Its common name.")] = "linkage CA", days: Days = pki.CA_DAYS, folder: Folder = Path(), config: MaybeConfig = None, as_json: Json = False) -> None:  # fmt: skip
    """Make a certificate authority for counters and gateways: ca.pem, ca-key.pem."""
    with ending(as_json=as_json):
        certificate = Places.of(folder, config).ca()
        key = certificate.with_name("ca-key.pem")
        pki.make_authority(certificate, key, name=name, clock=SystemClock(), days=days)
        _tell({"certificate": certificate, "key": key}, as_json=as_json)
