"""A witness's memory: it never goes back, whatever order requests come in, and nobody is answered before it is durable."""

import threading
from pathlib import Path

import apsw
import pytest

from linkage.store.contract import StorePoisoned, StoreUnavailable
from linkage.store.witness_state import Cosigned, WitnessState, create_state
from linkage.tlog.tree import EMPTY_ROOT

VKEY, ORIGIN = "witness.example/w1+20324abe+key", "linkage.example/audit"


def kept(size: int, root: bytes = EMPTY_ROOT) -> Cosigned:
    return Cosigned(size, root, f"note of {size}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    create_state(tmp_path / "witness.db", VKEY)
    return tmp_path / "witness.db"


def put(state: WitnessState, size: int) -> None:
    state.advance(ORIGIN, lambda _: kept(size))


def test_what_was_cosigned_is_there_for_the_next_process(file: Path) -> None:
    state = WitnessState(file, VKEY)
    assert state.latest(ORIGIN) is None
    put(state, 7)
    state.close()

    again = WitnessState(file, VKEY)
    assert kept(7) == again.latest(ORIGIN)
    assert again.latest("another.example/log") is None
    again.close()


def test_a_step_sees_the_newest_and_what_it_raises_leaves_all_as_it_was(file: Path) -> None:
    state = WitnessState(file, VKEY)
    put(state, 3)

    def refuse(newest: Cosigned | None) -> Cosigned:
        assert kept(3) == newest
        raise LookupError

    with pytest.raises(LookupError):
        state.advance(ORIGIN, refuse)

    assert kept(3) == state.latest(ORIGIN)
    put(state, 4)
    state.close()


def test_of_two_requests_at_once_the_second_sees_what_the_first_has_kept(file: Path) -> None:
    """The race of the specification: both are consistent with the same old size, and the smaller must not be kept last."""
    inside, go_on = threading.Event(), threading.Event()
    newest: list[int] = []

    def larger() -> None:
        state = WitnessState(file, VKEY)

        def step(_: Cosigned | None) -> Cosigned:
            inside.set()
            go_on.wait(5)
            return kept(9)

        state.advance(ORIGIN, step)
        state.close()

    thread = threading.Thread(target=larger)
    thread.start()
    inside.wait(5)
    state = WitnessState(file, VKEY)
    threading.Timer(0.05, go_on.set).start()

    def smaller(found: Cosigned | None) -> Cosigned:
        newest.append(0 if found is None else found.size)
        raise LookupError

    with pytest.raises(LookupError):
        state.advance(ORIGIN, smaller)
    thread.join()
    assert [9] == newest
    state.close()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE cosigned SET size = 6", "UPDATE cosigned SET root = zeroblob(32)", "DELETE FROM cosigned", "UPDATE cosigned SET size = -1"],
)
def test_the_file_itself_refuses_to_go_back(file: Path, statement: str) -> None:
    state = WitnessState(file, VKEY)
    put(state, 7)
    state.close()

    connection = apsw.Connection(str(file))
    with pytest.raises(apsw.ConstraintError):
        connection.execute(statement)
    connection.close()


def test_the_memory_of_another_key_is_refused(file: Path) -> None:
    with pytest.raises(StorePoisoned, match="another key"):
        WitnessState(file, "another+key")


def test_a_memory_is_never_begun_anew_and_never_made_by_opening(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="exists"):
        create_state(file, VKEY)
    with pytest.raises(StoreUnavailable):
        WitnessState(tmp_path / "absent.db", VKEY)


def test_a_memory_that_was_taken_away_cosigns_no_more(file: Path) -> None:
    state = WitnessState(file, VKEY)
    put(state, 7)
    file.rename(file.with_name("elsewhere"))

    for _ in range(2):
        with pytest.raises(StorePoisoned, match="moved"):
            put(state, 8)
    assert state.poison
    state.close()
