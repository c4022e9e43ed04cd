"""`linkage audit verify`: the whole log, or one receipt offline."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from linkage.audit.report import Report
from linkage.audit.verify import RECOVER_AFTER_MS, OutOfRange, Span, verify_log
from linkage.cli.audit_report import follow, tell_part, tell_report, tell_time
from linkage.cli.audit_verify_export import verify_export
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.client.receipts import CheckedReceipt, check_receipt
from linkage.clock import SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import Settings, load
from linkage.store.backend import LogReader
from linkage.store.contract import NotLaidOut
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier

Receipt = Annotated[Path | None, typer.Option("--receipt", metavar="FILE", help="One receipt (NAME.tlog-proof) instead of the whole log.")]
Leaf = Annotated[Path | None, typer.Option("--leaf", metavar="FILE", help="With --receipt: the entry's bytes (NAME.leaf).")]
Vkey = Annotated[
    Path | None, typer.Option("--vkey", metavar="FILE", help="The log's public key. Without it: that of the settings' signing key.")
]
Log = Annotated[Path | None, typer.Option("--log", metavar="FILE", help="The log's file, where there is no settings file.")]
Against = Annotated[
    list[Path] | None,
    typer.Option("--against", metavar="FILE", help="A checkpoint kept elsewhere, which the log must continue. May be given several times."),
]

Export = Annotated[
    Path | None, typer.Option("--export", metavar="FOLDER", help="An exported log (`audit export`), with no database and no gateway.")
]
From = Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="Verify only the entries from this index on.")]
To = Annotated[int | None, typer.Option("--to", metavar="INDEX", min=0, help="Verify only the entries before this index.")]


def verify(
    config: MaybeConfig = None,
    receipt: Receipt = None,
    leaf: Leaf = None,
    vkey: Vkey = None,
    log: Log = None,
    against: Against = None,
    export: Export = None,
    first: From = 0,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Compute the whole log, or an export of it, again from its entries; or check one receipt offline. Exit code 1: it does not verify."""
    with ending(as_json=as_json):
        if export is not None:
            if log or receipt or leaf or first or to is not None:
                raise typer.BadParameter("--export verifies the whole folder: it goes with --vkey, --config and --against alone")
            verify_export(export, _key(vkey, config) if vkey or config else None, against or (), as_json=as_json)
            return
        if receipt is not None:
            checked = check_receipt(_bytes(leaf, "--leaf"), _bytes(receipt, "--receipt"), _key(vkey, config).lines)
            _tell_receipt(checked, as_json=as_json)
            return
        report = _verified(log, config, _key(vkey, config), against or (), Span(first, to), quiet=as_json)
        tell_report(report, as_json=as_json)
        if not as_json:
            if not report.whole:
                tell_part(report)
            tell_time(report)
    if not report.clean:
        raise typer.Exit(Exit.FINDING)


def _verified(log: Path | None, config: Path | None, key: LogVerifier, files: Sequence[Path], span: Span, *, quiet: bool) -> Report:
    """Verify the log that is named or configured. A configured one must continue its own anchor, too, which is read first."""
    settings = load(config) if config is not None else None
    after = RECOVER_AFTER_MS if settings is None else round(settings.log.recover_after * 1000)
    against = [_checkpoint(one, "--against", key) for one in files]
    if log is None and settings is not None:
        anchor = storage_of(settings).anchor
        against += [_checkpoint(anchor, "log.anchor", key)] if anchor.exists() else []
    try:
        with _reader(log, settings) as reader:
            steps = verify_log(reader, key, against=tuple(against), span=span, now_ms=SystemClock().now_ms(), recover_after_ms=after)
            return follow(steps, "verifying", quiet=quiet)
    except NotLaidOut as failure:
        if against or config is None:  # there was a log: it is lost
            raise
        expected = "a log: `linkage audit create` lays it out"
        raise SettingsInvalid((Problem(str(config), "log.postgres", "a database that holds no log", expected),)) from failure
    except OutOfRange as failure:
        raise typer.BadParameter(str(failure), param_hint="--from, --to") from None


def _checkpoint(file: Path, option: str, key: LogVerifier) -> Checkpoint:
    try:
        return open_checkpoint(_bytes(file, option), key)
    except NoteInvalid as failure:
        raise NoteInvalid(f"{file}: {failure.what}", got=failure.got, expected=failure.expected) from failure


def _reader(log: Path | None, settings: Settings | None) -> LogReader:
    path = log
    if path is None:
        if settings is None:
            raise typer.BadParameter("--config FILE is required, or --log FILE with --vkey FILE, or --receipt FILE")
        path = settings.log.path
        if path is None:
            return storage_of(settings).open_reader()
    if not path.is_file():
        raise SettingsInvalid((Problem(str(path), "file", "no such file", "the access log"),))
    return SqliteReader(path)


def _key(vkey: Path | None, config: Path | None) -> LogVerifier:
    if vkey is None:
        if config is None:
            raise typer.BadParameter("--vkey FILE is required, or --config FILE")
        return load_signer(load(config)).verifier
    try:
        return LogVerifier.parse(_bytes(vkey, "--vkey").decode("ascii", "replace"))
    except NoteInvalid as failure:
        raise SettingsInvalid((Problem(str(vkey), failure.what, failure.got, failure.expected),)) from None


def _bytes(path: Path | None, option: str) -> bytes:
    if path is None:
        raise typer.BadParameter(f"{option} FILE is required")
    try:
        return path.read_bytes()
    except OSError as failure:
        raise SettingsInvalid((Problem(str(path), option, failure.strerror or "unreadable", "a readable file"),)) from failure


def _tell_receipt(checked: CheckedReceipt, *, as_json: bool) -> None:
    entry = checked.entry
    if as_json:
        say({"ok": True, "origin": checked.origin, "index": checked.index, "size": checked.size, "entry": dict(entry)})
        return
    out.print(Text("verified: ", style="bold green") + Text(f"entry {checked.index} of {checked.origin}, signed at {checked.size} entries"))
    facts: Any = entry.get("facts")
    if not entry:
        return
    out.print(Text(f"{entry.get('kind')}  {entry.get('eid')}"))
    for name, value in sorted(facts.items()) if isinstance(facts, dict) else ():
        out.print(Text(f"  {name}: ", style="dim") + Text(str(value)))
