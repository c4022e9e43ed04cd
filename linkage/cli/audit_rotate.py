"""`linkage audit rotate`: changes the key that signs the log, without breaking a receipt."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.ending import ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock
from linkage.runtime.log_key_change import Changed, announce_log_key, retire_log_key
from linkage.runtime.signing import key_list_of
from linkage.settings import Settings, load


class Rotated(StrEnum):
    """What can be changed here. Key rings are files that `linkage pki keys --rotate` changes."""

    LOG_KEY = "log-key"


What = Annotated[Rotated, typer.Argument(help="Which key.")]
Retire = Annotated[
    bool, typer.Option("--retire", help="End the old key: everybody has learned of the new one, and EVERY gateway was restarted with both.")
]
AfterDays = Annotated[int, typer.Option("--after-days", min=0, help="With --retire: how many days both must have signed.")]


def rotate(what: What, retire: Retire = False, after_days: AfterDays = 30, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Begin a change of the log's key, or end it with --retire. Both times the gateways are restarted afterwards."""
    del what  # there is one
    with ending(as_json=as_json):
        settings = load(config)
        if retire:
            changed = asyncio.run(retire_log_key(settings, after_days=after_days, now_ms=SystemClock().now_ms()))
        else:
            changed = asyncio.run(announce_log_key(settings))
        _tell(settings, changed, retired=retire, as_json=as_json)


def _tell(settings: Settings, changed: Changed, *, retired: bool, as_json: bool) -> None:
    listed = key_list_of(settings.log.signing_key)
    if as_json:
        keys = [{"vkey": each.key.text, "first_size": each.first_size, "last_size": each.last_size} for each in changed.verifier.keys]
        say({"keys": keys, "list": str(listed), "size": changed.size, "recorded": changed.recorded})
        return
    out.print(
        Text("ended: the old key, at " if retired else "begun: a new key, from ", style="bold green"), Text(f"{changed.size} entries")
    )
    out.print(Text(changed.verifier.lines.rstrip()), soft_wrap=True)
    out.print(Text(f"Hand out {listed} to everybody who checks receipts: `--vkey` takes it."))
    if not changed.recorded:
        out.print(Text("The log cannot be written now: the gateway's next start records it."))
    then = "the old private key is gone from it" if retired else "until then the old key alone signs"
    out.print(Text(f"Copy {settings.log.signing_key} and {listed.name} to every gateway of this log and restart them: {then}."))
