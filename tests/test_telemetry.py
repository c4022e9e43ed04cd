"""Log lines hold listed keys only, and no citizen number even there."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from linkage.telemetry import configure_logging


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
