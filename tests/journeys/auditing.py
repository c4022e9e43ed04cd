"""What auditors look for in these journeys, and what there is to be found."""

from typing import Any

from linkage.errors import Reason
from linkage.v1 import audit_pb2 as pb
from tests.journeys.logbook import refusal
from tests.journeys.world import Desk

AUDITOR = "spiffe://linkage.example/auditor/labour"
PERSON, OTHER = "1100000000016", "1100000000024"


async def listed(auditor: Desk, **criteria: Any) -> list[tuple[str, str]]:
    """Method, or kind, and result of the entries found, newest first."""
    reply = await auditor.audit.ListEntries(pb.ListEntriesRequest(filter=pb.EntryFilter(**criteria)))
    return [(one.method or one.kind, one.result or one.reason) for one in reply.entries if one.kind != "read"]


async def day(desk: Desk) -> str:
    """A verification, two lookups and a refused one; the visit's id."""
    session = await desk.login()
    verified = await desk.verify()
    await desk.look_up(verified.visit.token, session)
    desk.world.dopa.knobs.down = True
    await refusal(desk.world, desk.look_up(verified.visit.token, session, "road", record_type="dopa.house"), Reason.AGENCY_UNAVAILABLE)
    desk.world.dopa.knobs.down = False
    await refusal(desk.world, desk.look_up(verified.visit.token, session, "father_number"), Reason.FIELD_NOT_AGREED)
    visit: str = verified.request_id
    return visit
