"""Every error of X-Road's own, old spelling and new: what it means to a citizen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from linkage.sources.adapter import Refused, RefusedCause, Unavailable
from linkage.sources.checked import tame
from linkage.sources.rest.xroad.errors import DENIED, OUR_MISTAKE, WORDS, failure
from tests.sources.rest.xroad.ministry import LICENCE_OF_SOMMUT, REQUEST_ID, SOMMUT, World, carried, failed, why

MEANINGS = {
    ("Client.BadRequest", "client.bad_request"): "configuration: x-road refuses our request",
    ("Client.AccessDenied", "client.access_denied"): "configuration: x-road refuses our request",
    ("Client", "client"): "configuration: x-road refuses our request",
    ("Server.ClientProxy.UnknownMember", "server.clientproxy.unknown_member"): "our security server: configuration: member unknown",
    ("Server.ServerProxy.UnknownService", "server.serverproxy.unknown_service"): "their security server: configuration: service unknown",
    (
        "Server.ClientProxy.SslAuthenticationFailed.CannotCreateCertPath.InternalError",
        "server.clientproxy.ssl_authentication_failed.cannot_create_cert_path.internal_error",
    ): "our security server: configuration: tls between servers",
    ("Server.ServerProxy.ServiceFailed", "server.serverproxy.service_failed"): "their security server: provider does not answer",
    ("Server.ServerProxy.ServiceFailed.IOError", "server.serverproxy.service_failed.io_error"): "their security server: provider does not answer",
    (
        "Server.ServerProxy.ServiceFailed.SslAuthenticationFailed",
        "server.serverproxy.service_failed.ssl_authentication_failed",
    ): "their security server: provider does not answer",
    ("Server.ServerProxy.ServiceFailed.AccessDenied", "server.serverproxy.service_failed.access_denied"): "their security server: provider does not answer",
    ("Server.ServerProxy.ServiceDisabled", "server.serverproxy.service_disabled"): "their security server: service disabled",
    ("Server.ClientProxy.NetworkError", "server.clientproxy.network_error"): "our security server: network",
    ("Server.ServerProxy.NetworkError", "server.serverproxy.network_error"): "their security server: network",
    ("Server.ClientProxy.OutdatedGlobalConf", "server.clientproxy.global_conf_outdated"): "our security server: global configuration outdated",
    (
        "Server.ClientProxy.LoggingFailed.TimestamperFailed",
        "server.clientproxy.logging_failed.timestamper_failed",
    ): "our security server: message log",
    ("Server.ClientProxy.IOError", "server.clientproxy.io_error"): "our security server: input or output",
    ("Server.ServerProxy.DatabaseError", "server.serverproxy.database_error"): "their security server: database",
    ("Server.ServerProxy.InternalError", "server.serverproxy.internal_error"): "their security server: internal error",
    ("Server.ServerProxy.MaintenanceMode", "server.serverproxy.maintenance_mode"): "their security server: maintenance",
    ("Server.InternalError", "server.internal_error"): "security server: internal error",
    ("NetworkError", "network_error"): "x-road: network",
    ("Server.ServerProxy.SomethingNew", "server.serverproxy.something_new"): "their security server: another error",
    ("Server.ServerProxy", "server.serverproxy"): "their security server: another error",
    ("Server", "server"): "security server: another error",
    ("", " "): "x-road: another error",
    ("1100000000016", "NotFound"): "x-road: another error",
    ("Server.ServerProxy.AccessDeniedNot", "server.serverproxy.not_found"): "their security server: another error",
}  # fmt: skip


@pytest.mark.parametrize(("codes", "said"), MEANINGS.items(), ids=lambda _: "")
def test_both_spellings_of_a_code_mean_the_same_and_nobody_can_tell(codes: tuple[str, str], said: str) -> None:
    assert [failure(code) for code in codes] == [Unavailable(said)] * 2


@pytest.mark.parametrize(
    "code",
    [
        "Server.ServerProxy.AccessDenied",
        "server.serverproxy.access_denied",
        "Server.ClientProxy.AccessDenied",
        "access_denied",
        "AccessDenied",
        "Server.ServerProxy.AccessDenied.Whatever",
    ],
)
def test_only_access_denied_is_a_refusal(code: str) -> None:
    assert failure(code) == DENIED == Refused(RefusedCause.NOT_ENTITLED, "access_denied")


def test_every_known_code_has_its_row_here() -> None:
    seen = {word for codes in MEANINGS for code in codes for word in code.lower().replace("_", "").split(".")}
    assert seen >= WORDS.keys()


def test_every_word_may_stand_in_logs_and_metrics_as_it_is() -> None:
    for codes in MEANINGS:
        for answer in map(failure, codes):
            assert tame(answer) == answer
    assert tame(OUR_MISTAKE) == OUR_MISTAKE
    assert tame(DENIED) == DENIED


# ---- on the wire -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
async def test_the_header_decides_and_never_the_status(folder: Path, status: int) -> None:
    """The manifest says that 404 means not found; X-Road's own 404 does not."""
    world = World(folder, failed("Server.ServerProxy.NetworkError", status))
    assert why(await world.ask()) == "their security server: network"
    world = World(folder, failed("server.serverproxy.access_denied", status))
    assert await world.ask() == DENIED


async def test_a_record_beside_an_error_is_not_read(folder: Path) -> None:
    assert why(await World(folder, carried(LICENCE_OF_SOMMUT, x_road_error="Server.ClientProxy.IOError")).ask()) != ""


async def test_an_empty_error_header_is_an_error_too(folder: Path) -> None:
    assert why(await World(folder, carried(LICENCE_OF_SOMMUT, x_road_error="")).ask()) == "x-road: another error"


async def test_nothing_of_an_error_is_repeated(folder: Path) -> None:
    world = World(folder, failed(f"Server.ServerProxy.{SOMMUT}"))
    assert SOMMUT not in repr(await world.ask())


@pytest.mark.parametrize(
    "reply",
    [failed("AccessDenied", x_road_id=REQUEST_ID), failed("AccessDenied", x_road_client="TH-TEST/GOV/1/other")],
    ids=["id", "client"],
)
async def test_an_error_of_another_message_is_not_taken_for_ours(folder: Path, reply: Callable[..., object]) -> None:
    assert why(await World(folder, reply).ask()) == "x-road: answer to another question"  # type: ignore[arg-type]
