"""`linkage bundle`: a counter fetches everything a service needs, and sees what is still needed on paper."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from linkage.cli.desk import Ca, Cert, Deadline, Desk, Folder, Key, Receipts, Target, TokenFile, read_line, save
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.lookup import Ground, JuristicFile, Recipient, VisitFile, juristic_person
from linkage.cli.options import Json, MaybeConfig
from linkage.cli.verify import Service
from linkage.client import Counter, record_values
from linkage.client.counter import DEADLINE_S
from linkage.runtime.bundle_page import counts_line, papers_table, record_line, result_of
from linkage.runtime.record_page import plain, record_table
from linkage.runtime.written import replace_private
from linkage.v1 import agency_session_pb2
from linkage.v1 import lookup_pb2 as pb

Records = Annotated[
    list[str] | None,
    typer.Option(
        "--record", metavar="TYPE:FIELD,FIELD", help="Ask for this record; repeat it for more. What the service needs without it."
    ),
]


def bundle(
    service: Service,
    folder: Folder = None,
    target: Target = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    token_file: TokenFile = None,
    visit_file: VisitFile = None,
    recipient: Recipient = None,
    records: Records = None,
    juristic_number_file: JuristicFile = None,
    ground: Ground = "",
    receipts: Receipts = None,
    deadline: Deadline = DEADLINE_S,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Fetch everything a service needs, and say which papers the citizen must still bring."""
    desk = Desk(folder, target, ca, cert, key, token_file, config)
    with ending(as_json=as_json):
        visit = read_line(desk.kept(visit_file, "--visit-file", "visit.token"))
        wanted = [_question(text) for text in records or ()]
        juristic = juristic_person(juristic_number_file, ground)
        told: list[pb.BundledRecord] = []
        summary = pb.BundleSummary()
        with desk.connect(deadline) as counter:
            _log_in(counter, folder)
            for message in counter.lookup_bundle(visit, service, records=wanted, juristic=juristic, recipient=recipient):
                if message.HasField("summary"):
                    summary = message.summary
                    continue
                told.append(message.record)
                save(message.record.receipt, receipts, f"bundle-{message.record.record_type}")
                _keep_renewed(message.record, folder)
                if not as_json:
                    _tell(message.record)
        save(summary.receipt, receipts, "bundle")
        _conclude(told, summary, as_json=as_json)
    if summary.unavailable:
        raise typer.Exit(Exit.UNAVAILABLE)
    if summary.copies_not_needed < summary.copies_in_all:
        raise typer.Exit(Exit.FINDING)


def _question(text: str) -> pb.RecordQuestion:
    record_type, colon, fields = text.partition(":")
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    if not (colon and record_type and wanted):
        raise typer.BadParameter("--record: expected TYPE:FIELD,FIELD, e.g. dopa.person:first_name,last_name")
    return pb.RecordQuestion(record_type=record_type.strip(), fields=wanted)


def _log_in(counter: Counter, folder: Path | None) -> None:
    """Use every login kept beside the counter's own files: SOURCE.RECIPIENT.session."""
    for path in sorted(folder.glob("*.session")) if folder is not None else ():
        source, _, recipient = path.name.removesuffix(".session").partition(".")
        counter.use_session(agency_session_pb2.AgencySession(token=read_line(path), source=source, recipient=recipient))


def _keep_renewed(record: pb.BundledRecord, folder: Path | None) -> None:
    if folder is not None and record.HasField("renewed_session"):
        login = record.renewed_session
        replace_private(folder / f"{login.source}.{login.recipient}.session", login.token + "\n")


def _tell(record: pb.BundledRecord) -> None:
    out.print(record_line(record))
    if record.WhichOneof("result") == "found":
        out.print(record_table(record_values(record.found.record)))


def _conclude(told: list[pb.BundledRecord], summary: pb.BundleSummary, *, as_json: bool) -> None:
    if as_json:
        say({"records": [_record_page(record) for record in told], "summary": _summary_page(summary)})
        return
    out.print()
    out.print(papers_table(summary))
    out.print(Text(summary.sentence.th, style="bold"))
    out.print(Text(summary.sentence.en))
    out.print(counts_line(summary))
    out.print(Text(f"request id: {summary.request_id}, in the log at {summary.receipt.index}", style="dim"))


def _record_page(record: pb.BundledRecord) -> dict[str, Any]:
    values = record_values(record.found.record)
    return {
        "record_type": record.record_type,
        "source": record.source,
        "result": result_of(record),
        "fields": {name: plain(value) for name, value in values.items()},
        "sentence": {"th": record.sentence.th, "en": record.sentence.en},
        "request_id": record.request_id,
    }


def _summary_page(summary: pb.BundleSummary) -> dict[str, Any]:
    return {
        "found": summary.found,
        "not_found": summary.not_found,
        "refused": summary.refused,
        "unavailable": summary.unavailable,
        "copies_not_needed": summary.copies_not_needed,
        "copies_in_all": summary.copies_in_all,
        "documents": [
            {
                "document": one.document,
                "name": {"th": one.name_th, "en": one.name_en},
                "need": pb.PaperNeed.Name(one.need).removeprefix("PAPER_NEED_"),
                "because": {"th": one.because.th, "en": one.because.en},
            }
            for one in summary.documents
        ],
        "sentence": {"th": summary.sentence.th, "en": summary.sentence.en},
        "request_id": summary.request_id,
        "receipt": {"entry_id": summary.receipt.entry_id, "index": summary.receipt.index},
    }
