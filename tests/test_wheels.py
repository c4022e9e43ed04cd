"""Wheels as they are shipped: ours, and a generated adapter's beside it."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import linkage
from linkage.runtime.scaffold import PYTHON, write_adapter

ROOT = Path(linkage.__file__).parents[1]
QUIET = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PATH": str(Path(sys.executable).parent), "LANG": "C.UTF-8"}


def python(folder: Path, *words: str, path: str = "") -> str:
    env = QUIET | {"HOME": str(folder)} | ({"PYTHONPATH": path} if path else {})
    ended = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def wheel_of(project: Path, into: Path) -> Path:
    into.mkdir()
    python(into, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), str(project))
    (wheel,) = into.glob("*.whl")
    return wheel


def test_a_generated_adapters_wheel_loads_beside_ours(tmp_path: Path) -> None:
    ours, theirs = wheel_of(ROOT, tmp_path / "ours"), wheel_of(write_adapter("kites", tmp_path, kind=PYTHON), tmp_path / "theirs")
    for wheel, site in ((ours, "site-ours"), (theirs, "site-theirs")):
        python(tmp_path, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / site), str(wheel))
    path = f"{tmp_path / 'site-ours'}:{tmp_path / 'site-theirs'}"

    where = python(tmp_path, "-c", "import linkage, linkage_kites; print(linkage.__file__, linkage_kites.__file__)", path=path)
    assert where.split() == [str(tmp_path / "site-ours/linkage/__init__.py"), str(tmp_path / "site-theirs/linkage_kites/__init__.py")]
    listed = json.loads(python(tmp_path, "-m", "linkage.cli.main", "adapter", "list", "--json", path=path))["adapters"]
    packages = {row["name"]: (row["package"], row["problem"]) for row in listed}
    assert packages["kites"] == ("linkage-kites", "")
    assert packages["dlt"] == ("linkage", "")
    made = json.loads(python(tmp_path, "-m", "linkage.cli.main", "adapter", "new", "boats", "--rest", "--json", path=path))
    assert "manifest.toml" in made["files"]
    checked = json.loads(python(tmp_path, "-m", "linkage.cli.main", "adapter", "check", "kites", "--json", path=path))
    assert checked["ok"]


def test_our_wheel_carries_templates_records_and_manifests(tmp_path: Path) -> None:
    names = set(zipfile.ZipFile(wheel_of(ROOT, tmp_path / "ours")).namelist())
    for folder in ("linkage/runtime/templates", "linkage/planning", "adapters"):
        kept = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.suffix in {".template", ".toml"}}
        assert kept
        assert kept <= names
    assert "linkage/py.typed" in names
