"""A log is exported alike from every backend."""

from pathlib import Path

from linkage.audit.export import export_log
from linkage.store.backend import LogStore
from tests.exported import KEY, looked_through, more, said_by_the_second_verifier


def test_a_log_is_exported_and_exported_again(log: LogStore, tmp_path: Path) -> None:
    for size in (300, 600):
        log.append(more(300))
        with log.reader() as reader:
            list(export_log(reader, KEY, tmp_path / "out"))
        seen = looked_through(tmp_path / "out")
        assert (True, size, []) == (seen.report.clean, seen.report.size, seen.beyond)
        assert not said_by_the_second_verifier(tmp_path / "out")
