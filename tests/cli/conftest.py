import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from linkage.cli.ending import err, out
from linkage.cli.main import app
from tests.journeys.place import Place, build_place
from tests.postgres import Database, Server


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    result: Result

    @property
    def code(self) -> int:
        return self.result.exit_code

    @property
    def said(self) -> str:
        """Both streams, each run of blanks and line breaks as one blank: tables fold their text."""
        return " ".join((self.result.stdout + self.result.stderr).split())

    @property
    def page(self) -> dict[str, Any]:
        page: dict[str, Any] = json.loads(self.result.stdout)
        return page


Linkage = Callable[..., Ended]


@pytest.fixture
def linkage(monkeypatch: pytest.MonkeyPatch) -> Linkage:
    """Runs a `linkage` command."""
    monkeypatch.setenv("COLUMNS", "400")
    out.width = err.width = 400  # a console made where COLUMNS was set keeps to it

    def run(*words: str | Path, typed: str = "") -> Ended:
        result = CliRunner().invoke(app, [str(word) for word in words], input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result)

    return run


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """All files of a gateway."""
    return build_place(tmp_path / "world")


@pytest.fixture
def databases(postgres: Server) -> tuple[Database, Database]:
    return postgres.fresh_database(), postgres.fresh_database()
