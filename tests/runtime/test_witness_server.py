"""A witness over real HTTP: every status, the newest checkpoint for whoever asks, and a memory that outlives SIGKILL."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from linkage.clock import FakeClock, SystemClock
from linkage.errors import SettingsInvalid
from linkage.runtime.demo_agencies import serving
from linkage.runtime.witness import Witness, WitnessApp
from linkage.runtime.witness_files import load_witness, make_witness_key
from linkage.store.witness_state import WitnessState, create_state
from linkage.tlog.witness_wire import MAX_REQUEST, write_request
from tests.second_verifier import check_cosignature
from tests.witnessed import COSIGNER, LOG, GrowingLog

ROOT = Path(__file__).parents[2]
WAIT_S = 60
GROWN = GrowingLog(40)
ORIGIN_PLACE = sha256(LOG.verifier.name.encode()).hexdigest()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A witness that has cosigned nothing yet, in this process."""
    create_state(tmp_path / "w.db", COSIGNER.key.text)
    clock = FakeClock()
    witness = Witness(COSIGNER, WitnessState(tmp_path / "w.db", COSIGNER.key.text), {LOG.verifier.name: LOG.verifier}, clock)
    with serving(WitnessApp(witness).app) as url:
        yield url
    witness.close()


def add(url: str, body: bytes) -> httpx.Response:
    return httpx.post(f"{url}/add-checkpoint", content=body, timeout=20)


