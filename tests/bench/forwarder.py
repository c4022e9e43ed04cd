"""``python -m tests.bench.forwarder PORT FOLDER URL default|aiohttp SESSION``: a bare grpc.aio handler that only forwards.

The same mutual TLS, the same request to the simulator, one HTTP client for all; no officer, no visit, no agreement, no record, no
receipt: what is left when everything the gateway promises is taken away.
"""

import sys
from pathlib import Path

import grpc
import httpx
import httpx_aiohttp
import uvloop

from adapters.dopa.simulator_linkage import JOB
from linkage.v1 import lookup_pb2, lookup_pb2_grpc, record_pb2
from tests.bench.desks import NUMBER


class Forwarder(lookup_pb2_grpc.LookupServiceServicer):
    def __init__(self, client: httpx.AsyncClient, url: str, session: str) -> None:
        self._client = client
        self._url = f"{url}/api/center/request/"
        self._headers = {"authorization": f"Bearer {session}"}
        self._body = {"jobID": JOB, "data": [{"serviceID": 1, "query": {"personalID": NUMBER}}]}

    async def Lookup(self, request: lookup_pb2.LookupRequest, context: object) -> lookup_pb2.LookupResponse:  # noqa: N802 (the contract's name)
        response = await self._client.post(self._url, json=self._body, headers=self._headers)
        value = record_pb2.Value(text=response.text)
        record = record_pb2.Record(record_type=request.record_type, fields=[record_pb2.Field(name="body", value=value)])
        return lookup_pb2.LookupResponse(answer=lookup_pb2.ANSWER_FOUND, record=record)


async def main(port: str, folder: Path, url: str, transport: str, session: str) -> None:
    server = grpc.aio.server()
    client = httpx.AsyncClient() if transport == "default" else httpx_aiohttp.HttpxAiohttpClient()
    lookup_pb2_grpc.add_LookupServiceServicer_to_server(Forwarder(client, url, session), server)  # type: ignore[abstract]  # it forwards no bundle
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], (folder / "ca.pem").read_bytes(), require_client_auth=True)
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
