"""ThaID's settings: defaults, and what is refused."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from adapters.thaid import Thaid
from adapters.thaid.settings import ThaidSettings


class Foreign(BaseModel):
    """Settings of no adapter."""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "client_secret"
    path.write_text("not-a-secret", encoding="utf-8")
    return path


def test_the_defaults_are_thaids_own_addresses(secret: Path) -> None:
    settings = ThaidSettings(client_id="c", client_secret_file=secret)
    assert settings.url("token") == "https://imauth.bora.dopa.go.th/api/v2/oauth2/token/"
    assert settings.keys_url() == "https://imauth.bora.dopa.go.th/api/v2/oauth2/jwks/"
    assert Thaid().base_urls(settings) == {"https://imauth.bora.dopa.go.th"}


def test_keys_on_another_host_are_pinned_too(secret: Path) -> None:
    settings = ThaidSettings(client_id="c", client_secret_file=secret, jwks_url="https://keys.example/jwks")
    assert Thaid().base_urls(settings) == {"https://imauth.bora.dopa.go.th", "https://keys.example"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": ""},
        {"client_secret": "in the settings"},
        {"base_url": "http://imauth.bora.dopa.go.th/api/v2/oauth2"},
        {"issuer": ""},
    ],
)
def test_a_wrong_setting_is_refused(secret: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ThaidSettings.model_validate({"client_id": "c", "client_secret_file": secret} | wrong)


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Thaid().base_urls(Foreign())
