"""What the peer keeps: agreements as rows, and an access log of chained rows whose subject only a key can read.

SQLAlchemy's Core over aiosqlite, WAL with synchronous=FULL. One writer holds one connection, and each row is committed before
anything goes on: the chain needs their order, and the promise needs the commit.
"""

import asyncio
import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, event, select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

_METADATA = MetaData()
AGREEMENTS = Table(
    "agreement",
    _METADATA,
    Column("recipient", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("record_type", String, primary_key=True),
    Column("fields", String, nullable=False),  # names, separated by blanks
)
ACCESSES = Table(
    "access",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("at_ms", Integer, nullable=False),
    Column("kind", String, nullable=False),  # intent or outcome
    Column("request", String, nullable=False, index=True),
    Column("counter", String, nullable=False),
    Column("officer", String, nullable=False),
    Column("service", String, nullable=False),
    Column("record_type", String, nullable=False),
    Column("fields", String, nullable=False),
    Column("result", String, nullable=False),  # empty in an intent
    Column("subject", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)
_INSERT = ACCESSES.insert()


@dataclass(frozen=True, slots=True)
class Access:
    """One row of the log, but for what the log itself adds. ``number``: the citizen's, sealed before it is stored."""

    kind: str
    request: str
    counter: str
    officer: str
    service: str
    record_type: str
    fields: str
    number: str
    result: str = ""


class Records:
    """The peer's database."""

    def __init__(self, file: Path, key: bytes) -> None:
        self._engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
        event.listen(self._engine.sync_engine, "connect", _durable)
        self._cipher = AESGCM(key)
        self._writing = asyncio.Lock()
        self._previous = bytes(32)
        self._connection: AsyncConnection | None = None
        self._agreed: dict[tuple[str, str, str], frozenset[str]] = {}

    async def open(self, agreements: Sequence[tuple[str, str, str, str]]) -> None:
        """Make what is missing, with these agreements, and read them into memory."""
        async with self._engine.begin() as connection:
            await connection.run_sync(_METADATA.create_all)
            names = ("recipient", "service", "record_type", "fields")
            await connection.execute(AGREEMENTS.insert(), [dict(zip(names, row, strict=True)) for row in agreements])
            for row in await connection.execute(select(AGREEMENTS)):
                self._agreed[row.recipient, row.service, row.record_type] = frozenset(row.fields.split())
        self._connection = await self._engine.connect()

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            await self._connection.close()
        await self._engine.dispose()

    def agreed(self, recipient: str, service: str, record_type: str) -> frozenset[str]:
        """The fields that may be asked; none where nothing is agreed."""
        return self._agreed.get((recipient, service, record_type), frozenset())

    async def record(self, access: Access) -> None:
        """Chain one row to the last and commit it."""
        facts: dict[str, Any] = asdict(access)
        number = facts.pop("number")
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, number.encode(), access.request.encode())
        facts["at_ms"] = time.time_ns() // 1_000_000
        connection = self._connection
        if connection is None:
            raise RuntimeError("not open")
        async with self._writing:
            text = json.dumps({**facts, "subject": sealed.hex()}, sort_keys=True, separators=(",", ":"))
            digest = hashlib.sha256(self._previous + text.encode()).digest()
            await connection.execute(_INSERT, {**facts, "subject": sealed, "previous": self._previous, "digest": digest})
            await connection.commit()
            self._previous = digest


def _durable(connection: Any, record: object) -> None:
    del record
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def pragmas(engine: Engine) -> dict[str, object]:
    """How durable a connection of this engine is, read from itself."""
    event.listen(engine, "connect", _durable)
    with engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
