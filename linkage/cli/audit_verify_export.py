"""`linkage audit verify --export FOLDER`: an exported log, with no database, no gateway, no settings."""

from collections.abc import Generator, Sequence
from pathlib import Path

import typer
from rich.text import Text

from linkage.audit.export_folder import VKEY, VKEYS
from linkage.audit.exported import ExportVerification
from linkage.audit.exported_files import read_text_file
from linkage.audit.report import Progress
from linkage.cli.audit_report import follow, tell_report
from linkage.cli.ending import Exit, out
from linkage.clock import SystemClock
from linkage.errors import Problem, SettingsInvalid
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.note import MAX_NOTE

_MOST_SHOWN = 20


def verify_export(folder: Path, key: LogVerifier | None, against: Sequence[Path], *, as_json: bool) -> None:
    """Verify an export and tell what was found.

    Args:
        folder: the export.
        key: the log's public keys, from somebody trusted; None: those in the folder, which shows only that it is whole in itself.
        against: files of checkpoints kept elsewhere.
        as_json: print JSON.

    Raises:
        SettingsInvalid: the folder is no export, or a file cannot be read.
        NoteInvalid: a checkpoint is malformed, or not this log's.
        typer.Exit: it does not verify.
    """
    known = key or _own_key(folder)
    kept = [open_checkpoint(_given(one), known) for one in against]
    verification = ExportVerification(folder, known, against=kept, now_ms=SystemClock().now_ms())
    follow(_steps(verification), "verifying", quiet=as_json)
    beyond = [tile.path for tile in verification.beyond]
    whose = "given" if key else "in the folder"
    tell_report(verification.report, as_json=as_json, key=whose, vkey=known.text, beyond=beyond)
    if not as_json:
        if key is None:
            out.print(
                Text(f"  checked with the key in the folder itself; compare it with one that you trust:\n  {known.text}", style="yellow")
            )
        if beyond:
            shown = ", ".join(beyond[:_MOST_SHOWN]) + (f" and {len(beyond) - _MOST_SHOWN} more" if len(beyond) > _MOST_SHOWN else "")
            out.print(Text(f"  beyond the checkpoint, signed by nobody: {shown}", style="yellow"))
    if not verification.report.clean:
        raise typer.Exit(Exit.FINDING)


def _steps(verification: ExportVerification) -> Generator[Progress, None, None]:
    yield from verification.steps()


def _given(path: Path) -> bytes:
    """A checkpoint that the operator keeps; it may come through a pipe."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_NOTE + 1)
    except OSError as failure:
        raise SettingsInvalid((Problem(str(path), "--against", failure.strerror or "unreadable", "a readable file"),)) from failure


def _own_key(folder: Path) -> LogVerifier:
    path = folder / VKEYS
    path = path if path.exists() else folder / VKEY
    try:
        return LogVerifier.parse(read_text_file(path, MAX_NOTE).decode("ascii", "replace"))
    except NoteInvalid as failure:
        raise SettingsInvalid((Problem(str(path), failure.what, failure.got, failure.expected),)) from None
