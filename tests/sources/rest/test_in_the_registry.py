"""A source that is set up by its manifest's folder, as the gateway's settings name it."""

from pathlib import Path
from typing import Any

import pytest

from linkage.clock import FakeClock
from linkage.errors import SettingsInvalid
from linkage.settings import Source
from linkage.sources.breaker import BreakerState
from linkage.sources.registry import Registry
from linkage.sources.resilience import Observation
from linkage.terms import SourceName
from tests.sources.rest.ferry import HEADER, change, written


class Silent:
    def asked(self, observation: Observation) -> None: ...

    def breaker(self, source: SourceName, state: BreakerState) -> None: ...


def loaded(**sources: dict[str, Any]) -> Registry:
    parsed = {name: Source.model_validate(one) for name, one in sources.items()}
    return Registry.load(parsed, "linkage.toml", clock=FakeClock(), observer=Silent())


def problems(**sources: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsInvalid) as caught:
        loaded(**sources)
    return [str(one) for one in caught.value.problems]


async def test_a_folder_is_a_source(tmp_path: Path) -> None:
    (file := tmp_path / "key").write_text("s3cret")
    folder = written(tmp_path, credentials=HEADER)
    registry = loaded(ferry={"manifest": folder, "recipients": {"doe": {"key_file": str(file)}}})
    assert registry.source(SourceName("ferry")).discloses
    assert [one.path for one in registry.records] == [folder / "records.toml"]
    await registry.aclose()


async def test_a_manifest_stands_beside_adapters(tmp_path: Path) -> None:
    registry = loaded(ferry={"manifest": written(tmp_path), "recipients": {"doe": {}}}, dopa={"adapter": "dopa", "recipients": {"doe": {}}})
    assert set(registry.sources) == {"ferry", "dopa"}
    await registry.aclose()


def test_the_settings_are_the_manifests_own(tmp_path: Path) -> None:
    folder = written(tmp_path, credentials=HEADER)
    told = problems(ferry={"manifest": folder, "recipients": {"doe": {"colour": "blue", "base_url": "http://public.example"}}})
    assert [one.split(":")[1].strip() for one in told] == [
        f"sources.ferry.recipients.doe.{key}" for key in ("base_url", "key_file", "colour")
    ]
    told = problems(ferry={"manifest": folder, "recipients": {"doe": {"key_file": str(tmp_path / "nowhere")}}})
    assert "a file that the gateway can read" in told[0]


@pytest.mark.parametrize("text", ["สำนักงาน", "two\nlines", " "], ids=["thai", "lines", "blank"])
def test_a_text_of_the_operators_can_stand_in_a_header(tmp_path: Path, text: str) -> None:
    told = problems(ferry={"manifest": written(tmp_path), "recipients": {"doe": {"office": text}}})
    assert len(told) == 1
    assert "sources.ferry.recipients.doe.office" in told[0]
    assert text.strip() == "" or text not in told[0]


def test_a_source_under_another_name_is_refused(tmp_path: Path) -> None:
    told = problems(barge={"manifest": written(tmp_path), "recipients": {}})
    assert any("'ferry.ticket'" in one and "named barge." in one for one in told)


def test_a_manifest_and_an_adapter_that_claim_one_record_type_refuse_the_start(tmp_path: Path) -> None:
    def as_dopa(page: str) -> str:
        return page.replace("ferry.boat", "dopa.person").replace('source = "ferry"', 'source = "dopa"').replace("ferry.", "dopa.")

    folder = written(tmp_path, manifest=as_dopa, records=as_dopa)
    sources: dict[str, dict[str, Any]] = {"dopa": {"adapter": "dopa", "recipients": {}}, "again": {"manifest": folder, "recipients": {}}}
    assert any("'dopa.person'" in one for one in problems(**sources))


def test_a_folder_of_code_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[project.entry-points."linkage.adapters"]\nx = "evil:Adapter"\n')
    (tmp_path / "evil.py").write_text("raise SystemExit")
    assert all("manifest.toml" in one or "records.toml" in one for one in problems(x={"manifest": tmp_path, "recipients": {}}))


def test_every_problem_of_a_bad_manifest_comes_with_those_of_its_neighbours(tmp_path: Path) -> None:
    folder = written(tmp_path, manifest=change('serial = "serial"', 'serial = "]"'))
    told = problems(ferry={"manifest": folder, "recipients": {}}, other={"adapter": "nobody-has-this", "recipients": {}})
    assert any("JMESPath" in one for one in told)
    assert any("nobody-has-this" in one for one in told)
