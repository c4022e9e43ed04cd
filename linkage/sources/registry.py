"""Finds adapters, takes those that the settings name, and connects each with what it was given.

Installed is not enabled: an adapter is only loaded where a source names it. Everything wrong is reported at once, before anything
listens: an adapter that is not installed, settings that its schema refuses, a secret that cannot be read, a certificate that does
not fit its key, a record type that belongs to another source.
"""

import ssl
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

from linkage.clock import Clock
from linkage.errors import Problem, Reason, Refusal, SettingsInvalid
from linkage.settings import Source
from linkage.sources.adapter import Adapter
from linkage.sources.connected import ConnectedSource, Connection
from linkage.sources.installed import installed
from linkage.sources.resilience import SourceObserver
from linkage.sources.rest import load_adapter
from linkage.terms import RecipientId, SourceName
from linkage.transport import agency_client, tls_context

CONNECT_S = 3.0
"""Seconds for a connection, so that one try at a silent host leaves time for another within the usual 10 s."""

ClientMaker = Callable[[SourceName, Source, frozenset[str]], httpx.AsyncClient]
"""Makes the client of a source for these origins. May raise `OSError` (`ssl.SSLError`) for its certificates."""


def client_for(_name: SourceName, source: Source, origins: frozenset[str]) -> httpx.AsyncClient:
    """The client that a source is asked with, as its settings say."""
    return agency_client(
        origins,
        tls=tls_context(ca=source.ca, certificate=source.client_certificate, key=source.client_key),
        timeout=source.timeout,
        connect_timeout=CONNECT_S,
        connections=source.concurrency,
        most_bytes=source.max_answer_bytes,
    )


@dataclass(frozen=True, slots=True)
class RecordsFile:
    """Where a source's record types stand."""

    source: SourceName
    path: Path


