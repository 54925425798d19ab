"""OTLP as senders see it: the official exporters, and the answers that the specification demands."""

from __future__ import annotations

import gzip
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import httpx
import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_deploy.database import open_database
from spanfold_schemas.migrate import migrate
from tests.collector._otlp import make_logs, make_record, make_span, make_traces, numbered_traces
from tests.end_to_end._sender import JSON, LOGS_METHOD, PROTOBUF, TIMEOUT_S, TRACES_METHOD, call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spanfold_schemas.database import Database


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"chdb://{tmp_path_factory.mktemp('database')}")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def collector(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    settings = CollectorSettings(
        directory=tmp_path_factory.mktemp("collector"),
        grpc_port=0,
        http_port=0,
        linger_ms=10,
        min_free_disk_bytes=0,
        # What is acknowledged is to be in the tables, not in the spool, however busy this machine is.
        slow_after_s=60,
    )
    running = Collector(database, settings)
    running.start()
    yield running
    assert running.stop()


@pytest.fixture(scope="module")
def client(collector: Collector) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{collector.http_port}", timeout=TIMEOUT_S) as opened:
        yield opened


@pytest.fixture(scope="module")
def channel(collector: Collector) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as opened:
        yield opened


def stored(database: Database, service: str) -> list[dict[str, Any]]:
    sql = "SELECT * FROM spans WHERE ServiceName = {service:String} ORDER BY Timestamp, SpanName"
    return database.query(sql, {"service": service}).dicts()


def span_exporter(collector: Collector, kind: str) -> Any:
    http = f"http://127.0.0.1:{collector.http_port}/v1/traces"
    match kind:
        case "grpc":
            return GrpcSpanExporter(endpoint=f"127.0.0.1:{collector.grpc_port}", insecure=True)
        case "grpc-gzip":
            return GrpcSpanExporter(
                endpoint=f"127.0.0.1:{collector.grpc_port}", insecure=True, compression=grpc.Compression.Gzip
            )
        case _:
            compression = {"http": "none", "http-gzip": "gzip", "http-deflate": "deflate"}[kind]
            return HttpSpanExporter(endpoint=http, compression=Compression(compression))


@pytest.mark.parametrize("kind", ["grpc", "grpc-gzip", "http", "http-gzip", "http-deflate"])
def test_the_official_exporters_spans_arrive_with_all_they_hold(
    collector: Collector, database: Database, kind: str
) -> None:
    service = f"sdk-{kind}"
    provider = TracerProvider(resource=Resource({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(span_exporter(collector, kind)))
    tracer = provider.get_tracer("library", "1.2")
    with (
        tracer.start_as_current_span("parent", kind=trace.SpanKind.SERVER) as parent,
        pytest.raises(ValueError, match="broken"),
        tracer.start_as_current_span("child", attributes={"n": 1, "list": [1, 2], "texts": ["a"]}),
    ):
        raise ValueError("broken")

    assert provider.force_flush(int(TIMEOUT_S * 1000))
    provider.shutdown()

    rows = {row["SpanName"]: row for row in stored(database, service)}
    assert rows["child"]["ParentSpanId"] == rows["parent"]["SpanId"]
    assert rows["parent"]["TraceId"] == parent.get_span_context().trace_id.to_bytes(16, "big")
    assert (rows["parent"]["SpanKind"], rows["parent"]["Entry"], rows["child"]["Entry"]) == (2, 2, 0)
    assert rows["child"]["StatusCode"] == 2
    assert rows["child"]["SpanAttributes"] == {"n": "1", "list": "[1,2]", "texts": '["a"]'}
    assert rows["child"]["Events.Name"] == ["exception"]
    assert rows["child"]["Events.Attributes"][0]["exception.message"] == "broken"
    assert (rows["child"]["ScopeName"], rows["child"]["ScopeVersion"]) == ("library", "1.2")


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_the_official_exporters_log_records_arrive_with_their_trace(
    collector: Collector, database: Database, kind: str
) -> None:
    service = f"log-sdk-{kind}"
    exporter: Any = (
        GrpcLogExporter(endpoint=f"127.0.0.1:{collector.grpc_port}", insecure=True)
        if kind == "grpc"
        else HttpLogExporter(endpoint=f"http://127.0.0.1:{collector.http_port}/v1/logs")
    )
    provider = LoggerProvider(resource=Resource({"service.name": service}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    context = trace.set_span_in_context(
        trace.NonRecordingSpan(
            trace.SpanContext(trace_id=7, span_id=9, is_remote=False, trace_flags=trace.TraceFlags(1))
        )
    )

    provider.get_logger("library").emit(
        LogRecord(
            timestamp=make_record().time_unix_nano,
            context=context,
            severity_number=SeverityNumber.WARN,
            severity_text="WARN",
            body={"question": "why?"},
            attributes={"k": "v"},
            event_name="gen_ai.client.inference.operation.details",
        )
    )
    provider.shutdown()

    sql = "SELECT * FROM logs WHERE ServiceName = {service:String}"
    (row,) = database.query(sql, {"service": service}).dicts()
    assert (row["TraceId"], row["SpanId"]) == ((7).to_bytes(16, "big"), (9).to_bytes(8, "big"))
    assert row["EventName"] == "gen_ai.client.inference.operation.details"
    assert (row["Body"], row["SeverityText"], row["LogAttributes"]) == (
        '{"question":"why?"}',
        "WARN",
        {"k": "v"},
    )


@pytest.mark.parametrize("kind", ["grpc", "http"])
def test_the_official_metrics_exporters_are_told_once_and_do_not_fail(
    collector: Collector, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    exporter: Any = (
        GrpcMetricExporter(endpoint=f"127.0.0.1:{collector.grpc_port}", insecure=True)
        if kind == "grpc"
        else HttpMetricExporter(endpoint=f"http://127.0.0.1:{collector.http_port}/v1/metrics")
    )
    reader = PeriodicExportingMetricReader(exporter)
    provider = MeterProvider(metric_readers=[reader])
    provider.get_meter("m").create_counter("c").add(1)

    with caplog.at_level(logging.ERROR):
        assert provider.force_flush(int(TIMEOUT_S * 1000))
    provider.shutdown()

    assert caplog.records == []


def test_sixty_four_clients_at_once_all_get_their_answer_and_every_span_is_stored_once(
    collector: Collector, database: Database
) -> None:
    def body(client: int, number: int) -> bytes:
        spans = [make_span(1_000_000 + client * 1_000 + number * 10 + n) for n in range(10)]
        return make_traces(*spans, resource={"service.name": "many"})

    def over_grpc(client: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}") as own:
            for number in range(4):
                assert call(own, TRACES_METHOD, body(client, number)) == b""

    def over_http(client: int) -> None:
        with httpx.Client(timeout=TIMEOUT_S) as own:
            for number in range(4):
                url = f"http://127.0.0.1:{collector.http_port}/v1/traces"
                assert own.post(url, content=body(client, number), headers=PROTOBUF).status_code == 200

    with ThreadPoolExecutor(64) as pool:
        senders: list[Callable[[int], None]] = [over_grpc, over_http]
        for future in [pool.submit(senders[client % 2], client) for client in range(64)]:
            future.result(TIMEOUT_S * 3)

    sql = "SELECT count(), uniqExact(TraceId, SpanId) FROM spans WHERE ServiceName = 'many'"
    assert database.query(sql).rows == [(64 * 4 * 10, 64 * 4 * 10)]


def test_full_success_is_an_empty_message_in_the_senders_own_form(
    client: httpx.Client, channel: grpc.Channel
) -> None:
    protobuf = client.post("/v1/traces", content=numbered_traces(10, 1), headers=PROTOBUF)
    as_json = client.post("/v1/logs", content=b'{"resourceLogs":[]}', headers=JSON)

    assert (protobuf.status_code, protobuf.content) == (200, b"")
    assert protobuf.headers["content-type"] == "application/x-protobuf"
    assert (as_json.status_code, as_json.json()) == (200, {})
    assert as_json.headers["content-type"] == "application/json"
    assert call(channel, LOGS_METHOD, make_logs(make_record(body="fine"))) == b""


def test_partial_success_counts_and_names_what_was_left_out(
    client: httpx.Client, channel: grpc.Channel
) -> None:
    spans = make_traces(make_span(20), make_span(21, trace_id=b""), make_span(22, span_id=b""))
    records = make_logs(make_record(severity_number=99), make_record(body="kept"))

    over_http = ExportTraceServiceResponse.FromString(
        client.post("/v1/traces", content=spans, headers=PROTOBUF).content
    )
    over_grpc = ExportLogsServiceResponse.FromString(call(channel, LOGS_METHOD, records))
    again = client.post("/v1/traces", content=spans, headers=PROTOBUF).content

    assert over_http.partial_success.rejected_spans == 2
    assert "2 spans rejected; the first: trace_id must be 16 bytes" in over_http.partial_success.error_message
    assert over_grpc.partial_success.rejected_log_records == 1
    assert ExportTraceServiceResponse.FromString(again) == over_http


def test_json_is_taken_stored_and_answered_in_json(client: httpx.Client, database: Database) -> None:
    start = str(make_span().start_time_unix_nano)
    good = {"traceId": "AB" * 16, "spanId": "cd" * 8, "name": "js", "kind": 3, "startTimeUnixNano": start}
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "json"}}]},
                "scopeSpans": [{"spans": [good, {**good, "spanId": ""}]}],
            }
        ]
    }

    answer = client.post(
        "/v1/traces", content=gzip.compress(json.dumps(body).encode()),
        headers={"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"},
    )  # fmt: skip

    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    (row,) = stored(database, "json")
    assert (row["TraceId"].hex(), row["SpanId"].hex(), row["SpanKind"]) == ("ab" * 16, "cd" * 8, 3)


def test_health_readiness_and_figures_are_served(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["signals"] == {"traces": "database", "logs": "database"}

    before = figure(client, "accepted_records_total")
    client.post("/v1/traces", content=numbered_traces(5_000, 3), headers=PROTOBUF)
    assert figure(client, "accepted_records_total") == before + 3
    assert figure(client, "held_bytes") == 0
    text = client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'spanfold_collector_insert_seconds_count{path="python",signal="traces"}' in text.text


def figure(client: httpx.Client, name: str) -> float:
    start = f'spanfold_collector_{name}{{signal="traces"}} '
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.removeprefix(start)) for line in lines if line.startswith(start))
