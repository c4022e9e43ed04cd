"""`linkage demo`: the whole story on this machine, with invented people and simulated agencies."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from linkage.cli.ending import Exit, ending, err, out, say
from linkage.cli.options import Json
from linkage.runtime.demo import StoryFailed, play
from linkage.runtime.story_page import Page

Stay = Annotated[bool, typer.Option("--stay", help="Keep gateway and simulators up until Ctrl-C, and say how to call them.")]
Written = Annotated[Path, typer.Option("--config", metavar="FILE", help="Where the settings are written; everything else goes beside it.")]


def demo(stay: Stay = False, config: Written = Path(".demo/linkage.toml"), as_json: Json = False) -> None:
    """Play the story: an officer logs in, a person is verified, records are fetched, refused, unavailable; the log is verified."""
    signal.signal(signal.SIGTERM, _leave)
    page = Page(out, quiet=as_json)
    with ending(as_json=as_json):
        try:
            play(config, page, stay=stay)
        except StoryFailed as failure:
            if as_json:
                say({"ok": False, "failure": str(failure), "steps": page.steps})
            else:
                err.print(Text("The story went another way: ", style="bold red") + Text(str(failure)))
            raise typer.Exit(Exit.FINDING) from failure
        if as_json:
            say({"ok": True, "steps": page.steps})


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends what the demo started, too."""
    del frame
    raise SystemExit(128 + number)
