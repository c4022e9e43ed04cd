"""GDX's settings: defaults of the facts, and what is refused."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.gdx import Gdx
from adapters.gdx.settings import GdxSettings
from adapters.gdx.tests.world import World
from linkage.settings import problems_of

FILES = {"consumer_key_file": "/nowhere/key", "consumer_secret_file": "/nowhere/secret"}


def test_the_defaults_are_gdxs_own_address_and_numbers() -> None:
    settings = GdxSettings.model_validate(FILES | {"agent_system": "one-stop"})
    assert Gdx().base_urls(settings) == {"https://api.egov.go.th"}
    assert settings.url("auth/validate") == "https://api.egov.go.th/ws/auth/validate"
    assert (settings.office_id, settings.service_id, settings.version) == ("00023", "001", "01")
    assert settings.agent() == "one-stop"
    assert (Gdx.numbers_in_url, Gdx.secret_in_url) == (True, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"agent_system": "one-stop", "agent_number_file": "/nowhere/agent"},
        {"agent_system": ""},
        {"agent_system": "1100000000016"},
        {"agent_system": "1-1000-00000-01-6"},
        {"agent_system": "one-stop", "base_url": "http://api.egov.go.th"},
        {"agent_system": "one-stop", "base_url": "https://api.egov.go.th/?x=1"},
        {"agent_system": "one-stop", "base_ulr": "https://api.egov.go.th"},
        {"agent_system": "one-stop", "office_id": "23"},
        {"agent_system": "one-stop", "service_id": "1"},
        {"agent_system": "one-stop", "version": "1"},
        {"agent_system": "one-stop", "no_record_texts": ["no"]},
        {"agent_system": "one-stop", "consumer_key": "key"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GdxSettings.model_validate(FILES | wrong)


def test_a_number_in_the_place_of_a_name_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as raised:
        GdxSettings.model_validate(FILES | {"agent_system": "1100000000016"})
    [problem] = problems_of("linkage.toml", raised.value)
    assert "11000" not in repr(problem)
    assert "agent_number_file" in problem.expected


def test_credentials_are_files_and_read_at_each_use(tmp_path: Path) -> None:
    for name in ("key", "secret", "agent"):
        (tmp_path / name).write_text(f"{name}-1\n", encoding="utf-8")
    own = {"consumer_key_file": tmp_path / "key", "consumer_secret_file": tmp_path / "secret", "agent_number_file": tmp_path / "agent"}
    settings = GdxSettings.model_validate(own)
    assert (settings.consumer_key(), settings.consumer_secret()) == ("key-1", "secret-1")
    (tmp_path / "key").write_text("key-2", encoding="utf-8")
    assert settings.consumer_key() == "key-2"
    (tmp_path / "agent").write_text("3100000000063\n", encoding="utf-8")
    assert settings.agent() == "3100000000063"
    assert "3100000000063" not in repr(settings)


def test_an_agents_file_without_a_citizen_number_is_refused_unnamed(tmp_path: Path) -> None:
    (tmp_path / "agent").write_text("3100000000064", encoding="utf-8")
    settings = GdxSettings.model_validate(FILES | {"agent_number_file": tmp_path / "agent"})
    with pytest.raises(ValueError, match="check digit") as raised:
        settings.agent()
    assert "31000" not in str(raised.value)


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Gdx().base_urls(World().simulator.knobs)
