"""Worlds whose log and data keys are in PostgreSQL, and several gateways that share them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from linkage.runtime.databases import databases_of, lay_out
from linkage.settings import load
from linkage.store.contract import StoredEntry
from tests.journeys.place import Place
from tests.postgres import Database, Server


@dataclass(frozen=True)
class Shared:
    """The two databases that gateways share."""

    log: Database
    data_keys: Database

    def entries(self, place: Place) -> list[StoredEntry]:
        """Everything in the log, as this gateway would read it."""
        with databases_of(load(place.settings_file).log).open_reader() as reader:
            return reader.consistent(lambda log: list(log.entries(0, 1_000_000)))


def into_databases(place: Place, server: Server, *, log_port: int | None = None) -> Shared:
    """Have a place keep its log and data keys in two new databases, laid out by their owner. ``log_port``: the way to the log leads there."""
    shared = Shared(server.fresh_database(), server.fresh_database())
    secret(place.folder / "owner.pg", f"user={_user(shared.log.owner)}")
    secret(place.folder / "log.pg", shared.log.gateway)
    secret(place.folder / "keys.pg", shared.data_keys.gateway)
    place.change("linkage.toml", 'path = "log.db"', 'postgres = "log.pg"\nanchor = "log.anchor"')
    place.change("linkage.toml", 'data_keys = "data-keys.db"', 'data_keys_postgres = "keys.pg"')
    lay_out(load(place.settings_file), place.folder / "owner.pg")
    if log_port is not None:
        secret(place.folder / "log.pg", shared.log.through(log_port).gateway)
    return shared


def another(place: Place, replica: str) -> Place:
    """A second gateway's place: its own folder, anchor and name; the same keys, databases and clock."""
    folder = place.folder.with_name(f"{place.folder.name}-{replica}")
    shutil.copytree(
        place.folder, folder, ignore=shutil.ignore_patterns("*.unfinished", "*-journal")
    )  # a running gateway writes its anchor and index
    (folder / "log.anchor").unlink(missing_ok=True)
    other = Place(folder, place.clock)
    other.change("linkage.toml", "[log]", f'[log]\nreplica = "{replica}"')
    return other


def secret(file: Path, text: str) -> None:
    """Write a file that only we may read."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


def _user(conninfo: str) -> str:
    return next(word.removeprefix("user=") for word in conninfo.split() if word.startswith("user="))
