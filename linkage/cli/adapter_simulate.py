"""`linkage adapter simulate`: an agency on this machine, and a gateway's folder to ask it with."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from linkage.cli.adapter import Which
from linkage.cli.ending import Exit, ending, out, say, show_failure
from linkage.cli.options import Json
from linkage.clock import SystemClock
from linkage.runtime.demo_agencies import AgencyDidNotStart
from linkage.runtime.rehearsal import RECIPIENT, SERVICE, Question, Rehearsal, rehearsing
from linkage.sources.installed import find

Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="On the loopback address; 0: the system chooses.")]
Gateway = Annotated[
    Path | None,
    typer.Option(
        "--gateway", metavar="FOLDER", help="Make a gateway's folder there that asks it: keys, register, service, agreement, a counter."
    ),
]


def simulate(path_or_name: Which, port: Port = 0, gateway: Gateway = None, as_json: Json = False) -> None:
    """Serve an adapter's simulator until Ctrl-C, and print the settings that lead to it.

    With --gateway, also make the folder of a gateway for a rehearsal, and print the commands to try.
    """
    signal.signal(signal.SIGTERM, _leave)
    with ending(as_json=as_json):
        candidate = find(path_or_name)
        try:
            with rehearsing(candidate, port=port, gateway=gateway, clock=SystemClock()) as rehearsal:
                _tell(rehearsal, gateway, as_json=as_json)
                threading.Event().wait()
        except KeyboardInterrupt:
            out.print("ended")
        except (OSError, AgencyDidNotStart) as failure:
            show_failure("cannot listen", str(failure), as_json=as_json)
            raise typer.Exit(Exit.UNAVAILABLE) from failure


def _tell(rehearsal: Rehearsal, gateway: Path | None, *, as_json: bool) -> None:
    simulated, tries = rehearsal.simulated, list(_tries(rehearsal, gateway))
    if as_json:
        say({"url": simulated.url, "settings": simulated.tables("RECIPIENT"), "try": tries})
        return
    out.print(Text("simulated: ", style="bold green") + Text(f"{simulated.name} at {simulated.url}"), soft_wrap=True)
    if gateway is None:
        out.print(Text("\nsettings that lead to it, for each recipient:\n", style="dim"))
        out.print(Text(simulated.tables("RECIPIENT")), soft_wrap=True)
    else:
        out.print(Text(f"\nA gateway that asks it is in {gateway}. In other terminals, from here:\n", style="dim"), soft_wrap=True)
        for line in tries:
            out.print(Text(f"  {line}"), soft_wrap=True)
    out.print(Text("\nready; Ctrl-C ends it", style="dim"))


def _tries(rehearsal: Rehearsal, gateway: Path | None) -> Iterator[str]:
    if gateway is None:
        return
    desk = f"--counter {gateway}/counter"
    yield f"linkage serve --config {gateway}/linkage.toml"
    yield f"linkage verify {desk} --recipient {RECIPIENT} --service {SERVICE} < {gateway}/counter/card"
    for question in rehearsal.questions:
        yield f"linkage lookup {desk} --service {SERVICE} {_about(question, gateway)}"
    yield f"linkage bundle {desk} --service {SERVICE}"
    yield f"linkage audit verify --config {gateway}/linkage.toml"


def _about(question: Question, gateway: Path) -> str:
    asked = f"--type {question.record_type} --fields {','.join(question.fields)}"
    if question.juristic is None:
        return asked
    file, ground = question.juristic
    return f"{asked} --juristic-number-file {gateway}/counter/{file.name} --ground {ground}"


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends it in order."""
    del frame
    raise SystemExit(128 + number)
