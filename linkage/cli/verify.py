"""`linkage verify`: a counter verifies a person from the command line."""

from enum import StrEnum, auto
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from linkage.cli.desk import Ca, Cert, Deadline, Desk, Folder, Key, Lines, NumberFile, Receipts, Target, TokenFile, read_line, save
from linkage.cli.ending import Exit, ending, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.client.counter import DEADLINE_S, Evidence
from linkage.runtime.written import replace_private
from linkage.v1 import verification_pb2 as pb


class By(StrEnum):
    """What is shown."""

    LASER = auto()
    CHIP = auto()
    THAID = auto()
    EXCEPTION = auto()


Recipient = Annotated[str, typer.Option("--recipient", help="The agency in whose name you act, by its register id.")]
Service = Annotated[str, typer.Option("--service", help="What the person came for, by its catalogue id.")]
HowShown = Annotated[By, typer.Option("--by", help="What is shown.")]
EvidenceFile = Annotated[
    Path | None, typer.Option("--evidence-file", metavar="FILE", help="Read the lines from this file, not from standard input.")
]
VisitFile = Annotated[
    Path | None,
    typer.Option("--visit-file", metavar="FILE", help="Where the visit token goes, mode 600. With --counter: visit.token there."),
]
ExceptionName = Annotated[str, typer.Option("--exception", help="With --by exception: its name in the agreement.")]
SecondToken = Annotated[
    Path | None, typer.Option("--second-token-file", metavar="FILE", help="With --by exception: the second officer's token.")
]


def verify(
    recipient: Recipient,
    service: Service,
    by: HowShown = By.LASER,
    folder: Folder = None,
    target: Target = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    token_file: TokenFile = None,
    number_file: NumberFile = None,
    evidence_file: EvidenceFile = None,
    exception: ExceptionName = "",
    second_token_file: SecondToken = None,
    visit_file: VisitFile = None,
    receipts: Receipts = None,
    deadline: Deadline = DEADLINE_S,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Verify who is present. What is shown is read from standard input, one value a line, never from the command line.

    laser: number, first name, last name, birth date (B.E. YYYYMMDD as on the card), laser code. chip: number, chip number, card
    number, birth date. thaid: number (may be empty), code, redirect URI. exception: number, reason.
    """
    desk = Desk(folder, target, ca, cert, key, token_file, config)
    with ending(as_json=as_json):
        kept = desk.kept(visit_file, "--visit-file", "visit.token")
        lines = Lines(evidence_file)
        number = (lines if number_file is None else Lines(number_file)).next("citizen number")
        shown = _shown(by, lines, exception, second_token_file)
        with desk.connect(deadline) as counter:
            reply = counter.verify(recipient=recipient, service=service, citizen_number=number, evidence=shown)
        save(reply.receipt, receipts, "verify")
        if reply.HasField("visit"):
            replace_private(kept, reply.visit.token + "\n")
        _tell(reply, kept, as_json=as_json)
    raise typer.Exit(_exit(reply.verdict))


def _shown(by: By, lines: Lines, exception: str, second_token_file: Path | None) -> Evidence:
    match by:
        case By.LASER:
            name = pb.PersonName(first=lines.next("first name"), last=lines.next("last name"))
            born = pb.BirthDate(as_on_card=lines.next("birth date as on the card, B.E. YYYYMMDD"))
            return pb.CardLaser(name=name, birth_date=born, laser_code=lines.next("laser code"))
        case By.CHIP:
            chip, card = lines.next("chip number"), lines.next("card number")
            born = pb.BirthDate(as_on_card=lines.next("birth date as on the card, B.E. YYYYMMDD"))
            return pb.CardChip(chip_number=chip, card_number=card, birth_date=born)
        case By.THAID:
            return pb.ThaidCode(code=lines.next("authorization code"), redirect_uri=lines.next("redirect URI"))
        case By.EXCEPTION:
            if not exception or second_token_file is None:
                raise typer.BadParameter("--by exception needs --exception NAME and --second-token-file FILE")
            return pb.PresenceException(name=exception, reason=lines.next("reason"), second_officer_token=read_line(second_token_file))


def _exit(verdict: pb.Verdict.ValueType) -> Exit:
    if verdict == pb.VERDICT_MATCH:
        return Exit.CLEAN
    return Exit.UNAVAILABLE if verdict in (pb.VERDICT_UNAVAILABLE, pb.VERDICT_UNSPECIFIED) else Exit.FINDING


def _tell(reply: pb.VerifyIdentityResponse, kept: Path, *, as_json: bool) -> None:
    verdict = pb.Verdict.Name(reply.verdict).removeprefix("VERDICT_")
    if as_json:
        say(_page(reply, verdict, kept))
        return
    out.print(Text(verdict, style="bold green" if reply.verdict == pb.VERDICT_MATCH else "bold red"))
    out.print(Text(reply.sentence.th))
    out.print(Text(reply.sentence.en))
    if reply.HasField("visit"):
        out.print(Text(f"visit until {reply.visit.expires_at.ToJsonString()}, token in {kept}"))
    out.print(Text(f"request id: {reply.request_id}, in the log at {reply.receipt.index}", style="dim"))


def _page(reply: pb.VerifyIdentityResponse, verdict: str, kept: Path) -> dict[str, Any]:
    page: dict[str, Any] = {
        "verdict": verdict,
        "sentence": {"th": reply.sentence.th, "en": reply.sentence.en},
        "request_id": reply.request_id,
        "receipt": {"entry_id": reply.receipt.entry_id, "index": reply.receipt.index},
    }
    if reply.no_match:
        page["no_match"] = pb.NoMatch.Name(reply.no_match).removeprefix("NO_MATCH_")
    if reply.card_problem:
        page["card_problem"] = pb.CardProblem.Name(reply.card_problem).removeprefix("CARD_PROBLEM_")
    if reply.HasField("retry_after"):
        page["retry_after"] = reply.retry_after.ToTimedelta().total_seconds()
    if reply.HasField("visit"):
        assurance = pb.Assurance.Name(reply.visit.assurance).removeprefix("ASSURANCE_")
        page["visit"] = {"file": str(kept), "expires_at": reply.visit.expires_at.ToJsonString(), "assurance": assurance}
    return page
