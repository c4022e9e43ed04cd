"""`linkage audit entry`: one request's entries, whole, each with its proof."""

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from rich.text import Text

from linkage.audit.search import Shown
from linkage.cli.auditing import Auditor
from linkage.cli.desk import Receipts, save
from linkage.cli.ending import ending, out, say
from linkage.cli.inspecting import inspect
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.inspection import Inspection
from linkage.rpc.encode_audit import encode_logged
from linkage.rpc.reading import Reading
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.entries_page import entry_page

EntryId = Annotated[str, typer.Argument(metavar="ID", help="The entry's id, or the request id that a counter was told: a UUID.")]


def entry(
    entry_id: EntryId, config: Config = DEFAULT_CONFIG, auditor: Auditor = None, receipts: Receipts = None, as_json: Json = False
) -> None:
    """Show the entries of one request, whole. Recorded before anything is shown. Not there, or not yours to see: exit code 1."""

    async def look(desk: AuditorsDesk, inspection: Inspection, read: bytes) -> tuple[Shown, ...]:
        asked = Reading()
        eid = asked.uuid("entry_id", entry_id)
        asked.done()
        return (await inspection.entry(read, desk.auditor, eid))[0]

    with ending(as_json=as_json):
        entries = [encode_logged(one) for one in inspect(config, auditor, "GetEntry", look, as_json=as_json)]
        for one in entries:
            save(one.receipt, receipts, f"{one.receipt.index}-{one.kind}")
        if as_json:
            say({"entries": [MessageToDict(one, preserving_proto_field_name=True) for one in entries]})
            return
        for one in entries:
            out.print(entry_page(one))
        if receipts is not None:
            out.print(Text(f"proofs saved in {receipts}: linkage audit verify --receipt NAME.tlog-proof --leaf NAME.leaf", style="dim"))
