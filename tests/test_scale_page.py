"""`deploy/scale.md` says what its commands say today, and its commands end well."""

from typer.testing import CliRunner

from linkage.cli.main import app
from tests.scale_page import commands, page, written_anew


def test_the_pages_tables_are_what_its_commands_and_the_figures_say() -> None:
    assert written_anew(page()) == page(), "python -m tests.scale_page writes them anew"


def test_both_examples_are_carried_by_one_log() -> None:
    named = commands(page())

    assert ["455 centres", "928 districts"] == [name for name, _ in named]
    assert [0, 0] == [CliRunner().invoke(app, words).exit_code for _, words in named]
