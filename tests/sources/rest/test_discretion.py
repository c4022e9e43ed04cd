"""Nothing of a person and no secret of ours gets into an exception, a word for the log, a name or a repr."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse

from linkage.errors import LinkageError
from linkage.sources.adapter import Found, Malformed, Unavailable
from linkage.sources.checked import answers
from tests.sources.rest.ferry import HEADER, OAUTH2, PASS, SOMMUT, TICKET, World, written

VALUE = "ค่าที่ห้ามบอกใคร"
wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(VALUE) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["deck", "no", "day", "owner", "first", "last", VALUE]), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = ("serial", "price", "valid", "boughtOn", "photo", "stops", "seat", "remark")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("ferry"))


async def alone(world: World) -> str:
    """What one record type's answer, or its failure, shows."""
    try:
        return repr(await world.ask())
    except Malformed as refused:
        return f"{refused!r} {refused} {refused.__cause__!r}"


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), wild, max_size=8) | wild,
    st.fixed_dictionaries({}, optional={"id": wild, "legs": wild, "name": wild, "born": wild, "pass": wild, "error": wild}),
)
async def test_no_reply_makes_the_adapter_tell_a_value(folder: Path, ticket: Any, around: dict[str, Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await JSONResponse({"ok": True, "ticket": ticket, **around})(scope, receive, send)

    world = World(folder, app)
    wanted = {TICKET: KEYS_OF_OURS, PASS: ("state", "trips")}
    given_back = await world.fetch(SOMMUT, wanted)
    for answer in given_back.values():
        told = (repr(answer), getattr(answer, "why", ""), getattr(answer, "code", ""), *getattr(answer, "also_sent", ()))
        assert VALUE not in " ".join(told)
    assert VALUE not in await alone(world)
    # what it answers keeps to the contract: nothing in it becomes "adapter failed"
    assert answers(given_back, dict.fromkeys(wanted, ())) == given_back


KEYS_OF_OURS = ("serial", "price", "valid", "bought_on", "photo", "stops", "seat", "remark")


async def test_a_failing_request_tells_neither_number_nor_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    (file := tmp_path / "file").write_text("s3cret")
    for credentials, setting in ((HEADER, "key_file"), (OAUTH2, "client_secret_file")):
        secret: dict[str, Any] = {setting: str(file)}
        world = World(written(tmp_path, credentials=credentials), **secret)
        world.settings = world.adapter.Settings.model_validate(world.settings.model_dump() | {"base_url": "https://elsewhere.example"})
        with pytest.raises(httpx.HTTPError) as caught:
            await world.ask()
        assert SOMMUT not in f"{caught.value!r}"
        assert "s3cret" not in f"{caught.value!r} {world.settings!r}"
    told = caplog.text + "".join(capsys.readouterr())
    assert SOMMUT not in told
    assert "s3cret" not in told


async def test_an_answer_and_a_question_show_nothing_in_their_repr(world: World) -> None:
    found = await world.ask()
    assert isinstance(found, Found)
    shown = f"{found!r} {found.about!r}"
    for value in (SOMMUT, "ทดสอบระบบ", "A1"):
        assert value not in shown


def test_what_a_rule_says_can_stand_in_the_log(world: World) -> None:
    """The words come from the manifest; they are held to the same as an adapter's own."""
    for rule in world.adapter.manifest.rules:
        said = answers({TICKET: Unavailable(rule.code)}, {TICKET: ()})[TICKET]
        assert said == Unavailable(rule.code)


def test_the_errors_of_a_manifest_are_errors_of_ours() -> None:
    assert issubclass(Malformed, LinkageError)
