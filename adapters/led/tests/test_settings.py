"""LED's settings: defaults of the facts, and what is refused."""

import pytest
from pydantic import BaseModel, ValidationError

from adapters.led import Led
from adapters.led.settings import LedSettings
from adapters.led.tests.world import URL, World


class Another(BaseModel):
    """Some other adapter's settings."""


LEAST = {"username_file": "/run/user", "password_file": "/run/word", "app_id": "A", "terminal_id": "T", "ip": "192.0.2.1"}


def test_the_defaults_are_leds_own_address_and_the_assumptions_of_the_readme() -> None:
    settings = LedSettings.model_validate(LEAST)
    assert settings.url == "https://services.led.go.th/v1/GdxWebServiceSam"
    assert Led().base_urls(settings) == {"https://services.led.go.th"}
    assert (settings.branch_code, settings.timestamp_era, settings.number_in_df_id, settings.name_in_df_name) == ("001", "CE", True, True)


@pytest.mark.parametrize("missing", LEAST)
def test_what_only_led_can_say_has_no_default(missing: str) -> None:
    with pytest.raises(ValidationError):
        LedSettings.model_validate({key: value for key, value in LEAST.items() if key != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "in the clear"},
        {"url": "http://services.led.go.th/v1/GdxWebServiceSam"},
        {"url": "https://services.led.go.th/?x=1"},
        {"app_id": ""},
        {"terminal_id": ""},
        {"branch_code": ""},
        {"ip": "services.led.go.th"},
        {"timestamp_era": "BC"},
        {"number_in_df_id": "maybe"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LedSettings.model_validate(LEAST | wrong)


def test_another_agency_s_gateway_may_stand_before_it() -> None:
    settings = LedSettings.model_validate(LEAST | {"url": "https://wsg.sso.go.th/v1/GdxWebServiceSam"})
    assert Led().base_urls(settings) == {"https://wsg.sso.go.th"}


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Led().base_urls(Another())


def test_credentials_of_the_simulator_are_files_of_this_user_alone() -> None:
    settings = World().settings
    assert URL in settings.url
    for path in (settings.username_file, settings.password_file):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
