"""``python -m tests.bench.simulator PORT``: DOPA's simulator on a real socket, as cheap as it can honestly be.

Everything goes to the simulator itself, but for records: the first answer to a request is its own, and the same bytes asked again
get the same bytes back, after the time that its knob ``slow`` says. So the load's processor is not spent on playing an agency, and
every side that is compared meets the same one.
"""

import asyncio
import sys

import httpx
import uvloop

from adapters.dopa.simulator import DopaSimulator

_RECORDS = b"POST /api/center/request/"
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Agency:
    """The simulator, and its answers so far: (request line, body) -> response."""

    def __init__(self) -> None:
        self.simulator = DopaSimulator()
        self.answers: dict[tuple[bytes, bytes], bytes] = {}
        self._inner = httpx.AsyncClient(transport=httpx.ASGITransport(self.simulator.app), base_url="http://simulator")

    async def ask(self, head: bytes, body: bytes) -> bytes:
        """The simulator's own answer, as bytes for the wire."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        answer = await self._inner.request(method, path, headers=headers, content=body)
        kept = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items() if name != "content-length")
        return f"HTTP/1.1 {answer.status_code} -\r\n{kept}content-length: {len(answer.content)}\r\n\r\n".encode() + answer.content


class Connection(asyncio.Protocol):
    """One connection of one client, which asks the next only when it has the last."""

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._read = b""
        self._transport: asyncio.Transport | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a socket's; uvloop's is none by descent

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(_END)
        if end < 0:
            return
        head, body = self._read[:end], self._read[end + len(_END) :]
        if len(body) < _length(head):
            return
        self._read = b""
        self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        kept = self._agency.answers.get((head[: len(_RECORDS)], body))
        if kept is None:
            task = asyncio.ensure_future(self._ask(head, body))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        elif slow := self._agency.simulator.knobs.slow:
            asyncio.get_running_loop().call_later(slow, self._send, kept)
        else:
            self._send(kept)

    async def _ask(self, head: bytes, body: bytes) -> None:
        answer = await self._agency.ask(head, body)
        if head.startswith(_RECORDS) and answer.startswith(b"HTTP/1.1 200"):
            self._agency.answers[head[: len(_RECORDS)], body] = answer
        self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(_LENGTH)
    return 0 if at < 0 else int(lower[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def main(port: int) -> None:
    agency = Agency()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(agency), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
