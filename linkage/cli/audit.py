"""`linkage audit`: verify the whole log, or one receipt offline."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from linkage.audit.findings import Report
from linkage.audit.verify import verify_log
from linkage.cli.desk import read_line
from linkage.cli.ending import Exit, ending, err, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.client.receipts import CheckedReceipt, check_receipt
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.equipment import load_signer
from linkage.settings import load
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.note import VerifierKey

app = typer.Typer(no_args_is_help=True, help="Verify the access log.")

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


@app.callback()
def audit() -> None:
    """Verify the access log."""


@app.command()
def verify(
    config: MaybeConfig = None,
    receipt: Receipt = None,
    leaf: Leaf = None,
    vkey: Vkey = None,
    log: Log = None,
    against: Against = None,
    as_json: Json = False,
) -> None:
    """Compute the whole log again from its entries, or check one receipt offline. Exit code 1: it does not verify."""
    with ending(as_json=as_json):
        if receipt is not None:
            checked = check_receipt(_bytes(leaf, "--leaf"), _bytes(receipt, "--receipt"), _key(vkey, config).text)
            _tell_receipt(checked, as_json=as_json)
            return
        path = _log(log, config)
        key = _key(vkey, config)
        kept = tuple(open_checkpoint(_bytes(one, "--against"), key) for one in against or ())
        report = _verified(path, key, kept, quiet=as_json or not sys.stderr.isatty())
        _tell_report(report, as_json=as_json)
    if not report.clean:
        raise typer.Exit(Exit.FINDING)


def _verified(path: Path, key: VerifierKey, kept: tuple[Checkpoint, ...], *, quiet: bool) -> Report:
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    def run(reader: SqliteReader) -> Report:
        with Progress(*columns, console=err, disable=quiet, transient=True) as progress:
            task = progress.add_task("")
            steps = verify_log(reader, key, against=kept)
            while True:
                try:
                    at = next(steps)
                except StopIteration as end:
                    report: Report = end.value
                    return report
                progress.update(task, completed=at.done, total=at.total)

    with SqliteReader(path) as reader:
        return reader.consistent(run)


def _log(log: Path | None, config: Path | None) -> Path:
    if log is None and config is None:
        raise typer.BadParameter("--config FILE is required, or --log FILE with --vkey FILE, or --receipt FILE")
    path = log or load(_given(config)).log.path
    if not path.is_file():
        raise SettingsInvalid((Problem(str(path), "file", "no such file", "the access log"),))
    return path


def _key(vkey: Path | None, config: Path | None) -> VerifierKey:
    if vkey is None:
        if config is None:
            raise typer.BadParameter("--vkey FILE is required, or --config FILE")
        return load_signer(load(config)).verifier
    try:
        return VerifierKey.parse(read_line(vkey))
    except NoteInvalid as failure:
        raise SettingsInvalid((Problem(str(vkey), failure.what, failure.got, failure.expected),)) from None


def _given(config: Path | None) -> Path:
    if config is None:
        raise typer.BadParameter("--config FILE is required")
    return config


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


def _tell_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        say(
            {
                "ok": report.clean,
                "origin": report.origin,
                "entries": report.size,
                "checkpoints": report.checkpoints,
                "root": report.root.hex(),
                "findings": [{"what": one.what.value, "index": one.index, "why": one.why} for one in report.findings],
                "findings_not_named": report.uncounted,
                "orphans": report.orphans,
                "recovered": report.recovered,
            }
        )
        return
    word = Text("verified: ", style="bold green") if report.clean else Text("DOES NOT VERIFY: ", style="bold red")
    out.print(word + Text(f"{report.origin}, {report.size} entries, {report.checkpoints} checkpoints"))
    for one in report.findings:
        out.print(Text(f"  {one.what.value} {one.index}: {one.why}", style="red"))
    if report.uncounted:
        out.print(Text(f"  and {report.uncounted} more", style="red"))
    _tell_indexes("intents without outcome", report.orphans)
    _tell_indexes("closed as recovered", report.recovered)


def _tell_indexes(what: str, indexes: Iterable[int]) -> None:
    named = [str(index) for index in indexes]
    if named:
        out.print(Text(f"  {what}: {', '.join(named)}", style="yellow"))
