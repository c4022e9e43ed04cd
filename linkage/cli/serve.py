"""`linkage serve`: run the gateway, or with `--check` only read everything it would run with."""

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.text import Text

from linkage.cli.ending import Exit, ending, out, say, show_failure
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.errors import LogCorrupt
from linkage.runtime import equipment, workers
from linkage.runtime.alike import NotAlike
from linkage.runtime.serving import HURRIED, LOG_LOST, LogLost, serve_as_worker
from linkage.runtime.serving import serve as serve_alone
from linkage.runtime.worker_process import CORRUPT
from linkage.settings import Settings, load
from linkage.telemetry import configure_logging
from linkage.tlog.errors import TlogInvalid

__all__ = ["LOG_LOST", "serve"]

Check = Annotated[
    bool,
    typer.Option("--check", help="Read settings, keys and files, report every problem, and end: no database, witness or agency is asked."),
]
Worker = Annotated[bool, typer.Option("--worker", hidden=True, help="One worker; what it is to do stands on standard input.")]


def serve(config: Config = DEFAULT_CONFIG, check: Check = False, worker: Worker = False, as_json: Json = False) -> None:
    """Run the gateway until SIGTERM or SIGINT, then drain. Log lines go to standard error."""
    with ending(as_json=as_json):
        if worker:
            _work(config, as_json=as_json)
            return
        settings = load(config)
        if check:
            _check(settings, config, as_json=as_json)
        elif settings.server.workers == 1:
            _run(lambda: serve_alone(settings, config), as_json=as_json)
        else:
            configure_logging()
            with _telling(as_json=as_json):
                status = workers.run(settings, config)
            raise typer.Exit(status)


def _work(config: Path, *, as_json: bool) -> None:
    """Be one worker."""
    settings, post, pipe = workers.read_orders(sys.stdin.read(), config)
    try:
        _run(lambda: serve_as_worker(settings, config, post, pipe), as_json=as_json)
    except (TlogInvalid, LogCorrupt) as failure:
        show_failure("does not verify", str(failure), as_json=as_json)
        raise typer.Exit(CORRUPT) from failure
    except NotAlike as failure:
        show_failure("cannot serve beside the others", str(failure), as_json=as_json)
        raise typer.Exit(LOG_LOST) from failure


def _check(settings: Settings, config: Path, *, as_json: bool) -> None:
    found = asyncio.run(equipment.check(settings, config))
    if as_json:
        say({"ok": True, "looked_at": "files", **found})
        return
    counted = ", ".join(f"{number} {what.replace('_', ' ')}" for what, number in found.items())
    out.print(Text("in order: ", style="bold green") + Text(counted))
    out.print(Text("  files only: no database was opened, no witness and no agency asked", style="dim"))


def _run(serving: Callable[[], Coroutine[Any, Any, bool]], *, as_json: bool) -> None:
    """Run a process that answers calls."""
    configure_logging()
    gc.freeze()  # what is loaded by now stays: no need to look through it again and again
    gc.set_threshold(50_000, 20, 50)
    with _telling(as_json=as_json), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        hurried = runner.run(serving())
    if hurried:
        raise typer.Exit(HURRIED)


@contextmanager
def _telling(*, as_json: bool) -> Iterator[None]:
    """Say why nobody serves here, or no longer."""
    try:
        yield
    except LogLost as failure:
        show_failure("the log is lost", str(failure), as_json=as_json)
        raise typer.Exit(LOG_LOST) from failure
    except (RuntimeError, OSError) as failure:
        if isinstance(failure, RuntimeError) and "bind" not in str(failure):  # gRPC's word for an address that is taken or not ours
            raise
        show_failure("cannot listen", str(failure), as_json=as_json)
        raise typer.Exit(Exit.UNAVAILABLE) from failure
