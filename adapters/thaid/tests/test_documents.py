"""The README names what the code knows."""

from pathlib import Path

import pytest

import adapters.thaid
from adapters.thaid.consent import EVIDENCE_ERRORS
from adapters.thaid.settings import ThaidSettings
from adapters.thaid.simulator import ThaidKnobs, ThaidSimulator

README = Path(adapters.thaid.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted({*ThaidSettings.model_fields, *ThaidKnobs.model_fields, *EVIDENCE_ERRORS} - {"huge_bytes"}))
def test_the_readme_names_every_setting_knob_and_error(name: str) -> None:
    assert f"`{name}`" in README


def test_the_readme_names_the_simulators_client() -> None:
    assert f"`{ThaidSimulator.client_id}`" in README
    assert f"`{ThaidSimulator.client_secret}`" in README
