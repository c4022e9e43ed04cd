"""`linkage witness`: keys made with their store, checkpoints judged by a policy, and what is wrong named."""

from pathlib import Path

import pytest

from linkage.tlog.cosignature import Cosigner, CosignerKey
from tests.cli.conftest import Linkage
from tests.witnessed import COSIGNER, LOG, GrowingLog


def test_a_key_is_made_with_its_store_and_never_twice(linkage: Linkage, tmp_path: Path) -> None:
    words = ["witness", "key", "--name", "witness.example/w1", "--out", tmp_path / "w.key", "--store", tmp_path / "w.db"]
    made = linkage(*words, "--json")

    assert 0 == made.code
    key = CosignerKey.parse(made.page["vkey"])
    assert key == Cosigner.parse((tmp_path / "w.key").read_text().strip()).key
    assert key == CosignerKey.parse((tmp_path / "w.vkey").read_text().strip())
    again = linkage(*words)
    assert 2 == again.code
    assert "no witness forgets" in again.said


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ([], "make a new key and a new memory"),
        (["--tls-key", "x.pem"], "belong together"),
    ],
    ids=["store lost", "half of TLS"],
)
def test_a_witness_that_cannot_serve_says_what_to_do(linkage: Linkage, tmp_path: Path, more: list[str], why: str) -> None:
    linkage("witness", "key", "--name", "w", "--out", tmp_path / "w.key", "--store", tmp_path / "w.db")
    (tmp_path / "w.db").rename(tmp_path / "elsewhere")
    (tmp_path / "log.vkey").write_text(LOG.verifier.text)
    files = ["--key", tmp_path / "w.key", "--store", tmp_path / "w.db", "--log", tmp_path / "log.vkey"]

    ended = linkage("witness", "serve", "--listen", "127.0.0.1:0", *files, *more)

    assert 2 == ended.code
    assert why in ended.said


@pytest.mark.parametrize("listen", ["7443", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http"])
def test_where_nobody_can_listen_is_a_usage_error(linkage: Linkage, tmp_path: Path, listen: str) -> None:
    linkage("witness", "key", "--name", "w", "--out", tmp_path / "w.key", "--store", tmp_path / "w.db")
    (tmp_path / "log.vkey").write_text(LOG.verifier.text)
    files = ["--key", tmp_path / "w.key", "--store", tmp_path / "w.db", "--log", tmp_path / "log.vkey"]

    assert 2 == linkage("witness", "serve", "--listen", listen, *files).code


def test_a_checkpoint_is_judged_by_a_policy(linkage: Linkage, tmp_path: Path) -> None:
    note = GrowingLog(7).note(7)
    policy, plain, cosigned = tmp_path / "policy", tmp_path / "plain", tmp_path / "cosigned"
    policy.write_text(f"log {LOG.verifier.text}\nwitness w {COSIGNER.key.text}\nquorum w\n")
    plain.write_text(note)
    cosigned.write_text(note + COSIGNER.cosign(note.partition("\n\n")[0] + "\n", 5))

    met = linkage("witness", "check", cosigned, "--policy", policy, "--json")
    assert (0, 7) == (met.code, met.page["size"])
    too_few = linkage("witness", "check", plain, "--policy", policy)
    assert 1 == too_few.code
    assert "its quorum" in too_few.said
    policy.write_text("quorum nobody\n")
    malformed = linkage("witness", "check", cosigned, "--policy", policy)
    assert 2 == malformed.code
    assert "line 1" in malformed.said
    assert 2 == linkage("witness", "check", tmp_path / "absent", "--policy", policy).code
