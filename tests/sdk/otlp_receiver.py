"""A collector and a query API in miniature, over real sockets: what they were sent, decoded."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

DEADLINE_S = 20.0


def value_of(value: AnyValue) -> Any:
    """An OTLP value as Python has it."""
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None


def attributes_of(pairs: list[KeyValue] | Any) -> dict[str, Any]:
    """OTLP attributes as a mapping."""
    return {pair.key: value_of(pair.value) for pair in pairs}


@dataclass
class Server:
    """Both servers on one port. Set ``status`` to make the collector refuse; fill ``models`` to be asked."""

    port: int = 0
    problem_type: str = "application/problem+json"
    status: int = 200
    max_request_bytes: int = 2**30
    """Larger requests are refused, as a collector does."""
    refused: int = 0
    models: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    records: list[LogRecord] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    by_connection: dict[int, list[Span]] = field(default_factory=dict)
    """Spans by the port of the client's end."""
    by_service: dict[str, list[Span]] = field(default_factory=dict)
    """Spans by the name of the service."""
    broken: list[str] = field(default_factory=list)
    """Requests that could not be read. There must be none: clients that share a socket garble them."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def address(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait until ``is_so`` after something came in, or fail."""
        with self.changed:
            if not self.changed.wait_for(is_so, DEADLINE_S):
                names = [span.name for span in self.spans]
                message = f"not in {DEADLINE_S} s; got spans {names} and {len(self.records)} records"
                raise AssertionError(message)

    def span(self, name: str) -> Span:
        """The one span of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def model_of(self, name: str) -> str | None:
        """The model ID on the span of this name."""
        return attributes_of(self.span(name).attributes).get("spanfold.model.id")

    def take(self, path: str, body: bytes, client_port: int) -> None:
        """Decode and keep a request."""
        with self.changed:
            self.posts.append(path)
            if self.status == 200 and path == "/v1/traces":
                for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                    self.resources.append(attributes_of(group.resource.attributes))
                    spans = [span for scope in group.scope_spans for span in scope.spans]
                    self.spans.extend(spans)
                    service = self.resources[-1].get("service.name", "")
                    self.by_service.setdefault(service, []).extend(spans)
                    self.by_connection.setdefault(client_port, []).extend(spans)
            elif self.status == 200 and path == "/v1/logs":
                for logs in ExportLogsServiceRequest.FromString(body).resource_logs:
                    self.records.extend(record for scope in logs.scope_logs for record in scope.log_records)
            self.changed.notify_all()

    def answer(self, path: str) -> tuple[int, Mapping[str, Any]]:
        """What the query API would say."""
        self.questions.append(path)
        parts = urlsplit(path)
        if parts.path == "/v1/models":
            (name,) = parse_qs(parts.query)["name"]
            return 200, {"models": [m for m in self.models if m["name"] == name], "next_page_token": None}
        wanted = unquote(parts.path.removeprefix("/v1/models/"))
        found = [model for model in self.models if model["model_id"] == wanted]
        return (200, found[0]) if found else (404, {"title": "Not Found", "status": 404})


def model_json(model_id: str, name: str, **more: Any) -> dict[str, Any]:
    """A model as the query API describes it."""
    return {
        "model_id": model_id,
        "name": name,
        "experiment_id": "0",
        "creation_timestamp": 1_700_000_000_000,
        "last_updated_timestamp": 1_700_000_000_500,
        "model_type": None,
        "source_run_id": None,
        "status": "READY",
        "tags": {},
        "params": {},
        "metrics": {},
        "deleted": False,
        **more,
    }


@contextmanager
def running(port: int = 0) -> Iterator[Server]:
    """A server that runs in the block, on a free port of loopback if none is named."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) > server.max_request_bytes:
                server.refused += 1
                self._reply(413, b"", "application/x-protobuf")
                return
            try:
                server.take(self.path, body, self.client_address[1])
            except DecodeError as fault:
                server.broken.append(repr(fault))
            self._reply(server.status, b"", "application/x-protobuf")

        def do_GET(self) -> None:
            status, answer = server.answer(self.path)
            kind = "application/json" if status == 200 else server.problem_type
            self._reply(status, json.dumps(answer).encode(), kind)

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            server.broken.append(f"{code} {message}")
            super().send_error(code, message, explain)

        def _reply(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join(DEADLINE_S)
        http.server_close()
    assert not server.broken


def wait_until(is_so: Callable[[], bool]) -> None:
    """Poll until ``is_so``, or fail."""
    end = time.monotonic() + DEADLINE_S
    while not is_so():
        if time.monotonic() > end:
            message = f"not in {DEADLINE_S} s"
            raise AssertionError(message)
        time.sleep(0.01)
