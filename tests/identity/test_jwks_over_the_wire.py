"""An issuer's keys behind a URL, fetched as the gateway fetches them: over a connection, with its own client."""

import asyncio
import json
from typing import Any

from linkage.identity import Issuer, KeySets
from linkage.terms import RecipientId
from linkage.transport import key_set_client


async def test_keys_are_fetched_over_a_real_connection(signer: Any, clock: Any) -> None:
    published = json.dumps({"keys": [signer("doe-1").jwk()]}).encode()
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(published), published))
        await reader.read()  # until the client closes
        writer.close()
        over.set()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
        keys = KeySets(clock, key_set_client)
        assert await keys.key(Issuer("https://officers.doe.example", RecipientId("doe"), None, url), "doe-1") is not None
        await keys.close()
        await over.wait()
