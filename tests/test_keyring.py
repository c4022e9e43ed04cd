"""Key rings: what opens, what seals, and what is refused without being repeated."""

from pathlib import Path

import pytest

from linkage.errors import SettingsInvalid
from linkage.keyring import load_keyring

NEW, OLD = "ab" * 32, "CD" * 32


def ring(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_first_key_is_current_and_all_are_found(tmp_path: Path) -> None:
    keys = load_keyring(ring(tmp_path, f"# sealing keys\n2026-2:{NEW}\n\n2026-1:{OLD}\n"))
    assert (keys.current.id, keys.current.key) == ("2026-2", bytes.fromhex(NEW))
    old = keys.get("2026-1")
    assert old is not None
    assert old.key == bytes.fromhex(OLD)
    assert keys.get("2025-9") is None


def test_no_key_shows_in_a_repr(tmp_path: Path) -> None:
    keys = load_keyring(ring(tmp_path, f"a:{NEW}\n"))
    assert repr(bytes.fromhex(NEW)) not in repr(keys)
    assert "'a'" in repr(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_touch_is_refused(mode: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=f"permissions {mode:o}"):
        load_keyring(ring(tmp_path, f"a:{NEW}\n", mode))


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read(mode: int, tmp_path: Path) -> None:
    assert load_keyring(ring(tmp_path, f"a:{NEW}\n", mode)).current.id == "a"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "file"),
        ("# only a remark\n", "file"),
        (f"a:{NEW[:-1]}\n", "line 1"),
        (f"a:{NEW}0\n", "line 1"),
        (f"{NEW}\n", "line 1"),
        (f"A:{NEW}\n", "line 1"),
        (f"{'a' * 17}:{NEW}\n", "line 1"),
        (f":{NEW}\n", "line 1"),
        (f"a:{NEW}\na:{OLD}\n", "line 2"),
        (f"a:{NEW}\nb:{'xy' * 32}\n", "line 2"),
        (f"a:{NEW}ๆ\n", "file"),
        ("a" * 70_000, "file"),
    ],
)
def test_what_is_no_key_ring_is_refused_and_not_repeated(text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as invalid:
        load_keyring(ring(tmp_path, text))
    assert [problem.key for problem in invalid.value.problems] == [place]
    assert NEW[:60] not in str(invalid.value)


def test_a_ring_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid) as invalid:
        load_keyring(tmp_path / "keys")
    assert len(invalid.value.problems) == 1
