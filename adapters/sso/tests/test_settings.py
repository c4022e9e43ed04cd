"""SSO's settings: defaults of the facts, and what is refused."""

import pytest
from pydantic import BaseModel, ValidationError

from adapters.sso import Sso
from adapters.sso.settings import SsoSettings
from adapters.sso.tests.world import World

LEAST = {"username_file": "/run/user", "password_file": "/run/word", "namespace": "http://service.example/"}


class Another(BaseModel):
    """Some other adapter's settings."""


def test_the_defaults_are_ssos_own_address_and_the_assumptions_of_the_readme() -> None:
    settings = SsoSettings.model_validate(LEAST)
    assert settings.url == "https://wsg.sso.go.th/DBforService/services/EmployeeEmployments"
    assert Sso().base_urls(settings) == {"https://wsg.sso.go.th"}
    assert (settings.soap, settings.soap_action, settings.qualified, settings.result) == ("1.1", "", False, "result")
    assert settings.empty_list == "unavailable"


@pytest.mark.parametrize("missing", LEAST)
def test_what_only_sso_can_say_has_no_default(missing: str) -> None:
    with pytest.raises(ValidationError):
        SsoSettings.model_validate({key: value for key, value in LEAST.items() if key != missing})


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "in the clear"},
        {"url": "http://wsg.sso.go.th/x"},
        {"namespace": ""},
        {"namespace": "no scheme"},
        {"namespace": "urn:{x}"},
        {"namespace": "http://a.example/%"},
        {"soap": "1.3"},
        {"soap_action": 'a"b'},
        {"soap_action": "a\r\nb"},
        {"result": ""},
        {"result": "{urn:x}y"},
        {"empty_list": "none"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SsoSettings.model_validate(LEAST | wrong)


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Sso().base_urls(Another())


def test_credentials_of_the_simulator_are_files_of_this_user_alone() -> None:
    settings = World().settings
    for path in (settings.username_file, settings.password_file):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
