"""`linkage audit migrate`: take a log and its data keys out of their files into PostgreSQL databases."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.audit_create import Owner
from linkage.cli.audit_report import follow
from linkage.cli.ending import ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.runtime.migration import Migration
from linkage.settings import load

Old = Annotated[Path, typer.Option("--from", metavar="FILE", help="The settings file with which the gateway ran, its log in files.")]


def migrate(old: Old, owner: Owner, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Copy the log that --from names into the databases that --config names, verify it there, and put the old files away.

    Every entry keeps its index, its bytes and its proofs. The gateway must be stopped. If this is ended before its end, run it again.
    """
    with ending(as_json=as_json):
        migration = Migration(load(old), load(config), owner)
        with migration.holding():
            follow(migration.copy(), "copying", quiet=as_json)
            report = follow(migration.verify(), "verifying", quiet=as_json)
            done = migration.finish(report)
        if as_json:
            put_away = [str(file) for file in done.put_away]
            say({"ok": True, "entries": report.size, "checkpoints": report.checkpoints, "root": report.root.hex(), "put_away": put_away})
            return
        out.print(Text("migrated and verified: ", style="bold green") + Text(f"{report.size} entries, {report.checkpoints} checkpoints"))
        for file in done.put_away:
            out.print(Text(f"  the old file is now {file}"))
        out.print(Text("  It still holds data keys: destroy it, and its backups, once the databases have been backed up.", style="yellow"))
