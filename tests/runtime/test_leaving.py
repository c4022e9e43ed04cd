"""A worker that lets go of its clients, in this process: its sockets at one port, and whatever else the process has open."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from linkage.runtime.leaving import leave
from linkage.settings import Server


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def settings(age: float) -> Server:
    nowhere = Path("nowhere.pem")
    return Server(certificate=nowhere, key=nowhere, client_ca=nowhere, connection_age=age, request_seconds=0.1)


async def test_nobody_new_is_let_in_and_who_is_connected_is_served_until_he_goes(listening: socket.socket) -> None:
    address = listening.getsockname()
    with socket.create_connection(address) as client:
        connected, _ = listening.accept()
        leaving = asyncio.create_task(leave(address[1], settings(age=1000.0)))
        await asyncio.sleep(0.3)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        assert not leaving.done()
        connected.sendall(b"still here")
        assert client.recv(100) == b"still here"
        connected.close()
        await asyncio.wait_for(leaving, 60)


async def test_who_stays_longer_than_a_connection_may_live_is_not_waited_for(listening: socket.socket) -> None:
    with socket.create_connection(listening.getsockname()):
        connected, _ = listening.accept()
        await asyncio.wait_for(leave(listening.getsockname()[1], settings(age=0.1)), 60)
        connected.close()


async def test_a_database_stays_locked_by_this_process(listening: socket.socket, tmp_path: Path) -> None:
    log = apsw.Connection(str(tmp_path / "log.db"))
    log.pragma("journal_mode", "wal")
    log.execute("CREATE TABLE entry (text TEXT); BEGIN IMMEDIATE; INSERT INTO entry VALUES ('half')")
    shared = (tmp_path / "log.db-shm").stat().st_ino

    def locks() -> list[list[str]]:
        lines = [line.split()[1:] for line in Path("/proc/locks").read_text().splitlines()]
        return sorted(line for line in lines if line[3] == str(os.getpid()) and line[4].endswith(f":{shared}"))

    before = locks()
    await leave(listening.getsockname()[1], settings(age=0.1))
    assert before
    assert before == locks()
    log.execute("ROLLBACK")
    log.close()
