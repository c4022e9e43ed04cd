"""Counters of the benchmark's gateways: registered, with certificate, officer, login and visit, ready to repeat one lookup."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from adapters.dopa.simulator import DopaSimulator
from adapters.thaid.simulator import ThaidSimulator
from linkage.v1 import lookup_pb2
from tests.bench.loading import OverGrpc
from tests.journeys.world import SERVICE, Desk, Place, World

if TYPE_CHECKING:
    from linkage.runtime.gateway import Gateway

NUMBER = "1100000000016"
RECORD_TYPE = "dopa.person"
FIELDS = ("title", "first_name", "last_name", "birth_date", "nationality")
LOOKUP = "/linkage.v1.LookupService/Lookup"
_CENTRE = "cm-01"
_FIRST = 100  # the sample's own counters have smaller numbers


def uri(number: int) -> str:
    """The name of one of the benchmark's counters."""
    return f"spiffe://linkage.example/centre/{_CENTRE}/counter/{_FIRST + number}"


def register(place: Place, count: int) -> None:
    """Enter this many counters in the place's register."""
    with (place.folder / "register.toml").open("a", encoding="utf-8") as file:
        file.writelines(f'\n[[counter]]\nuri = "{uri(number)}"\ncentre = "{_CENTRE}"\n' for number in range(count))


def open_visits(place: Place, port: int, count: int) -> list[OverGrpc]:
    """Let officers log in at this many registered counters and verify a person each; what each then asks again and again."""
    return asyncio.run(_open_visits(place, port, count))


async def _open_visits(place: Place, port: int, count: int) -> list[OverGrpc]:
    gateway = cast("Gateway", SimpleNamespace(port=port))
    world = World(place.folder, place.clock, DopaSimulator(), ThaidSimulator(), gateway)
    return [await _open_visit(world, number) for number in range(count)]


async def _open_visit(world: World, number: int) -> OverGrpc:
    certificate, key = world.certificate(uri(number), f"bench-{number}")
    token = world.token(certificate, subject=f"officer-{number:04d}")
    desk = Desk(world, certificate, key, token)
    try:
        session = await desk.login()
        visit = (await desk.verify(NUMBER)).visit.token
    finally:
        await desk.close()
    request = lookup_pb2.LookupRequest(
        visit_token=visit, service=SERVICE, record_type=RECORD_TYPE, fields=FIELDS, agency_session_token=session
    )
    return OverGrpc(
        target=f"localhost:{world.gateway.port}",
        ca=str(world.folder / "ca.pem"),
        certificate=str(certificate),
        key=str(key),
        method=LOOKUP,
        request=request.SerializeToString().hex(),
        metadata=(("authorization", f"Bearer {token}"),),
    )


def at(callers: Sequence[OverGrpc], port: int, connections: int = 1) -> list[OverGrpc]:
    """The same callers at another port, each with this many connections."""
    return [_at(caller, port) for caller in callers for _ in range(connections)]


def _at(caller: OverGrpc, port: int) -> OverGrpc:
    return OverGrpc(
        target=f"localhost:{port}",
        ca=caller.ca,
        certificate=caller.certificate,
        key=caller.key,
        method=caller.method,
        request=caller.request,
        metadata=caller.metadata,
        found=caller.found,
    )
