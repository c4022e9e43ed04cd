"""`linkage audit migrate`: take a log and its data keys out of their files into PostgreSQL databases."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.audit.report import Report
from linkage.cli.audit_create import Owner
from linkage.cli.audit_report import follow, tell_report, tell_size
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.runtime.migration import Migrated, Migration
from linkage.settings import load

Old = Annotated[Path, typer.Option("--from", metavar="FILE", help="The settings file with which the gateway ran, its log in files.")]
GiveUp = Annotated[
    bool, typer.Option("--give-up", help="Copy nothing: let the old log be used again after a migration that was cut off before its end.")
]


def migrate(old: Old, owner: Owner, config: Config = DEFAULT_CONFIG, give_up: GiveUp = False, as_json: Json = False) -> None:
    """Verify the log that --from names, copy it into the databases that --config names, verify it there, and put the old files away.

    Every entry keeps its index, its bytes and its proofs. The gateway must be stopped; audit commands on the old log are refused from the
    copy's beginning on. If this is ended before its end, run it again.
    """
    with ending(as_json=as_json):
        migration = Migration(load(old), load(config), owner)
        with migration.holding():
            if give_up:
                migration.give_up()
                _tell_given_up(migration.log, as_json=as_json)
                return
            checked = follow(migration.check(), "verifying the old log", quiet=as_json)
            _expect_clean(checked, f"{migration.log}, the old log, is damaged; nothing was copied, and it stays in use", as_json=as_json)
            follow(migration.copy(checked), "copying", quiet=as_json)
            report = follow(migration.verify(), "verifying", quiet=as_json)
            _expect_clean(report, "the copy in the databases is damaged, the old log is not: drop both databases", as_json=as_json)
            done = migration.finish(report)
        if as_json:
            say({"ok": True, "entries": report.size, "checkpoints": report.checkpoints, "root": report.root.hex(), **_files(done)})
            return
        out.print(Text("migrated and verified: ", style="bold green") + Text(tell_size(report)))
        for file in done.put_away:
            out.print(Text(f"  the old file is now {file}"), soft_wrap=True)
        _tell_rest(done)


def _expect_clean(report: Report, why: str, *, as_json: bool) -> None:
    if report.clean:
        return
    tell_report(report, as_json=as_json, why=why)
    if not as_json:
        out.print(Text(why, style="bold red"), soft_wrap=True)
    raise typer.Exit(Exit.FINDING)


def _tell_given_up(log: Path, *, as_json: bool) -> None:
    if as_json:
        say({"ok": True, "given_up": str(log)})
        return
    out.print(Text(f"{log} can be used again"), soft_wrap=True)


def _files(done: Migrated) -> dict[str, list[str]]:
    return {"put_away": [str(file) for file in done.put_away], "left": [str(file) for file in done.left]}


def _tell_rest(done: Migrated) -> None:
    """Say what becomes of the old gateway's files."""
    data_keys, _ = done.put_away
    why = "still holds data keys: destroy it, and its backups, once the databases have been backed up"
    out.print(Text(f"  {data_keys} {why}", style="yellow"), soft_wrap=True)
    if done.left:
        out.print(Text(f"  of no use any more, and may be removed: {', '.join(map(str, done.left))}"), soft_wrap=True)
    out.print(Text("  Leave the old anchor where it is. Never put the old files back: the log goes on in the databases alone."))
