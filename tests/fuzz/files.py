"""What operators write, and keys: every file is in order, or every problem is named; nothing ends in a traceback."""

import re
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from linkage.agreements.book import Known, read_book
from linkage.catalogue.catalogue import Names, read_catalogue
from linkage.catalogue.records import load_records
from linkage.errors import Problem, SettingsInvalid
from linkage.identity.register import read_register
from linkage.keyring import load_keyring
from linkage.numbers import CitizenNumber
from linkage.settings import load
from tests.fuzz.mutilated import mutilated, mutilated_text
from tests.fuzz.rounds import Target

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "sample"
WORDS = (
    b"[[agreement]]\n",
    b"[a]\n",
    b"a = 1\n",
    b"= [",
    b"= {",
    b"true",
    b"1979-05-27",
    b'""',
    b"'''",
    b'"""',
    b"_env_file = 5\n",
    b"self = 1\n",
)
RING = b"# keys\nk2:" + b"0a" * 32 + b"\nk1:" + b"ff" * 32 + b"\n"


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-")  # removed when the process ends


def _written(raw: bytes) -> Path:
    path = Path(_scratch().name) / "file.toml"
    path.write_bytes(raw)
    path.chmod(0o600)
    return path


def _named(problems: list[Problem] | tuple[Problem, ...]) -> None:
    assert all(problem.key and problem.got and problem.expected for problem in problems)


def _read(read: Callable[[Path], object]) -> Callable[[bytes], None]:
    def check(raw: bytes) -> None:
        try:
            read(_written(raw))
        except SettingsInvalid as refused:
            problems = refused.problems
        else:
            return
        assert problems
        _named(problems)

    return check


def _collected(read: Callable[[Path, list[Problem]], object]) -> Callable[[bytes], None]:
    def check(raw: bytes) -> None:
        problems: list[Problem] = []
        read(_written(raw), problems)
        _named(problems)

    return check


def _number(text: str) -> None:
    try:
        number = CitizenNumber.parse(text)
    except ValueError as refused:
        told = str(refused)
    else:
        assert number == CitizenNumber.parse(number.reveal())
        told = repr(number)
    assert len(text) < 6 or text not in told


def _seeds(name: str) -> list[bytes]:
    """The parts of a file, and the file."""
    whole = (ROOT / name).read_bytes()
    return [*(part + b"\n" for part in re.split(rb"\n\n+", whole) if b"=" in part), whole]


records = load_records([ROOT / "adapters/dopa/records.toml"])
known = Known(frozenset({"doe", "dlpw"}), frozenset({"dopa"}), None, {kind.type: kind.fields.keys() for kind in records})

TARGETS = (
    Target("settings", mutilated(_seeds("deploy/linkage.full.toml"), *WORDS), _read(load)),
    Target(
        "agreements",
        mutilated(_seeds("deploy/sample/agreements.toml"), *WORDS),
        _collected(lambda path, problems: read_book(path, known, problems)),
    ),
    Target("register", mutilated(_seeds("deploy/sample/register.toml"), *WORDS), _collected(read_register)),
    Target(
        "services",
        mutilated(_seeds("deploy/sample/services/demonstration.toml"), *WORDS),
        _collected(lambda path, problems: read_catalogue(path, records, Names(None, {"dopa"}), problems)),
    ),
    Target("record types", mutilated(_seeds("adapters/dopa/records.toml"), *WORDS), _read(lambda path: load_records([path]))),
    Target("key ring", mutilated([RING], b"k3:", b"00" * 32), _read(load_keyring)),
    Target(
        "citizen number", st.one_of(mutilated_text(["1100000000008", "1-1000-00000-00-8", "๑๑๐๐๐๐๐๐๐๐๐๐๘"]), st.text(max_size=50)), _number
    ),
)
