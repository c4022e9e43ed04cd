"""`linkage adapter simulate`: an agency on a real socket, and a gateway's folder that asks it."""

import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Linkage


@contextmanager
def simulating(folder: Path, *words: str) -> Iterator[str]:
    """The command as a process of its own; what it said until it was ready. SIGTERM ends it, in order."""
    command = [sys.executable, "-m", "linkage.cli.main", "adapter", "simulate", *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "ready" in line:
                break
        assert "ready" in said, said
        yield said
        process.terminate()
        assert 143 == process.wait(20)


def test_it_serves_on_a_real_socket_and_prints_the_settings_that_lead_there(tmp_path: Path) -> None:
    with simulating(tmp_path, "led") as said:
        settings = tomllib.loads("[sources.led]" + said.split("[sources.led]", 1)[1].split("ready", 1)[0])
        own = settings["sources"]["led"]["recipients"]["RECIPIENT"]
        url = said.split(" at ", 1)[1].split()[0]
        assert "led" == settings["sources"]["led"]["adapter"]
        assert any(str(value).startswith(url) for value in own.values())
        assert not httpx.get(f"{url}/_simulator/knobs", timeout=5).raise_for_status().json()["down"]


def test_a_manifest_is_named_by_its_folder(linkage: Linkage, tmp_path: Path) -> None:
    linkage("adapter", "new", "boats", "--rest", "--into", tmp_path)

    with simulating(tmp_path, "boats") as said:
        assert f'manifest = "{tmp_path / "boats"}"' in said


def test_the_port_is_the_one_asked_for_and_a_taken_one_is_said(linkage: Linkage, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = linkage("adapter", "simulate", "led", "--port", port, "--json")
    assert (3, "cannot listen") == (ended.code, ended.page["failure"]["what"])

    with simulating(tmp_path, "led", "--port", port) as said:
        assert f"http://127.0.0.1:{port}" in said


def test_a_gateways_folder_passes_the_gateways_own_check(linkage: Linkage, tmp_path: Path) -> None:
    with simulating(tmp_path, "led", "--gateway", "gateway") as said:
        ended = linkage("serve", "--check", "--config", tmp_path / "gateway" / "linkage.toml", "--json")
        assert (0, True) == (ended.code, ended.page["ok"])
        assert "linkage lookup --counter gateway/counter --service rehearsal --type led.bankruptcy" in said
        assert {0o600} == {path.stat().st_mode & 0o777 for path in (tmp_path / "gateway" / "keys").iterdir()} - {0o644}


def test_a_folder_that_no_rehearsal_made_is_left_alone(linkage: Linkage, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine", encoding="utf-8")

    ended = linkage("adapter", "simulate", "led", "--gateway", tmp_path, "--json")

    assert (2, "files that no demo made") == (ended.code, ended.page["problems"][0]["got"])
    assert "mine" == (tmp_path / "mine").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["dopa", "thaid"])
def test_an_adapter_without_records_or_with_a_login_is_not_rehearsed(linkage: Linkage, tmp_path: Path, name: str) -> None:
    ended = linkage("adapter", "simulate", name, "--gateway", tmp_path / "gateway", "--json")

    assert (2, "--gateway") == (ended.code, ended.page["problems"][0]["key"])
    assert not (tmp_path / "gateway").exists()


def test_an_adapter_nobody_knows_is_refused(linkage: Linkage) -> None:
    ended = linkage("adapter", "simulate", "nobody", "--json")

    assert (2, "'nobody'") == (ended.code, ended.page["problems"][0]["got"])
