"""The peer that the gateway is measured against keeps what its docstring promises: it is no straw man, and nothing is compared with nothing."""

import hashlib
import json
import sqlite3
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bench.desks import NUMBER, RECORD_TYPE, uri
from tests.bench.places import process
from tests.bench.sides import built_place, simulator
from tests.journeys.world import SERVICE, Place
from tests.ports import free_port

TEXTS = ("at_ms", "kind", "request", "counter", "officer", "service", "record_type", "fields", "result")


@dataclass
class World:
    place: Place
    url: str
    session: str

    def counter(self, number: int, token: str = "") -> httpx.Client:
        certificate, key = self.place.certificate(uri(number), f"counter-{number}")
        context = ssl.create_default_context(cafile=self.place.folder / "ca.pem")
        context.load_cert_chain(certificate, key)
        return httpx.Client(
            base_url=self.url, verify=context, headers={"authorization": f"Bearer {token or self.place.token(certificate)}"}
        )

    def look_up(self, client: httpx.Client, visit: str, *fields: str) -> httpx.Response:
        asked = {
            "visit_token": visit,
            "service": SERVICE,
            "record_type": RECORD_TYPE,
            "fields": fields or ("first_name", "birth_date"),
            "agency_session_token": self.session,
        }
        return client.post("/lookups", json=asked)

    def rows(self) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.place.folder / "peer.db")
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM access ORDER BY id")]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with simulator() as agency:
        place, port = built_place(tmp_path_factory.mktemp("peer") / "place", agency, counters=2), free_port()
        with process(["tests.bench.peer", str(port), str(place.folder), agency.url], port):
            yield World(place, f"https://localhost:{port}", agency.session())


def open_visit(client: httpx.Client) -> str:
    opened = client.post("/visits", json={"citizen_number": NUMBER, "service": SERVICE, "recipient": "doe"})
    token: str = opened.raise_for_status().json()["visit_token"]
    return token


def test_a_lookup_is_two_chained_rows_and_no_number_can_be_read_in_them(world: World) -> None:
    before = len(world.rows())
    with world.counter(0) as client:
        for _ in range(2):
            reply = world.look_up(client, open_visit(client)).raise_for_status().json()
    assert reply["found"]
    assert set(reply["fields"]) == {"first_name", "birth_date"}
    rows, previous = world.rows(), bytes(32)
    assert [(row["kind"], row["result"]) for row in rows[before:]] == [("intent", ""), ("outcome", "found")] * 2
    assert rows[-1]["request"] == rows[-2]["request"] == reply["request_id"]
    for row in rows:
        text = json.dumps({**{name: row[name] for name in TEXTS}, "subject": row["subject"].hex()}, sort_keys=True, separators=(",", ":"))
        assert row["previous"] == previous
        assert row["digest"] == hashlib.sha256(previous + text.encode()).digest()
        previous = row["digest"]
    files = b"".join(path.read_bytes() for path in Path(world.place.folder).glob("peer.db*"))
    assert NUMBER.encode() not in files


def test_nothing_is_asked_or_recorded_for_whoever_may_not_ask(world: World) -> None:
    with world.counter(0) as first, world.counter(1) as second:
        visit, before = open_visit(first), len(world.rows())
        assert world.look_up(second, visit).status_code == 403  # another counter's visit
        assert world.look_up(first, visit[:-8] + "AAAAAAA=").status_code == 403
        assert world.look_up(first, visit, "religion").status_code == 403
        with world.counter(1, first.headers["authorization"].removeprefix("Bearer ")) as borrowed:
            assert world.look_up(borrowed, visit).status_code == 401
        with world.counter(1, "no.token.this") as forged:
            assert world.look_up(forged, visit).status_code == 401
        assert len(world.rows()) == before


def test_without_a_certificate_nobody_is_heard(world: World) -> None:
    context = ssl.create_default_context(cafile=world.place.folder / "ca.pem")
    with httpx.Client(base_url=world.url, verify=context) as nobody, pytest.raises(httpx.TransportError):
        nobody.post("/visits", json={})
