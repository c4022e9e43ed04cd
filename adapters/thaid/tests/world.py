"""A small true world for the tests: a simulated ThaID, the adapter, and a client that keeps to what the gateway's clients keep to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.thaid import Thaid
from adapters.thaid.settings import ThaidSettings
from adapters.thaid.simulator import BASE, ThaidSimulator
from linkage.clock import FakeClock
from linkage.sources.adapter import Link, Refused, Unavailable, Verified
from linkage.terms import CitizenNumber, Secret, ThaidCode
from linkage.transport import in_process_client

URL = "https://thaid.example"
BACK = "https://counter.example/back"
REQUEST_ID = "0198c0de-0000-7000-8000-000000000002"
SOMMUT = "1100000000016"


class World:
    """ThaID as ``app`` plays it (the simulator, unless a test puts something else in its place)."""

    def __init__(self, folder: Path, app: Callable[..., Any] | None = None, **settings: object) -> None:
        self.clock = FakeClock()
        self.simulator = ThaidSimulator(clock=self.clock)
        self.adapter = Thaid()
        secret = folder / "client_secret"
        secret.write_text(self.simulator.client_secret + "\n", encoding="utf-8")
        own = {"base_url": URL + BASE, "client_id": self.simulator.client_id, "client_secret_file": secret}
        self.settings = ThaidSettings.model_validate(own | settings)
        self.client = in_process_client(app or self.simulator.app, self.adapter.base_urls(self.settings))

    def link(self) -> Link:
        """What the gateway gives an adapter for one request."""
        return Link(self.client, self.settings, 10.0, REQUEST_ID, self.clock.now_ms() // 1000)

    def code(self, number: str = SOMMUT, *, said: str | None = None, scope: str = "pid name birthdate openid") -> ThaidCode:
        """A code of this person, who the counter says is ``said``."""
        code = self.simulator.code_for(number, scope=scope, redirect_uri=BACK)
        return ThaidCode(Secret(code), BACK, CitizenNumber(said) if said else None)

    async def verify(self, code: ThaidCode) -> Verified | Refused:
        return await self.adapter.verify(code, self.link())

    async def exchange(self, code: ThaidCode) -> Secret | Refused | Unavailable:
        return await self.adapter.exchange(code, self.link())

    async def is_active(self, token: Secret) -> bool:
        """What ThaID itself says of a token."""
        reply = await self.client.post(
            f"{URL}{BASE}/introspect/",
            data={"token": f"Bearer {token.reveal()}"},
            auth=(self.simulator.client_id, self.simulator.client_secret),
        )
        return bool(reply.json()["active"])

    def operations(self) -> list[str]:
        """What ThaID was asked, in order."""
        return [one.operation for one in self.simulator.received]
