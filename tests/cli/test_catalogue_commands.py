"""`linkage catalogue`: the same catalogue from a gateway and from its files, for people and for programs."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.cli.conftest import Linkage
from tests.journeys.place import COUNTER_1, Place, build_place
from tests.journeys.world import World, running

LAND_TRANSPORT = Path(__file__).parents[2] / "adapters" / "dlt"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    with capture_logs():  # the gateway serves in this process, whose standard output is the command's for a while
        async with running(build_place(tmp_path / "world")) as world:
            yield world


@pytest.fixture
def folder(world: World) -> Path:
    """A counter's folder, as the demo leaves one."""
    folder = world.folder / "counter"
    folder.mkdir()
    certificate, key = world.certificate(COUNTER_1, "cm-01-counter-1")
    for name, path in (("cert.pem", certificate), ("key.pem", key), ("ca.pem", world.folder / "ca.pem")):
        (folder / name).write_bytes(path.read_bytes())
    (folder / "officer.jwt").write_text(world.token(certificate))
    (folder / "target").write_text(f"localhost:{world.gateway.port}\n")
    return folder


async def test_a_gateway_and_its_files_say_the_same(world: World, linkage: Linkage, folder: Path) -> None:
    for words in (("services",), ("service", "driving_licence_renewal"), ("records",), ("records", "dopa.house")):
        asked = await to_thread(linkage, "catalogue", *words, "--counter", folder, "--json")
        read = await to_thread(linkage, "catalogue", *words, "--config", world.settings_file, "--json")

        assert (0, 0) == (asked.code, read.code), asked.said + read.said
        assert asked.page == read.page


async def test_a_service_nobody_knows_is_a_wrong_command_on_both_ways(world: World, linkage: Linkage, folder: Path) -> None:
    asked = await to_thread(linkage, "catalogue", "service", "no_such_service", "--counter", folder)
    read = await to_thread(linkage, "catalogue", "service", "no_such_service", "--config", world.settings_file)

    assert (2, 2) == (asked.code, read.code)
    assert "UNKNOWN_SERVICE" in asked.said
    assert "linkage catalogue services" in read.said


def test_a_service_is_shown_with_what_replaces_each_paper_and_why_the_others_stay(place: Place, linkage: Linkage) -> None:
    shown = linkage("catalogue", "service", "driving_licence_renewal", "--config", place.settings_file)

    assert 0 == shown.code, shown.said
    for said in (
        "ต่ออายุใบอนุญาตขับรถส่วนบุคคล 5 ปี",
        "รถยนต์ 505 บาท",
        "dopa.person (title, first_name, middle_name, last_name, birth_date)",
        "ยังไม่เชื่อมโยงที่นี่",
        "กระดาษ: แพทย์ออกให้เป็นกระดาษ",
        "checked on 2026-11-21",
    ):
        assert said in shown.said
    assert "ไม่มีอยู่จริง" not in shown.said
    assert "ไม่มีอยู่จริง" in linkage("catalogue", "service", "joint_counter_demo", "--config", place.settings_file).said


def test_services_and_records_are_listed_with_thai_labels(place: Place, linkage: Linkage) -> None:
    services = linkage("catalogue", "services", "--config", place.settings_file)
    records = linkage("catalogue", "records", "dopa.id_card", "--config", place.settings_file)

    assert (0, 0) == (services.code, records.code), services.said + records.said
    assert "house_move" in services.said
    assert "แจ้งย้ายเข้า" in services.said
    assert "ศาสนา" in records.said
    assert "อ่อนไหว ม.26 / sensitive" in records.said
    assert "dopa.person" not in records.said
    assert 2 == linkage("catalogue", "records", "dopa.nothing", "--config", place.settings_file).code


def test_what_is_assumed_of_an_agency_s_interface_is_shown_with_its_records(place: Place, linkage: Linkage) -> None:
    with place.settings_file.open("a") as settings:
        settings.write(f'\n[sources.dlt]\nmanifest = "{LAND_TRANSPORT}"\nrecipients = {{}}\n')
    told = linkage("catalogue", "records", "dlt.driving_licence", "--config", place.settings_file, "--json")
    known = linkage("catalogue", "records", "dopa.person", "--config", place.settings_file, "--json")

    assert (0, 0) == (told.code, known.code), told.said
    (licence,), (person,) = told.page["record_types"], known.page["record_types"]
    assert "not public" in licence["assumed"]
    assert not person["assumed"]
    assert licence["assumed"] in linkage("catalogue", "records", "--config", place.settings_file).said


def test_check_counts_what_is_in_order_and_lists_every_problem(place: Place, linkage: Linkage) -> None:
    good = linkage("catalogue", "check", "--config", place.settings_file, "--json")
    assert 0 == good.code, good.said
    assert good.page["ok"]
    assert 0 < good.page["documents_connected"] < good.page["documents"]

    place.change("services/transport.toml", '"dopa.person"', '"dopa.persons"')
    place.change("services/welfare.toml", '"birth_date"', '"wealth"')
    bad = linkage("catalogue", "check", "--config", place.settings_file, "--json")
    assert 1 == bad.code
    keys = {problem["key"] for problem in bad.page["problems"]}
    assert "service[driving_licence_renewal].documents.id_card.dopa.persons" in keys
    assert "service[elderly_allowance].documents.id_card.dopa.person.wealth" in keys
    assert 2 == linkage("catalogue", "services", "--config", place.settings_file).code
