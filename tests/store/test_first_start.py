"""The first start makes log and data keys; later neither is made anew in silence."""

from pathlib import Path

import pytest

from linkage.errors import LogCorrupt
from linkage.store.anchor import Anchor
from linkage.store.backend import KeyRow
from linkage.store.first_start import make_missing
from linkage.store.sqlite_keys import SqliteKeys, create_keys
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.tree import EMPTY_ROOT
from tests.small_log import SIGNER


def put_a_key(path: Path) -> None:
    keys = SqliteKeys(path)
    keys.put([KeyRow(bytes(16), bytes(60), "k1", None, None, 0)])
    keys.close()


def keep(path: Path) -> None:
    Anchor(path).offer(sign_checkpoint(SIGNER, 0, EMPTY_ROOT))


def test_the_first_start_makes_both_and_the_second_neither(tmp_path: Path) -> None:
    log, keys = tmp_path / "log.db", tmp_path / "keys.db"
    make_missing(log, keys, SIGNER)
    made = (log.stat().st_ino, keys.stat().st_ino)

    make_missing(log, keys, SIGNER)

    assert made == (log.stat().st_ino, keys.stat().st_ino)


def test_a_first_start_cut_off_between_the_two_goes_on(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys.db")

    make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)

    assert (tmp_path / "log.db").exists()


def test_a_log_that_is_lost_is_never_begun_anew(tmp_path: Path) -> None:
    make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)
    put_a_key(tmp_path / "keys.db")
    for file in tmp_path.glob("log.db*"):
        file.unlink()

    with pytest.raises(LogCorrupt, match="put it back"):
        make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)

    assert not (tmp_path / "log.db").exists()


def test_a_log_that_the_anchor_has_seen_is_never_begun_anew(tmp_path: Path) -> None:
    keep(tmp_path / "keys.db.anchor")

    with pytest.raises(LogCorrupt, match="put it back"):
        make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)

    assert [file.name for file in tmp_path.iterdir()] == ["keys.db.anchor"]


def test_data_keys_that_are_lost_are_never_made_anew(tmp_path: Path) -> None:
    make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)
    for file in tmp_path.glob("keys.db*"):
        file.unlink()

    with pytest.raises(LogCorrupt, match="put it back"):
        make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)

    assert not (tmp_path / "keys.db").exists()


def test_nobody_but_the_gateway_may_read_them(tmp_path: Path) -> None:
    make_missing(tmp_path / "log.db", tmp_path / "keys.db", SIGNER)
    put_a_key(tmp_path / "keys.db")
    keep(tmp_path / "keys.db.anchor")

    assert {0o600} == {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
