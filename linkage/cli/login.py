"""`linkage login`: an officer logs in at an agency from the command line, so that `linkage lookup` can ask it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from linkage.cli.desk import Ca, Cert, Deadline, Desk, Folder, Key, Lines, NumberFile, Receipts, Target, TokenFile, save
from linkage.cli.ending import ending, err, out, say
from linkage.cli.options import Json, MaybeConfig
from linkage.cli.verify import Recipient
from linkage.client.counter import DEADLINE_S
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.written import replace_private
from linkage.v1 import agency_session_pb2 as pb
from linkage.v1 import verification_pb2

Source = Annotated[str, typer.Option("--source", help="The agency to log in at, by its source name.")]
Office = Annotated[int | None, typer.Option("--office", help="Which of the offices offered; needed where there are several.")]
ByCard = Annotated[bool, typer.Option("--card", help="By the officer's smart card instead of ThaID.")]
SessionFile = Annotated[
    Path | None,
    typer.Option(
        "--session-file", metavar="FILE", help="Where the session token goes, mode 600. With --counter: SOURCE.RECIPIENT.session there."
    ),
]


def login(
    recipient: Recipient,
    source: Source = "dopa",
    by_card: ByCard = False,
    office: Office = None,
    folder: Folder = None,
    target: Target = None,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    token_file: TokenFile = None,
    number_file: NumberFile = None,
    session_file: SessionFile = None,
    receipts: Receipts = None,
    deadline: Deadline = DEADLINE_S,
    config: MaybeConfig = None,
    as_json: Json = False,
) -> None:
    """Log in at an agency. Read from standard input, one value a line: the officer's own number, then the proof.

    By ThaID: the authorization code, then the redirect URI. By card: the chip number; then the envelope that the card makes of the
    challenge, which is printed to standard error.
    """
    desk = Desk(folder, target, ca, cert, key, token_file, config)
    with ending(as_json=as_json):
        kept = desk.kept(session_file, "--session-file", f"{source}.{recipient}.session")
        lines = Lines(None)
        number = (lines if number_file is None else Lines(number_file)).next("the officer's own number")
        chip = lines.next("chip number") if by_card else None
        with desk.connect(deadline) as counter:
            begun = counter.begin_login(recipient=recipient, source=source, officer_number=number, chip_number=chip)
            chosen = _office(begun, office)
            if by_card:
                err.print(Text(f"challenge: {begun.challenge}"))
            reply = counter.confirm_login(begun.login_token, chosen, _proof(lines, by_card=by_card))
        save(reply.receipt, receipts, "login")
        replace_private(kept, reply.session.token + "\n")
        _tell(reply, source, chosen, kept, as_json=as_json)


def _proof(lines: Lines, *, by_card: bool) -> verification_pb2.ThaidCode | str:
    if by_card:
        return lines.next("envelope")
    return verification_pb2.ThaidCode(code=lines.next("authorization code"), redirect_uri=lines.next("redirect URI"))


def _office(begun: pb.BeginLoginResponse, wanted: int | None) -> int:
    offered = {one.id: one.name for one in begun.offices}
    chosen = next(iter(offered), None) if wanted is None and len(offered) == 1 else wanted
    if chosen is None or chosen not in offered:
        names = ", ".join(f"{number} ({name})" for number, name in offered.items())
        raise SettingsInvalid((Problem("command line", "--office", "none" if wanted is None else str(wanted), f"one of {names}"),))
    return chosen


def _tell(reply: pb.ConfirmLoginResponse, source: str, office: int, kept: Path, *, as_json: bool) -> None:
    ends = reply.session.expires_at.ToJsonString()
    if as_json:
        say({"source": source, "office": office, "expires_at": ends, "file": str(kept), "request_id": reply.request_id})
    else:
        out.print(Text("logged in", style="bold green"), Text(f"at {source} until {ends}, token in {kept}"))
