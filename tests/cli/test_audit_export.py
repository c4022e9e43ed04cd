"""`linkage audit export` and `linkage audit verify --export`: the log as a folder that stands for itself."""

from pathlib import Path

import pytest

from linkage.runtime.signing import load_signer
from linkage.settings import load
from linkage.store.sqlite_log import create_log
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.note import Signer
from tests.cli.conftest import Linkage
from tests.exported import copied, fill, more
from tests.journeys.place import Place
from tests.small_log import SIGNER, opened


@pytest.fixture
def log(place: Place) -> Path:
    """The place's log, with 600 entries."""
    path = place.folder / "log.db"
    (place.folder / "log.key").write_text(SIGNER.signers[0].skey)
    settings = place.settings_file.read_text(encoding="utf-8")
    place.settings_file.write_text(settings.replace(load(place.settings_file).log.origin, SIGNER.verifier.name), encoding="utf-8")
    create_log(path, load_signer(load(place.settings_file)))
    log = opened(path)
    fill(log)
    log.close()
    return path


def test_a_log_is_exported_and_checked_without_settings(linkage: Linkage, place: Place, log: Path, tmp_path: Path) -> None:
    out, vkey = tmp_path / "out", tmp_path / "trusted.vkey"
    vkey.write_text(f"{SIGNER.verifier.text}\n")

    exported = linkage("--config", place.settings_file, "audit", "export", "--to", out, "--json")
    assert (0, 600, 0, 7) == (exported.code, exported.page["entries"], exported.page["before"], exported.page["files"])
    checked = linkage("audit", "verify", "--export", out, "--vkey", vkey, "--json")
    page = checked.page
    assert (0, True, 600, "given", []) == (checked.code, page["ok"], page["entries"], page["key"], page["beyond"])
    by_settings = linkage("--config", place.settings_file, "audit", "verify", "--export", out)
    assert 0 == by_settings.code
    assert "verified:" in by_settings.said

    appending = opened(log)
    appending.append(more(5))
    appending.close()
    again = linkage("audit", "export", "--config", place.settings_file, "--to", out)
    assert "605 entries, 5 of them new" in again.said


def test_a_folder_that_is_checked_by_its_own_key_is_said_to_be(linkage: Linkage, place: Place, log: Path, tmp_path: Path) -> None:
    assert 0 == linkage("audit", "export", "--config", place.settings_file, "--to", tmp_path / "out").code
    ended = linkage("audit", "verify", "--export", tmp_path / "out")

    assert 0 == ended.code
    assert "checked with the key in the folder itself" in ended.said
    assert SIGNER.verifier.text in ended.said


def test_how_a_check_of_an_export_ends(linkage: Linkage, place: Place, log: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other.vkey"
    other.write_text(f"{Signer(SIGNER.verifier.name, bytes(32)).verifier.text}\n")
    linkage("audit", "export", "--config", place.settings_file, "--to", out)
    with SqliteReader(log) as reader:
        (tmp_path / "older").write_text(reader.checkpoints(0, 10)[1][2])

    assert 0 == linkage("audit", "verify", "--export", out, "--against", tmp_path / "older").code
    assert 1 == linkage("audit", "verify", "--export", out, "--vkey", other).code
    assert 2 == linkage("audit", "verify", "--export", tmp_path / "nothing").code
    assert 2 == linkage("audit", "verify", "--export", tmp_path).code
    assert 2 == linkage("audit", "verify", "--export", out, "--vkey", tmp_path / "nothing").code
    assert 2 == linkage("audit", "verify", "--export", out, "--from", "5").code
    assert 2 == linkage("audit", "verify", "--export", out, "--against", tmp_path / "nothing").code

    broken = copied(out, tmp_path / "broken")
    (broken / "tile/0/001").unlink()
    (broken / "tile/0/004").write_bytes(bytes(8192))
    ended = linkage("audit", "verify", "--export", broken, "--json")
    assert (1, [{"what": "tile", "index": 256, "why": "tile/0/001: missing"}], ["tile/0/004"]) == (
        ended.code,
        ended.page["findings"],
        ended.page["beyond"],
    )
    assert "tile 256: tile/0/001: missing" in linkage("audit", "verify", "--export", broken).said

    (broken / "log.vkey").write_text("something else")
    assert 2 == linkage("audit", "verify", "--export", broken).code
    (broken / "checkpoint").write_text("something else\n")
    assert 1 == linkage("audit", "verify", "--export", broken, "--vkey", out / "log.vkey").code


def test_the_gateways_own_folder_never_becomes_an_export_though_the_logs_key_stands_in_it(
    linkage: Linkage, place: Place, log: Path, tmp_path: Path
) -> None:
    out, export = tmp_path / "out", ("audit", "export", "--config", place.settings_file, "--json", "--to")
    (place.folder / "log.vkey").write_text(f"{SIGNER.verifier.text}\n")
    assert 0 == linkage(*export, out).code

    ended = linkage(*export, place.folder)
    (out / "robots.txt").write_text("whoever publishes it may add to it")
    added = linkage(*export, out)
    (out / "kek.keys").write_text("secret")
    private = linkage(*export, out)

    assert (2, "files that are no export's") == (ended.code, ended.page["problems"][0]["got"])
    assert not (place.folder / "tile").exists()
    assert (0, 2) == (added.code, private.code)
    for name in ("checkpoint", "robots.txt", "kek.keys"):
        (out / name).unlink()
    assert 0 == linkage(*export, out).code, "an export that was stopped is completed"


def test_how_an_export_ends(linkage: Linkage, place: Place, log: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter").write_text("dear")
    export = ("--config", place.settings_file, "audit", "export", "--json", "--to")

    ended = linkage(*export, tmp_path / "home")
    assert (2, "files, but no log.vkey") == (ended.code, ended.page["problems"][0]["got"])
    assert 0 == linkage(*export, tmp_path / "out").code
    for each in log.parent.glob("log.db*"):
        each.rename(each.with_name(f"away-{each.name}"))
    assert 3 == linkage(*export, tmp_path / "out").code
    create_log(log, SIGNER)
    older = linkage(*export, tmp_path / "out")
    assert 1 == older.code
    assert "older copy" in older.page["failure"]["why"]
