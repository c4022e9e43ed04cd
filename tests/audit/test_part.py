"""A part of a log is verified against the newest checkpoint; what a part cannot tell is counted, and nobody's fault."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.audit.report import Report, Wrong
from linkage.audit.verify import OutOfRange, Span, Verification
from linkage.clock import FakeClock
from linkage.store.contract import Draft, Kind
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import Checkpoint, open_checkpoint
from linkage.tlog.tree import leaf_hash
from tests.audit.test_verify import tamper
from tests.small_log import SIGNER, draft, entries, fresh_log, intent, outcome

SIZE = 75
START_MS = FakeClock().now_ms()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen batches of five, ten seconds apart: an intent, what closes the one of two batches before, and three denials."""
    path, clock = tmp_path_factory.mktemp("part") / "log.db", FakeClock()
    log = fresh_log(path, clock)
    begun: list[Draft] = [intent() for _ in range(15)]
    for number, each in enumerate(begun):
        closing = outcome(begun[number - 2]) if number >= 2 else draft()
        log.append([each, closing, draft(), draft(), draft()])
        clock.advance(10)
    log.close()
    return path


def verified(
    path: Path,
    span: Span | None = None,
    *,
    chunk: int = 1024,
    now_ms: int | None = None,
    after_ms: int = 90_000,
    against: tuple[Checkpoint, ...] = (),
) -> Report:
    with SqliteReader(path) as reader:
        work = Verification(reader, SIGNER.verifier, span=span, chunk=chunk, now_ms=now_ms, recover_after_ms=after_ms, against=against)
        for _ in work.steps():
            pass
    return work.report


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, SIZE), min_size=2, max_size=2), st.integers(1, 90))
def test_any_part_of_a_sound_log_is_sound_however_it_is_read(path: Path, ends: set[int], chunk: int) -> None:
    first, last = sorted(ends)
    report = verified(path, Span(first, last), chunk=chunk)
    assert report.clean, report.findings
    assert (report.first, report.last, report.size, report.whole) == (first, last, SIZE, (first, last) == (0, SIZE))
    assert report.checkpoints == len([size for size in range(0, SIZE + 1, 5) if first <= size <= last])


def test_pairs_across_the_borders_of_a_part_are_counted_and_no_fault(path: Path) -> None:
    report = verified(path, Span(20, 45))
    assert (report.clean, report.closes_earlier, report.closed_later) == (True, 2, 2)
    assert (report.open, report.orphans, report.unpaired) == ([], [], [])
    assert verified(path, Span(45)).orphans == [65, 70]


def test_intents_are_open_while_they_are_young_and_orphans_afterwards(path: Path) -> None:
    newest = START_MS + 140_000
    assert (verified(path, now_ms=newest).open, verified(path, now_ms=newest).orphans) == ([65, 70], [])
    later = verified(path, now_ms=newest + 85_000)
    assert (later.open, later.orphans) == ([70], [65])
    assert verified(path).orphans == [65, 70], "where nobody closes intents any more, all are orphans"


def test_outcomes_that_come_later_than_the_sweeper_are_named(path: Path) -> None:
    assert verified(path).late == []
    assert verified(path, after_ms=20_000).late == []
    late = verified(path, after_ms=19_999)
    assert (late.clean, late.late) == (True, list(range(11, SIZE, 5)))


