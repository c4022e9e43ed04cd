"""`linkage audit export`: the whole log as files that anybody can verify."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.audit.export import export_log
from linkage.cli.audit_report import follow
from linkage.cli.ending import ending, out, say
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.runtime.signing import load_signer
from linkage.runtime.storage import storage_of
from linkage.runtime.witnesses import cosigned_checkpoint
from linkage.settings import load

To = Annotated[Path, typer.Option("--to", metavar="FOLDER", help="A new folder, or that of an earlier export of this log.")]


def export(to: To, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Write the log as C2SP tiles and entry bundles, with its newest checkpoint and its public key.

    Works beside a running gateway. Into the folder of an earlier export only what is new is written; what was stopped is completed.
    """
    with ending(as_json=as_json):
        settings = load(config)
        key = load_signer(settings).verifier
        storage = storage_of(settings)
        cosigned = cosigned_checkpoint(settings.log, storage)
        with storage.open_reader() as reader:
            done = follow(export_log(reader, key, to, cosigned=cosigned), "exporting", quiet=as_json)
        if as_json:
            page = {"origin": done.origin, "entries": done.size, "root": done.root.hex(), "before": done.before, "files": done.written}
            say({"ok": True, **page, "folder": str(to)})
            return
        entries = f"{done.origin}, {done.size} entries, {done.size - done.before} of them new, {done.written} files written"
        out.print(Text("exported: ", style="bold green") + Text(entries), soft_wrap=True)
        out.print(Text(f"next:     linkage audit verify --export {to} --vkey FILE"), soft_wrap=True)
