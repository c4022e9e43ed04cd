"""An export is as good as its checkpoint: what is none is refused by name, by both verifiers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from linkage.audit.exported import ExportVerification
from linkage.audit.report import Progress, Wrong
from linkage.errors import SettingsInvalid
from linkage.tlog.checkpoint import Checkpoint, sign_checkpoint
from linkage.tlog.errors import NoteInvalid, TlogInvalid
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer
from linkage.tlog.tiles import parse_bundle
from linkage.tlog.tree import EMPTY_ROOT, NewNode, leaf_hash, push, root_of
from tests.exported import KEY, SIZE, edit, report_of, said_by_the_second_verifier
from tests.small_log import SIGNER

NO_CHECKPOINT: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no final newline": lambda note: note[:-1],
    "CRLF": lambda note: note.replace(b"\n", b"\r\n"),
    "leading zero": lambda note: note.replace(b"\n600\n", b"\n0600\n"),
    "another size": lambda note: note.replace(b"\n600\n", b"\n601\n"),
    "no signature": lambda note: note.partition(b"\n\n")[0] + b"\n\n",
    "another signature": lambda note: note.replace(b"audit IHE", b"audit IHF"),
    "not UTF-8": lambda note: b"\xff" + note,
    "too large": lambda note: note + b"\n" * 1_000_001,
    "a key of the same name": lambda _: sign_checkpoint(LogSigner.of(Signer(KEY.name, bytes(32))), SIZE, bytes(32)).encode(),
    "another log": lambda _: sign_checkpoint(LogSigner.of(Signer("other.example/log", bytes(32))), SIZE, bytes(32)).encode(),
    "2^63 entries": lambda _: SIGNER.sign(f"{KEY.name}\n{2**63}\n{'A' * 43}=\n").encode(),
    "blank line": lambda _: SIGNER.sign(f"{KEY.name}\n600\n{'A' * 43}=\n\nmore\n").encode(),
}
LINE = SIGNER.sign("x\n").partition("\n\n")[2]
UNKNOWN = Signer("other.example/log", bytes(32)).sign("x\n").partition("\n\n")[2].encode()
NO_CHECKPOINT |= {
    "size 0 with a root of something": lambda _: SIGNER.sign(f"{KEY.name}\n0\n{'A' * 43}=\n").encode(),
    "an en dash": lambda note: note.replace("\u2014".encode(), "\u2013".encode()),
    "two spaces": lambda note: note.replace(b"audit IHE", b"audit  IHE"),
    "URL-safe base64": lambda note: note[:-30] + b"_" + note[-29:],
    "a tab": lambda note: note.replace(b"audit IHE", b"audit\tIHE"),
    "a second signature of the log that does not hold": lambda note: note + LINE.encode(),
    "101 signatures": lambda note: note + UNKNOWN * 100,
    "signed by an unknown key alone": lambda note: note.partition(b"\n\n")[0] + b"\n\n" + UNKNOWN,
}
STILL_A_CHECKPOINT: dict[str, Callable[[bytes], bytes]] = {
    "signed twice": lambda note: note + note.partition(b"\n\n")[2],
    "sixteen unknown signatures": lambda note: note + UNKNOWN * 16,
    "an unknown signature in front": lambda note: note.replace(b"\n\n", b"\n\n" + UNKNOWN),
}


@pytest.mark.parametrize("variety", list(STILL_A_CHECKPOINT))
def test_a_checkpoint_with_more_signatures_is_accepted_by_both_verifiers(variety: str, out: Path) -> None:
    edit(out / "checkpoint", STILL_A_CHECKPOINT[variety])
    assert report_of(out).clean
    assert not said_by_the_second_verifier(out)


@pytest.mark.parametrize("fault", list(NO_CHECKPOINT))
def test_a_checkpoint_that_is_none_is_refused_by_name_by_both_verifiers(fault: str, out: Path) -> None:
    edit(out / "checkpoint", NO_CHECKPOINT[fault])
    with pytest.raises(TlogInvalid, match=r"got .*, expected"):
        report_of(out)
    assert said_by_the_second_verifier(out)


def test_a_folder_without_a_checkpoint_is_no_export(out: Path, tmp_path: Path) -> None:
    (out / "checkpoint").unlink()
    for folder in (out, tmp_path, tmp_path / "nothing"):
        with pytest.raises(SettingsInvalid):
            report_of(folder)


def test_a_checkpoint_of_a_size_that_no_folder_can_hold_ends_in_findings(out: Path) -> None:
    (out / "checkpoint").write_text(sign_checkpoint(SIGNER, 70_000, bytes(32)))
    report = report_of(out)
    assert (Wrong.CHECKPOINT, 70_000) in {(finding.what, finding.index) for finding in report.findings}


def test_an_export_is_a_continuation_of_every_checkpoint_kept_elsewhere(out: Path) -> None:
    leaves = [
        leaf
        for name, width in (("000", 256), ("001", 256), ("002.p/88", 88))
        for leaf in parse_bundle((out / "tile/entries" / name).read_bytes(), width)
    ]
    frontier: list[bytes] = []
    kept = [Checkpoint(KEY.name, 0, EMPTY_ROOT)]
    for index, leaf in enumerate(leaves):
        made: list[NewNode] = []
        push(frontier, index, leaf_hash(leaf), made)
        kept.append(Checkpoint(KEY.name, index + 1, root_of(frontier)))

    assert report_of(out, against=kept).clean
    for size in (1, 255, 256, 257, 512, 599, 600):
        wrong = Checkpoint(KEY.name, size, bytes(32))
        assert [(Wrong.CHECKPOINT, size)] == [(each.what, each.index) for each in report_of(out, against=[*kept, wrong]).findings]
    beyond = Checkpoint(KEY.name, 601, bytes(32))
    assert ["checkpoint 601: a checkpoint kept elsewhere is beyond the export"] == [
        str(each) for each in report_of(out, against=[beyond]).findings
    ]


def test_a_key_that_had_ended_does_not_vouch_for_an_export(out: Path) -> None:
    old = LogVerifier((LogKey(Signer(KEY.name, bytes(32)).verifier), LogKey(KEY.current, 0, SIZE - 1)))
    with pytest.raises(NoteInvalid, match="key that counts at its size"):
        ExportVerification(out, old)


def test_progress_goes_from_nothing_to_everything(out: Path) -> None:
    steps = list(ExportVerification(out, KEY).steps())
    assert (Progress(0, SIZE), Progress(SIZE, SIZE)) == (steps[0], steps[-1])
