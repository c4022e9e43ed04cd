"""What fuzzing has found, once each."""

from pathlib import Path

import pytest

from linkage.audit.sealing import Sealing
from linkage.clock import FakeClock
from linkage.errors import Problem, SettingsInvalid
from linkage.keyring import KeyRing, NamedKey
from linkage.pages import read_page
from linkage.settings import load
from linkage.terms import DataKey

FULL = Path(__file__).parents[2] / "deploy" / "linkage.full.toml"


@pytest.mark.parametrize("text", ["a = " + "9" * 5_000, "a = " + "[" * 3_000, "a = " + "{a = " * 3_000])
def test_a_number_or_a_nesting_without_end_is_no_toml(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(text)
    problems: list[Problem] = []
    assert read_page(path, problems, keys=("a",)) is None
    assert ["TOML in UTF-8"] == [problem.expected for problem in problems]
    with pytest.raises(SettingsInvalid) as refused:
        load(path)
    assert ["TOML in UTF-8"] == [problem.expected for problem in refused.value.problems]


@pytest.mark.parametrize("line", ["_env_file = 5", '_env_file = "other"', "_cli_parse_args = true", "_secrets_dir = 7"])
def test_settings_give_no_orders_to_their_own_reader(line: str, tmp_path: Path) -> None:
    path = tmp_path / "linkage.toml"
    path.write_text(f"{line}\n{FULL.read_text(encoding='utf-8')}", encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        load(path)
    assert [(line.partition(" ")[0], "a key nobody knows")] == [(problem.key, problem.got) for problem in refused.value.problems]


def test_a_tag_that_is_no_tag_is_nobodys() -> None:
    ring = KeyRing((NamedKey("k1", bytes(32)),))
    sealing = Sealing("linkage.example/audit", ring, ring, FakeClock())
    for tag in ("\x80", "", "x", 5, None):
        assert not sealing.is_about(DataKey(bytes(16), bytes(32)), bytes(16), {"subject": tag}, "x")  # type: ignore[dict-item]
