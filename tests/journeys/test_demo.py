"""The demo, as a visitor runs it: in an empty folder, as its own process."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.second_verifier import check_receipt

LINKAGE = (sys.executable, "-m", "linkage.cli.main")
ROOT = Path(__file__).parents[2]


def linkage(folder: Path, *words: str | Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LINKAGE, *map(str, words)], cwd=folder, env=surroundings(), input=typed, capture_output=True, text=True, check=False, timeout=110
    )


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}  # noqa: TID251 (handed on to a process)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def port_of(folder: Path) -> int:
    return int((folder / "counter" / "target").read_text().rpartition(":")[2])


def nobody_listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) != 0


def assert_left(demo: Path) -> None:
    """What the demo leaves is enough for any gRPC client, and every receipt verifies with code that is not ours."""
    assert {"linkage.toml", "log.vkey", "receipts", "counter"} <= names(demo)
    assert {"ca.pem", "cert.pem", "key.pem", "officer.jwt", "target"} <= names(demo / "counter")
    for private in (demo / "counter" / "key.pem", demo / "counter" / "officer.jwt", *(demo / "keys").iterdir()):
        assert 0o600 == stat.S_IMODE(private.stat().st_mode), private
    vkey = (demo / "log.vkey").read_text().strip()
    leaves = sorted((demo / "receipts").glob("*.leaf"))
    assert len(leaves) >= 5
    for leaf in leaves:
        check_receipt(leaf.with_suffix(".tlog-proof").read_bytes(), leaf.read_bytes(), vkey)


def test_the_whole_story_is_told_twice_afresh_and_leaves_nothing_running(tmp_path: Path) -> None:
    told = [linkage(tmp_path, "demo"), linkage(tmp_path, "demo", "--json")]

    assert [0, 0] == [one.returncode for one in told], told[0].stdout + told[0].stderr + told[1].stderr
    words = (
        "LOGGED IN",
        "MATCH",
        "สมมติ",
        "จำลองบุรี",
        "FIELD_NOT_AGREED",
        "NO_MATCH",
        "AGENCY_UNAVAILABLE",
        "VISIT_ENDED",
        "4 of 6",
        "VERIFIED",
    )
    assert all(word in told[0].stdout for word in words)
    page = json.loads(told[1].stdout)
    assert page["ok"]
    assert list(range(1, 13)) == [step["step"] for step in page["steps"]]
    assert_left(tmp_path / ".demo")
    assert nobody_listens(port_of(tmp_path / ".demo"))
    verified = linkage(tmp_path, "audit", "verify", "--config", ".demo/linkage.toml", "--json")
    assert (0, [], []) == (verified.returncode, *(json.loads(verified.stdout)[key] for key in ("findings", "orphans")))
    assert all(b"1100000000016" not in leaf.read_bytes() for leaf in (tmp_path / ".demo" / "receipts").iterdir())


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGTERM])
def test_it_stays_until_it_is_told_to_go_and_can_be_called_meanwhile(tmp_path: Path, ended_by: signal.Signals) -> None:
    demo = tmp_path / ".demo"
    with staying(tmp_path) as process:
        try:
            said = read_until(process, "Let DOPA fail")
            card = (demo / "counter" / "card").read_text(encoding="utf-8")
            desk = ("--counter", ".demo/counter", "--service", "jobseeker_registration")
            verified = linkage(tmp_path, "verify", *desk, "--recipient", "doe", typed=card)
            record = linkage(tmp_path, "lookup", *desk, "--type", "dopa.person", "--fields", "first_name", "--json")
            again = linkage(tmp_path, "demo")
        finally:
            process.send_signal(ended_by)
        process.wait(timeout=60)

    assert "Ctrl-C" in said
    assert 0 == verified.returncode, verified.stderr
    assert {"first_name": "สมมติ"} == json.loads(record.stdout)["fields"]
    assert 2 == again.returncode, "a demo that still runs is not swept away by another"
    assert nobody_listens(port_of(demo))
    assert {signal.SIGINT: 0, signal.SIGTERM: 128 + signal.SIGTERM}[ended_by] == process.returncode


def staying(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*LINKAGE, "demo", "--stay"],
        cwd=folder,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(process: subprocess.Popen[str], last: str) -> str:
    said = ""
    assert process.stdout is not None
    while last not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".demo").mkdir()
    (tmp_path / ".demo" / "thesis.txt").write_text("years of work")

    refused = linkage(tmp_path, "demo")

    assert 2 == refused.returncode
    assert "no demo made" in " ".join(refused.stderr.split())
    assert {"thesis.txt"} == names(tmp_path / ".demo")
