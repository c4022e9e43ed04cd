"""The whole gateway on a log of ten million entries beside one of ten thousand: lookups a second, in turns.

Part of `make bench-full`: `tests.bench.full` has the logs. They are moved into places whose keys are those they were loaded with, and
are the gateways' own from then on.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.large import SMALL
from tests.bench.loading import Work, load
from tests.bench.rounds import Row, row
from tests.bench.sides import Gateway, built_place, serving, simulator
from tests.bench.stage import Stage
from tests.journeys.place import Place
from tests.journeys.replicas import secret
from tests.small_log import SIGNER

ROUNDS = 8
WORK = Work(in_flight=32, seconds=3.0, warm=1.0)
_AIM = 0.9
_PARTS = ("", "-wal", "-shm")
_KEY, _PSEUDONYM = f"k1:{bytes(32).hex()}\n", f"p1:{bytes(32).hex()}\n"
"""The rings of `tests.bench.invented.sealing`."""


def measure(folder: Path, entries: int) -> list[Row]:
    """The rows of the figures.

    Args:
        folder: holds ``small`` and ``large``, each with ``log.db`` and ``keys.db``, and the large log's ``files.index``; all are used up.
        entries: how many the large log was loaded with.
    """
    with (
        tempfile.TemporaryDirectory(prefix="places-", dir=folder) as scratch,
        simulator() as agency,
        load() as clients,
        ExitStack() as stack,
    ):
        places = Path(scratch)
        sides: dict[str, Gateway] = {}
        for size in ("small", "large"):
            place = moved_in(built_place(places / size, agency), folder / size)
            if size == "large":
                _move(folder / "files.index", place.folder / "log.db.index")
            sides[size] = stack.enter_context(serving(size, place, agency))
        stage = Stage(clients, agency, places, lambda: None)
        stage.apart(sides.values())
        measured = stage.run(f"one worker, 32 in flight, logs of {SMALL:,} and {entries:,} entries", list(sides.values()), WORK, ROUNDS)
    return [
        row(f"throughput at a log of {entries:,} entries / {SMALL:,}", measured.ratio("large", "small"), _AIM),
        *(row(f"lookups a second at the {size} log", measured.median(size, lambda answer: answer.rate)) for size in sides),
    ]


def moved_in(place: Place, log: Path) -> Place:
    """Give the place this folder's log and data keys, and the keys they were made with."""
    for name, text in (("log.key", SIGNER.signers[0].skey + "\n"), ("kek.keys", _KEY), ("pseudonym.keys", _PSEUDONYM)):
        secret(place.folder / name, text)
    (place.folder / "log.vkey").write_text(SIGNER.verifier.current.text + "\n", encoding="utf-8")
    _move(log / "log.db", place.folder / "log.db")
    _move(log / "keys.db", place.folder / "data-keys.db")
    return place


def _move(source: Path, target: Path) -> None:
    for part in _PARTS:
        found = source.with_name(source.name + part)
        if found.exists():
            found.replace(target.with_name(target.name + part))
