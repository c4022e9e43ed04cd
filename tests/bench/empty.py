"""``python -m tests.bench.empty PORT FOLDER``: a grpc.aio server with the gateway's transport options that answers every call with nothing.

What gRPC and mutual TLS cost by themselves: the measure for a call's time, and for the memory of a connection.
"""

import sys
from pathlib import Path

import grpc
import uvloop

from linkage.rpc import server as gateways
from linkage.settings import load


class Nothing(grpc.GenericRpcHandler):
    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        del handler_call_details
        return grpc.unary_unary_rpc_method_handler(_nothing)


async def _nothing(request: bytes, context: object) -> bytes:
    del request, context
    return b""


async def main(port: str, folder: Path) -> None:
    server = grpc.aio.server(options=gateways._options(load(folder / "linkage.toml").server))
    server.add_generic_rpc_handlers((Nothing(),))
    pair = ((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], (folder / "ca.pem").read_bytes(), require_client_auth=True)
    server.add_secure_port(f"127.0.0.1:{port}", credentials)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2])))
