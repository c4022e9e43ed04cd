"""What the commands say of themselves is shown whole."""

from collections.abc import Iterator
from typing import Any

import typer
from rich.text import Text

from linkage.cli.main import app


def _commands(command: Any) -> Iterator[Any]:
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _commands(each)


def test_no_word_of_a_help_text_is_taken_for_markup() -> None:
    commands = list(_commands(typer.main.get_command(app)))
    texts = [each.help for each in commands]
    texts += [getattr(parameter, "help", None) for each in commands for parameter in each.params]

    assert 100 < len(texts)
    assert [] == [text for text in texts if text and Text.from_markup(text).plain != text]
