"""`linkage witness`: be a witness of somebody's log, on another machine and under another roof than the log's own."""

import asyncio
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.ending import Exit, ending, out, say, show_failure
from linkage.cli.options import Json
from linkage.clock import SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.witness import Tls, WitnessLost, serve_witness
from linkage.runtime.witness_files import load_witness, make_witness_key
from linkage.telemetry import configure_logging
from linkage.tlog.errors import PolicyInvalid
from linkage.tlog.policy import Policy, parse_policy

app = typer.Typer(no_args_is_help=True, help="Cosign other people's logs (c2sp.org/tlog-witness).")

Listen = Annotated[str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0: the system chooses.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The witness's private key.")]
Store = Annotated[Path, typer.Option("--store", metavar="FILE", help="What it has cosigned: made with the key, never apart from it.")]
Logs = Annotated[list[Path], typer.Option("--log", metavar="FILE", help="A log's vkey, or all keys it has had. Once for each log.")]
Certificate = Annotated[Path | None, typer.Option("--tls-certificate", metavar="FILE", help="Server certificate chain, PEM.")]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key, PEM.")]
Name = Annotated[str, typer.Option("--name", help="The witness's name, a URL without scheme, e.g. witness.example/w1.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes; its vkey goes beside it.")]

CheckpointFile = Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint with its signature lines.")]
PolicyFile = Annotated[Path, typer.Option("--policy", metavar="FILE", help="The policy.")]

STORE_LOST = 74
"""Exit status (sysexits' EX_IOERR) after which a supervisor starts the witness again: what it cosigned could not be kept, or moved away."""


@app.command("key")
def make_key(name: Name, out_file: Out, store: Store, as_json: Json = False) -> None:
    """Make a witness's key, and the empty store that belongs to it."""
    with ending(as_json=as_json):
        vkey = make_witness_key(out_file, store, name)
        if as_json:
            say({"key": str(out_file), "vkey_file": str(out_file.with_suffix(".vkey")), "store": str(store), "vkey": vkey})
            return
        for what, where in (("key", out_file), ("vkey file", out_file.with_suffix(".vkey")), ("store", store), ("vkey", vkey)):
            out.print(Text(f"{what}: ", style="dim") + Text(str(where)), soft_wrap=True)


@app.command("serve")
def serve(
    listen: Listen,
    key: Key,
    store: Store,
    log: Logs,
    tls_certificate: Certificate = None,
    tls_key: TlsKey = None,
    as_json: Json = False,
) -> None:
    """Witness logs until SIGTERM or SIGINT. Log lines go to standard error."""
    with ending(as_json=as_json):
        if (tls_certificate is None) != (tls_key is None):
            raise typer.BadParameter("--tls-certificate and --tls-key belong together")
        tls = Tls(tls_certificate, tls_key) if tls_certificate is not None and tls_key is not None else None
        witness = load_witness(key, store, log, SystemClock())
        try:
            with _bound(listen) as listening:
                configure_logging()
                asyncio.run(serve_witness(witness, listening, tls))
        except WitnessLost as failure:
            show_failure("the store is lost", str(failure), as_json=as_json)
            raise typer.Exit(STORE_LOST) from failure
        except OSError as failure:
            show_failure("cannot listen", failure.strerror or "certificate or key cannot be used", as_json=as_json)
            raise typer.Exit(Exit.UNAVAILABLE) from failure


@app.command("check")
def check(checkpoint: CheckpointFile, policy: PolicyFile, as_json: Json = False) -> None:
    """Judge a checkpoint by a trust policy (c2sp.org/tlog-policy): signed by one of its logs, cosigned by its quorum."""
    with ending(as_json=as_json):
        note = _read(checkpoint)
        judged = _policy(policy).judge(note)
        if as_json:
            say({"ok": True, "origin": judged.origin, "size": judged.size, "root": judged.root.hex()})
        else:
            out.print(Text("meets the policy: ", style="bold green") + Text(f"{judged.origin}, {judged.size} entries"), soft_wrap=True)


def _policy(path: Path) -> Policy:
    try:
        return parse_policy(_read(path))
    except PolicyInvalid as failure:
        raise SettingsInvalid((Problem(str(path), failure.what, failure.got, failure.expected),)) from failure


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise SettingsInvalid((Problem(str(path), "file", failure.strerror or "unreadable", "a readable file"),)) from failure


def _bound(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise typer.BadParameter("--listen is HOST:PORT")
    host = host.removeprefix("[").removesuffix("]")
    return socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)