class Registry:
    """All sources of a worker."""

    def __init__(
        self, sources: Mapping[SourceName, ConnectedSource], records: tuple[RecordsFile, ...], clients: Iterable[httpx.AsyncClient]
    ) -> None:
        self.sources = sources
        """All of them, in the settings' order."""
        self.records = records
        """The record types they disclose, for the catalogue to read."""
        self._clients = tuple(clients)

    @classmethod
    def load(
        cls, sources: Mapping[str, Source], file: str, *, clock: Clock, observer: SourceObserver, client_for: ClientMaker = client_for
    ) -> "Registry":
        """Connect every source of the settings.

        Args:
            sources: the settings' ``sources``.
            file: name of the settings file, for problems.
            clock: for breakers and for protocols that need the time.
            observer: told of every call and every change of a breaker.
            client_for: makes the clients; another one puts a simulator in an agency's place.

        Raises:
            SettingsInvalid: with every problem found.
        """
        loading = _Loading(file, clock, observer, client_for)
        connected = {SourceName(name): loading.connect(SourceName(name), source) for name, source in sources.items()}
        if loading.problems:
            raise SettingsInvalid(tuple(loading.problems))
        return cls({name: one for name, one in connected.items() if one is not None}, tuple(loading.records), loading.clients)

    @property
    def assumed(self) -> Mapping[SourceName, str]:
        """What is assumed of an agency's interface, for those that do not publish theirs."""
        return {name: source.assumed for name, source in self.sources.items() if source.assumed}

    def source(self, name: SourceName) -> ConnectedSource:
        """The source of that name.

        Raises:
            Refusal: UNKNOWN_SOURCE.
        """
        try:
            return self.sources[name]
        except KeyError:
            raise Refusal(Reason.UNKNOWN_SOURCE) from None

    def code_exchange(self, recipient: RecipientId) -> ConnectedSource:
        """The first source that exchanges an officer's own ThaID code and holds settings for the recipient.

        Raises:
            Refusal: UNKNOWN_SOURCE; none does.
        """
        for source in self.sources.values():
            if source.exchanges_code and recipient in source.recipients:
                return source
        raise Refusal(Reason.UNKNOWN_SOURCE, detail="no source exchanges ThaID codes for this recipient")

    async def aclose(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()


class _Loading:
    """One loading of all sources, with the problems met on the way."""

    def __init__(self, file: str, clock: Clock, observer: SourceObserver, client_for: ClientMaker) -> None:
        self._file = file
        self._clock = clock
        self._observer = observer
        self._client_for = client_for
        self._types: dict[str, SourceName] = {}
        self.records: list[RecordsFile] = []
        self.clients: list[httpx.AsyncClient] = []
        self.problems: list[Problem] = []

    def connect(self, name: SourceName, source: Source) -> ConnectedSource | None:
        """Connect one source, or note why it cannot be."""
        before = len(self.problems)
        adapter = self._adapter(name, source)
        if adapter is None:
            return None
        self._take_records(name, adapter)
        settings = {
            RecipientId(recipient): self._settings(f"sources.{name}.recipients.{recipient}", adapter, given)
            for recipient, given in source.recipients.items()
        }
        connections = self._connections(name, source, adapter, {of: one for of, one in settings.items() if one is not None})
        if len(self.problems) > before:
            return None
        return ConnectedSource(name, source, adapter, connections, clock=self._clock, observer=self._observer)

    def _adapter(self, name: SourceName, source: Source) -> Adapter | None:
        try:
            if source.manifest is not None:
                return load_adapter(source.manifest)  # a manifest and nothing else: no code is ever loaded from there
            return installed(source.adapter or "", key=f"sources.{name}.adapter", file=self._file).make()
        except SettingsInvalid as failure:
            self.problems.extend(failure.problems)
            return None

    def _take_records(self, name: SourceName, adapter: Adapter) -> None:
        path = adapter.records_file
        if path is None:
            return
        self.records.append(RecordsFile(name, path))
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8")).get("record", [])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            self._problem("file", "unreadable", "record types, TOML in UTF-8", file=str(path))
            return
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            self._take_type(name, str(path), f"record.{index}.type", entry)

    def _take_type(self, name: SourceName, file: str, key: str, entry: Any) -> None:
        kind = str(entry.get("type", "")) if isinstance(entry, dict) else ""
        if not kind.startswith(f"{name}."):
            self._problem(key, repr(kind), f"a record type named {name}.…, after its source", file=file)
        elif kind in self._types:
            self._problem(key, repr(kind), f"each record type once (it is also {self._types[kind]}'s)", file=file)
        self._types[kind] = name

    def _settings(self, key: str, adapter: Adapter, given: Mapping[str, Any]) -> BaseModel | None:
        try:
            settings = adapter.Settings.model_validate(given)
        except ValidationError as failure:
            for error in failure.errors(include_url=False, include_input=False):
                # What came is not shown: this is where a secret lands that was written in place of its file's name.
                self._problem(".".join((key, *map(str, error["loc"]))), f"({error['type']})", error["msg"])
            return None
        for path_key, path in _paths(key, settings):
            self._readable(path_key, path)
        return settings

    def _readable(self, key: str, path: Path) -> None:
        try:
            with path.open("rb") as file:
                file.read(1)
        except OSError as failure:
            self._problem(key, f"{path} ({failure.strerror})", "a file that the gateway can read")

    def _connections(
        self, name: SourceName, source: Source, adapter: Adapter, settings: Mapping[RecipientId, BaseModel]
    ) -> Mapping[RecipientId, Connection]:
        """One client for each set of origins: recipients that ask at the same place share its connections."""
        clients: dict[frozenset[str], httpx.AsyncClient] = {}
        try:
            for one in settings.values():
                origins = adapter.base_urls(one)
                if origins not in clients:
                    clients[origins] = self._client_for(name, source, origins)
        except OSError as failure:
            what = "do not fit" if isinstance(failure, ssl.SSLError) else failure.strerror
            self._problem(f"sources.{name}", f"ca, client_certificate or client_key: {what}", "PEM files that fit each other")
        self.clients.extend(clients.values())
        return {of: Connection(one, clients[adapter.base_urls(one)]) for of, one in settings.items() if adapter.base_urls(one) in clients}

    def _problem(self, key: str, got: str, expected: str, *, file: str | None = None) -> None:
        self.problems.append(Problem(self._file if file is None else file, key, got, expected))


def _paths(key: str, settings: BaseModel) -> Iterator[tuple[str, Path]]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path):
            yield f"{key}.{name}", value
        elif isinstance(value, BaseModel):
            yield from _paths(f"{key}.{name}", value)
