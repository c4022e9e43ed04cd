"""`linkage audit create`: lay out the PostgreSQL databases of a log and of its data keys, once, as the role that owns them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.ending import ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.databases import lay_out
from linkage.settings import load

Owner = Annotated[
    Path,
    typer.Option(
        "--owner",
        metavar="FILE",
        help="A libpq connection string with the user, and if need be the password, of the role that owns both databases. Gateways never see it.",
    ),
]


def create(owner: Owner, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Lay out log and data keys in their databases. What is there already is left as it is."""
    with ending(as_json=as_json):
        settings = load(config)
        if settings.log.postgres is None:
            expected = "log.postgres: a log in a file is made by the gateway's first start"
            raise SettingsInvalid((Problem(str(config), "log.path", "a log in a file", expected),))
        done = lay_out(settings, owner)
        if as_json:
            say(
                {
                    "ok": True,
                    "log": {"made": done.made_log, "role": done.log_role},
                    "data_keys": {"made": done.made_keys, "role": done.keys_role},
                }
            )
            return
        for what, place, made, role in (
            ("log", done.log_place, done.made_log, done.log_role),
            ("data keys", done.keys_place, done.made_keys, done.keys_role),
        ):
            word = "laid out, for gateways to use as" if made else "was there already and is left as it is; gateways use it as"
            out.print(Text(f"{what}: ", style="bold") + Text(f"{place}: {word} {role}"))
