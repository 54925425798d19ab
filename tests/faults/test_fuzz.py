"""Garbage, truncated and hostile bytes over both protocols: answered, never half stored, never fatal."""

from __future__ import annotations

import gzip
import os
import random
import socket
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import grpc
import httpx
import pytest

from spanfold_deploy.database import open_database
from tests.collector._otlp import make_logs, make_record, make_span, make_traces, numbered_traces
from tests.end_to_end._sender import LOGS_METHOD, PROTOBUF, TRACES_METHOD, call
from tests.faults._process import LIMIT_S, CollectorProcess

if TYPE_CHECKING:
    from pathlib import Path

REQUESTS: Final = int(os.environ.get("SPANFOLD_FUZZ_REQUESTS", "150"))
ATTRIBUTES: Final[dict[str, Any]] = {
    "text": "v" * 20, "n": 2**62, "x": 0.5, "b": b"\x00\xff", "list": ["a", "b"],
    "map": {"k": [1, {"a": None}]}, "gen_ai.usage.input_tokens": 5, "spanfold.model.id": "m-1",
}  # fmt: skip


def mutated(chance: random.Random, body: bytes) -> bytes:
    """A valid request after some accidents."""
    out = bytearray(body)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        position = chance.randrange(len(out)) if out else 0
        match chance.randrange(12):
            case 0:
                del out[position:]
            case 1:
                del out[position : position + chance.randrange(1, 10)]
            case 2:
                out[position:position] = chance.randbytes(chance.randrange(1, 10))
            case 3:
                out[position:position] = out[position : position + chance.randrange(1, 50)]
            case 4:
                out += chance.randbytes(chance.randrange(1, 20))
            case kind if out and kind < 8:
                out[position] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
            case _ if out:
                out[position] ^= 1 << chance.randrange(8)
    return bytes(out)


def sample(chance: random.Random, number: int) -> tuple[str, bytes]:
    if chance.random() < 0.7:
        # Far from each other, so that no accident makes one the key of another, which the engine would merge.
        spans = [make_span(number * 4 + n, ATTRIBUTES, span_id=chance.randbytes(8)) for n in range(4)]
        return "traces", mutated(chance, make_traces(*spans))
    record = make_record(ATTRIBUTES, {"k": "v"}, severity_text=str(number))
    return "logs", mutated(chance, make_logs(record))


def over_http(client: httpx.Client, chance: random.Random, signal: str, body: bytes) -> str:
    headers = dict(PROTOBUF)
    if chance.random() < 0.2:
        body = gzip.compress(body)
        headers["Content-Encoding"] = chance.choice(["gzip", "gzip", "deflate", "x"])
    if chance.random() < 0.1:
        headers["Content-Type"] = chance.choice(["application/json", "text/html", ""])
    return str(client.post(f"/v1/{signal}", content=body, headers=headers).status_code)


def over_grpc(channel: grpc.Channel, signal: str, body: bytes) -> str:
    try:
        call(channel, TRACES_METHOD if signal == "traces" else LOGS_METHOD, body)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "200"


@pytest.mark.parametrize("road", ["engine", "python"])
def test_mutated_requests_are_answered_in_full_and_stored_in_full_or_not_at_all(
    tmp_path: Path, road: str
) -> None:
    chance = random.Random(f"{road} {REQUESTS}")
    decode_from = 0 if road == "engine" else 2**40
    answers: Counter[str] = Counter()
    with CollectorProcess.start(
        f"chdb://{tmp_path / 'database'}",
        tmp_path / "collector",
        engine_decode_min_bytes=decode_from,
        linger_ms=0,
        slow_after_s=LIMIT_S,
    ) as collector:
        with (
            httpx.Client(base_url=collector.url, timeout=LIMIT_S) as client,
            grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel,
        ):
            for number in range(REQUESTS):
                signal, body = sample(chance, number)
                if chance.random() < 0.5:
                    answers[over_http(client, chance, signal, body)] += 1
                else:
                    answers[over_grpc(channel, signal, body)] += 1
            good = client.post("/v1/traces", content=numbered_traces(10**6, 3), headers=PROTOBUF)
            assert good.status_code == 200
        accepted = collector.figure("accepted_records_total")
        assert collector.terminate() == 0

    assert set(answers) <= {"200", "400", "415", "INVALID_ARGUMENT"}
    assert answers["200"] > REQUESTS / 20
    assert answers["400"] + answers["INVALID_ARGUMENT"] > REQUESTS / 5
    letters = [path.read_text() for path in (tmp_path / "collector" / "dead-letters").glob("*.json")]
    assert letters == []
    database = open_database(f"chdb://{tmp_path / 'database'}")
    try:
        assert database.query("SELECT count() FROM spans").rows == [(accepted,)]
    finally:
        database.close()


def test_hostile_connections_do_not_keep_others_from_being_served(tmp_path: Path) -> None:
    post = b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\n"
    preludes = [
        b"", b"\x00" * 100, b"x" * 100_000, b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff",
        post + b"Content-Length: 99999999999\r\n\r\n", post + b"Content-Length: -1\r\n\r\n",
        post + b"Content-Length: 50\r\n\r\nhalf", post + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ]  # fmt: skip
    with CollectorProcess.start(f"chdb://{tmp_path / 'database'}", tmp_path / "collector") as collector:
        opened = []
        for port in (collector.http_port, collector.grpc_port):
            for prelude in preludes:
                connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
                connection.sendall(prelude)
                opened.append(connection)

        answer = httpx.post(f"{collector.url}/v1/traces", content=numbered_traces(0, 1), headers=PROTOBUF)
        assert answer.status_code == 200
        with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as channel:
            assert call(channel, TRACES_METHOD, numbered_traces(1, 1)) == b""
        for connection in opened:
            connection.close()
        assert collector.terminate() == 0
