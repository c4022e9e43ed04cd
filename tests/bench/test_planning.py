"""What the measurements write is what `linkage plan` reads, and what the sequencers are loaded with is what gateways append."""

from collections import defaultdict
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from linkage.planning import read_figures
from linkage.store.contract import Kind
from tests.bench.planning import as_toml, rows_of
from tests.bench.sequencer import drafts_without_end


def test_measured_figures_are_read_back_as_they_were(tmp_path: Path) -> None:
    own = tmp_path / "figures.toml"
    rows = rows_of(defaultdict(lambda: 12.5))
    own.write_text(as_toml(rows, "2 processors", date(2026, 11, 21)), encoding="utf-8")

    figures = read_figures(own)
    assert {row.table: (row.value, row.unit, row.how) for row in rows} == {
        name: (one.value, one.unit, one.how) for name, _, one in figures.each()
    }
    assert ("2 processors", date(2026, 11, 21)) == (figures.machine, figures.day)


@pytest.mark.parametrize("batch", [1, 2, 16])
def test_every_intent_of_the_load_is_closed_once_in_a_later_batch(batch: int) -> None:
    batches = list(islice(drafts_without_end(batch), 10))
    opened = [each.eid for drafts in batches for each in drafts if each.kind is Kind.INTENT]
    closed = [each.ref for drafts in batches for each in drafts if each.kind is Kind.OUTCOME]

    assert closed == opened[: len(closed)]
    assert {batch} == {len(drafts) for drafts in batches[1:]}
