"""What the gateway adds to a call: latency, time to the first byte of a stream, calls a second, CPU.

    python -m benchmarks.gateway                                   about 1 minute
    python -m benchmarks.gateway --litellm /path/to/bin/litellm    beside a published gateway, in the same run

The provider answers at once with fixed bytes, in a process of its own. So does the gateway, which makes a
span of each call, and keeps limits of calls and money in `limited`. The client is as plain as can be and the
same for all, so the difference to calls made directly is the gateway. CPU is that of the gateway's processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from benchmarks._processes import Server, free_port, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

CALLS: Final = 300
STREAMS: Final = 100
CLIENTS: Final = 64
_CALL_WITHIN_S: Final = 60.0
_WARM_UP: Final = 30
_KEY: Final = "sk-benchmark-0123456789"
_MESSAGES: Final = [{"role": "user", "content": "What is the capital of France? " * 5}]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the provider."""

    name: str
    port: int
    path: str
    model: str
    server: Server | None = None
    """Of the gateway; None: there is none."""


class Client:
    """One connection that is kept."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def call(self, *, stream: bool = False) -> tuple[float, float]:
        """Seconds to the first byte of the answer's body, and to its last."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._way.port)
        assert self._reader is not None
        body = {"model": self._way.model, "messages": _MESSAGES, "max_tokens": 200}
        data = json.dumps({**body, "stream": True} if stream else body).encode()
        head = (
            f"POST {self._way.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._way.port}\r\n"
            f"Content-Type: application/json\r\nAuthorization: Bearer {_KEY}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        begun_s = time.perf_counter()
        self._writer.write(head.encode() + data)
        async with asyncio.timeout(_CALL_WITHIN_S):
            answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in answer.partition(b"\r\n")[0]:
                raise SystemExit(f"{self._way.name}: {answer.decode()} {await self._reader.read(2_000)!r}")
            first_s = await self._read_body(answer, begun_s)
        return first_s, time.perf_counter() - begun_s

    async def _read_body(self, head: bytes, begun_s: float) -> float:
        assert self._reader is not None
        lengths = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths:
            length = int(lengths[0].partition(b":")[2])
            first = await self._reader.read(length)
            first_s = time.perf_counter() - begun_s
            await self._reader.readexactly(length - len(first))
            return first_s
        first_s = 0.0
        while size := int(await self._reader.readline(), 16):
            first_s = first_s or time.perf_counter() - begun_s
            await self._reader.readexactly(size + 2)
        await self._reader.readline()
        return first_s

    def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.close()


async def one_by_one(way: Way, calls: int, *, stream: bool) -> list[tuple[float, float]]:
    """Calls of one client, one after the other."""
    client = Client(way)
    for _ in range(_WARM_UP):
        await client.call(stream=stream)
    taken = [await client.call(stream=stream) for _ in range(calls)]
    client.close()
    return taken


async def at_once(way: Way, calls: int, clients: int) -> float:
    """Calls a second of many clients, each of which calls one after the other."""
    made = [Client(way) for _ in range(clients)]
    await asyncio.gather(*[client.call() for client in made])

    async def run(client: Client) -> None:
        for _ in range(calls // clients):
            await client.call()

    begun_s = time.perf_counter()
    await asyncio.gather(*[run(client) for client in made])
    rate = calls // clients * clients / (time.perf_counter() - begun_s)
    for client in made:
        client.close()
    return rate


def measure(way: Way, calls: int) -> dict[str, Any]:
    """All figures of one way."""
    one = asyncio.run(one_by_one(way, calls, stream=False))
    streamed = asyncio.run(one_by_one(way, STREAMS, stream=True))
    before_s = _cpu_s(way.server)
    rate = asyncio.run(at_once(way, 4 * calls, CLIENTS))
    cpu_ms = (_cpu_s(way.server) - before_s) * 1e3 / (4 * calls)
    latencies_ms = sorted(whole * 1e3 for _, whole in one)
    return {
        "way": way.name,
        "p50 ms": statistics.median(latencies_ms),
        "p99 ms": latencies_ms[int(len(latencies_ms) * 0.99)],
        "first byte ms": statistics.median(first * 1e3 for first, _ in streamed),
        "stream ms": statistics.median(whole * 1e3 for _, whole in streamed),
        "calls/s at 64": rate,
        "CPU-ms a call": cpu_ms if way.server is not None else 0.0,
    }


def _cpu_s(server: Server | None) -> float:
    return 0.0 if server is None else server.cpu_s()


@contextmanager
def provider() -> Iterator[int]:
    """The provider's port."""
    command = [sys.executable, "-m", "benchmarks._gateway_provider"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(json.loads(process.stdout.readline())["address"].rpartition(":")[2])
        process.stdin.close()


@contextmanager
def spanfold(provider_port: int, folder: Path) -> Iterator[list[Way]]:
    """Our gateway, with and without limits."""
    port = free_port()
    model = {
        "provider": "openai",
        "name": "gpt-4o",
        "config": {"openai_api_key": "$BENCHMARK_KEY", "base_url": f"http://127.0.0.1:{provider_port}/v1"},
    }
    plain = {"name": "plain", "endpoint_type": "llm/v1/chat", "model": model}
    limits = {
        "limit": {"calls": 1_000_000, "renewal_period": "minute"},
        "spend": {"usd": 1_000, "period": "day"},
    }
    config = folder / "gateway.json"  # YAML too
    config.write_text(json.dumps({"endpoints": [plain, {**plain, "name": "limited", **limits}]}))
    command = [str(Path(sys.executable).parent / "spanfold"), "deployments", "start", "--config", str(config)]
    command += ["--port", str(port), "--data", str(folder / "data")]
    environment = {
        "BENCHMARK_KEY": _KEY,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{provider_port}",
        "NO_PROXY": "127.0.0.1",
    }
    path = "/gateway/v1/chat/completions"
    with _listening(command, port, folder / "spanfold.log", environment) as server:
        yield [Way(f"spanfold, {name}", port, path, name, server) for name in ("plain", "limited")]


@contextmanager
def litellm(provider_port: int, folder: Path, program: str | None) -> Iterator[list[Way]]:
    """The published gateway, if its program is named."""
    if program is None:
        yield []
        return
    port = free_port()
    parameters = {"model": "openai/gpt-4o", "api_base": f"http://127.0.0.1:{provider_port}/v1"}
    models = [{"model_name": "plain", "litellm_params": {**parameters, "api_key": _KEY}}]
    config = folder / "litellm.yaml"
    config.write_text(json.dumps({"model_list": models}))
    environment = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no download at start
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        "LITELLM_TELEMETRY": "False",
        "LITELLM_LOG": "ERROR",
        "NO_PROXY": "127.0.0.1",
    }
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with _listening(command, port, folder / "litellm.log", environment) as server:
        yield [Way("litellm proxy", port, "/v1/chat/completions", "plain", server)]


def _listening(
    command: list[str], port: int, log: Path, variables: Mapping[str, str]
) -> AbstractContextManager[Server]:
    def is_ready(_: Server) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    return run_server(command, log, is_ready, variables)


def compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each way adds to the calls made directly, and by how much another gateway's is more than ours."""
    direct, ours = rows[0], rows[1]
    return [
        {
            "way": row["way"],
            "added p50 ms": row["p50 ms"] - direct["p50 ms"],
            "added p99 ms": row["p99 ms"] - direct["p99 ms"],
            "added first byte ms": row["first byte ms"] - direct["first byte ms"],
            "p50 of ours": (row["p50 ms"] - direct["p50 ms"]) / (ours["p50 ms"] - direct["p50 ms"]),
            "calls/s of ours": row["calls/s at 64"] / ours["calls/s at 64"],
            "CPU of ours": row["CPU-ms a call"] / ours["CPU-ms a call"],
        }
        for row in rows[1:]
    ]


def main() -> None:
    """Print the report."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--calls", type=int, default=CALLS, help="of one client; four times that of all 64")
    parser.add_argument("--litellm", metavar="PROGRAM", help="its proxy, in an environment of its own")
    given = parser.parse_args()
    os.environ["NO_PROXY"] = "127.0.0.1"
    with (
        tempfile.TemporaryDirectory() as name,
        provider() as port,
        spanfold(port, Path(name)) as ours,
        litellm(port, Path(name), given.litellm) as theirs,
    ):
        ways = [Way("direct", port, "/v1/chat/completions", "gpt-4o"), *ours, *theirs]
        rows = [measure(way, given.calls) for way in ways]
    _report.show("A call", rows, as_json=given.json)
    _report.show("What the gateway adds", compared(rows), as_json=given.json)


if __name__ == "__main__":
    main()
