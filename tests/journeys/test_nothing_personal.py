"""Nothing personal is anywhere it need not be: log lines, metrics, statuses, metadata, and every byte on the log's disk."""

import base64
import io
from collections.abc import AsyncIterator

import grpc
import pytest
import structlog

from linkage.errors import Reason
from linkage.telemetry import configure_logging
from linkage.v1 import verification_pb2 as pb
from tests.journeys.logbook import refusal
from tests.journeys.world import OFFICER, SERVICE, Desk, World

PERSON, WRONG = "1100000000016", "ZZ1234509876"
VOUCHED, SPOKEN = "3100000000012", "ผู้ป่วยติดเตียงอยู่ที่บ้านริมน้ำ"


@pytest.fixture
async def lines() -> AsyncIterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


class _Heard(grpc.aio.UnaryUnaryClientInterceptor):
    """What the gateway sends beside its messages."""

    def __init__(self) -> None:
        self.beside: list[str] = []

    async def intercept_unary_unary(self, continuation, client_call_details, request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        call = await continuation(client_call_details, request)
        self.beside += [repr(await call.initial_metadata()), repr(await call.trailing_metadata()), await call.details() or ""]
        return call


async def test_a_whole_day_at_the_counter_leaves_no_person_in_the_clear(lines: io.StringIO, world: World, desk: Desk) -> None:
    heard = _Heard()
    spoken = await _day(world, desk, heard)

    people = world.dopa.people
    person, vouched, officer = people[PERSON], people[VOUCHED], people[OFFICER]
    assert person.house is not None
    secrets = [
        *(PERSON, VOUCHED, OFFICER, "1-1000-00000-01-6", person.first, person.last, person.laser, WRONG, str(person.born), "1987-01-15"),
        *(person.chip, person.card_number, officer.chip, vouched.first, SPOKEN, person.house.no + " " + person.house.road, *spoken),
    ]
    places = {
        "log lines": lines.getvalue().encode(),
        "metrics": world.metrics(),
        "statuses and metadata": "".join(heard.beside).encode(),
        **{path.name: path.read_bytes() for path in world.folder.iterdir() if path.name.startswith(("log.db", "data-keys.db"))},
    }
    assert {"log.db", "log.db-wal", "data-keys.db", "data-keys.db-wal"} <= set(places)
    for where, content in places.items():
        assert content, where
        found = [secret for secret in secrets if any(form in content for form in _forms(secret))]
        assert [] == found, where


def _forms(secret: str) -> list[bytes]:
    """A text as itself, escaped in JSON, and in base64 at each of its three places."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"\0" * n + raw)[-(-n * 4 // 3) + 1 : -4] for n in range(3)]
    return [raw, raw.hex().encode(), secret.encode("unicode_escape"), *(form for form in shifted if len(form) > 8)]


async def _day(world: World, desk: Desk, heard: _Heard) -> list[str]:
    """Everything that a counter does, well and badly; the tokens it was given."""
    for stub, name in ((desk.verification, "VerifyIdentity"), (desk.verification, "EndVisit"), (desk.lookups, "Lookup")):
        method = getattr(stub, name)
        method._interceptors = [heard]
    session = await desk.login()
    visit = (await desk.verify(client_request_id="0190f2a0-0000-7000-8000-000000000003")).visit.token
    await desk.look_up(visit, session, "first_name", "birth_date", client_request_id="0190f2a0-0000-7000-8000-000000000004")
    await desk.look_up(visit, session, "house_no", "road", record_type="dopa.house")
    await refusal(world, desk.look_up(visit, session, "father_number"), Reason.FIELD_NOT_AGREED)
    await desk.verify(laser=WRONG)
    await desk.verify(first="ใครไม่รู้")
    await refusal(world, desk.verify(citizen_number=PERSON[:-1] + "7"), Reason.MALFORMED_REQUEST)
    consent = world.thaid.code_for(PERSON)
    shown = pb.ThaidCode(code=consent, redirect_uri="https://counter.example/back")
    request = pb.VerifyIdentityRequest(recipient="doe", service=SERVICE, citizen_number=PERSON, thaid=shown)
    by_thaid = (await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)).visit.token
    second = world.token(desk.certificate, subject="officer-0002")
    vouched = pb.PresenceException(name="bedridden", reason=SPOKEN, second_officer_token=second)
    request = pb.VerifyIdentityRequest(recipient="dla", service="elderly_allowance", citizen_number=VOUCHED, exception=vouched)
    await desk.verification.VerifyIdentity(request, metadata=desk.metadata, timeout=20)
    world.dopa.knobs.wrong_person = True
    await refusal(world, desk.look_up(visit, session, "first_name"), Reason.RECORD_OF_ANOTHER_PERSON)
    world.dopa.knobs.malformed = True
    await refusal(world, desk.look_up(visit, session, "first_name"), Reason.AGENCY_UNAVAILABLE)
    await desk.verification.EndVisit(pb.EndVisitRequest(visit_token=visit), metadata=desk.metadata, timeout=20)
    await world.gateway._tally.record(everything=True)
    return [session, visit, by_thaid, consent, second, desk.metadata[0][1].removeprefix("Bearer ")]
