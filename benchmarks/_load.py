"""Clients that send export requests, in a process of their own so that their CPU is not the server's.

Started by the benchmarks: ``python -m benchmarks._load '{"url": ..., "clients": 16, ...}'``. All requests are
made before the first is sent. Prints one line of JSON, the fields of :class:`Outcome`.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks._traffic import BATCH_SPANS, SPANS_A_TRACE, Traffic
from spanfold_collector.frames import varint

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_S: Final = 300.0
_OK: Final = 200
_GRPC_METHOD: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_UNKNOWN_FIELD: Final = varint(2_000 << 3)
"""Tag of a number that no OTLP reader knows, and all skip."""
_LINK_PATH: Final = "/api/3.0/mlflow/traces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to send where."""

    url: str
    protocol: str = "http"
    """``http`` or ``grpc``."""
    clients: int = 1
    requests: int = 10
    """For each client."""
    spans: int = BATCH_SPANS
    """In each request."""
    seed: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    distinct: int = 0
    """Requests made for each client and sent in turn, with a mark that tells them apart; 0: make all."""
    links: bool = False
    """After each request, tell MLflow the version of each of its traces: the only way it can know."""

    @property
    def total_spans(self) -> int:
        """Spans that are sent in all."""
        return self.clients * self.requests * self.spans


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a load."""

    acknowledged_spans: int
    refused_requests: int
    wall_s: float
    ack_p50_ms: float
    ack_p99_ms: float


def send(load: Load) -> Outcome:
    """Run the load in a process of its own.

    Raises:
        subprocess.SubprocessError: it failed; its error output is on this process's.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._load", json.dumps(asdict(load))],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(__file__).resolve().parents[1],
        timeout=3_600,
    )
    return Outcome(**json.loads(done.stdout))


def _http_sender(load: Load) -> Callable[[bytes], bool]:
    address = urlsplit(load.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
    protobuf = {"Content-Type": "application/x-protobuf", **load.headers}

    def post(path: str, body: bytes, headers: dict[str, str]) -> bool:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status == _OK

    def send_one(body: bytes) -> bool:
        if not post("/v1/traces", body, protobuf):
            return False
        return not load.links or all(
            post(_LINK_PATH, link, {"Content-Type": "application/json"}) for link in _links(body)
        )

    return send_one


def _links(body: bytes) -> list[bytes]:
    """MLflow's trace records of a request, as its own client posts them beside the spans."""
    resource_spans = ExportTraceServiceRequest.FromString(body).resource_spans[0]
    attributes = {item.key: item.value.string_value for item in resource_spans.resource.attributes}
    return [
        json.dumps(
            {
                "trace": {
                    "trace_info": {
                        "trace_id": f"tr-{span.trace_id.hex()}",
                        "trace_location": {
                            "type": "MLFLOW_EXPERIMENT",
                            "mlflow_experiment": {"experiment_id": "0"},
                        },
                        "request_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                        "execution_duration": "0.5s",
                        "state": "ERROR" if span.status.code == 2 else "OK",  # noqa: PLR2004 - OTLP's ERROR
                        "trace_metadata": {"mlflow.modelId": attributes["spanfold.model.id"]},
                    }
                }
            }
        ).encode()
        for span in resource_spans.scope_spans[0].spans[::SPANS_A_TRACE]
    ]


def _grpc_sender(load: Load) -> Callable[[bytes], bool]:
    channel = grpc.insecure_channel(urlsplit(load.url).netloc)
    export = channel.unary_unary(_GRPC_METHOD, request_serializer=None, response_deserializer=None)

    def send_one(body: bytes) -> bool:
        try:
            export(body, timeout=TIMEOUT_S)
        except grpc.RpcError:
            return False
        return True

    return send_one


def _run(load: Load) -> Outcome:
    bodies = [
        list(Traffic(load.seed * 1_000 + client).requests(load.distinct or load.requests, load.spans))
        for client in range(load.clients)
    ]
    make_sender = _grpc_sender if load.protocol == "grpc" else _http_sender
    latencies_s: list[float] = []
    refused: list[int] = []

    def client(own: list[bytes]) -> None:
        send_one = make_sender(load)
        for number in range(load.requests):
            body = own[number % len(own)]
            if load.distinct:
                body += _UNKNOWN_FIELD + varint(number)
            began = time.perf_counter()
            if send_one(body):
                latencies_s.append(time.perf_counter() - began)
            else:
                refused.append(number)

    threads = [threading.Thread(target=client, args=(own,)) for own in bodies]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall_s = time.perf_counter() - began
    latencies_s.sort()
    ranks_ms = [latencies_s[int(len(latencies_s) * share)] * 1e3 for share in (0.5, 0.99) if latencies_s]
    return Outcome(len(latencies_s) * load.spans, len(refused), wall_s, *(ranks_ms or (0, 0)))


if __name__ == "__main__":
    print(json.dumps(asdict(_run(Load(**json.loads(sys.argv[1]))))))
