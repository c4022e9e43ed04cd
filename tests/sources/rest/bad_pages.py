"""What is told of a manifest that is not in order."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from linkage.errors import Problem, SettingsInvalid
from linkage.sources.rest import load_adapter
from tests.sources.rest.ferry import change, written

Edit = Callable[[str], str]
Case = tuple[Edit, str, str, str]
"""An edit of the manifest; then of the problem that must be told: its key, part of what came, part of what was expected."""


def problems(folder: Path) -> tuple[Problem, ...]:
    """Load the folder's manifest, which must be refused."""
    with pytest.raises(SettingsInvalid) as caught:
        load_adapter(folder)
    return caught.value.problems


def added(text: str) -> Edit:
    """An edit that puts a text at the end."""
    return lambda page: page + "\n" + text


def before(place: str, text: str) -> Edit:
    """An edit that puts a text before another."""
    return change(place, text + place)


def edits(cases: Mapping[str, Case], *names: str) -> Edit:
    """Several cases' edits in one."""

    def edit(page: str) -> str:
        for name in names:
            page = cases[name][0](page)
        return page

    return edit


def must_be_told(folder: Path, case: Case) -> None:
    """Refuse the manifest with the case's edit, and name what is wrong where it stands."""
    edit, key, got, expected = case
    found = problems(written(folder, manifest=edit))
    assert all(one.file == str(folder / "manifest.toml") for one in found)
    fitting = [one for one in found if one.key == key]
    assert fitting, [str(one) for one in found]
    assert any(got in one.got and expected in one.expected for one in fitting), [str(one) for one in fitting]
    assert len(found) <= 5, [str(one) for one in found]
