"""What a gateway keeps of its witnesses, and what it makes of it at a start."""

from pathlib import Path

import pytest

from linkage.errors import LogCorrupt
from linkage.store.contract import StoreUnavailable
from linkage.store.cosignatures import KEPT, Cosignatures, Followed, check_cosigned, newest_cosigned
from linkage.store.sqlite_log import SqliteLog
from linkage.store.sqlite_read import SqliteReader
from tests.small_log import SIGNER, append_one, draft
from tests.witnessed import COSIGNER, OTHER, GrowingLog

A, B = COSIGNER.key.text, OTHER.key.text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "witnesses.db"


def test_a_witness_is_known_from_when_it_was_first_named(file: Path) -> None:
    book = Cosignatures(file)
    assert Followed(0, 1000) == book.follow(A, 1000)
    assert Followed(0, 1000) == book.follow(A, 2000)
    book.has_seen(A, 5)
    book.keep(A, 7, "note\n\n— log\n", "— line\n", 3000)
    book.close()

    again = Cosignatures(file)
    assert Followed(7, 3000) == again.follow(A, 9000)
    assert Followed(0, 9000) == again.follow(B, 9000)
    again.close()


def test_times_of_a_clock_that_was_ahead_are_put_right_and_stay_so_over_a_new_start(file: Path) -> None:
    book = Cosignatures(file)
    book.follow(A, 9000), book.follow(B, 9000)
    book.keep(A, 7, "note\n\n— log\n", "— line\n", 9000)
    assert [Followed(7, 4000), Followed(0, 4000)] == [book.follow(each, 4000) for each in (A, B)]
    book.close()

    again = Cosignatures(file)
    assert [Followed(7, 4000), Followed(0, 4000)] == [again.follow(each, 5000) for each in (A, B)]
    again.close()


def test_the_newest_checkpoint_has_the_lines_of_all_that_cosigned_it(file: Path) -> None:
    assert newest_cosigned(file, 1) is None
    book = Cosignatures(file)
    book.follow(A, 0), book.follow(B, 0)
    assert newest_cosigned(file, 1) is None
    book.keep(A, 7, "seven\n\n— log\n", "— a\n", 1)
    book.keep(B, 7, "seven\n\n— log\n", "— b\n", 1)
    book.keep(A, 9, "nine\n\n— log\n", "— a\n", 1)

    assert "nine\n\n— log\n— a\n" == newest_cosigned(file, 1) == book.newest(1)
    assert newest_cosigned(file, 2) in {"seven\n\n— log\n— a\n— b\n", "seven\n\n— log\n— b\n— a\n"}
    assert newest_cosigned(file, 3) is None
    book.close()


def test_only_so_many_are_kept_of_each_witness(file: Path) -> None:
    book = Cosignatures(file)
    book.follow(A, 0), book.follow(B, 0)
    book.keep(B, 1, "one\n\n— log\n", "— b\n", 1)
    for size in range(1, KEPT + 5):
        book.keep(A, size, f"{size}\n\n— log\n", "— a\n", 1)

    assert KEPT + 1 == len(book.kept())
    book.close()


def test_what_is_no_such_file_is_unavailable(file: Path) -> None:
    file.write_text("nothing of the kind" * 100)
    with pytest.raises(StoreUnavailable):
        newest_cosigned(file, 1)


def test_a_log_continues_what_was_cosigned_of_it_or_is_refused(log: SqliteLog, path: Path) -> None:
    notes = [append_one(log, draft()).batch.note for _ in range(4)]
    with SqliteReader(path) as reader:
        check_cosigned(notes, reader, SIGNER.verifier)
        with pytest.raises(LogCorrupt, match="a witness has seen 5: an older copy"):
            check_cosigned([*notes, GrowingLog(5).note(5)], reader, SIGNER.verifier)
        with pytest.raises(LogCorrupt, match="not those that a witness has seen"):
            check_cosigned([GrowingLog(3).note(3)], reader, SIGNER.verifier)
        with pytest.raises(LogCorrupt, match="not those"):
            check_cosigned([GrowingLog(4).note(4)], reader, SIGNER.verifier)
        with pytest.raises(LogCorrupt, match="signature"):
            check_cosigned([notes[0].replace("\n1\n", "\n2\n")], reader, SIGNER.verifier)
