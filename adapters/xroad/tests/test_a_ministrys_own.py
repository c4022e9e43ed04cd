"""The three steps of the README, taken with a ministry's own name: its folder conforms before anybody installs it."""

from pathlib import Path

from adapters.xroad.adapter import MANIFEST
from linkage.sources.conformance import failures


async def test_a_copied_folder_under_its_own_name_conforms(tmp_path: Path) -> None:
    (folder := tmp_path / "moph").mkdir()
    for name in ("manifest.toml", "records.toml", "people.toml", "README.md"):
        page = (MANIFEST.folder / name).read_text(encoding="utf-8")
        page = page.replace('source = "xroad"', 'source = "moph"').replace("xroad.person", "moph.person")
        page = page.replace("TH-TEST/GOV/9900002/population/persons", "TH-TEST/GOV/9900007/hospitals/patients")
        (folder / name).write_text(page, encoding="utf-8")
    assert await failures(folder) == ()
