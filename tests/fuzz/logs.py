"""Whole exports, sealed fields and tokens: what was changed is refused by its name, and never believed."""

import errno
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from linkage.audit.exported import ExportVerification
from linkage.audit.sealing import SealBroken, Sealing
from linkage.clock import FakeClock
from linkage.errors import SettingsInvalid
from linkage.keyring import KeyRing, NamedKey
from linkage.store.contract import Kind
from linkage.terms import DataKey
from linkage.tlog.checkpoint import sign_checkpoint
from linkage.tlog.errors import TlogInvalid
from linkage.tlog.log_keys import LogSigner
from linkage.tlog.tiles import ENTRIES, tiles_of, write_bundle, write_tile
from linkage.tlog.tree import leaf_hash, push, root_of
from linkage.visits.token import Sealer, TokenInvalid
from tests.fuzz.formats import KEY, LEAF, SIGNER
from tests.fuzz.mutilated import mutilated, mutilated_text
from tests.fuzz.rounds import Target
from tests.second_export_verifier import check_export
from tests.second_verifier import Rejected

SIZE = 259
LEAVES = [
    LEAF.replace(b'"ref":"00000000-0000-0000-0000-000000000002",', b"").replace(b'"t":5', b'"t":%d' % (5 + each)) for each in range(SIZE)
]


def _files() -> dict[str, bytes]:
    """A whole export, by path."""
    nodes: dict[tuple[int, int], bytes] = {}
    frontier: list[bytes] = []
    for index, leaf in enumerate(LEAVES):
        made: list[tuple[int, int, bytes]] = []
        push(frontier, index, leaf_hash(leaf), made)
        nodes.update({(level, place): digest for level, place, digest in made})
    files = {"checkpoint": sign_checkpoint(LogSigner.of(SIGNER), SIZE, root_of(frontier)).encode()}
    for tile in tiles_of(SIZE):
        places = range(tile.index * 256, tile.index * 256 + tile.width)
        whole = tile.level == ENTRIES
        files[tile.path] = (
            write_bundle([LEAVES[at] for at in places]) if whole else write_tile([nodes[8 * tile.level, at] for at in places])
        )
    return files


FILES = _files()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """An export on disk, removed when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="fuzz-")
    for name, content in FILES.items():
        path = Path(folder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def _exported(given: tuple[str, bytes]) -> None:
    """One file of an export is another: both verifiers say the same of it, and neither believes it."""
    name, content = given
    folder = Path(_folder().name)
    (folder / name).write_bytes(content)
    try:
        verification = ExportVerification(folder, KEY)
        list(verification.steps())
        clean = verification.report.clean
    except (TlogInvalid, SettingsInvalid):
        clean = False
    try:
        assert check_export(folder, KEY.text) == (SIZE, LEAVES)
        second = True
    except Rejected:
        second = False
    finally:
        (folder / name).write_bytes(FILES[name])
    assert clean == second
    assert clean == (content == FILES[name]) or name == "checkpoint"  # which may have lines of unknown keys


def _with_another_file(path: str) -> None:
    """A file more: named if its path is no tile's, told if it is beyond the checkpoint, and never a traceback."""
    parts = [part for part in path.split("/") if part and part != ".." and "\0" not in part]
    folder = Path(_folder().name)
    new = folder / "tile" / parts[0] if parts else folder / "tile"
    if any(len(part.encode()) > 255 for part in parts) or new.exists():  # no disk has such a name; or a folder of the export itself
        return
    try:
        folder.joinpath("tile", *parts).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath("tile", *parts).write_bytes(b"x")
        verification = ExportVerification(folder, KEY)
        list(verification.steps())
        assert verification.beyond or not verification.report.clean
    except OSError as refused:
        assert refused.errno == errno.ENAMETOOLONG  # noqa: PT017 (what the disk does not take is nobody's file)
    finally:
        if new.is_dir():
            shutil.rmtree(new)
        new.unlink(missing_ok=True)


# ---- sealed fields, tokens

RING = KeyRing((NamedKey("k1", bytes(range(32))),))
SEALING = Sealing(KEY.name, RING, RING, FakeClock())
DATA_KEY = DataKey(bytes(16), bytes(range(32)))
SEALED = SEALING.seal(DATA_KEY, Kind.INTENT, bytes(16), {"subject": "x", "reason": "y"})
SEALER = Sealer(RING)
TOKENS = [SEALER.seal("page", {"size": 5}), SEALER.seal("visit", {"size": 5})]
json = st.recursive(st.one_of(st.text(max_size=40), st.integers(), st.booleans()), lambda inner: st.lists(inner, max_size=3))

good = [text for group in (SEALED, SEALED["fields"]) if isinstance(group, dict) for text in group.values() if isinstance(text, str)]
fields = st.dictionaries(st.sampled_from(["subject", "reason", "other"]), st.one_of(json, st.sampled_from(good)))


def _sealed(changes: dict[str, Any]) -> None:
    group: dict[str, Any] = {**SEALED, **changes}
    try:
        opened = SEALING.open(DATA_KEY, Kind.INTENT, bytes(16), group)
    except SealBroken:
        assert group != SEALED
    else:
        assert opened.items() <= {"subject": "x", "reason": "y"}.items()
    SEALING.is_about(DATA_KEY, bytes(16), group, "x")


def _token(text: str) -> None:
    try:
        payload = SEALER.open("page", text)
    except TokenInvalid:
        assert text != TOKENS[0]
    else:
        assert text == TOKENS[0]
        assert payload == {"size": 5}


TARGETS = (
    Target(
        "export",
        st.sampled_from(sorted(FILES)).flatmap(lambda name: st.tuples(st.just(name), mutilated([FILES[name]]))),
        _exported,
    ),
    Target("paths of an export", mutilated_text(["2/000", "3/x001/000.p/5", "entries2/000"], "x001/", ".p/", "000"), _with_another_file),
    Target("sealed fields", st.dictionaries(st.sampled_from(["commit", "key", "subject", "fields"]), st.one_of(json, fields)), _sealed),
    Target("token", mutilated_text(TOKENS), _token),
)
