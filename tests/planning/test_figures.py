"""The measured figures: a file of one shape, whole or refused with every problem."""

from importlib.resources import files
from pathlib import Path

import pytest

from linkage.errors import SettingsInvalid
from linkage.planning import read_figures

SHIPPED = files("linkage.planning").joinpath("figures.toml").read_text(encoding="utf-8")


def problems_of(path: Path, text: str) -> list[str]:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        read_figures(path)
    assert {problem.file for problem in refused.value.problems} == {str(path)}
    return sorted(problem.key for problem in refused.value.problems)


def test_the_figures_of_this_release_are_whole_and_say_where_they_come_from() -> None:
    figures = read_figures()

    assert figures.machine
    assert [name for name, what, one in figures.each() if not (what and one.how)] == []
    assert len(list(figures.each())) == SHIPPED.count("value =")


def test_an_operators_own_file_takes_their_place(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.replace("machine = ", 'machine = "ours, "  # ', 1), encoding="utf-8")

    assert "ours, " == read_figures(own).machine


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[lookup]", "[look_up]", "lookup"),
        ('unit = "µs"', 'unit = "ms"', "verification"),
        ("value = ", "value = -", "verification.value"),
        ("value = ", "value = nan #", "verification.value"),
        ("value = ", "value = inf #", "verification.value"),
        ("value = ", 'value = "a" #', "verification.value"),
        ("day = ", "day = 20", "file"),
        ("machine = ", "engine = ", "machine"),
        ("[sqlite.entry]", "[sqlite.entries]", "sqlite.entry"),
    ],
)
def test_a_file_of_another_shape_is_refused_by_name(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert key in problems_of(tmp_path / "own.toml", SHIPPED.replace(old, new, 1))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid):
        read_figures(tmp_path / "none.toml")
    assert ["file"] == problems_of(tmp_path / "own.toml", "machine = [")
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsInvalid):
        read_figures(tmp_path / "own.toml")
