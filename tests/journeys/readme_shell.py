"""Runs the fenced shell commands of a document as they stand there, in one bash, in a scratch folder.

A fence marked ``sh stays`` holds a command that runs on until its end; the commands after it wait until it says that it is ready.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(sh[a-z ]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_READY = 'ready; Ctrl-C ends it|"event": "serving"'
_MARK = "@@@ block"
_LONGEST_S = 100


@dataclass(frozen=True, slots=True)
class Block:
    """One fence: its info string (``sh``, ``sh stays``, ``sh writes``) and its text."""

    info: str
    text: str


def blocks_of(document: str, heading: str) -> list[Block]:
    """The shell fences of one section, in their order."""
    section = document.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [Block(info.strip(), text) for info, text in _FENCE.findall(section)]


def run(blocks: list[Block], folder: Path) -> list[str]:
    """Run them all; what each said. An `AssertionError` shows everything that was said where one ends with another code than 0."""
    script = folder / "as-it-stands.sh"
    script.write_text(_script(blocks, folder), encoding="utf-8")
    scratch = folder / "scratch"
    scratch.mkdir()
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    quiet = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"}
    done = subprocess.run(
        ["/bin/bash", str(script)],
        cwd=scratch,
        env={"PATH": path, "HOME": str(folder)} | quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LONGEST_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.split(f"{_MARK}\n")[1:]


def _script(blocks: list[Block], folder: Path) -> str:
    lines = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT"]
    for number, block in enumerate(blocks):
        lines.append(f"echo '{_MARK}'")
        if block.info == "sh stays":
            kept, said = folder / f"{number}.sh", folder / f"{number}.said"
            kept.write_text(block.text.strip(), encoding="utf-8")
            said.touch()
            lines += [
                f'bash -c "$(cat {kept})" > {said} 2>&1 &',
                f"until grep -qE '{_READY}' {said}; do kill -0 $! || {{ cat {said}; exit 1; }}; sleep 0.05; done",
                f"cat {said}",
            ]
        else:
            lines.append(block.text)
    return "\n".join(lines) + "\n"
