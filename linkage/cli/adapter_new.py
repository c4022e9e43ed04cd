"""`linkage adapter new`: a complete folder for a new agency, which conforms from the first minute."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.ending import ending, out, say
from linkage.cli.options import Json
from linkage.runtime.scaffold import PYTHON, REST, write_adapter

Name = Annotated[str, typer.Argument(help="The source's name in settings and record types: a-z 0-9 _, e.g. land_tax.")]
Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where the new folder goes.", show_default="here")]
Rest = Annotated[bool, typer.Option("--rest", help="A manifest for a REST and JSON agency: no Python at all.")]


def new(name: Name, into: Into = Path(), rest: Rest = False, as_json: Json = False) -> None:
    """Write a new adapter: records, settings, simulator, invented people, tests, README. Nothing is overwritten."""
    with ending(as_json=as_json):
        folder = write_adapter(name, into, kind=REST if rest else PYTHON)
        if as_json:
            say({"folder": str(folder), "files": sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())})
            return
        out.print(Text("written: ", style="bold green") + Text(str(folder)), soft_wrap=True)
        out.print(Text(f"next:    linkage adapter check {folder}"), soft_wrap=True)
        out.print(Text(f"then:    {folder}/README.md says where to write"), soft_wrap=True)
