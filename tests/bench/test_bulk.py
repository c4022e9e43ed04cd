"""The large log of the benchmarks is a log like any other."""

from pathlib import Path

from linkage.audit.record import check_facts, parse_leaf
from linkage.store.sqlite_keys import SqliteKeys
from linkage.store.sqlite_read import SqliteReader
from tests.bench.bulk import load
from tests.bench.invented import EPOCHS, entries, sealing
from tests.small_log import append_one, draft, opened, verified
from tests.small_log import entries as stored


def test_a_log_that_was_loaded_verifies_and_is_appended_to(tmp_path: Path) -> None:
    log, keys = tmp_path / "log.db", tmp_path / "keys.db"
    load(log, keys, 2_000, quiet=True)
    report = verified(log)
    assert report.clean, report.findings
    assert report.size == 2_000
    assert 90 < report.checkpoints < 160
    assert not report.orphans
    appending = opened(log)
    assert append_one(appending, draft()).index == 2_000
    appending.close()
    assert verified(log).clean


def test_its_entries_state_what_real_ones_may_state(tmp_path: Path) -> None:
    sizes = []
    for entry, _ in entries(200):
        leaf = parse_leaf(entry.leaf)
        check_facts(leaf["facts"])
        assert (leaf["kind"], leaf["t"]) == (entry.kind, entry.ms)
        sizes.append(len(entry.leaf))
    assert 500 < sum(sizes) / len(sizes) < 900


def test_every_visit_has_a_data_key_that_is_found_by_its_pseudonym(tmp_path: Path) -> None:
    log, keys = tmp_path / "log.db", tmp_path / "keys.db"
    load(log, keys, 400, quiet=True)
    store = SqliteKeys(keys)
    sealed = {bytes.fromhex(parse_leaf(entry.leaf)["sealed"]["key"]) for entry in stored(log) if entry.kind == "intent"}
    rows = [store.get(key) for key in sealed]
    assert all(row is not None and row.pseudonym is not None and row in store.of_pseudonym(row.pseudonym) for row in rows)
    assert set(store.epochs()) <= {*EPOCHS, sealing().epoch}
    store.close()
    with SqliteReader(log) as reader:
        assert not reader.consistent(lambda each: each.open_intents(2**60, 10))
