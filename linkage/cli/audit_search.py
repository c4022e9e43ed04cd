"""`linkage audit search`: entries of the log by whatever they name."""

from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from rich.text import Text

from linkage.cli.auditing import Auditor
from linkage.cli.desk import Lines, NumberFile
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.inspecting import PageSize, PageToken, Rebuild, Since, Until, inspect, span_ms
from linkage.cli.options import DEFAULT_CONFIG, Config, Json
from linkage.cli.search_words import expect_names, expect_words
from linkage.inspection import Inspection, PageAsk, ShownPage
from linkage.rpc.encode import timestamp
from linkage.rpc.encode_audit import encode_hit
from linkage.rpc.reading import Reading
from linkage.rpc.reading_audit import read_filter
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.entries_page import entries_table
from linkage.v1 import audit_pb2 as pb


def _option(name: str, meaning: str) -> object:
    return typer.Option(name, help=meaning, show_default=False)


Officer = Annotated[str, _option("--officer", "The officer's id at its issuer; second officers of exceptions are found, too.")]
Issuer = Annotated[str, _option("--officer-issuer", "With --officer: of this issuer only.")]
Counter = Annotated[str, _option("--counter", "The counter's URI name.")]
Centre = Annotated[str, _option("--centre", "The centre's id.")]
Recipient = Annotated[str, _option("--recipient", "The agency in whose name was asked.")]
Acting = Annotated[str, _option("--acting", "The agency that runs the counter.")]
Source = Annotated[str, _option("--source", "The agency that was asked.")]
RecordType = Annotated[str, _option("--type", "A record type, e.g. dopa.person.")]
Service = Annotated[str, _option("--service", "The service's id.")]
Agreement = Annotated[str, _option("--agreement", "The agreement's id.")]
Method = Annotated[str, _option("--method", "What was called, e.g. VerifyIdentity, Lookup, ListEntries.")]
Result = Annotated[str, _option("--result", "What came of it, e.g. found, not_found, match, refused.")]
Why = Annotated[str, _option("--reason", "Why it was refused, e.g. FIELD_NOT_AGREED.")]
Assurance = Annotated[str, _option("--assurance", "THAID, CARD_CHIP, CARD_LASER or EXCEPTION.")]
Kind = Annotated[str, _option("--kind", "The entry's kind, or that of what closed it, e.g. denied, recovered, read.")]
ByAuditor = Annotated[str, _option("--read-by", "Readings by this auditor.")]
Visit = Annotated[str, _option("--visit", "Everything in one visit: its id.")]
ByNumber = Annotated[
    bool, typer.Option("--by-number", help="About one person: the number is typed, or piped in, never given as an option.")
]


def search(
    config: Config = DEFAULT_CONFIG,
    auditor: Auditor = None,
    officer: Officer = "",
    officer_issuer: Issuer = "",
    counter: Counter = "",
    centre: Centre = "",
    recipient: Recipient = "",
    acting: Acting = "",
    source: Source = "",
    record_type: RecordType = "",
    service: Service = "",
    agreement: Agreement = "",
    method: Method = "",
    result: Result = "",
    reason: Why = "",
    assurance: Assurance = "",
    kind: Kind = "",
    read_by: ByAuditor = "",
    visit: Visit = "",
    by_number: ByNumber = False,
    number_file: NumberFile = None,
    since: Since = "",
    until: Until = "",
    page_size: PageSize = 25,
    page_token: PageToken = "",
    rebuild: Rebuild = False,
    as_json: Json = False,
) -> None:
    """Find entries that meet every criterion given, newest first. Recorded before anything is shown. None found: exit code 1."""
    wanted = pb.EntryFilter(
        officer=officer,
        officer_issuer=officer_issuer,
        counter=counter,
        centre=centre,
        recipient=recipient,
        acting=acting,
        source=source,
        record_type=record_type,
        service=service,
        agreement=agreement,
        method=method,
        result=result,
        reason=reason,
        assurance=assurance,
        auditor=read_by,
        visit=visit,
        kind=kind,
    )
    with ending(as_json=as_json):
        expect_words(wanted)
        _add_span(wanted, since, until)
        if by_number or number_file is not None:
            wanted.citizen_number = Lines(number_file).next("citizen number")
        page = _found(config, auditor, wanted, PageAsk(page_size, page_token), rebuild=rebuild, as_json=as_json)
        _tell(page, as_json=as_json)
    if not page.hits and not page.next_token:
        raise typer.Exit(Exit.FINDING)


def _add_span(wanted: pb.EntryFilter, since: str, until: str) -> None:
    since_ms, until_ms = span_ms(since, until)
    if since_ms is not None:
        wanted.since.CopyFrom(timestamp(since_ms))
    if until_ms is not None:
        wanted.until.CopyFrom(timestamp(until_ms))


def _found(config: Path, auditor: str | None, wanted: pb.EntryFilter, page: PageAsk, *, rebuild: bool, as_json: bool) -> ShownPage:
    async def look(desk: AuditorsDesk, inspection: Inspection, read: bytes) -> ShownPage:
        asked = Reading()
        sought = read_filter(asked, wanted)
        asked.done()
        await expect_names(desk.files, inspection.search, sought.criteria)
        return await inspection.entries(read, desk.auditor, sought, page)

    return inspect(config, auditor, "ListEntries", look, as_json=as_json, rebuild=rebuild)


def _tell(page: ShownPage, *, as_json: bool) -> None:
    entries = [encode_hit(hit) for hit in page.hits]
    if as_json:
        plain = [MessageToDict(one, preserving_proto_field_name=True, always_print_fields_with_no_presence=True) for one in entries]
        reading = {"entry_id": page.reading.entry_id, "index": page.reading.index}
        say({"entries": plain, "next_page_token": page.next_token, "log_size": page.size, "reading": reading})
        return
    if entries:
        out.print(entries_table([(one, hit.access.facts) for one, hit in zip(entries, page.hits, strict=True)]))
    told = "" if entries else "no such entry; " if not page.next_token else "none so far; "
    out.print(Text(f"{told}the log had {page.size:,} entries; this reading is recorded at {page.reading.index}", style="dim"))
    if page.next_token:
        out.print(Text("more: the same command with --page-token"), Text(page.next_token), soft_wrap=True)
