"""`linkage --config FILE COMMAND`: one settings file before the command instead of one after it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Linkage

COMMANDS = [
    ["serve", "--check"],
    ["agreements", "check"],
    ["catalogue", "check"],
    ["audit", "verify"],
    ["audit", "export", "--to", "elsewhere"],
    ["audit", "rotate", "log-key"],
    ["audit", "forget", "--subject", "-", "--before", "2026-01-01", "--because", "court"],
    ["pki", "keys"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_settings_file_before_the_command_is_every_commands_own(linkage: Linkage, tmp_path: Path, command: list[str]) -> None:
    ended = linkage("--config", tmp_path / "none.toml", *command, "--json")

    assert 2 == ended.code
    assert [str(tmp_path / "none.toml")] == [one["file"] for one in ended.page["problems"]]


def test_a_settings_file_after_the_command_goes_before_one_ahead_of_it(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage("--config", tmp_path / "ahead.toml", "serve", "--check", "--config", tmp_path / "own.toml", "--json")

    assert [str(tmp_path / "own.toml")] == [one["file"] for one in ended.page["problems"]]


def test_a_command_that_takes_no_settings_file_overlooks_it(linkage: Linkage, tmp_path: Path) -> None:
    assert 0 == linkage("--config", tmp_path / "none.toml", "adapter", "list", "--json").code
