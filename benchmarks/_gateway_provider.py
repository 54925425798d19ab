"""A provider that answers at once with fixed bytes, so that a measurement shows what stands before it.

    python -m benchmarks._gateway_provider

It prints its address as one line of JSON and ends with its standard input. Chat completions are answered as a
whole or as a stream of some twenty chunks; everything else, such as spans, is taken and forgotten.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

CHUNKS: Final = 20
_USAGE: Final = {"prompt_tokens": 20, "completion_tokens": 100, "total_tokens": 120}


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_768_435_200, "model": "gpt-4o-2024-08-06"}


def whole() -> bytes:
    """A chat completion."""
    message = {"role": "assistant", "content": "hello " * 100, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    body = json.dumps({**_head("chat.completion"), "choices": [choice], "usage": _USAGE}).encode()
    return _answer(body, b"application/json")


def stream() -> bytes:
    """The same as a stream."""

    def event(**more: Any) -> bytes:
        return b"data: " + json.dumps({**_head("chat.completion.chunk"), **more}).encode() + b"\n\n"

    def choice(delta: dict[str, Any], reason: str | None = None) -> list[dict[str, Any]]:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]

    events = [event(choices=choice({"role": "assistant", "content": ""}))]
    events += [event(choices=choice({"content": "hello " * 5})) for _ in range(CHUNKS)]
    events += [event(choices=choice({}, "stop")), event(choices=[], usage=_USAGE), b"data: [DONE]\n\n"]
    return _answer(b"".join(events), b"text/event-stream")


def _answer(body: bytes, kind: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)


WHOLE: Final = whole()
STREAM: Final = stream()
NOTHING: Final = _answer(b"", b"application/x-protobuf")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            lines = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
            body = await reader.readexactly(int(lines[0].partition(b":")[2]) if lines else 0)
            if b"/chat/completions" not in head.partition(b"\r\n")[0]:
                writer.write(NOTHING)
            else:
                writer.write(STREAM if json.loads(body).get("stream") else WHOLE)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    sys.stdout.write(json.dumps({"address": address}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
