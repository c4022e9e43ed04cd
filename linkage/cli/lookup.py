"""`linkage lookup`: a counter fetches one record from the command line."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.desk import Ca, Cert, Deadline, Desk, Folder, Key, Receipts, Target, TokenFile, read_line, save
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.cli.verify import Service
from linkage.client import record_values
from linkage.client.counter import DEADLINE_S
from linkage.runtime.record_page import plain, record_table
from linkage.runtime.written import replace_private
from linkage.v1 import agency_session_pb2
from linkage.v1 import lookup_pb2 as pb

RecordType = Annotated[str, typer.Option("--type", help="What to ask for, e.g. dopa.person.")]
Fields = Annotated[str, typer.Option("--fields", help="The fields wanted, with commas between.")]
VisitFile = Annotated[
    Path | None,
    typer.Option("--visit-file", metavar="FILE", help="The visit token, from `linkage verify`. With --counter: visit.token there."),
]
SessionFile = Annotated[
    Path | None,
    typer.Option(
        "--session-file", metavar="FILE", help="The officer's login at the agency. With --counter: SOURCE.RECIPIENT.session there, if any."
    ),
]
Recipient = Annotated[
    str | None, typer.Option("--recipient", help="Whose login to use, where --counter keeps several: the agency the visit was opened for.")
]
JuristicFile = Annotated[Path | None, typer.Option("--juristic-number-file", metavar="FILE", help="Ask about this juristic person.")]
Ground = Annotated[
    str, typer.Option("--ground", help="With --juristic-number-file: why the person acts for it, as the agreement names it.")
]


def lookup(
    service: Service,
    record_type: RecordType,
    fields: Fields,
    folder: Folder = None,
    target: Target = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    token_file: TokenFile = None,
    visit_file: VisitFile = None,
    session_file: SessionFile = None,
    recipient: Recipient = None,
    juristic_number_file: JuristicFile = None,
    ground: Ground = "",
    receipts: Receipts = None,
    deadline: Deadline = DEADLINE_S,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Fetch one record about the visit's person, or about a juristic person for whom that person acts."""
    desk = Desk(folder, target, ca, cert, key, token_file, config)
    source = record_type.partition(".")[0]
    with ending(as_json=as_json):
        visit = read_line(desk.kept(visit_file, "--visit-file", "visit.token"))
        session = session_file or _kept_session(folder, source, recipient)
        juristic = juristic_person(juristic_number_file, ground)
        with desk.connect(deadline) as counter:
            if session is not None:
                counter.use_session(agency_session_pb2.AgencySession(token=read_line(session), source=source))
            wanted = [name.strip() for name in fields.split(",") if name.strip()]
            reply = counter.lookup(visit, service, record_type, wanted, juristic=juristic)
        if reply.HasField("renewed_session") and session is not None:
            replace_private(session, reply.renewed_session.token + "\n")
        save(reply.receipt, receipts, "lookup")
        _tell(reply, as_json=as_json)
    if reply.answer != pb.ANSWER_FOUND:
        raise typer.Exit(Exit.FINDING)


def _kept_session(folder: Path | None, source: str, recipient: str | None) -> Path | None:
    """The login kept beside the counter's own files; None where there is none.

    Raises:
        typer.BadParameter: there are several.
    """
    there = [] if folder is None else sorted(path for path in folder.glob("*.session") if path.name.startswith(f"{source}."))
    kept = [path for path in there if recipient is None or path.name == f"{source}.{recipient}.session"]
    if len(kept) > 1:
        raise typer.BadParameter(f"--recipient is required: {', '.join(path.name for path in kept)}")
    return kept[0] if kept else None


def juristic_person(number_file: Path | None, ground: str) -> pb.JuristicPerson | None:
    """Whom the options ask about, where not about the visit's person."""
    if number_file is None:
        return None
    return pb.JuristicPerson(juristic_number=read_line(number_file), ground=ground)


def _tell(reply: pb.LookupResponse, *, as_json: bool) -> None:
    answer = pb.Answer.Name(reply.answer).removeprefix("ANSWER_")
    check = pb.PersonCheck.Name(reply.person_check).removeprefix("PERSON_CHECK_")
    values = record_values(reply.record)
    if as_json:
        say(
            {
                "answer": answer,
                "record_type": reply.record.record_type,
                "fields": {name: plain(value) for name, value in values.items()},
                "person_check": check,
                "sentence": {"th": reply.sentence.th, "en": reply.sentence.en},
                "request_id": reply.request_id,
                "receipt": {"entry_id": reply.receipt.entry_id, "index": reply.receipt.index},
            }
        )
        return
    out.print(Text(answer, style="bold green" if reply.answer == pb.ANSWER_FOUND else "bold yellow"))
    out.print(Text(reply.sentence.th))
    out.print(Text(reply.sentence.en))
    if values:
        out.print(record_table(values))
        out.print(Text(f"person checked by: {check}", style="dim"))
    out.print(Text(f"request id: {reply.request_id}, in the log at {reply.receipt.index}", style="dim"))
