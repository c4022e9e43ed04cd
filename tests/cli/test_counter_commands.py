"""`linkage verify`, `login` and `lookup`: what must not stand on a command line is read from elsewhere, and kept where only its owner reads."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.main import get_command

from adapters.dopa.simulator_linkage import card_envelope
from linkage.cli.main import app
from tests.cli.conftest import Ended, Linkage
from tests.journeys.place import COUNTER_1, OFFICER, SERVICE, build_place
from tests.journeys.world import World, running

NUMBER = "1100000000016"
CARD = f"{NUMBER}\nสมมติ\nทดสอบระบบ\n25300115\nZZ9-9000000-01\n"
FOR = ("--recipient", "doe", "--service", SERVICE)


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


async def verified(linkage: Linkage, folder: Path, card: str = CARD, *words: str | Path) -> Ended:
    return await to_thread(linkage, "verify", "--counter", folder, *FOR, *words, typed=card)


async def looked_up(linkage: Linkage, folder: Path, fields: str = "first_name,birth_date", *words: str | Path) -> Ended:
    asked = ("lookup", "--counter", folder, "--service", SERVICE, "--type", "dopa.person", "--fields", fields)
    return await to_thread(linkage, *asked, *words)


async def logged_in(world: World, linkage: Linkage, folder: Path) -> Ended:
    code = world.thaid.code_for(OFFICER)
    world.dopa.accepts_access_token = world.thaid.is_token_of
    typed = f"{OFFICER}\n{code}\nhttps://counter.example/back\n"
    return await to_thread(linkage, "login", "--counter", folder, "--recipient", "doe", "--json", typed=typed)


async def test_a_counter_on_the_command_line_verifies_logs_in_and_looks_up(world: World, linkage: Linkage, folder: Path) -> None:
    verification = await verified(linkage, folder, CARD, "--receipts", folder, "--json")
    login = await logged_in(world, linkage, folder)
    record = await looked_up(linkage, folder, "first_name,birth_date", "--receipts", folder, "--json")
    shown = await looked_up(linkage, folder)

    assert (0, 0, 0, 0) == (verification.code, login.code, record.code, shown.code), verification.said + login.said + record.said
    assert ("MATCH", "CARD_LASER") == (verification.page["verdict"], verification.page["visit"]["assurance"])
    assert {"first_name": "สมมติ", "birth_date": "1987-01-15"} == record.page["fields"]
    assert "NAME_AND_BIRTH_DATE" == record.page["person_check"]
    assert "15 ม.ค. 2530 (1987-01-15)" in shown.said
    for name in ("visit.token", "dopa.doe.session"):
        token = (folder / name).read_text().strip()
        assert 0o600 == (folder / name).stat().st_mode & 0o777
        assert token not in verification.said + login.said + record.said + shown.said
    for name in ("verify", "lookup"):
        vkey = world.folder / "log.vkey"
        words = ("--receipt", folder / f"{name}.tlog-proof", "--leaf", folder / f"{name}.leaf", "--vkey", vkey)
        assert 0 == linkage("audit", "verify", *words).code


async def test_a_second_visit_takes_the_place_of_the_first(linkage: Linkage, folder: Path) -> None:
    await verified(linkage, folder)
    first = (folder / "visit.token").read_text()
    (folder / "visit.token").chmod(0o644)
    await verified(linkage, folder)

    assert first != (folder / "visit.token").read_text()
    assert 0o600 == (folder / "visit.token").stat().st_mode & 0o777


async def test_a_login_by_card_shows_the_challenge_and_takes_the_envelope(world: World, linkage: Linkage, folder: Path) -> None:
    officer = world.dopa.people[OFFICER]
    wrong = await to_thread(
        linkage,
        "login",
        "--counter",
        folder,
        "--recipient",
        "doe",
        "--card",
        typed=f"{OFFICER}\n{officer.chip}\n{card_envelope('x', 'y')}\n",
    )

    assert "challenge: " in wrong.said
    assert 1 == wrong.code
    assert "AGENCY_LOGIN_REFUSED" in wrong.said
    assert not (folder / "dopa.doe.session").exists()


async def test_no_match_is_a_finding_and_opens_nothing(linkage: Linkage, folder: Path) -> None:
    ended = await verified(linkage, folder, CARD.replace("9000000-01", "9000000-02"), "--json")

    assert 1 == ended.code
    assert ("NO_MATCH", "LASER_OR_NUMBER_UNKNOWN") == (ended.page["verdict"], ended.page["no_match"])
    assert not (folder / "visit.token").exists()


async def test_a_card_that_is_no_longer_valid_says_why(world: World, linkage: Linkage, folder: Path) -> None:
    expired = next(one for one in world.dopa.people.values() if one.card == "expired")
    ended = await verified(
        linkage, folder, f"{expired.number}\n{expired.first}\n{expired.last}\n{expired.born:08d}\n{expired.laser}\n", "--json"
    )

    assert 1 == ended.code
    assert ("CARD_NOT_VALID", "EXPIRED") == (ended.page["verdict"], ended.page["card_problem"])


async def test_an_agency_that_is_down_is_unavailable_and_never_a_no(world: World, linkage: Linkage, folder: Path) -> None:
    await verified(linkage, folder)
    await logged_in(world, linkage, folder)
    world.dopa.knobs.down = True

    verification, record = await verified(linkage, folder), await looked_up(linkage, folder, "first_name", "--json")

    assert (3, 3) == (verification.code, record.code)
    assert "UNAVAILABLE" in verification.said
    assert "AGENCY_UNAVAILABLE" == record.page["refused"]["reason"]


async def test_a_refusal_is_shown_with_its_sentences_and_a_malformed_request_with_its_fields(linkage: Linkage, folder: Path) -> None:
    await verified(linkage, folder)

    refused = await looked_up(linkage, folder, "father_number")
    malformed = await verified(linkage, folder, CARD.replace(NUMBER, "1100000000017"))

    assert (1, 2) == (refused.code, malformed.code)
    assert "FIELD_NOT_AGREED" in refused.said
    assert "ข้อตกลงไม่ครอบคลุม" in refused.said
    assert "citizen number: 13 digits" in malformed.said
    assert "1100000000017" not in malformed.said


async def test_a_person_with_no_house_is_not_found_which_is_a_finding(world: World, linkage: Linkage, folder: Path) -> None:
    homeless = next(one for one in world.dopa.people.values() if one.house is None and one.laser)
    await verified(linkage, folder, f"{homeless.number}\n{homeless.first}\n{homeless.last}\n{homeless.born:08d}\n{homeless.laser}\n")
    await logged_in(world, linkage, folder)

    ended = await to_thread(
        linkage, "lookup", "--counter", folder, "--service", SERVICE, "--type", "dopa.house", "--fields", "house_no", "--json"
    )

    assert (1, "NOT_FOUND") == (ended.code, ended.page["answer"])


async def test_the_number_may_come_from_a_file_and_the_rest_from_another(linkage: Linkage, folder: Path) -> None:
    number, evidence = folder / "number", folder / "evidence"
    number.write_text(NUMBER + "\n")
    evidence.write_text(CARD.partition("\n")[2], encoding="utf-8")

    assert 0 == (await verified(linkage, folder, "", "--number-file", number, "--evidence-file", evidence)).code
    assert 0 == (await verified(linkage, folder, CARD.partition("\n")[2], "--number-file", number)).code


async def test_every_part_of_the_connection_may_be_named_by_itself(world: World, linkage: Linkage, folder: Path) -> None:
    words = (
        *("--target", (folder / "target").read_text().strip(), "--token-file", folder / "officer.jwt"),
        *("--ca", folder / "ca.pem", "--cert", folder / "cert.pem", "--key", folder / "key.pem", "--visit-file", folder / "elsewhere"),
    )

    ended = await to_thread(linkage, "verify", *FOR, *words, typed=CARD)

    assert 0 == ended.code
    assert (folder / "elsewhere").exists()


@pytest.mark.parametrize("missing", ["target", "ca.pem", "cert.pem", "key.pem", "officer.jwt"])
async def test_a_counters_file_that_is_missing_is_named(linkage: Linkage, folder: Path, missing: str) -> None:
    (folder / missing).unlink()

    ended = await verified(linkage, folder, CARD, "--json")

    assert 2 == ended.code
    assert [str(folder / missing)] == [one["file"] for one in ended.page["problems"]]


@pytest.mark.parametrize(
    "words",
    [
        ("verify", *FOR),
        ("verify", *FOR, "--target", "localhost:1"),
        ("verify", *FOR, "--by", "shouting"),
        ("lookup", "--service", SERVICE, "--type", "dopa.person", "--fields", "first_name"),
        ("login", "--recipient", "doe"),
        ("no-such-command",),
    ],
)
def test_a_command_that_lacks_something_is_a_usage_error(linkage: Linkage, words: tuple[str, ...]) -> None:
    assert 2 == linkage(*words, typed=CARD).code


async def test_a_line_that_is_missing_is_named_before_anybody_is_called(world: World, linkage: Linkage, folder: Path) -> None:
    ended = await verified(linkage, folder, f"{NUMBER}\nสมมติ\n")

    assert 2 == ended.code
    assert "last name" in ended.said
    assert [] == world.dopa.received


async def test_a_gateway_that_is_not_there_is_unavailable(linkage: Linkage, folder: Path) -> None:
    (folder / "target").write_text("localhost:1\n")

    ended = await verified(linkage, folder, CARD, "--deadline", "5", "--json")

    assert 3 == ended.code
    assert "GATEWAY_NOT_REACHED" == ended.page["refused"]["reason"]


def test_no_command_takes_anything_about_a_person_on_its_command_line() -> None:
    personal = {"number", "laser", "chip", "birth", "first", "last", "code", "reason", "token", "envelope"}
    for command in ("verify", "login", "lookup"):
        for option in get_command(app).commands[command].params:  # type: ignore[attr-defined]
            named = {part for text in option.opts for part in text.strip("-").split("-")}
            assert not named & personal or "file" in named, option.opts


def test_every_command_takes_json_and_config_where_there_may_be_a_gateway() -> None:
    def commands(group: object, within: str = "") -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = []
        for name, command in group.commands.items():  # type: ignore[attr-defined]
            found += commands(command, f"{name} ") if hasattr(command, "commands") else [(within + name, command)]
        return found

    for name, command in commands(get_command(app)):
        options = {text for option in command.params for text in option.opts}  # type: ignore[attr-defined]
        assert "--json" in options, name
        # an integrator or a planner has no gateway yet, a witness none at all
        assert "--config" in options or name.startswith(("adapter ", "plan", "witness ")), name


async def test_a_counter_that_keeps_logins_of_several_recipients_is_asked_for_which(world: World, linkage: Linkage, folder: Path) -> None:
    await verified(linkage, folder)
    await logged_in(world, linkage, folder)
    (folder / "dopa.dlpw.session").write_text("another recipient's\n")

    asked = await looked_up(linkage, folder)
    named = await looked_up(linkage, folder, "first_name", "--recipient", "doe", "--json")
    wrong = await looked_up(linkage, folder, "first_name", "--recipient", "dlpw", "--json")

    assert 2 == asked.code
    assert "--recipient is required" in " ".join(asked.said.split())
    assert (0, "FOUND") == (named.code, named.page["answer"])
    assert 1 == wrong.code
    assert "AGENCY_LOGIN_INVALID" in wrong.said
