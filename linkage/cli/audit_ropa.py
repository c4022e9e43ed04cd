"""`linkage audit ropa`: the record of processing of section 39 of the Personal Data Protection Act."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.auditing import Auditor, Since, at_the_desk, beginning, reading
from linkage.cli.ending import echo, ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock
from linkage.in_force import InForce
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.ropa import Processing, processing
from linkage.runtime.ropa_page import ropa_csv, ropa_json, ropa_markdown
from linkage.runtime.written import replace_public

To = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Write ropa.md and ropa.csv into this folder, in the place of older ones.")
]
_BOM = "\ufeff"
"""Without it spreadsheet programs take Thai for something else."""


def ropa(config: Config = DEFAULT_CONFIG, auditor: Auditor = None, since: Since = "365", to: To = None, as_json: Json = False) -> None:
    """Put together what the Personal Data Protection Act, section 39, wants on record: from agreements, register, catalogue and log."""
    with ending(as_json=as_json):
        now_ms = SystemClock().now_ms()
        since_ms = beginning(since, now_ms)

        async def look(desk: AuditorsDesk) -> tuple[InForce, Processing]:
            await desk.record("ropa", {"since_ms": since_ms})
            with desk.storage.open_reader() as reader, reading("counting", as_json=as_json) as progress:
                found = processing(
                    reader,
                    desk.files,
                    desk.agencies,
                    desk.view.shows,
                    since_ms=since_ms,
                    retention_days=desk.settings.log.retention_days,
                    progress=progress,
                )
            return desk.files, found

        files, found = at_the_desk(config, auditor, look)
        markdown = ropa_markdown(found, files, since_ms=since_ms, until_ms=now_ms)
        if to is not None:
            replace_public(to / "ropa.md", markdown)
            replace_public(to / "ropa.csv", _BOM + ropa_csv(found, files))
        if as_json:
            say({"auditor": auditor, "written": [] if to is None else ["ropa.md", "ropa.csv"], **ropa_json(found, files)})
        elif to is None:
            echo(markdown)
        else:
            out.print(
                Text("written: ", style="bold green") + Text(f"{to / 'ropa.md'}, {to / 'ropa.csv'}: {len(found.activities)} agreements")
            )
