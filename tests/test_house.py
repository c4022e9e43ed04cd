"""The house's own rules that no linter keeps: small files, small functions, nothing unfinished, nothing of one machine."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = sorted(
    path
    for folder in ("linkage", "adapters", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "v1" not in path.relative_to(ROOT).parts
)
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
UNFINISHED = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|NotImplemented" r"Error)\b|pytest\.(?:skip|xfail)|mark\.(?:skip|xfail)|import" r"orskip"
)


def functions(path: Path) -> list[tuple[str, int]]:
    """Every function's name and length in lines, without decorators and docstring."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            found.append((node.name, lines))
    return found


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_small_and_finished(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert len(text.splitlines()) <= LONGEST_FILE
    assert not [(name, lines) for name, lines in functions(path) if lines >= LONGEST_FUNCTION]
    assert not UNFINISHED.search(text)


def test_the_lock_file_names_no_registry() -> None:
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")

    assert "://" not in lock
    assert "--hash=sha256:" in lock
