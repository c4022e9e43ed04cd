"""A record type is one source's: whoever else claims it, in code or in a manifest, stops the start."""

from pathlib import Path
from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.scaffold import REST, write_adapter
from linkage.settings import Source
from linkage.sources.breaker import BreakerState
from linkage.sources.registry import Registry
from linkage.sources.resilience import Observation
from linkage.terms import SourceName


class Silent:
    def asked(self, observation: Observation) -> None:
        pass

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        pass


def problems(**sources: dict[str, Any]) -> tuple[Problem, ...]:
    read = {name: Source.model_validate({"recipients": {}} | given) for name, given in sources.items()}
    with pytest.raises(SettingsInvalid) as caught:
        Registry.load(read, "linkage.toml", clock=FakeClock(), observer=Silent())
    return caught.value.problems


def test_one_adapter_under_two_names_claims_its_types_twice() -> None:
    found = problems(led={"adapter": "led"}, led_again={"adapter": "led"})

    assert [("'led.bankruptcy'", "a record type named led_again.…, after its source")] == [(one.got, one.expected) for one in found]


def test_a_manifest_cannot_claim_an_adapters_record_type(tmp_path: Path) -> None:
    folder = write_adapter("boats", tmp_path, kind=REST)
    for file in ("records.toml", "manifest.toml"):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace('type = "boats.permit"', 'type = "led.bankruptcy"'), encoding="utf-8")

    found = problems(led={"adapter": "led"}, boats={"manifest": folder})

    assert ("'led.bankruptcy'", "a record type named boats.…, after its source") in [(one.got, one.expected) for one in found]


def test_one_manifest_under_two_names_claims_its_types_twice(tmp_path: Path) -> None:
    folder = write_adapter("boats", tmp_path, kind=REST)

    found = problems(boats={"manifest": folder}, ships={"manifest": folder})

    assert [("'boats.permit'", "a record type named ships.…, after its source")] == [(one.got, one.expected) for one in found]


def test_a_copy_of_a_manifest_beside_an_adapter_of_the_same_source_has_no_name_left(tmp_path: Path) -> None:
    folder = write_adapter("boats", tmp_path, kind=REST)
    for file in ("records.toml", "manifest.toml"):
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(text.replace("boats", "led"), encoding="utf-8")

    found = problems(led={"adapter": "led"}, led2={"manifest": folder})

    assert ("'led.permit'", "a record type named led2.…, after its source") in [(one.got, one.expected) for one in found]