def test_a_change_within_the_part_is_found_and_one_outside_is_not_looked_for(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "log.db"
    copy.write_bytes(path.read_bytes())
    leaf = entries(copy)[30].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(copy, "UPDATE leaf SET data = ?, hash = ? WHERE idx = 30", leaf, leaf_hash(leaf))
    assert {(found.what, found.index) for found in verified(copy, Span(26, 40)).findings} == {(Wrong.NODE, 15)}
    assert verified(copy, Span(0, 30)).clean
    assert verified(copy, Span(32, 60)).clean


@pytest.mark.parametrize("span", [Span(30), Span(0, 30), Span(30, 40), Span(24, 29)])
def test_a_part_whose_tree_is_not_the_newest_checkpoints_is_found(span: Span, path: Path, tmp_path: Path) -> None:
    """The nodes over [16, 24) and [24, 28) are other ones, all the way up but for the root that was signed."""
    copy = tmp_path / "log.db"
    copy.write_bytes(path.read_bytes())
    tamper(copy, "UPDATE node SET hash = zeroblob(32) WHERE (level = 3 AND idx = 2) OR (level = 2 AND idx = 6)")
    named = {(found.what, found.index) for found in verified(copy, span).findings}
    assert (Wrong.CHECKPOINT, span.first) in named if span.first else {(Wrong.NODE, 2), (Wrong.NODE, 6)} <= named


def test_a_part_that_ends_within_a_batch_is_proved_to_its_last_entry(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "log.db"
    copy.write_bytes(path.read_bytes())
    leaf = entries(copy)[28].leaf.replace(b"counter:c1", b"counter:c2")
    tamper(copy, "UPDATE leaf SET data = ?, hash = ? WHERE idx = 28", leaf, leaf_hash(leaf))
    assert {(found.what, found.index) for found in verified(copy, Span(20, 29)).findings} == {(Wrong.CHECKPOINT, 29)}


def test_a_checkpoint_kept_elsewhere_is_compared_wherever_it_is(path: Path) -> None:
    with SqliteReader(path) as reader:
        kept = [open_checkpoint(row[2].encode(), SIGNER.verifier) for row in reader.checkpoints(0, 100)]
    assert verified(path, Span(20, 45), against=tuple(kept)).clean
    for size in (10, 30, 60):
        forged = Checkpoint(kept[0].origin, size, bytes(32))
        assert [(found.what, found.index) for found in verified(path, Span(20, 45), against=(forged,)).findings] == [
            (Wrong.CHECKPOINT, size)
        ]


def test_a_size_kept_elsewhere_that_the_log_has_no_checkpoint_of_is_named(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "log.db"
    copy.write_bytes(path.read_bytes())
    with SqliteReader(path) as reader:
        kept = open_checkpoint(reader.checkpoints(35, 1)[0][2].encode(), SIGNER.verifier)
    tamper(copy, "DELETE FROM checkpoint WHERE size = 35")
    assert "kept elsewhere" in " ".join(found.why for found in verified(copy, against=(kept,)).findings)
    assert [(found.what, found.index) for found in verified(copy).findings] == [(Wrong.CHECKPOINT, 35)], "the time changes there"


@pytest.mark.parametrize("span", [Span(76), Span(0, 76), Span(10, 5), Span(-1)])
def test_a_part_that_is_not_there_is_refused(span: Span, path: Path) -> None:
    with pytest.raises(OutOfRange, match="the log has 75"):
        verified(path, span)


@pytest.mark.parametrize("span", [Span(40, 40), Span(75), Span(75, 75), Span(0, 0)])
def test_a_part_without_an_entry_is_refused_rather_than_called_sound(span: Span, path: Path) -> None:
    with pytest.raises(OutOfRange, match="which are none"):
        verified(path, span)


def test_a_log_is_verified_up_to_its_newest_entry_while_it_is_written(tmp_path: Path) -> None:
    path, clock = tmp_path / "log.db", FakeClock()
    log = fresh_log(path, clock)
    log.append([draft() for _ in range(40)])
    closed = intent()
    log.append([closed])
    with SqliteReader(path) as reader:
        work = Verification(reader, SIGNER.verifier, chunk=10)
        totals = []
        for at in work.steps():
            totals.append(at.total)
            if at.done in (10, 30):
                clock.advance(1)
                log.append([intent(), draft(Kind.RECOVERED, closed.eid) if at.done == 10 else draft()])
    report = work.report
    log.close()
    assert (report.clean, report.size, report.last, report.whole) == (True, 45, 45, True)
    assert (report.recovered, report.orphans) == ([42], [41, 43])
    assert totals[0] == 41
    assert totals[-1] == 45