def test_what_follows_is_cosigned_and_shown(url: str) -> None:
    assert 404 == httpx.get(f"{url}/{ORIGIN_PLACE}/checkpoint").status_code
    for old, new in [(0, 3), (3, 7), (7, 7), (7, 40)]:
        answer = add(url, GROWN.request(old, new))
        assert (200, "text/plain; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
        shown = httpx.get(f"{url}/{ORIGIN_PLACE}/checkpoint")
        assert GROWN.note(new) + answer.text == shown.text
        assert FakeClock().now_ms() // 1000 == check_cosignature(shown.content, LOG.verifier.text, COSIGNER.key.text)


def test_every_refusal_has_its_status(url: str) -> None:
    assert 200 == add(url, GROWN.request(0, 7)).status_code

    assert 400 == add(url, b"old 7\n").status_code
    assert 400 == add(url, write_request(8, (), GROWN.note(7))).status_code
    assert 403 == add(url, GROWN.request(7, 9).replace(b"\n9\n", b"\n8\n")).status_code
    assert 404 == add(url, GROWN.request(7, 9).replace(b"linkage.example/audit\n", b"linkage.example/other\n")).status_code
    assert 422 == add(url, write_request(7, GROWN.path(7, 9)[:-1], GROWN.note(9))).status_code
    assert 422 == add(url, write_request(7, (), GrowingLog(7, "other").note(7))).status_code
    conflict = add(url, GROWN.request(3, 9))
    assert (409, "text/x.tlog.size", b"7\n") == (conflict.status_code, conflict.headers["content-type"], conflict.content)
    assert 413 == add(url, b"x" * (MAX_REQUEST + 1)).status_code
    assert 405 == httpx.get(f"{url}/add-checkpoint").status_code
    assert 404 == httpx.get(f"{url}/{'0' * 64}/checkpoint").status_code

    assert 200 == add(url, GROWN.request(7, 9)).status_code, "nothing of this has changed what it knows"


def test_lines_of_strangers_are_not_shown(url: str) -> None:
    body = GROWN.request(0, 7) + b"\xe2\x80\x94 somebody.example/else AAAAAAAAAAA=\n"

    assert 200 == add(url, body).status_code
    assert "somebody" not in httpx.get(f"{url}/{ORIGIN_PLACE}/checkpoint").text


def test_requests_at_once_never_lead_it_back(url: str) -> None:
    """Everybody submits from the same old size; exactly one can be first, and the others are told its size."""
    assert 200 == add(url, GROWN.request(0, 3)).status_code
    with ThreadPoolExecutor(12) as many:
        answers = list(many.map(lambda new: (new, add(url, GROWN.request(3, new))), range(4, 28)))

    granted = [new for new, answer in answers if answer.status_code == 200]
    refused = {(answer.status_code, answer.text) for new, answer in answers if new not in granted}
    assert 1 == len(granted)
    assert {(409, f"{granted[0]}\n")} == refused


def test_a_body_that_ends_early_is_answered_or_dropped_and_changes_nothing(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as cut:
        cut.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\nold 0\n")

    assert 200 == add(url, GROWN.request(0, 7)).status_code


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a witness: key, store, and the log's vkey."""
    folder = tmp_path_factory.mktemp("witness")
    make_witness_key(folder / "w.key", folder / "w.db", "witness.example/w1")
    (folder / "log.vkey").write_text(LOG.verifier.text + "\n")
    return folder


@contextmanager
def process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A witness in a process of its own, and its URL."""
    files = ["--key", str(folder / "w.key"), "--store", str(folder / "w.db"), "--log", str(folder / "log.vkey")]
    command = [sys.executable, "-m", "linkage.cli.main", "witness", "serve", "--listen", "127.0.0.1:0", *files]
    said = folder / "said"
    with said.open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, text=True) as running:
        try:
            until = time.monotonic() + WAIT_S
            while (found := re.search(r'"listen": "([0-9.:]+)"', said.read_text())) is None:
                assert running.poll() is None, said.read_text()[-1000:]
                assert time.monotonic() < until
                time.sleep(0.05)
            yield running, f"http://{found[1]}"
        finally:
            running.kill()


def test_a_witness_killed_as_soon_as_it_has_answered_remembers_and_one_without_its_store_ends(made: Path) -> None:
    with process(made) as (running, url):
        assert 200 == add(url, GROWN.request(0, 3)).status_code
        running.send_signal(signal.SIGKILL)
        running.wait(WAIT_S)
    with process(made) as (running, url):
        assert (409, "3\n") == ((answer := add(url, GROWN.request(0, 7))).status_code, answer.text)
        assert 200 == add(url, GROWN.request(3, 7)).status_code
        running.send_signal(signal.SIGTERM)
        assert 0 == running.wait(WAIT_S)
    with process(made) as (running, url):
        assert 200 == add(url, GROWN.request(7, 9)).status_code
        (made / "w.db").rename(made / "elsewhere.db")
        assert 503 == add(url, GROWN.request(9, 12)).status_code
        assert 74 == running.wait(WAIT_S)
        lines = [json.loads(line) for line in (made / "said").read_text().splitlines() if line.startswith("{")]
        assert "moved or removed" in lines[-1]["why"]


def problems(key: Path, store: Path, *logs: Path) -> set[str]:
    with pytest.raises(SettingsInvalid) as refused:
        load_witness(key, store, list(logs), SystemClock())
    return {problem.key for problem in refused.value.problems}


def test_what_is_wrong_with_a_witnesss_files_is_said_at_once(tmp_path: Path) -> None:
    key, store, log = tmp_path / "w.key", tmp_path / "w.db", tmp_path / "log.vkey"
    make_witness_key(key, store, "witness.example/w1")
    log.write_text(LOG.verifier.lines)
    load_witness(key, store, [log], SystemClock()).close()
    twin, garbage = tmp_path / "twin.vkey", tmp_path / "garbage"
    twin.write_text(LOG.verifier.text)
    garbage.write_text("nothing of the kind")

    assert {"vkey"} == problems(key, store, log, twin)
    assert {"vkey", "key", "file"} == problems(garbage, tmp_path / "absent", garbage)
    assert {"file"} == problems(tmp_path / "absent", store, tmp_path / "absent too")
    key.chmod(0o644)
    assert {"file"} == problems(key, store, log)


def test_keys_and_stores_are_never_made_over_others(tmp_path: Path) -> None:
    make_witness_key(tmp_path / "w.key", tmp_path / "w.db", "witness.example/w1")

    assert 0o600 == (tmp_path / "w.key").stat().st_mode & 0o777
    for key, store in [("w.key", "new.db"), ("new.key", "w.db")]:
        with pytest.raises(SettingsInvalid):
            make_witness_key(tmp_path / key, tmp_path / store, "witness.example/w1")
    with pytest.raises(SettingsInvalid, match="name"):
        make_witness_key(tmp_path / "b.key", tmp_path / "b.db", "a name with spaces")
