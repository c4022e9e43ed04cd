"""A receipt can be fetched again, under the newest checkpoint, and two checkpoints can be shown to be one log's."""

import apsw
import pytest

from linkage.audit.journal import Journal
from linkage.audit.receipt import ReceiptBook
from linkage.errors import AuditUnavailable, LogCorrupt, Reason, Refusal
from linkage.store.backend import LogStore
from linkage.store.contract import StorePoisoned
from linkage.store.sqlite_read import SqliteReader
from linkage.tlog.checkpoint import open_checkpoint
from linkage.tlog.errors import ProofInvalid
from linkage.tlog.tree import verify_consistency
from tests.audit.test_verify import tamper
from tests.audit.world import FACTS, World, one_passage
from tests.second_verifier import check_receipt
from tests.small_log import SIGNER


async def test_a_request_gets_its_entries_again_under_the_newest_checkpoint(world: World, journal: Journal) -> None:
    book = ReceiptBook(lambda: SqliteReader(world.path))
    request = world.id()
    async with journal.passage(request, FACTS) as passage:
        alone = await book.of_request(request)
        assert [receipt.index for receipt in alone] == [0]
        passage.conclude("found")
    for _ in range(40):
        await one_passage(world, journal)
    receipts = await book.of_request(request)
    assert [receipt.index for receipt in receipts] == [0, 1]
    assert receipts[1].leaf == passage.receipt.leaf
    newest = await book.checkpoint()
    for receipt in receipts:
        assert receipt.tlog_proof.endswith(newest)
        assert check_receipt(receipt.tlog_proof.encode(), receipt.leaf, SIGNER.verifier.text) == receipt.index
    assert await book.of_request(world.id()) == ()
    await book.close()


async def test_a_denied_request_has_one_entry(world: World, journal: Journal) -> None:
    book = ReceiptBook(lambda: SqliteReader(world.path))
    request = world.id()
    own = await journal.deny(request, FACTS, Refusal(Reason.NO_AGREEMENT))
    assert await book.of_request(request) == (own,)
    await book.close()


async def test_any_two_checkpoints_are_shown_to_be_one_logs(world: World, journal: Journal) -> None:
    book = ReceiptBook(lambda: SqliteReader(world.path))
    notes = [await book.checkpoint()]
    for _ in range(9):
        await one_passage(world, journal)
        notes.append(await book.checkpoint())
    points = [open_checkpoint(note.encode(), SIGNER.verifier) for note in notes]
    for old in points:
        for new in points:
            if old.size <= new.size:
                verify_consistency(old.size, new.size, old.root, new.root, await book.consistency(old.size, new.size))
    for sizes in ((5, 4), (-1, 4), (4, 19), (0, 2**63)):
        with pytest.raises(ProofInvalid):
            await book.consistency(*sizes)
    await book.close()


async def test_a_missing_node_is_named_and_proves_nothing(world: World, journal: Journal) -> None:
    request = world.id()
    await journal.deny(request, FACTS, Refusal(Reason.NO_AGREEMENT))
    for _ in range(4):
        await one_passage(world, journal)
    tamper(world.path, "DELETE FROM node WHERE level = 1 AND idx = 1")
    found: list[LogCorrupt] = []
    book = ReceiptBook(lambda: SqliteReader(world.path), found.append)
    with pytest.raises(LogCorrupt, match="node 1/1: missing") as caught:
        await book.of_request(request)
    assert found == [caught.value]
    await book.close()


async def test_a_log_found_corrupt_by_a_reader_is_written_no_more(world: World, journal: Journal) -> None:
    await one_passage(world, journal)
    journal.poison("node 1/1: missing")
    assert (journal.health().poisoned, journal.health().reason) == (True, "node 1/1: missing")
    with pytest.raises(StorePoisoned, match="node 1/1"):
        await one_passage(world, journal)


async def test_a_log_found_corrupt_in_the_journals_own_thread_is_written_no_more(world: World, journal: Journal) -> None:
    def look(_log: LogStore) -> None:
        raise LogCorrupt("node 1/1: missing")

    with pytest.raises(AuditUnavailable):
        await journal.with_log(look)
    assert journal.health().poisoned


def test_a_reader_cannot_write(world: World) -> None:
    with SqliteReader(world.path) as reader, pytest.raises(apsw.ReadOnlyError):
        reader._connection.execute("DELETE FROM checkpoint")
