"""What the commands share that search the log: the index brought up, refusals told and recorded, the options they have in common."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import grpc
import typer

from linkage.cli.auditing import at_the_desk, begun, in_common_era, reading
from linkage.client.refused import refused_of
from linkage.clock import SystemClock, thai_midnight
from linkage.errors import Reason, Refusal
from linkage.ids import id_text, new_id
from linkage.inspection import Inspection
from linkage.rpc.status import WireStatus, status_of
from linkage.runtime.auditors_desk import AuditorsDesk
from linkage.runtime.searching import inspection_at

T = TypeVar("T")

Since = Annotated[str, typer.Option("--since", metavar="DATE", help="From this day in Thailand on, YYYY-MM-DD of the Common Era.")]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="Up to the end of this day in Thailand.")]
PageSize = Annotated[int, typer.Option("--page-size", min=1, max=200, help="How many to show.")]
Rebuild = Annotated[
    bool,
    typer.Option(
        "--rebuild",
        help="Make the search index anew from the log first, which takes long on a long one. The index is no evidence: what somebody "
        "has taken out of its file can be missing from an answer.",
    ),
]
PageToken = Annotated[str, typer.Option("--page-token", metavar="TOKEN", help="For a further page: what the page before said.")]


def inspect(
    config: Path,
    auditor: str | None,
    method: str,
    look: Callable[[AuditorsDesk, Inspection, bytes], Awaitable[T]],
    *,
    as_json: bool,
    rebuild: bool = False,
) -> T:
    """Let an auditor read.

    Args:
        config: the gateway's settings file.
        auditor: the auditor's URI name; None: not given.
        method: what is done, for the entry of a refusal.
        look: reads, given the id that its reading is recorded under.
        as_json: whether a bar would be in the way.
        rebuild: whether the search index is made anew first.

    Raises:
        Refused: the reading was refused.
        typer.BadParameter, SettingsInvalid, AuditUnavailable, LogCorrupt: as `at_the_desk`.
    """

    async def work(desk: AuditorsDesk) -> T:
        read = new_id(desk.clock)
        try:
            with reading("indexing", as_json=as_json) as progress:
                longest = 0

                def told(missing: int) -> None:
                    nonlocal longest
                    longest = max(longest, missing)
                    progress(longest - missing, longest)

                async with inspection_at(desk, told, rebuild=rebuild) as inspection:
                    return await look(desk, inspection, read)
        except Refusal as refusal:
            if refusal.reason is Reason.OUTSIDE_AGENCIES:
                refusal.receipt = await desk.room.refuse(read, desk.auditor, method, refusal)
            recorded = "" if refusal.reason is Reason.MALFORMED_REQUEST else id_text(read)
            raise refused_of(_Failed(status_of(refusal, recorded, {}))) from refusal

    return at_the_desk(config, auditor, work)


class _Failed:
    """A refusal of this process, as a client reads one of a gateway."""

    def __init__(self, status: WireStatus) -> None:
        self._status = status

    def code(self) -> grpc.StatusCode:
        return self._status.code

    def trailing_metadata(self) -> Sequence[tuple[str, str | bytes]]:
        return self._status.trailers


def span_ms(since: str, until: str) -> tuple[int | None, int | None]:
    """The first moment wanted and the first one that is not, Unix time in ms; None where not given.

    Raises:
        typer.BadParameter: one is no day of the Common Era, or nothing can lie between: that would be read as a none.
    """
    first, last = _day("--since", since), _day("--until", until)
    if first is not None and last is not None and first > last:
        raise typer.BadParameter("--until must not be earlier than --since")
    begin_ms = None if first is None else begun(first, SystemClock().now_ms())
    return begin_ms, None if last is None else thai_midnight(in_common_era("--until", last) + timedelta(days=1))


def _day(option: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} takes a day of the Common Era such as 2026-11-01") from None
