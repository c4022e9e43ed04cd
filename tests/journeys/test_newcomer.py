"""A new integrator follows adapters/README.md, command by command, from nothing to an answer through a running gateway."""

from pathlib import Path

import adapters
from tests.journeys.readme_shell import Block, blocks_of, run

README = Path(next(iter(adapters.__path__))) / "README.md"
PYTHON = "In Python, from nothing to an answer"
REST = "Without Python, from nothing to an answer"


def written_lines(blocks: list[Block]) -> list[str]:
    """What the integrator writes: every line of the marked fences but the shell's own and the blank ones."""
    lines = [line for block in blocks if block.info == "sh writes" for line in block.text.splitlines()]
    return [line for line in lines if line.strip() and line != "EOW" and not line.endswith("<<'EOW'")]


def said_by(blocks: list[Block], said: list[str], command: str) -> str:
    """What the last block with this command said."""
    return [one for block, one in zip(blocks, said, strict=True) if command in block.text][-1]


def test_an_agency_with_another_wire_than_the_template_is_connected_in_python(tmp_path: Path) -> None:
    blocks = blocks_of(README.read_text(encoding="utf-8"), PYTHON)
    said = run(blocks, tmp_path)
    assert ", 0 failed," in said_by(blocks, said, "adapter check")
    installed = said_by(blocks, said, "adapter list")
    assert "kites" in installed
    assert "dopa" in installed
    asked = said_by(blocks, said, "linkage lookup")
    assert "MATCH" in asked
    assert "FOUND" in asked
    assert "แดง" in asked
    assert "1 ม.ค. 2563 (2020-01-01)" in asked
    assert "verified: " in asked


def test_an_agency_is_connected_without_python(tmp_path: Path) -> None:
    blocks = blocks_of(README.read_text(encoding="utf-8"), REST)
    said = run(blocks, tmp_path)
    assert ", 0 failed," in said_by(blocks, said, "adapter check")
    asked = said_by(blocks, said, "linkage lookup")
    assert "MATCH" in asked
    assert "FOUND" in asked
    assert "P-0001" in asked
    assert "Copies not needed: 1 of 1." in asked
    assert "verified: " in asked
    assert not list((tmp_path / "scratch" / "boats").rglob("*.py"))


def test_the_integrators_own_writing_is_under_forty_lines() -> None:
    document = README.read_text(encoding="utf-8")
    assert 20 <= len(written_lines(blocks_of(document, PYTHON))) < 40
    assert written_lines(blocks_of(document, REST)) == []
