"""The way to PostgreSQL ends at every statement of one append, before it and after it: nothing acknowledged is lost or written twice."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest

from linkage.clock import FakeClock
from linkage.store.backend import LogStore
from linkage.store.contract import Draft, NotEnded, Once, Placed, StorePoisoned, StoreUnavailable, Within, WithinDay
from linkage.store.postgres_log import PostgresLog
from tests.postgres import Database, Server
from tests.small_log import SIGNER, append_one, draft, intent, outcome, placed
from tests.store.contract.places import ANY_TIME, PostgresPlace, assert_holds, entries, lay_out
from tests.store.cutting_proxy import Cut, CuttingProxy, at_commit

CLAIMS = (NotEnded(b"v" * 16), Within(b"officer", 10**6, 60), WithinDay(b"agreement", 10**6, "agreement"))


class World:
    """One log in PostgreSQL, a gateway that reaches it straight, and one that reaches it through the proxy."""

    def __init__(self, database: Database, proxy: CuttingProxy) -> None:
        self.proxy = proxy
        self.clock = FakeClock()
        self.database = database
        self.straight = PostgresPlace(database.gateway, database.owner)
        self.through = PostgresPlace(database.through(proxy.port).gateway)
        self.beside = self.straight.open(self.clock)

    def close(self) -> None:
        self.proxy.arm(None)
        self.straight.close()
        self.through.close()

    def impatient(self) -> LogStore:
        """A gateway through the proxy that gives up on an unknown commit soon."""
        conninfo = self.database.through(self.proxy.port).gateway
        return PostgresLog(conninfo, signer=SIGNER, clock=self.clock, clock_entry=lambda _: draft(), clock_apart=ANY_TIME, patience_s=0.2)


@pytest.fixture(scope="module")
def server_database(postgres: Server) -> Iterator[tuple[Server, Database]]:
    database = postgres.fresh_database(lay_out)
    yield postgres, database
    postgres.drop(database)


@pytest.fixture
def world(server_database: tuple[Server, Database]) -> Iterator[World]:
    server, database = server_database
    with CuttingProxy(server.port) as proxy:
        world = World(database, proxy)
        yield world
        world.close()


def one_entry(log: LogStore) -> list[Draft]:
    append_one(log, draft())
    return [draft()]


def at_a_tree_edge(log: LogStore) -> list[Draft]:
    """The batch completes a subtree of 16 leaves, closes an intent, and begins another with claims of every kind."""
    begun = intent(*CLAIMS)
    append_one(log, begun)
    while (rest := 13 - log.head.size % 16) != 0:
        log.append([draft() for _ in range(rest % 16)])
    return [outcome(begun), intent(*CLAIMS, Once(begun.eid, b"digest")), draft()]


PREPARE = {"one entry": one_entry, "a tree edge": at_a_tree_edge}


def cut_once(world: World, prepare: Callable[[LogStore], list[Draft]], cut: Cut) -> str:
    """Cut off one append, and append the same entries again; gives what the first attempt said, or that it was not cut off."""
    world.proxy.arm(None)
    log = world.through.open(world.clock)
    drafts = prepare(world.beside)
    world.proxy.arm(cut)
    told: list[tuple[bytes, int]] = []
    try:
        told = [(each.eid, each.index) for each in map(placed, log.append(drafts))]
        said = "placed"
    except StoreUnavailable:
        said = "not written"
    if not world.proxy.fired:
        return "not reached"
    ids = {each.eid for each in drafts}
    stored = {entry.eid: entry.index for entry in entries(world.straight) if entry.eid in ids}
    assert stored == dict(told)

    again = [(each.eid, each.index) for each in map(placed, log.append(drafts))]
    assert [eid for eid, _ in again] == [each.eid for each in drafts]
    if told:
        assert again == told
    log.close()
    return said


@pytest.mark.parametrize("batch", list(PREPARE))
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done but not answered"])
def test_the_way_to_the_server_may_end_at_each_statement_of_an_append(done: bool, batch: str, world: World) -> None:
    said = []
    for nth in count():
        said.append(cut_once(world, PREPARE[batch], Cut(nth, done)))
        if said[-1] == "not reached":
            break
    *before, commit, _ = said
    assert set(before) <= {"placed", "not written"}
    assert len(said) >= {"one entry": 9, "a tree edge": 20}[batch]
    assert commit == ("placed" if done else "not written"), "the last statement is the commit, which the log itself is asked about"
    assert "not written" in before, "what is lost before the commit is certainly not written"
    assert_holds(world.straight, [])


def test_a_commit_whose_answer_is_lost_is_one_entry_at_its_true_place(world: World) -> None:
    log = world.through.open(world.clock)
    append_one(log, draft())
    world.proxy.arm(at_commit(done=True))
    each = draft()

    found = append_one(log, each)

    assert world.proxy.fired
    assert [entry.index for entry in entries(world.straight) if entry.eid == each.eid] == [found.index]
    assert append_one(log, each).index == found.index
    assert log.trouble() == ""


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_commit_that_stays_unknown_is_neither_success_nor_nothing_and_ends_this_process_writing(done: bool, world: World) -> None:
    log = world.impatient()
    append_one(log, draft())
    world.proxy.arm(at_commit(done=done), closed_for=10**6)
    each = draft()

    for _ in range(2):
        with pytest.raises(StorePoisoned, match="unknown whether the batch is durable"):
            log.append([each])

    assert "unknown whether" in log.trouble()
    assert log.lost()
    world.proxy.arm(None)
    stored = [entry.index for entry in entries(world.straight) if entry.eid == each.eid]
    assert len(stored) == int(done)
    restarted = world.through.open(world.clock)
    assert append_one(restarted, each).index == (stored or [restarted.head.size - 1])[0]
    log.close()


def test_a_batch_of_which_only_a_part_is_found_ends_this_process_writing(world: World) -> None:
    log = world.through.open(world.clock)
    append_one(log, draft())
    world.proxy.arm(at_commit(done=False), closed_for=10**6)
    drafts = [draft(), draft()]
    errors: list[StorePoisoned] = []

    def append() -> None:
        with pytest.raises(StorePoisoned) as caught:
            log.append(drafts)
        errors.append(caught.value)

    appending = threading.Thread(target=append)
    appending.start()
    while not world.proxy.fired:
        time.sleep(0.001)
    append_one(world.beside, drafts[1])  # by whatever hand
    world.proxy.arm(None)
    appending.join(20)

    assert "only a part" in str(errors[0])
    assert log.lost()


def test_a_server_that_cannot_be_reached_for_a_while_is_waited_for_where_a_commit_is_unknown(world: World) -> None:
    log = world.through.open(world.clock)
    append_one(log, draft())
    world.proxy.arm(at_commit(done=True), closed_for=3)

    assert isinstance(log.append([draft()])[0], Placed)


def test_while_nobody_answers_batches_are_refused_and_health_tells_until_one_is_written(world: World) -> None:
    log = world.through.open(world.clock)
    append_one(log, draft())
    world.proxy.arm(Cut(0, done=False), closed_for=2)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="database cannot be reached"):
            log.append([draft()])
        assert log.trouble().startswith("database cannot be reached")
        assert log.lost() == ""

    append_one(log, draft())

    assert log.trouble() == ""


def test_a_connection_that_was_ended_while_idle_is_replaced_within_the_next_batch(world: World, postgres: Server) -> None:
    log = world.straight.open(world.clock)
    reader = log.reader()
    append_one(log, draft())
    reader.head()
    with psycopg.connect(postgres.conninfo(world.database.name), autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    append_one(log, draft())

    assert reader.consistent(lambda each: each.head()) == log.head
    reader.close()
    append_one(world.beside, draft())


def standbys(server: Server, name: str) -> None:
    """Have every commit wait for a standby of this name; none for an empty one."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as operator:
        operator.execute("SET synchronous_commit = local")
        operator.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        operator.execute("SELECT pg_reload_conf()")


