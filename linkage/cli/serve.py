"""`linkage serve`: run the gateway, or with `--check` only read everything it would run with."""

import asyncio
import gc
from typing import Annotated

import typer
import uvloop
from rich.text import Text

from linkage.cli.ending import Exit, ending, out, say, show_failure
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.runtime import equipment, gateway
from linkage.settings import load
from linkage.telemetry import configure_logging

Check = Annotated[
    bool,
    typer.Option("--check", help="Read settings, keys and files, report every problem, and end: no database, witness or agency is asked."),
]

LOG_LOST = 74
"""Exit status (sysexits' EX_IOERR) after which a supervisor starts the gateway again: the log could not be written, or moved away."""


def serve(config: Config = DEFAULT_CONFIG, check: Check = False, as_json: Json = False) -> None:
    """Run the gateway until SIGTERM or SIGINT, then drain. Log lines go to standard error."""
    with ending(as_json=as_json):
        settings = load(config)
        if check:
            found = asyncio.run(equipment.check(settings, config))
            if as_json:
                say({"ok": True, "looked_at": "files", **found})
            else:
                counted = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in found.items())
                out.print(Text("in order: ", style="bold green") + Text(counted))
                out.print(Text("  files only: no database was opened, no witness and no agency asked", style="dim"))
            return
        configure_logging()
        gc.freeze()  # what is loaded by now stays: no need to look through it again and again
        gc.set_threshold(50_000, 20, 50)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(gateway.serve(settings, config))
        except gateway.LogLost as failure:
            show_failure("the log is lost", str(failure), as_json=as_json)
            raise typer.Exit(LOG_LOST) from failure
        except (RuntimeError, OSError) as failure:
            if isinstance(failure, RuntimeError) and "bind" not in str(failure):  # gRPC's word for an address that is taken or not ours
                raise
            show_failure("cannot listen", str(failure), as_json=as_json)
            raise typer.Exit(Exit.UNAVAILABLE) from failure
