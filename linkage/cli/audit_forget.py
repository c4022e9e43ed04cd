"""`linkage audit forget`: makes what the log has sealed about a person unreadable for ever, and records that it did."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.audit.forgetting import EpochsLost, Forgetting, Forgotten, Ground
from linkage.audit.sealing import Sealing
from linkage.cli.desk import Lines
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.clock import SystemClock, thai_day, thai_midnight
from linkage.errors import Problem, SettingsInvalid
from linkage.keyring import load_keyring
from linkage.runtime.operators_desk import operators_desk
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.settings import Settings, load
from linkage.terms import CitizenNumber

Subject = Annotated[
    Path,
    typer.Option("--subject", metavar="FILE", help="A file with the citizen number, or - for standard input. Never the number itself."),
]
Before = Annotated[
    datetime, typer.Option("--before", formats=["%Y-%m-%d"], metavar="DATE", help="What was recorded before this day in Thailand began.")
]
Because = Annotated[Ground, typer.Option("--because", help="The ground, as the entry states it.")]

_BACKUPS = (
    "Backups of the data keys made before now still hold the destroyed keys: destroy those backups, or change the sealing key "
    "(`linkage pki keys --rotate`) and destroy the old one once the log says that it has ended."
)
_IN_POSTGRES = (
    " In PostgreSQL the old rows' places stay readable on the server's disk until VACUUM has passed, and in its archived WAL: "
    "run VACUUM on linkage_keys.data_key, and count the archive among the backups."
)


def forget(subject: Subject, before: Before, because: Because, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Destroy the data keys of one person made before a day. It cannot be undone.

    Exit code 1: there was nothing to forget. 3: keys of visits that may still be open are left; ask once more when they are over.
    """
    with ending(as_json=as_json):
        settings = load(config)
        if before.date() > thai_day(SystemClock().now_ms()) + timedelta(days=1):
            raise typer.BadParameter("--before: tomorrow at the latest")
        number = _number(subject)
        forgotten = asyncio.run(_forgotten(settings, number, thai_midnight(before.date()), because))
        _tell(forgotten, _BACKUPS + (_IN_POSTGRES if settings.log.postgres else ""), as_json=as_json)
    if forgotten.left:
        raise typer.Exit(Exit.UNAVAILABLE)
    if not forgotten.count:
        raise typer.Exit(Exit.FINDING)


async def _forgotten(settings: Settings, number: CitizenNumber, before_ms: int, ground: Ground) -> Forgotten:
    encryption, pseudonyms = load_keyring(settings.log.key_encryption_keys), load_keyring(settings.log.pseudonym_keys)
    async with operators_desk(settings, storage_of(settings), load_signer(settings)) as desk:
        sealing = Sealing(settings.log.origin, encryption, pseudonyms, desk.clock)
        # The data key is made before the agency is asked, and the visit begins when it has answered.
        open_ms = round(settings.server.max_deadline * 1000 + settings.tokens.visit_minutes * 60_000)
        try:
            return await Forgetting(desk.journal, desk.keys, sealing, desk.clock, open_ms=open_ms).forget(number, before_ms, ground)
        except EpochsLost as lost:
            expected = "the pseudonym keys of every epoch: put them back, or the person would be forgotten in part"
            ring = str(settings.log.pseudonym_keys)
            raise SettingsInvalid(
                tuple(Problem(ring, "log.pseudonym_keys", f"no key of {epoch}", expected) for epoch in lost.epochs)
            ) from None


def _number(subject: Path) -> CitizenNumber:
    line = Lines(None if str(subject) == "-" else subject).next("citizen number")
    try:
        return CitizenNumber.parse(line)
    except ValueError as failure:
        raise SettingsInvalid((Problem(str(subject), "citizen number", str(failure), "13 digits with a right check digit"),)) from None


def _tell(forgotten: Forgotten, backups: str, *, as_json: bool) -> None:
    receipt = forgotten.receipt
    if as_json:
        entry = None if receipt is None else {"index": receipt.index, "eid": receipt.entry_id}
        say({"forgotten": forgotten.count, "left": forgotten.left, "entry": entry, "backups": backups})
        return
    if receipt is None and forgotten.left:
        out.print(Text("nothing could be forgotten yet", style="bold yellow"))
    elif receipt is None:
        out.print(Text("nothing to forget: no data key of that person was made before that day"))
    else:
        said = f"{forgotten.count} data keys; entry {receipt.index}, {receipt.entry_id}, says so"
        out.print(Text("forgotten: ", style="bold green") + Text(said))
    if forgotten.left:
        out.print(Text(f"left: {forgotten.left} data keys of visits that may still be open; ask once more when they are over"))
    if receipt is not None:
        out.print(Text(backups))
