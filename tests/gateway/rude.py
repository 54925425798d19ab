"""A server that answers with given bytes, in steps: what no well-behaved provider would send."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

HANG: Final = b"HANG"
"""In the place of bytes: say nothing more until the client leaves."""
EVENTS: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class Rude:
    """Its address, and what it saw."""

    def __init__(self) -> None:
        self.address = ""
        self.requests: list[bytes] = []
        self.left = asyncio.Event()
        """A client that it kept waiting has gone."""


@asynccontextmanager
async def answering(*parts: bytes) -> AsyncIterator[Rude]:
    """A server that sends these parts to every request and closes."""
    rude = Rude()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            rude.requests.append(head + await reader.readexactly(length))
            for part in parts:
                if part == HANG:
                    await reader.read()
                    rude.left.set()
                    break
                writer.write(part)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            rude.left.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    rude.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield rude
        server.close()


def answer(status: str, body: Any = None, **headers: str) -> bytes:
    """A whole answer of JSON."""
    data = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


def chunk(content: str | None = None, reason: str | None = None) -> bytes:
    """A chunk of a chat completion's stream."""
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": reason}
    return b"data: " + json.dumps({"id": "1", "choices": [choice]}).encode() + b"\n\n"


@contextmanager
def serving(data: bytes, media_type: str) -> Iterator[str]:
    """A server, in a thread of its own, that answers every request with these bytes; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/v1"
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
