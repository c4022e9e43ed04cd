"""DOPA's settings: defaults of the facts, and what is refused."""

import pytest
from pydantic import ValidationError

from adapters.dopa import Dopa
from adapters.dopa.settings import HOUSE, ID_CARD, NAME_CHANGE, PERSON, DopaSettings, Jobs

JOB = "00000000-0000-4000-8000-000000000001"


def test_the_defaults_are_dopas_own_addresses_and_numbers() -> None:
    settings = DopaSettings()
    assert Dopa().base_urls(settings) == {"https://idcard.bora.dopa.go.th", "https://lk2proxy.bora.dopa.go.th"}
    assert [settings.service_of(one) for one in (PERSON, NAME_CHANGE, HOUSE, ID_CARD)] == [1, 9, 10, 32]
    assert {settings.query_key_of(one) for one in (PERSON, NAME_CHANGE, HOUSE, ID_CARD)} == {"personalID"}
    assert (settings.soap, settings.death_check, settings.sandbox) == ("1.2", True, False)


def test_a_job_of_its_own_goes_before_the_common_one() -> None:
    settings = DopaSettings.model_validate({"job_id": JOB, "jobs": {"house": JOB[:-1] + "2"}})
    assert (settings.job_of(PERSON), settings.job_of(HOUSE)) == (JOB, JOB[:-1] + "2")
    assert DopaSettings().job_of(PERSON) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"card_ulr": "https://x.example"},
        {"card_url": "http://idcard.bora.dopa.go.th/x"},
        {"card_url": "idcard.bora.dopa.go.th"},
        {"linkage_url": "https://user:word@proxy.example"},
        {"linkage_url": "https://proxy.example/?x=1"},
        {"soap": "1.3"},
        {"job_id": "job"},
        {"jobs": {"hous": JOB}},
        {"services": {"house": 1}},
        {"services": {"house": 0}},
        {"query_keys": {"house": ""}},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DopaSettings.model_validate(wrong)


def test_a_proxy_on_a_private_network_may_speak_plain_http() -> None:
    settings = DopaSettings.model_validate({"linkage_url": "http://10.1.2.3:8080/proxy"})
    assert "http://10.1.2.3:8080" in Dopa().base_urls(settings)


def test_settings_of_another_adapter_are_a_defect() -> None:
    with pytest.raises(TypeError, match="another adapter"):
        Dopa().base_urls(Jobs())
