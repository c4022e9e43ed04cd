"""Options that several commands take, worded once."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's settings file.", show_default=True)]
MaybeConfig = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The gateway's settings file; what is not given is taken from it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

DEFAULT_CONFIG = Path("linkage.toml")