def waiting(server: Server, database: Database, patience_s: float = 10) -> list[int]:
    """Backends of this database whose commit waits for a standby."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as operator:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = %s"
            if found := operator.execute(query, (database.name,)).fetchall():
                return [row[0] for row in found]
            time.sleep(0.005)
    return []


def cancel(server: Server, pids: list[int]) -> None:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as operator:
        for pid in pids:
            operator.execute("SELECT pg_cancel_backend(%s)", (pid,))


def test_a_commit_without_its_standby_is_acknowledged_only_when_a_later_one_was_replicated(world: World, postgres: Server) -> None:
    log = world.straight.open(world.clock)
    results: list[Placed] = []
    seen = threading.Event()

    def append() -> None:
        while not seen.is_set():  # the server takes a moment to read its settings
            results.append(append_one(log, draft()))

    standbys(postgres, "nobody")
    try:
        appending = threading.Thread(target=append)
        appending.start()
        first = waiting(postgres, world.database)
        seen.set()
        before = len(results)
        cancel(postgres, first)
        assert waiting(postgres, world.database), "the look at the log waits for the standby as well"
        assert len(results) == before
    finally:
        standbys(postgres, "")
    appending.join(10)
    assert len(results) == before + 1
    assert append_one(log, draft()).index == results[-1].index + 1


def test_a_commit_whose_standby_stays_away_is_not_acknowledged(world: World, postgres: Server) -> None:
    log = world.impatient()
    errors: list[StorePoisoned] = []

    def append() -> None:
        while not errors:
            try:
                append_one(log, draft())
            except StorePoisoned as cause:
                errors.append(cause)

    standbys(postgres, "nobody")
    try:
        appending = threading.Thread(target=append)
        appending.start()
        while appending.is_alive():
            cancel(postgres, waiting(postgres, world.database, 0.1))
            appending.join(0.01)
    finally:
        standbys(postgres, "")
    assert "unknown whether" in str(errors[0])
    log.close()
