"""Log lines hold listed keys only, and no citizen number even there."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from linkage.runtime.supervisor import Launcher, Supervisor
from linkage.runtime.workers_page import WorkersPage
from linkage.telemetry import Metrics, configure_logging

METRICS = (Path(__file__).parents[1] / "deploy" / "README.md").read_text().split("## Metrics")[1].split("## ")[0]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_logging(stream)
    yield stream
    structlog.reset_defaults()


def test_a_key_that_is_not_listed_is_dropped_and_its_name_reported(lines: io.StringIO) -> None:
    structlog.get_logger().info("asked", source="dopa", first_name="สมมติ")

    line = json.loads(lines.getvalue())
    assert "dopa" == line["source"]
    assert ["first_name"] == line["dropped_keys"]
    assert "สมมติ" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize("number", ["1100000000016", "1-1000-00000-01-6"])
def test_a_citizen_number_is_masked_wherever_it_stands(lines: io.StringIO, number: str) -> None:
    structlog.get_logger().info(f"about {number}", why=f"x{number}y")

    assert number not in lines.getvalue()


def test_newlines_and_escapes_cannot_make_a_second_line(lines: io.StringIO) -> None:
    structlog.get_logger().info("one", why='a\n{"event": "forged"}\x1b[31m\u2028')

    assert 1 == len(lines.getvalue().splitlines())


def nobody_is_started(*_: object) -> None:
    raise RuntimeError("no worker is to be started")


def test_operators_are_told_of_every_metric_and_of_no_other() -> None:
    launcher: Launcher = nobody_is_started  # type: ignore[assignment]  # a page without workers launches none
    shown = [*Metrics().registry.collect(), *WorkersPage(Supervisor(launcher, 2)).collect()]
    rows = re.findall(r"^\| `(linkage_\w+)` \| (.+) \| (.+) \|$", METRICS, re.MULTILINE)

    assert sorted(f"{one.name}_total" if one.type == "counter" else one.name for one in shown) == sorted(name for name, _, _ in rows)
    assert all(meaning.strip() and to_do.strip() for _, meaning, to_do in rows)
